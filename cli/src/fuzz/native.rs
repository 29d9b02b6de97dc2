//! Runs of a plan on the host's Linux, in a sandbox that the interpreter makes.

use core::time::Duration;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result};
use nix::sys::signal;
use nix::unistd::Pid;

use super::outcome::{End, Report};
use super::plan::Plan;
use crate::{error, project};

/// How long the interpreter may say nothing.
const SILENCE: Duration = Duration::from_secs(120);

/// Compiles the interpreter into the cache; returns where it is.
///
/// # Errors
/// Fails where musl's compiler is missing or refuses it.
pub(super) fn compile() -> Result<PathBuf> {
    const COMPILER: &str = "musl-gcc";
    let sources = project::root()?.join("cli/src/fuzz/interpreter");
    let program = project::cache("fuzz")?.join("interpreter");
    let draft = program.with_extension(format!("{}.draft", std::process::id()));
    if project::find_program(COMPILER).is_none() {
        return Err(error::usage(format!(
            "{COMPILER} is missing; install it: apt-get install musl-tools"
        )));
    }
    let files = fs::read_dir(&sources).context("cannot read the interpreter's folder")?;
    let files = files.flatten().map(|entry| entry.path());
    let status = Command::new(COMPILER)
        .args(["-static", "-O2", "-Wall", "-Wextra", "-fno-stack-protector", "-o"])
        .arg(&draft)
        .args(files.filter(|path| path.extension().is_some_and(|extension| extension == "c")))
        .status()
        .with_context(|| format!("cannot run {COMPILER}"))?;
    anyhow::ensure!(status.success(), "{COMPILER} refuses the interpreter");
    fs::rename(&draft, &program).context("cannot write to the cache")?;
    Ok(program)
}

/// Runs `plan`.
///
/// # Errors
/// Fails where the interpreter cannot be started.
pub(super) fn run(interpreter: &Path, plan: &Plan) -> Result<Report> {
    let scratch = project::Scratch::new()?;
    let file = scratch.path().join("plan");
    fs::write(&file, plan.to_string()).context("cannot write a plan")?;
    let mut child = Command::new(interpreter)
        .arg(&file)
        .arg("sandbox")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("cannot start the interpreter")?;
    let group = Pid::from_raw(i32::try_from(child.id()).context("a process id out of range")?);
    let stdout = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let Some(stdout) = stdout else { return };
        // Longer lines than this the interpreter does not print.
        for line in BufReader::new(stdout.take(1 << 30)).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let mut report = Report::new();
    loop {
        match receiver.recv_timeout(SILENCE) {
            Ok(line) => {
                report.take(&line);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                report.end = End::Broken("it said nothing for long".to_owned());
                // The group can have ended just now; all in its namespaces end with it.
                let _ = signal::killpg(group, signal::SIGKILL);
                break;
            }
        }
    }
    child.wait().context("the interpreter is lost")?;
    Ok(report)
}
