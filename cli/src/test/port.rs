//! Checks of ports: the application in a guest, its own script as the client.
//!
//! `ports/<name>/check` gets the published addresses as arguments, in the order of
//! the manifest, prints `ok NAME` or `FAIL NAME: why` for each item, and a last
//! line `N passed, N failed`. A port that publishes nothing is not started: its script
//! gets the words that start it, and starts it as often as it likes.

use alloc::collections::BTreeSet;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum as _;
use nix::sys::signal;
use nix::unistd::Pid;
use serde_json::Value;

use super::results::{Case, Verdict};
use crate::args::{MachineKind, Protocol, Publish, TestArgs, TestNet};
use crate::image::Tree;
use crate::namespace::{self, Namespace, Queues};
use crate::port::Port;

/// How long a port may take until it listens.
const START: Duration = Duration::from_secs(60);
/// How long a port may take to end after SIGTERM.
const STOP: Duration = Duration::from_secs(15);

/// A check under way.
#[derive(Debug)]
pub(super) struct Check<'a> {
    port: &'a Port,
    args: &'a TestArgs,
    /// What came of each item so far.
    pub(super) cases: Vec<Case>,
    /// What there is to be said of it, by lines.
    pub(super) words: String,
}

impl<'a> Check<'a> {
    /// Returns a check that has not begun.
    pub(super) fn new(port: &'a Port, args: &'a TestArgs) -> Self {
        let words = format!("ports/{}\n", port.name());
        Self { port, args, cases: Vec::new(), words }
    }

    /// Boots the port, runs its script, and ends it by SIGTERM. What has to be fetched or built is
    /// by one check at a time: they have some of it in common.
    ///
    /// # Errors
    /// Fails where the tool itself cannot be started.
    pub(super) fn run(&mut self) -> Result<()> {
        static PREPARING: Mutex<()> = Mutex::new(());
        let start = Instant::now();
        let preparing = PREPARING.lock().unwrap_or_else(PoisonError::into_inner);
        // This takes longer than a start may.
        let prepared = self.port.assemble(&mut Tree::new());
        drop(preparing);
        if let Err(why) = prepared {
            self.note("prepare", Err(format!("{why:#}")), start);
            return Ok(());
        }
        if self.port.publish().is_empty() {
            let mut words = words(self.port, self.args)?;
            words.push("--".into());
            return self.script(&words);
        }
        match self.args.net {
            TestNet::User => self.serve(&choose_addresses(self.port)?),
            TestNet::Tap => thread::scope(|scope| {
                // Who is in the namespace stays there.
                let thread = scope.spawn(|| self.serve_over_tap());
                thread.join().unwrap_or_else(|_| bail!("the check panicked"))
            }),
        }
    }

    /// Checks the port in a network namespace.
    fn serve_over_tap(&mut self) -> Result<()> {
        let start = Instant::now();
        let _namespace = match Namespace::enter(Queues::Several) {
            Ok(namespace) => namespace,
            Err(why) => {
                let why = format!("no tap device here: {why:#}");
                self.say(&format!("skip start: {why}"));
                self.add("start", Verdict::Skipped(why), start);
                return Ok(());
            }
        };
        let publish = self.port.publish().into_iter();
        let addresses: Vec<_> =
            publish.map(|publish| namespace::net().address_of(&publish)).collect();
        self.serve(&addresses)
    }

    /// Checks the port, whose clients reach it at `addresses`.
    fn serve(&mut self, addresses: &[String]) -> Result<()> {
        let start = Instant::now();
        let mut guest = start_guest(self.port, addresses, self.args)?;
        let lines = guest.stderr.take().map(read_lines);
        if lines.is_some_and(|lines| self.is_ready(&lines)) {
            self.note("start", Ok(()), start);
            if self.args.net == TestNet::Tap {
                self.note("queues", check_queues(self.args), start);
            }
            self.script(addresses)?;
            let stopped = match stop(&mut guest)? {
                Some(status) if status == self.port.extra().status => Ok(()),
                end => Err(format!("after SIGTERM it ended with {end:?}")),
            };
            self.note("stop", stopped, start);
        } else {
            let why = format!("it does not listen within {} s", START.as_secs());
            self.note("start", Err(why), start);
        }
        // It has ended, or has to.
        let _ = guest.kill();
        guest.wait().context("cannot wait for scull run")?;
        Ok(())
    }

    /// Waits until the port listens, by TCP where it has such ports: a server may open its sockets
    /// for UDP when a client has come. Returns whether it does so in time.
    fn is_ready(&mut self, lines: &Receiver<String>) -> bool {
        let deadline = Instant::now() + START;
        let publish = self.port.publish();
        let count = |wanted| publish.iter().filter(|publish| publish.protocol == wanted).count();
        let awaited = if count(Protocol::Tcp) > 0 { Protocol::Tcp } else { Protocol::Udp };
        let mut missing = count(awaited);
        while missing > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = lines.recv_timeout(left) else { return false };
            let Ok(event) = serde_json::from_str::<Value>(&line) else {
                self.say(&line);
                continue;
            };
            if event["event"] == "ready" && event["proto"] == awaited.name() {
                missing -= 1;
            }
        }
        true
    }

    /// Runs the port's script; adds its items, and a failed one more if it failed otherwise or
    /// miscounts them.
    fn script(&mut self, arguments: &[impl AsRef<OsStr>]) -> Result<()> {
        let Some(script) = self.port.check() else { return Ok(()) };
        let start = Instant::now();
        let output = Command::new(&script)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot run {}", script.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        self.words.push_str(&text);
        let items: Vec<_> = text.lines().filter_map(parse_item).collect();
        let failed = items.iter().filter(|(_, verdict)| *verdict != Verdict::Passed).count();
        let counted = (items.len() - failed, failed);
        for (item, verdict) in items {
            self.add(item, verdict, start);
        }
        if text.lines().last().and_then(parse_count) != Some(counted) {
            let why = format!("{} without the count of its items at the end", output.status);
            self.note("script", Err(why), start);
        }
        Ok(())
    }

    /// Adds what came of an item, after saying why it failed.
    fn note(&mut self, item: &str, result: Result<(), String>, start: Instant) {
        let verdict = match result {
            Ok(()) => Verdict::Passed,
            Err(why) => {
                self.say(&format!("FAIL {item}: {why}"));
                Verdict::Failed(why)
            }
        };
        self.add(item, verdict, start);
    }

    fn add(&mut self, item: &str, verdict: Verdict, start: Instant) {
        let name = format!("ports/{}: {item}", self.port.name());
        let (family, took) = ("ports".to_owned(), start.elapsed());
        self.cases.push(Case { family, name, verdict, took });
    }

    fn say(&mut self, line: &str) {
        self.words.push_str(line);
        self.words.push('\n');
    }
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

/// Returns an address that is free for TCP and UDP, another each time.
fn free_address() -> Result<String> {
    static GIVEN: Mutex<BTreeSet<SocketAddr>> = Mutex::new(BTreeSet::new());
    loop {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
        let address = socket.local_addr().context("a socket without an address")?;
        let is_new = || GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
        if UdpSocket::bind(address).is_ok() && is_new() {
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
