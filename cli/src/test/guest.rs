//! Runs of programs in guests: many to a boot ([`Session`]), or one ([`Lab::run_alone`]).

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Result, anyhow};

use super::java;
use super::outcome::{End, Outcome};
use super::program::{TestProgram, Variant};
use crate::args::{Accel, MachineKind, Net};
use crate::image::library::Root;
use crate::image::{Launch, Tree, program};
use crate::prepare;
use crate::project::Scratch;
use crate::vmm::{Event, Extras, Guest, Machine, Memory, Message, qemu};

/// Memory of a test's machine, in bytes.
const MEMORY: u64 = 256 << 20;
/// Output that is kept of a program, in bytes.
const OUTPUT_MAX: u64 = 4 << 20;
/// How long a machine may take until it waits for programs.
const START: Duration = Duration::from_secs(60);
/// How long a machine may take to end.
const STOP: Duration = Duration::from_secs(3);
/// How long what a program has written may be on its way after the word that it has ended.
const CONSOLE: Duration = Duration::from_secs(10);

/// What guests of one run share: a kernel, and images with all programs.
#[derive(Debug)]
pub(crate) struct Lab {
    kernel: PathBuf,
    kind: MachineKind,
    cpus: u8,
    native: PathBuf,
    /// The JVM with all Java programs.
    java: PathBuf,
    _scratch: Scratch,
}

impl Lab {
    /// Packs `programs` into an image.
    ///
    /// # Errors
    /// Fails where a program needs what the host lacks, or the image cannot be written.
    pub(crate) fn new(
        kernel: PathBuf,
        kind: MachineKind,
        cpus: u8,
        programs: &[&TestProgram],
    ) -> Result<Self> {
        let scratch = Scratch::new()?;
        let launch = prepare::default_launch("tests", &scratch.path().join("none"));
        let (native, java) = (scratch.path().join("tests.cpio"), scratch.path().join("java.cpio"));
        let mut tree = Tree::new();
        let is_java = |test: &&&TestProgram| test.variant == Variant::Java;
        if let Some(test) = programs.iter().find(is_java) {
            java::pack(&test.path)?.write(&launch, &java)?;
        }
        for test in programs.iter().filter(|test| !is_java(test)) {
            let program = program::read(&test.path)?;
            prepare::add_executable(&mut tree, &Root::host(), &program, &test.path)?;
        }
        tree.write(&launch, &native)?;
        Ok(Self { kernel, kind, cpus, native, java, _scratch: scratch })
    }

    /// Starts a machine with this command line, for programs of this variant.
    fn boot(
        &self,
        variant: Variant,
        command_line: String,
    ) -> Result<(Guest, Receiver<Message>, Capture)> {
        let (image, memory) = match variant {
            Variant::Java => (&self.java, java::MEMORY),
            _ => (&self.native, MEMORY),
        };
        let machine = Machine {
            kind: self.kind,
            accel: Accel::Auto,
            memory,
            cpus: self.cpus,
            patches_code: variant == Variant::Java,
            kernel: self.kernel.clone(),
            image: image.clone(),
            command_line,
            net: Net::None,
            publish: Vec::new(),
            extras: Extras::default(),
            plugin: None,
        };
        let (sender, receiver) = mpsc::channel();
        let console = Capture::default();
        let guest = Guest::start(&machine, console.clone(), &sender)?;
        Ok((guest, receiver, console))
    }

    /// Runs `program` in a boot that ends with it, as `scull run` does.
    ///
    /// # Errors
    /// Fails where the machine cannot be started.
    pub(crate) fn run_alone(&self, program: &TestProgram, timeout: Duration) -> Result<Outcome> {
        let line = qemu::command_line(&launch(program)?, &Net::None, &[]);
        let (mut guest, messages, console) = self.boot(program.variant, line)?;
        let deadline = Instant::now() + program.patience(timeout);
        let end = match follow(&mut guest, &messages, deadline) {
            Ok(Ending { end, .. }) => end,
            Err(why) => {
                guest.kill();
                End::Other(why)
            }
        };
        guest.finish(STOP);
        let output = without_reports(&console.take());
        Ok(Outcome { output, end })
    }
}

/// Returns how `program` is started in a guest.
fn launch(program: &TestProgram) -> Result<Launch> {
    let (path, args) = program.command()?;
    Ok(Launch { args, ..prepare::default_launch("", &path) })
}

/// Returns what the program itself printed: the kernel's last words, of a panic for example, are
/// on the same console.
fn without_reports(console: &[u8]) -> Vec<u8> {
    let lines = console.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(b"scull: ")).flatten().copied().collect()
}

/// The end of a program as the kernel told of it.
#[derive(Debug)]
struct Ending {
    end: End,
    /// In a session: bytes that its programs have written in all, and what is in use after it.
    session: Option<(u64, Memory)>,
}

/// Waits for the program's end, or says why that is not to be expected any more. Programs find
/// their input at its end.
fn follow(
    guest: &mut Guest,
    messages: &Receiver<Message>,
    deadline: Instant,
) -> Result<Ending, String> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let message = messages.recv_timeout(left).map_err(|_| "took too long".to_owned())?;
        if matches!(message, Message::Event(Event::Boot { .. })) {
            guest.end_input();
        } else if let Some(ending) = ending(message)? {
            return Ok(ending);
        }
    }
}

/// Returns what a message says of the program's end, if anything.
///
/// # Errors
/// Why there will be no end.
fn ending(message: Message) -> Result<Option<Ending>, String> {
    let alone = |end| Ok(Some(Ending { end, session: None }));
    match message {
        Message::Event(Event::Exit { status }) => alone(End::Exit(status)),
        Message::Event(Event::Signal { signal }) => alone(End::Signal(signal)),
        Message::Event(Event::Ended { status, signal, written, left }) => {
            let end = match (status, signal) {
                (Some(status), _) => End::Exit(status),
                (None, Some(signal)) => End::Signal(signal),
                (None, None) => End::Other("it was not run".to_owned()),
            };
            Ok(Some(Ending { end, session: Some((written, left)) }))
        }
        Message::Event(Event::Panic { message }) => Err(format!("kernel panic: {message}")),
        Message::Ended(status, words) => Err(format!("the machine ended: {status} {words}")),
        _ => Ok(None),
    }
}

/// A guest that runs programs one after the other.
#[derive(Debug)]
pub(crate) struct Session {
    guest: Guest,
    messages: Receiver<Message>,
    console: Capture,
    /// What was in use before the next program.
    pub(crate) left: Memory,
}

/// Why a guest runs no more programs, and what the last one had printed.
#[derive(Debug)]
pub(crate) struct Death {
    pub(crate) why: String,
    pub(crate) output: Vec<u8>,
}

impl Session {
    /// Boots a guest and waits until it can run programs.
    ///
    /// # Errors
    /// Fails where the machine cannot be started, or does not get that far.
    pub(crate) fn start(lab: &Lab) -> Result<Self> {
        let (mut guest, messages, console) =
            lab.boot(Variant::Static, "session ip=none".to_owned())?;
        let ending = follow(&mut guest, &messages, Instant::now() + START);
        match ending.map(|ending| ending.session) {
            Ok(Some((_, left))) => Ok(Self { guest, messages, console, left }),
            Ok(None) => Err(anyhow!("the guest ended at its start")),
            Err(why) => Err(anyhow!("the guest does not start: {why}")),
        }
    }

    /// Runs `program` and returns its outcome; [`Session::left`] then tells what is in use.
    ///
    /// # Errors
    /// If the guest is good for nothing any more; it is to be dropped then.
    pub(crate) fn run(
        &mut self,
        program: &TestProgram,
        timeout: Duration,
    ) -> Result<Outcome, Death> {
        let launch =
            launch(program).map_err(|why| Death { why: why.to_string(), output: Vec::new() })?;
        self.guest.run(&qemu::command_line(&launch, &Net::None, &[]));
        match follow(&mut self.guest, &self.messages, Instant::now() + timeout) {
            Ok(Ending { end, session: Some((written, left)) }) => {
                let output = self.console.take_until(written, Instant::now() + CONSOLE);
                let Some(output) = output else {
                    let why = "what it printed did not arrive".to_owned();
                    return Err(Death { why, output: self.console.take() });
                };
                self.left = left;
                Ok(Outcome { output, end })
            }
            Ok(Ending { session: None, .. }) => {
                let why = "the kernel ended with the program".to_owned();
                Err(Death { why, output: self.console.take() })
            }
            Err(why) => Err(Death { why, output: without_reports(&self.console.take()) }),
        }
    }
}

/// A console that is kept.
#[derive(Debug, Default, Clone)]
struct Capture {
    shared: Arc<(Mutex<Kept>, Condvar)>,
}

#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    /// All bytes there have been.
    total: u64,
    /// Where the bytes of the current program begin.
    start: u64,
}

impl Capture {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what has come since the last call.
    fn take(&self) -> Vec<u8> {
        let mut kept = self.lock();
        kept.start = kept.total;
        core::mem::take(&mut kept.bytes)
    }

    /// Waits until `total` bytes have come in all; returns those since the last call.
    fn take_until(&self, total: u64, deadline: Instant) -> Option<Vec<u8>> {
        let mut kept = self.lock();
        while kept.total < total {
            let left = deadline.checked_duration_since(Instant::now())?;
            let (guard, _) =
                self.shared.1.wait_timeout(kept, left).unwrap_or_else(PoisonError::into_inner);
            kept = guard;
        }
        drop(kept);
        Some(self.take())
    }
}

impl Write for Capture {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut kept = self.lock();
        let room = OUTPUT_MAX.saturating_sub(kept.total - kept.start);
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(buf.len());
        kept.bytes.extend_from_slice(&buf[..room]);
        kept.total += u64::try_from(buf.len()).unwrap_or(0);
        drop(kept);
        self.shared.1.notify_all();
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_is_split_where_the_kernel_says() {
        let mut console = Capture::default();
        let soon = || Instant::now() + Duration::from_millis(1);
        console.write_all(b"one\n").unwrap();
        assert_eq!(console.take_until(4, soon()).unwrap(), b"one\n");
        assert_eq!(console.take_until(4, soon()).unwrap(), b"");
        console.write_all(b"tw").unwrap();
        assert_eq!(console.take_until(8, soon()), None);
        console.write_all(b"o\n").unwrap();
        assert_eq!(console.take_until(8, soon()).unwrap(), b"two\n");
    }

    #[test]
    fn the_kernels_last_words_are_not_the_programs() {
        let console = b"one\nscull: panic\nscull: backtrace 0x1\ntwo";
        assert_eq!(without_reports(console), b"one\ntwo");
    }

    #[test]
    fn the_end_of_a_program_is_told_apart_from_that_of_the_guest() {
        let say = |line: &[u8]| ending(Message::Event(Event::parse(line)));
        assert!(say(br#"{"event":"boot","version":"1"}"#).unwrap().is_none());
        let ended = br#"{"event":"ended","status":3,"frames_total":1,"frames_free":1,"frames_program":0,"frames_stacks":0,"heap_used":7,"threads":1,"written":5}"#;
        let ended = say(ended).unwrap().unwrap();
        assert_eq!((ended.end, ended.session.unwrap().0), (End::Exit(3), 5));
        let exited = say(br#"{"event":"exit","status":3}"#).unwrap().unwrap();
        assert!(exited.end == End::Exit(3) && exited.session.is_none());
        assert_eq!(say(br#"{"event":"panic","message":"oh"}"#).unwrap_err(), "kernel panic: oh");
    }
}
