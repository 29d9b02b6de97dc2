//! Checks of ports: the application in a guest, its own script as the client.
//!
//! `ports/<name>/check` gets the published addresses as arguments, in the order of
//! the manifest, prints `ok NAME` or `FAIL NAME: why` for each item, and a last
//! line `N passed, N failed`.

use core::time::Duration;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result};
use nix::sys::signal;
use nix::unistd::Pid;
use serde_json::Value;

use super::Count;
use crate::args::{Protocol, TestArgs};
use crate::port::{self, Port};

/// How long a port may take until it listens.
const START: Duration = Duration::from_secs(60);
/// How long a port may take to end after SIGTERM.
const STOP: Duration = Duration::from_secs(15);

/// Returns the ports to check: those that have a script and match `filter`.
///
/// # Errors
/// Fails where a manifest is wrong.
pub(crate) fn select(filter: &str) -> Result<Vec<Port>> {
    let mut ports = port::all()?;
    ports.retain(|port| port.is_running() && port.check().is_some());
    ports.retain(|port| format!("ports/{}", port.name()).contains(filter));
    Ok(ports)
}

/// Boots `port`, runs its script, and ends it by SIGTERM; returns what was counted.
///
/// # Errors
/// Fails where the tool itself cannot be started.
pub(crate) fn check(port: &Port, args: &TestArgs) -> Result<Count> {
    println!("ports/{}", port.name());
    let mut count = Count::default();
    let mut guest = start(port, args)?;
    let words = guest.stderr.take().map(read_lines);
    match words.as_ref().and_then(|words| addresses(port, words)) {
        None => {
            println!("FAIL start: it does not listen within {} s", START.as_secs());
            count.failed += 1;
        }
        Some(addresses) => {
            count.passed += 1;
            count.add(script(port, &addresses)?);
            match stop(&mut guest)? {
                Some(0) => count.passed += 1,
                end => {
                    println!("FAIL stop: after SIGTERM it ended with {end:?}");
                    count.failed += 1;
                }
            }
        }
    }
    // It has ended, or has to.
    let _ = guest.kill();
    guest.wait().context("cannot wait for scull run")?;
    Ok(count)
}

/// Starts `scull run` for `port`, with free ports of the host.
fn start(port: &Port, args: &TestArgs) -> Result<Child> {
    let me = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(me);
    command.args(["run", port.name(), "--json"]);
    for publish in port.publish() {
        let (guest, protocol) = (publish.guest, publish.protocol.name());
        command.arg(format!("--publish=127.0.0.1:0:{guest}/{protocol}"));
    }
    if let Some(kernel) = &args.kernel {
        command.arg("--kernel").arg(kernel);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start scull run")
}

/// Passes on the lines of `stderr`.
fn read_lines(stderr: ChildStderr) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // Lines nobody waits for any more still have to be read.
            let _ = sender.send(line);
        }
    });
    receiver
}

/// Waits until `port` listens; returns its addresses in the manifest's order.
fn addresses(port: &Port, words: &Receiver<String>) -> Option<Vec<String>> {
    let deadline = Instant::now() + START;
    let mut addresses: Vec<(Protocol, Option<String>)> =
        port.publish().iter().map(|publish| (publish.protocol, None)).collect();
    while addresses.iter().any(|(_, address)| address.is_none()) {
        let line = words.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()?;
        let Ok(event) = serde_json::from_str::<Value>(&line) else {
            println!("{line}");
            continue;
        };
        if event["event"] != "ready" {
            continue;
        }
        let waiting = addresses
            .iter_mut()
            .find(|(protocol, address)| address.is_none() && event["proto"] == protocol.name());
        if let Some((_, address)) = waiting {
            *address = event["address"].as_str().map(str::to_owned);
        }
    }
    addresses.into_iter().map(|(_, address)| address).collect()
}

/// Runs the script of `port`; returns the numbers of its last line.
fn script(port: &Port, addresses: &[String]) -> Result<Count> {
    let Some(check) = port.check() else { return Ok(Count::default()) };
    let output = Command::new(&check)
        .args(addresses)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", check.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let count = text.lines().last().and_then(parse_count);
    Ok(count.unwrap_or_else(|| {
        println!("FAIL script: {} without a count", output.status);
        Count { failed: 1, ..Count::default() }
    }))
}

/// Reads a line `N passed, N failed`.
fn parse_count(line: &str) -> Option<Count> {
    let number = |word: &str, unit: &str| word.trim().strip_suffix(unit)?.trim().parse().ok();
    let (passed, failed) = line.split_once(',')?;
    Some(Count { passed: number(passed, "passed")?, failed: number(failed, "failed")?, skipped: 0 })
}

/// Sends SIGTERM; returns the exit status, if it ends in time.
fn stop(guest: &mut Child) -> Result<Option<i32>> {
    let pid = Pid::from_raw(i32::try_from(guest.id()).context("a process id out of range")?);
    signal::kill(pid, signal::SIGTERM).context("cannot end scull run")?;
    let deadline = Instant::now() + STOP;
    while Instant::now() < deadline {
        if let Some(status) = guest.try_wait().context("cannot wait for scull run")? {
            return Ok(status.code());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_is_read() {
        let count = Count { passed: 12, failed: 3, skipped: 0 };
        assert_eq!(parse_count("12 passed, 3 failed"), Some(count));
        assert_eq!(parse_count("done"), None);
    }
}
