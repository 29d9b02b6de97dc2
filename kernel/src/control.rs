//! The control channel: events to the host tool, commands from it (COM2).
//!
//! Events are JSON objects, one a line; commands are words, one a line:
//!
//! - `memory` asks how memory is used;
//! - `term` sends SIGTERM to the program, `kill` ends the machine;
//! - `eof N` says that the program's input ends after N bytes. The bytes come by the console, a
//!   channel of its own, so the word may overtake them;
//! - `run WORDS` runs the program that these words of a command line name, in a session.
//!
//! The host sends nothing, here or on the console, before the event `boot`.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use core::sync::atomic::{AtomicBool, Ordering};

use sync::SpinLock;

use crate::arch::apic::Trigger;
use crate::arch::irq;
use crate::arch::serial::CONTROL;
use crate::file::console;
use crate::memory::report::Summary;
use crate::process::session::{self, Remains};
use crate::process::{Process, exit, signal};

/// The ISA interrupt of COM2.
const INTERRUPT: u8 = 3;
/// A command of so many bytes is none.
const LONGEST_COMMAND: usize = 16 << 10;

/// Set by the interrupt: bytes have come.
static HAS_INPUT: AtomicBool = AtomicBool::new(false);
/// What has come of a command. A leaf lock, under which the port is read.
static COMMAND: SpinLock<Vec<u8>> = SpinLock::new(Vec::new());

/// What the host is told of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    /// The kernel runs.
    Boot,
    /// The program listens on a port.
    Listening {
        /// `tcp` or `udp`.
        protocol: &'a str,
        /// The port's number.
        port: u16,
    },
    /// What memory there is and who has it, in answer to `memory`.
    Memory(Summary),
    /// The program ended by itself with this status.
    Exit(u8),
    /// The program was ended by this signal.
    Signal(u8),
    /// A program of a session ended so, or the first is waited for; what is left.
    Ended(Option<exit::Status>, Remains),
    /// The kernel gave up.
    Panic(&'a str),
    /// The kernel has something to say.
    Log {
        /// `error`, `warn`, `info`, `debug` or `trace`.
        level: &'a str,
        /// One line.
        message: &'a str,
    },
}

/// Begins to take commands.
pub(crate) fn start() {
    CONTROL.enable_receive_interrupt();
    irq::register_line(INTERRUPT, Trigger::Edge, || HAS_INPUT.store(true, Ordering::Relaxed));
    send(Event::Boot);
}

/// Tells the host of an event.
pub(crate) fn send(event: Event<'_>) {
    let mut line = String::new();
    // Writing to a String does not fail.
    let _ = match event {
        Event::Boot => {
            write!(line, r#"{{"event":"boot","version":"{}"}}"#, env!("CARGO_PKG_VERSION"))
        }
        Event::Listening { protocol, port } => {
            write!(line, r#"{{"event":"listening","proto":"{protocol}","port":{port}}}"#)
        }
        Event::Memory(summary) => {
            let threads = Process::current().thread_count();
            write!(line, r#"{{"event":"memory",{summary},"threads":{threads}}}"#)
        }
        Event::Exit(status) => write!(line, r#"{{"event":"exit","status":{status}}}"#),
        Event::Signal(signal) => write!(line, r#"{{"event":"signal","signal":{signal}}}"#),
        Event::Ended(status, remains) => {
            line.push_str(r#"{"event":"ended""#);
            let _ = match status {
                Some(exit::Status::Exited(status)) => write!(line, r#","status":{status}"#),
                Some(exit::Status::Signal(signal)) => write!(line, r#","signal":{signal}"#),
                None => Ok(()),
            };
            let Remains { memory, threads, written } = remains;
            write!(line, r#",{memory},"threads":{threads},"written":{written}}}"#)
        }
        Event::Panic(message) => {
            write!(line, r#"{{"event":"panic","message":"{}"}}"#, Json(message))
        }
        Event::Log { level, message } => {
            write!(line, r#"{{"event":"log","level":"{level}","message":"{}"}}"#, Json(message))
        }
    };
    line.push('\n');
    CONTROL.write(line.as_bytes());
}

/// Text with what JSON strings cannot hold escaped (RFC 8259 §7).
struct Json<'a>(&'a str);

impl core::fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '"' | '\\' => write!(f, "\\{c}"),
            c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c)),
            c => f.write_char(c),
        })
    }
}

/// Carries out what commands have come.
pub(crate) fn serve() {
    if !HAS_INPUT.swap(false, Ordering::Relaxed) {
        return;
    }
    while let Some(command) = next_command() {
        obey(&command);
    }
}

/// Returns the next command once all of it has come.
fn next_command() -> Option<Vec<u8>> {
    let mut command = COMMAND.lock();
    while let Some(byte) = CONTROL.read() {
        if byte == b'\n' {
            return Some(core::mem::take(&mut *command));
        }
        command.push(byte);
        command.truncate(LONGEST_COMMAND);
    }
    None
}

fn parse_count(text: &[u8]) -> Option<u64> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

fn obey(command: &[u8]) {
    match command {
        _ if command.len() >= LONGEST_COMMAND => log::warn!("a command is too long"),
        b"memory" => send(Event::Memory(Summary::now())),
        b"term" => signal::terminate(),
        b"kill" => exit::power_off(exit::Status::Signal(9)),
        _ if let Some(words) = command.strip_prefix(b"run ") => session::run(words),
        _ if let Some(count) = command.strip_prefix(b"eof ").and_then(parse_count) => {
            console::end_input(count);
        }
        _ => log::warn!("unknown command from the host: {:?}", command.escape_ascii()),
    }
}
