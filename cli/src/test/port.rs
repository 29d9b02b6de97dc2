//! Checks of ports: the application in a guest, its own script as the client.
//!
//! `ports/<name>/check` gets the published addresses as arguments, in the order of
//! the manifest, prints `ok NAME` or `FAIL NAME: why` for each item, and a last
//! line `N passed, N failed`. A port that publishes nothing is not started: its script
//! gets the words that start it, and starts it as often as it likes.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum as _;
use nix::sys::signal;
use nix::unistd::Pid;
use serde_json::Value;

use super::filter::Filters;
use super::results::{Case, Verdict};
use crate::args::{MachineKind, Protocol, Publish, TestArgs, TestNet};
use crate::image::Tree;
use crate::namespace::{self, Namespace, Queues};
use crate::port::{self, Port};

/// How long a port may take until it listens.
const START: Duration = Duration::from_secs(60);
/// How long a port may take to end after SIGTERM.
const STOP: Duration = Duration::from_secs(15);

/// Returns the ports to check: those that have a script and that `filters` choose.
///
/// # Errors
/// Fails where a manifest is wrong.
pub(super) fn select(filters: &Filters) -> Result<Vec<Port>> {
    let mut ports = port::all()?;
    ports.retain(|port| port.is_running() && port.check().is_some());
    ports.retain(|port| filters.choose(&format!("ports/{}", port.name()), None));
    Ok(ports)
}

/// Boots `port`, runs its script, and ends it by SIGTERM; returns what came of each item.
///
/// # Errors
/// Fails where the tool itself cannot be started.
pub(super) fn check(port: &Port, args: &TestArgs) -> Result<Vec<Case>> {
    println!("ports/{}", port.name());
    let start = Instant::now();
    // What has to be fetched or built takes longer than a start may.
    if let Err(why) = port.assemble(&mut Tree::new()) {
        return Ok(vec![case(port, "prepare", Err(format!("{why:#}")), start)]);
    }
    if port.publish().is_empty() {
        let mut words = words(port, args)?;
        words.push("--".into());
        return script(port, &words);
    }
    match args.net {
        TestNet::User => check_server(port, &choose_addresses(port)?, args),
        TestNet::Tap => thread::scope(|scope| {
            // Who is in the namespace stays there.
            let thread = scope.spawn(|| check_over_tap(port, args));
            thread.join().unwrap_or_else(|_| bail!("the check of {} panicked", port.name()))
        }),
    }
}

/// Checks a port in a network namespace.
fn check_over_tap(port: &Port, args: &TestArgs) -> Result<Vec<Case>> {
    let start = Instant::now();
    let _namespace = match Namespace::enter(Queues::Several) {
        Ok(namespace) => namespace,
        Err(why) => {
            let why = format!("no tap device here: {why:#}");
            println!("skip ports/{}: {why}", port.name());
            return Ok(vec![named(port, "start", Verdict::Skipped(why), start)]);
        }
    };
    let addresses: Vec<_> =
        port.publish().iter().map(|publish| namespace::net().address_of(publish)).collect();
    check_server(port, &addresses, args)
}

/// Checks a port whose clients reach it at `addresses`.
fn check_server(port: &Port, addresses: &[String], args: &TestArgs) -> Result<Vec<Case>> {
    let start = Instant::now();
    let mut cases = Vec::new();
    let mut guest = start_guest(port, addresses, args)?;
    let words = guest.stderr.take().map(read_lines);
    if words.is_some_and(|words| is_ready(port, &words)) {
        cases.push(case(port, "start", Ok(()), start));
        if args.net == TestNet::Tap {
            cases.push(case(port, "queues", check_queues(args), start));
        }
        cases.extend(script(port, addresses)?);
        let stopped = match stop(&mut guest)? {
            Some(status) if status == port.extra().status => Ok(()),
            end => Err(format!("after SIGTERM it ended with {end:?}")),
        };
        cases.push(case(port, "stop", stopped, start));
    } else {
        let why = format!("it does not listen within {} s", START.as_secs());
        cases.push(case(port, "start", Err(why), start));
    }
    // It has ended, or has to.
    let _ = guest.kill();
    guest.wait().context("cannot wait for scull run")?;
    Ok(cases)
}

/// Checks that each processor has queues of its own, where it can.
fn check_queues(args: &TestArgs) -> Result<(), String> {
    // On virtio-mmio they would share an interrupt.
    let wanted = if args.machine == MachineKind::Microvm { 1 } else { args.cpus };
    match namespace::queues_in_use() {
        Ok(count) if count == wanted => Ok(()),
        Ok(count) => Err(format!("{count} pairs of queues are in use, not {wanted}")),
        Err(why) => Err(format!("{why:#}")),
    }
}

/// Returns an item's result, after saying why it failed.
fn case(port: &Port, item: &str, result: Result<(), String>, start: Instant) -> Case {
    let verdict = match result {
        Ok(()) => Verdict::Passed,
        Err(why) => {
            println!("FAIL {item}: {why}");
            Verdict::Failed(why)
        }
    };
    named(port, item, verdict, start)
}

fn named(port: &Port, item: &str, verdict: Verdict, start: Instant) -> Case {
    let name = format!("ports/{}: {item}", port.name());
    Case { family: "ports".to_owned(), name, verdict, took: start.elapsed() }
}

/// Returns the words that start `port`.
fn words(port: &Port, args: &TestArgs) -> Result<Vec<OsString>> {
    let me = std::env::current_exe().context("cannot find this program")?;
    let mut words = vec![me.into_os_string(), "run".into(), port.name().into()];
    words.extend(["--cpus".into(), args.cpus.to_string().into()]);
    let machine = args.machine.to_possible_value();
    let machine = machine.context("a kind of machine without a name")?;
    words.extend(["--machine".into(), machine.get_name().into()]);
    if let Some(kernel) = &args.kernel {
        words.extend(["--kernel".into(), kernel.clone().into_os_string()]);
    }
    Ok(words)
}

/// Chooses an address of the host for each published port, in the manifest's order: one for TCP
/// and UDP where the guest's port is the same, since clients can rely on that.
fn choose_addresses(port: &Port) -> Result<Vec<String>> {
    let mut chosen: Vec<(u16, String)> = Vec::new();
    for Publish { guest, .. } in port.publish() {
        let known = chosen.iter().find(|(port, _)| *port == guest);
        let address = match known {
            Some((_, address)) => address.clone(),
            None => free_address()?,
        };
        chosen.push((guest, address));
    }
    Ok(chosen.into_iter().map(|(_, address)| address).collect())
}

/// Returns an address that is free for TCP and UDP.
fn free_address() -> Result<String> {
    loop {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
        let address = socket.local_addr().context("a socket without an address")?;
        if UdpSocket::bind(address).is_ok() {
            return Ok(address.to_string());
        }
    }
}

/// Starts `scull run` for `port`, published at `addresses`.
fn start_guest(port: &Port, addresses: &[String], args: &TestArgs) -> Result<Child> {
    let words = words(port, args)?;
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg("--json");
    match args.net {
        TestNet::User => {
            for (publish, address) in port.publish().iter().zip(addresses) {
                let (guest, protocol) = (publish.guest, publish.protocol.name());
                command.arg(format!("--publish={address}:{guest}/{protocol}"));
            }
        }
        TestNet::Tap => {
            command.arg(format!("--net={}", namespace::net()));
        }
    }
    for (guest, name) in &port.extra().files {
        let file = port.folder().join(name);
        command.arg("--file").arg(format!("{}:{}", file.display(), guest.display()));
    }
    command.arg("--").args(&port.extra().args);
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

/// Waits until `port` listens, by TCP where it has such ports: a server may open its sockets for
/// UDP when a client has come. Returns whether it does so in time.
fn is_ready(port: &Port, words: &Receiver<String>) -> bool {
    let deadline = Instant::now() + START;
    let count = |wanted| port.publish().iter().filter(|publish| publish.protocol == wanted).count();
    let awaited = if count(Protocol::Tcp) > 0 { Protocol::Tcp } else { Protocol::Udp };
    let mut missing = count(awaited);
    while missing > 0 {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = words.recv_timeout(left) else { return false };
        let Ok(event) = serde_json::from_str::<Value>(&line) else {
            println!("{line}");
            continue;
        };
        if event["event"] == "ready" && event["proto"] == awaited.name() {
            missing -= 1;
        }
    }
    true
}

/// Runs the script of `port`; returns its items, and a failed one more if it failed otherwise or
/// miscounts them.
fn script(port: &Port, arguments: &[impl AsRef<OsStr>]) -> Result<Vec<Case>> {
    let Some(check) = port.check() else { return Ok(Vec::new()) };
    let start = Instant::now();
    let output = Command::new(&check)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", check.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let items: Vec<_> = text.lines().filter_map(parse_item).collect();
    let failed = items.iter().filter(|(_, verdict)| *verdict != Verdict::Passed).count();
    let counted = (items.len() - failed, failed);
    let mut cases: Vec<_> =
        items.into_iter().map(|(item, verdict)| named(port, item, verdict, start)).collect();
    if text.lines().last().and_then(parse_count) != Some(counted) {
        let why = format!("{} without the count of its items at the end", output.status);
        cases.push(case(port, "script", Err(why), start));
    }
    Ok(cases)
}

/// Reads a line `ok NAME` or `FAIL NAME: why`; after the name there may be a time in parentheses.
fn parse_item(line: &str) -> Option<(&str, Verdict)> {
    if let Some(name) = line.strip_prefix("ok ") {
        let name = name.rsplit_once(" (").map_or(name, |(name, _)| name);
        return Some((name, Verdict::Passed));
    }
    let (name, why) = line.strip_prefix("FAIL ")?.split_once(": ")?;
    Some((name, Verdict::Failed(why.to_owned())))
}

/// Reads a line `N passed, N failed`.
fn parse_count(line: &str) -> Option<(usize, usize)> {
    let number = |word: &str, unit: &str| word.trim().strip_suffix(unit)?.trim().parse().ok();
    let (passed, failed) = line.split_once(',')?;
    Some((number(passed, "passed")?, number(failed, "failed")?))
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
    fn items_and_the_closing_line_are_read() {
        assert_eq!(parse_item("ok get (0.10 s)"), Some(("get", Verdict::Passed)));
        let failed = Verdict::Failed("no: answer".to_owned());
        assert_eq!(parse_item("FAIL get: no: answer"), Some(("get", failed)));
        assert_eq!(parse_item("starting"), None);
        assert_eq!(parse_count("12 passed, 3 failed"), Some((12, 3)));
        assert_eq!(parse_count("done"), None);
    }
}
