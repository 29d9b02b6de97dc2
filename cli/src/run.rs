//! `scull run`: stay with a guest from its start to its end.

use alloc::collections::BTreeSet;
use core::time::Duration;
use std::io::{self, IsTerminal as _};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::ExitStatus;
use std::sync::PoisonError;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result};
use nix::unistd;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::args::{Net, Protocol, Publish, RunArgs};
use crate::console::{Addresses, Console};
use crate::prepare::{self, Prepared};
use crate::report::Report;
use crate::vmm::{Event, Extras, Guest, Machine, Message, qemu};
use crate::{error, project, symbol};

/// How long a machine may take to power off once its application has ended.
const GRACE: Duration = Duration::from_secs(3);

/// Runs what `args` name; returns the application's exit status, 128+N for a fatal signal N.
///
/// # Errors
/// Fails where it cannot be started, or ends otherwise than by the application's end.
pub(crate) fn run(args: &RunArgs) -> Result<u8> {
    start(args, None)
}

/// Reads a trace to its end.
type Follow = Box<dyn FnOnce(UnixStream) + Send>;

/// As [`run`], with the kernel's trace passed to `follow`.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_traced(
    args: &RunArgs,
    follow: impl FnOnce(UnixStream) + Send + 'static,
) -> Result<u8> {
    start(args, Some(Box::new(follow)))
}

fn start(args: &RunArgs, follow: Option<Follow>) -> Result<u8> {
    let start = Instant::now();
    if !args.machine.volume.is_empty() {
        return Err(error::usage("--volume is not supported yet; put files in with --file"));
    }
    qemu::find()?;
    let report = Report::new(args.json);
    let Prepared { image, launch } = prepare::prepare(&args.what, &args.content, &args.args)?;
    let kernel = project::kernel(args.machine.kernel.as_deref())?;
    let publish = claim(&launch.publish, &args.machine.net)?;
    let machine = Machine {
        kind: args.machine.machine,
        accel: args.machine.accel,
        memory: launch.memory,
        cpus: args.machine.cpus,
        patches_code: launch.patches_code,
        kernel,
        image,
        command_line: qemu::command_line(&launch, &args.machine.net, &args.machine.boot),
        net: args.machine.net.clone(),
        publish,
        extras: Extras { has_trace: follow.is_some(), has_monitor: false },
        plugin: None,
    };
    let (sender, receiver) = mpsc::channel();
    watch_signals(&sender)?;
    let (console, addresses) = Console::new(io::stdout());
    let mut guest = Guest::start(&machine, console, &sender)?;
    let trace = follow.zip(guest.take_trace());
    let trace = trace.map(|(follow, stream)| thread::spawn(move || follow(stream)));
    let deadline = args.timeout.map(|timeout| start + timeout);
    let mut session = Session {
        machine,
        guest,
        report,
        start,
        addresses,
        signals: 0,
        boots: 0,
        ready: BTreeSet::new(),
    };
    let end = session.follow(&receiver, deadline)?;
    let status = session.close(end);
    // A thread that panicked has said so.
    trace.map(thread::JoinHandle::join);
    status
}

/// How a guest came to its end.
#[derive(Debug)]
enum End {
    /// The application ended; the machine will power off.
    Application(u8),
    /// The kernel panicked.
    Panic(String),
    /// The machine ended without a word.
    Machine(ExitStatus, String),
    /// The tool ends it, with this status and for this reason.
    Tool(u8, &'static str),
}

/// A guest and the tool's knowledge of it.
struct Session {
    machine: Machine,
    guest: Guest,
    report: Report,
    start: Instant,
    addresses: Addresses,
    signals: u32,
    boots: u32,
    /// Published ports at which the guest has listened.
    ready: BTreeSet<usize>,
}

impl Session {
    /// Handles messages until the guest comes to an end.
    ///
    /// # Errors
    /// Fails where the guest's input cannot be passed on.
    fn follow(&mut self, messages: &Receiver<Message>, deadline: Option<Instant>) -> Result<End> {
        loop {
            let message = match deadline {
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => messages.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            let end = match message {
                Ok(Message::Event(event)) => self.event(event)?,
                Ok(Message::Signal(signal)) => self.signal(signal),
                Ok(Message::ConsoleBroken) => Some(End::Tool(128 + 13, "")),
                Ok(Message::Ended(status, words)) => Some(End::Machine(status, words)),
                Err(_) => Some(End::Tool(error::TIMEOUT, "the time given by --timeout is over")),
            };
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    /// Handles what the guest said.
    fn event(&mut self, event: Event) -> Result<Option<End>> {
        Ok(match event {
            Event::Boot { version } => {
                self.boots += 1;
                self.report.boot(&version, self.start.elapsed());
                if self.machine.net == Net::User {
                    self.guest.accept_many();
                }
                self.begin_input()?;
                None
            }
            Event::Listening { proto, port } => {
                let ports = self.machine.publish.iter().enumerate();
                for (number, publish) in ports {
                    let is_meant = publish.guest == port && publish.protocol.name() == proto;
                    if !is_meant || !self.ready.insert(number) {
                        continue;
                    }
                    let address = self.machine.net.address_of(publish);
                    self.report.ready(&address, publish.protocol, self.start.elapsed());
                }
                None
            }
            Event::Exit { status } => Some(End::Application(status)),
            Event::Signal { signal } => Some(End::Application(signal.wrapping_add(128))),
            Event::Panic { message } => Some(End::Panic(message)),
            Event::Log { level, message } => {
                self.report.log(&level, &message);
                None
            }
            Event::Memory(_) | Event::Ended { .. } | Event::Other => None,
        })
    }

    /// Sends what waited for the kernel to run.
    fn begin_input(&mut self) -> Result<()> {
        if self.boots > 1 {
            return Ok(());
        }
        if self.signals > 0 {
            self.guest.terminate();
        }
        if may_read_input() {
            self.guest.feed(io::stdin())?;
        }
        Ok(())
    }

    /// Handles a signal to the tool: the first is passed on, the second ends the machine.
    fn signal(&mut self, signal: i32) -> Option<End> {
        self.signals += 1;
        if self.signals == 1 {
            if self.boots > 0 {
                self.guest.terminate();
            }
            return None;
        }
        Some(End::Tool(u8::try_from(128 + signal).unwrap_or(u8::MAX), "killed"))
    }

    /// Ends the machine; returns the status to exit with.
    fn close(self, end: End) -> Result<u8> {
        let Self { machine, guest, report, boots, addresses, .. } = self;
        match end {
            End::Application(status) => {
                guest.finish(GRACE);
                report.exit(status);
                Ok(status)
            }
            End::Panic(message) => {
                guest.finish(GRACE);
                let addresses = addresses.lock().unwrap_or_else(PoisonError::into_inner);
                let trace = symbol::backtrace(&machine.kernel, &addresses);
                Err(error::kernel(format!("the kernel panicked: {message}{trace}")))
            }
            End::Tool(status, reason) => {
                guest.kill();
                guest.finish(GRACE);
                report.note(reason);
                Ok(status)
            }
            End::Machine(status, words) => {
                guest.finish(GRACE);
                Err(unexplained(status, &words, boots))
            }
        }
    }
}

/// Returns the error for a machine that ended although its application did not.
fn unexplained(status: ExitStatus, words: &str, boots: u32) -> anyhow::Error {
    let words = words.lines().last().unwrap_or_default().trim_start_matches("qemu-system-x86_64: ");
    if words.contains("Could not set up host forwarding rule") {
        return error::usage(format!("a published port is taken ({words}); publish another"));
    }
    if words.contains("Cannot allocate memory") || words.contains("cannot set up guest memory") {
        return error::usage("the host lacks memory for the machine; give less with --memory");
    }
    if !words.is_empty() && boots == 0 {
        return anyhow::anyhow!("the virtual machine did not start: {words}");
    }
    error::kernel(format!(
        "the machine ended ({status}) before its application did; this is a fault of the kernel"
    ))
}

/// Reads the ports to publish; makes sure that they are free, and chooses where the host may.
fn claim(texts: &[String], net: &Net) -> Result<Vec<Publish>> {
    let mut ports = Vec::new();
    for text in texts {
        let mut port = text.parse::<Publish>().map_err(error::usage)?;
        let bound = match (net, port.protocol) {
            (Net::User, Protocol::Tcp) => TcpListener::bind(port.host).and_then(|s| s.local_addr()),
            (Net::User, Protocol::Udp) => UdpSocket::bind(port.host).and_then(|s| s.local_addr()),
            _ => Ok(port.host),
        };
        port.host = bound.map_err(|why| taken(&port, &why))?;
        ports.push(port);
    }
    Ok(ports)
}

/// Returns the error for a port that cannot be had.
fn taken(port: &Publish, why: &io::Error) -> anyhow::Error {
    let (address, guest) = (port.host, port.guest);
    let free = address.port().checked_add(1).unwrap_or(8000);
    match why.kind() {
        io::ErrorKind::AddrInUse => error::usage(format!(
            "port {address} is taken; publish another, such as --publish {free}:{guest}"
        )),
        _ => error::usage(format!("cannot publish {address}: {why}")),
    }
}

/// Turns Ctrl-C, SIGTERM and SIGHUP into messages.
fn watch_signals(messages: &Sender<Message>) -> Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
        .context("cannot watch for signals")?;
    let messages = messages.clone();
    thread::spawn(move || {
        for signal in signals.forever() {
            if messages.send(Message::Signal(signal)).is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// Returns whether standard input can be read without stopping a job that runs in the background
/// of a terminal.
fn may_read_input() -> bool {
    let stdin = io::stdin();
    !stdin.is_terminal() || unistd::tcgetpgrp(&stdin).is_ok_and(|group| group == unistd::getpgrp())
}
