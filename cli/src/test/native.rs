//! Runs of a program on the host's Linux.

use core::time::Duration;
use std::io::Read as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result};
use nix::sys::signal;
use nix::unistd::Pid;

use super::outcome::{End, Outcome};
use super::program::TestProgram;
use crate::prepare;

/// Closes descriptors that this tool was started with, so that the program's own have the
/// numbers they have in a guest, and becomes the program with no environment but that given.
const START: &str = r#"
for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    [ "$fd" -gt 2 ] && eval "exec $fd>&-"
done
exec env -i "$@""#;

/// Runs `program` with the environment it finds in a guest.
///
/// # Errors
/// Fails where it cannot be started.
pub(crate) fn run(program: &TestProgram, timeout: Duration) -> Result<Outcome> {
    let launch = prepare::default_launch("", &program.path);
    let mut child = Command::new("bash")
        .args(["-c", START, "bash"])
        .args(launch.env.iter().map(|var| format!("{}={}", var.key, var.value)))
        .arg(&program.path)
        .args(&program.args)
        .current_dir(&launch.cwd)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", program.path.display()))?;
    let group = Pid::from_raw(i32::try_from(child.id()).context("a process id out of range")?);
    let stdout = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = Vec::new();
        if let Some(mut stdout) = stdout {
            // What was read until an error is what it printed.
            let _ = stdout.read_to_end(&mut output);
        }
        let _ = sender.send((output, child.wait()));
    });
    match receiver.recv_timeout(timeout) {
        Ok((output, status)) => Ok(Outcome { output, end: end(status?) }),
        Err(_) => {
            // The group can have ended just now.
            let _ = signal::killpg(group, signal::SIGKILL);
            let why = format!("still runs after {} s", timeout.as_secs());
            Ok(Outcome { output: Vec::new(), end: End::Other(why) })
        }
    }
}

/// Returns how a process ended.
fn end(status: ExitStatus) -> End {
    let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exit(byte(code)),
        (None, Some(signal)) => End::Signal(byte(signal)),
        (None, None) => End::Other(status.to_string()),
    }
}
