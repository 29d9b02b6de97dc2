//! Runs of a plan in a guest.

use core::time::Duration;
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use anyhow::{Context as _, Result};

use super::outcome::{End, Report, Wish};
use super::plan::Plan;
use crate::args::{Accel, MachineKind, Net};
use crate::image::library::Root;
use crate::image::{Tree, program};
use crate::prepare;
use crate::project::Scratch;
use crate::vmm::{Event, Extras, Guest, Machine, Message, qemu};

/// Memory of the machine, in bytes.
const MEMORY: u64 = 256 << 20;
/// How long the guest may say nothing: a batch is done in a fraction of a second.
const SILENCE: Duration = Duration::from_secs(90);
/// How long its last lines may take once it has ended, and the machine to end.
const GRACE: Duration = Duration::from_secs(3);
/// Where the plan is in the guest.
const PLAN: &str = "/plan";

/// What guests are started with.
#[derive(Debug)]
pub(super) struct Lab {
    /// The kernel.
    pub(super) kernel: PathBuf,
    /// The kind of machine.
    pub(super) machine: MachineKind,
    /// Its processors.
    pub(super) cpus: u8,
    /// The interpreter.
    pub(super) interpreter: PathBuf,
}

/// Something heard of the guest.
enum Heard {
    Line(String),
    Message(Message),
}

impl Lab {
    /// Runs `plan` in a guest of its own.
    ///
    /// # Errors
    /// Fails where the machine cannot be started.
    pub(super) fn run(&self, plan: &Plan) -> Result<Report> {
        let scratch = Scratch::new()?;
        let mut tree = Tree::new();
        let read = program::read(&self.interpreter)?;
        prepare::add_executable(&mut tree, &Root::host(), &read, &self.interpreter)?;
        tree.text(Path::new(PLAN), plan.to_string().as_bytes(), 0o444);
        let mut launch = prepare::default_launch("fuzz", &self.interpreter);
        launch.args = vec![PLAN.to_owned(), "/dev/console".to_owned()];
        let image = scratch.path().join("image.cpio");
        tree.write(&launch, &image)?;
        let machine = Machine {
            kind: self.machine,
            accel: Accel::Auto,
            memory: MEMORY,
            cpus: self.cpus,
            patches_code: false,
            kernel: self.kernel.clone(),
            image,
            command_line: qemu::command_line(&launch, &Net::None, &[]),
            net: Net::None,
            publish: Vec::new(),
            plugin: None,
            extras: Extras::default(),
        };
        let (sender, receiver) = mpsc::channel();
        let (messages, forwarded) = mpsc::channel();
        let lines = Lines { sender: sender.clone(), rest: Vec::new() };
        let mut guest = Guest::start(&machine, lines, &messages)?;
        thread::spawn(move || {
            while let Ok(message) = forwarded.recv() {
                if sender.send(Heard::Message(message)).is_err() {
                    break;
                }
            }
        });
        let report = listen(&mut guest, &receiver)?;
        guest.kill();
        guest.finish(GRACE);
        Ok(report)
    }
}

/// Takes in what the guest says until it ends.
fn listen(guest: &mut Guest, receiver: &Receiver<Heard>) -> Result<Report> {
    let mut report = Report::new();
    let (mut answers, input) = UnixStream::pair().context("cannot make a socket pair")?;
    guest.feed(input)?;
    let mut patience = SILENCE;
    loop {
        let broken = match receiver.recv_timeout(patience) {
            Ok(Heard::Line(line)) => {
                if report.take(&line) == Wish::Look {
                    guest.ask_memory();
                }
                if report.end == End::Done {
                    return Ok(report);
                }
                continue;
            }
            Ok(Heard::Message(Message::Event(Event::Memory(memory)))) => {
                report.memory.push(memory);
                // A guest that is gone says so by its own message.
                let _ = answers.write_all(b"\n");
                continue;
            }
            Ok(Heard::Message(Message::Event(Event::Panic { message }))) => {
                format!("the kernel panicked: {message}")
            }
            // Its last lines may still be on their way.
            Ok(Heard::Message(Message::Event(Event::Exit { status: 0 }))) => {
                patience = GRACE;
                continue;
            }
            Ok(Heard::Message(Message::Ended(..))) if patience == GRACE => continue,
            Ok(Heard::Message(Message::Event(Event::Exit { status }))) => {
                format!("the interpreter ended with status {status}: {:?}", report.end)
            }
            Ok(Heard::Message(Message::Event(Event::Signal { signal }))) => {
                format!("signal {signal} ended the interpreter")
            }
            Ok(Heard::Message(Message::Ended(status, words))) => {
                format!("the machine ended: {status} {words}")
            }
            Ok(Heard::Message(Message::Event(Event::Log { level, message }))) => {
                report.log.push(format!("{level}: {message}"));
                continue;
            }
            Ok(Heard::Message(_)) => continue,
            Err(_) => silence(guest, receiver).to_owned(),
        };
        report.end = End::Broken(broken);
        return Ok(report);
    }
}

/// Says whether the kernel of a guest that says nothing still answers.
fn silence(guest: &mut Guest, receiver: &Receiver<Heard>) -> &'static str {
    guest.ask_memory();
    loop {
        match receiver.recv_timeout(GRACE) {
            Ok(Heard::Message(Message::Event(Event::Memory(_)))) => {
                return "the program said nothing for long; the kernel answers";
            }
            Ok(_) => {}
            Err(_) => return "the kernel does not answer",
        }
    }
}

/// The guest's console, as lines.
struct Lines {
    sender: Sender<Heard>,
    rest: Vec<u8>,
}

impl io::Write for Lines {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        /// More without an end is no line.
        const LONGEST: usize = 4096;
        self.rest.extend_from_slice(buf);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<_> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if self.sender.send(Heard::Line(line)).is_err() {
                break;
            }
        }
        self.rest.truncate(LONGEST);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
