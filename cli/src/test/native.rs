//! Runs of a program on the host's Linux.
//!
//! What a program finds must not depend on how this tool was started: it is started through this
//! same program ([`become_program`]), which first makes descriptors, limits, signals and umask
//! those that a program finds in a guest.

use alloc::sync::Arc;
use core::sync::atomic::AtomicBool;
use core::time::Duration;
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use nix::sys::resource::{self, RLIM_INFINITY, Resource};
use nix::sys::signal;
use nix::sys::stat::{self, Mode};
use nix::unistd::{self, Pid};
use signal_hook::consts::FORBIDDEN;

use super::outcome::{End, Outcome};
use super::program::TestProgram;
use crate::prepare;

/// The hidden command that becomes a program of the suite.
pub(crate) const BECOME: &str = "__native";

/// The soft and hard limits that a program starts with in a guest; those that depend on the
/// machine are left alone.
const LIMITS: [(Resource, u64, u64); 12] = [
    (Resource::RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY),
    (Resource::RLIMIT_CORE, 0, RLIM_INFINITY),
    (Resource::RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY),
    (Resource::RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY),
    (Resource::RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY),
    (Resource::RLIMIT_LOCKS, RLIM_INFINITY, RLIM_INFINITY),
    (Resource::RLIMIT_MEMLOCK, 8 << 20, 8 << 20),
    (Resource::RLIMIT_MSGQUEUE, 819_200, 819_200),
    (Resource::RLIMIT_NICE, 0, 0),
    (Resource::RLIMIT_NOFILE, 65_536, 1 << 20),
    (Resource::RLIMIT_RTPRIO, 0, 0),
    (Resource::RLIMIT_STACK, 8 << 20, RLIM_INFINITY),
];
/// The last signal that a handler can be tried for.
const LAST_SIGNAL: i32 = 64;

/// Runs `program` with the environment it finds in a guest.
///
/// # Errors
/// Fails where it cannot be started.
pub(crate) fn run(program: &TestProgram, timeout: Duration) -> Result<Outcome> {
    let (path, args) = program.command()?;
    let launch = prepare::default_launch("", &path);
    let timeout = program.patience(timeout);
    let me = std::env::current_exe().context("cannot find this program")?;
    let mut child = Command::new(me)
        .arg(BECOME)
        .arg(&path)
        .args(&args)
        .env_clear()
        .envs(launch.env.iter().map(|var| (&var.key, &var.value)))
        .current_dir(&launch.cwd)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", path.display()))?;
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

/// Becomes the program that `args` name, with their arguments, as it would find things in a
/// guest. Returns only an error.
pub(crate) fn become_program(mut args: impl Iterator<Item = OsString>) -> anyhow::Error {
    let Some(program) = args.next() else { return anyhow!("nothing to become") };
    stat::umask(Mode::from_bits_truncate(0o022));
    for (resource, soft, hard) in LIMITS {
        limit(resource, soft, hard);
    }
    forget_ignored_signals();
    if let Err(why) = close_descriptors() {
        return why;
    }
    // Starting a program empties the signal mask.
    let why = Command::new(&program).args(args).exec();
    anyhow!("cannot start {}: {why}", program.display())
}

/// Sets a limit, or what comes nearest for one who may not raise it.
fn limit(resource: Resource, soft: u64, hard: u64) {
    if resource::setrlimit(resource, soft, hard).is_err()
        && let Ok((_, most)) = resource::getrlimit(resource)
    {
        // One's own hard limit can be had always.
        let _ = resource::setrlimit(resource, soft.min(most), most);
    }
}

/// Gives every signal a handler: what execve(2) finds handled it sets to its default, while
/// what is ignored, as by nohup(1), would stay ignored.
fn forget_ignored_signals() {
    for signal in (1..=LAST_SIGNAL).filter(|signal| !FORBIDDEN.contains(signal)) {
        // Those that cannot be handled cannot be ignored either.
        let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
}

/// Closes all descriptors but the standard ones.
fn close_descriptors() -> Result<()> {
    let entries = fs::read_dir("/proc/self/fd").context("cannot list descriptors")?;
    let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    let numbers = names.iter().filter_map(|name| name.to_str()?.parse::<i32>().ok());
    for number in numbers.filter(|number| *number > 2) {
        // The one that the list was read by is closed already.
        let _ = unistd::close(number);
    }
    Ok(())
}
