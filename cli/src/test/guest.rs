//! Runs of a program in a guest: one boot each.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Result;

use super::outcome::{End, Outcome};
use super::program::{Link, TestProgram};
use crate::args::{Accel, MachineKind, Net};
use crate::image::library::Root;
use crate::image::{Tree, program};
use crate::prepare;
use crate::project::Scratch;
use crate::vmm::{Event, Guest, Machine, Message, qemu};

/// Memory of a test's machine, in bytes.
const MEMORY: u64 = 256 << 20;
/// Output that is kept of a program, in bytes.
const OUTPUT_MAX: usize = 4 << 20;

/// What guests of one run share: a kernel, and an image for each way of linking.
#[derive(Debug)]
pub(crate) struct Lab {
    kernel: PathBuf,
    kind: MachineKind,
    images: BTreeMap<Link, PathBuf>,
    _scratch: Scratch,
}

impl Lab {
    /// Packs `programs` into images.
    ///
    /// # Errors
    /// Fails where a program needs what the host lacks, or an image cannot be written.
    pub(crate) fn new(
        kernel: PathBuf,
        kind: MachineKind,
        programs: &[&TestProgram],
    ) -> Result<Self> {
        let scratch = Scratch::new()?;
        let mut images = BTreeMap::new();
        for link in [Link::Static, Link::Dynamic] {
            let mut tree = Tree::new();
            for test in programs.iter().filter(|program| program.link == link) {
                let program = program::read(&test.path)?;
                prepare::add_executable(&mut tree, &Root::host(), &program, &test.path)?;
            }
            let path = scratch.path().join(format!("{link:?}.cpio"));
            tree.write(&prepare::default_launch("tests", &scratch.path().join("none")), &path)?;
            images.insert(link, path);
        }
        Ok(Self { kernel, kind, images, _scratch: scratch })
    }

    /// Runs `program` in a guest of its own.
    ///
    /// # Errors
    /// Fails where the machine cannot be started.
    pub(crate) fn run(&self, program: &TestProgram, timeout: Duration) -> Result<Outcome> {
        let mut launch = prepare::default_launch("", &program.path);
        launch.args.clone_from(&program.args);
        let machine = Machine {
            kind: self.kind,
            accel: Accel::Auto,
            memory: MEMORY,
            cpus: 1,
            kernel: self.kernel.clone(),
            image: self.images[&program.link].clone(),
            command_line: qemu::command_line(&launch, &Net::None, &[]),
            net: Net::None,
            publish: Vec::new(),
            plugin: None,
        };
        let (sender, receiver) = mpsc::channel();
        let console = Capture::default();
        let guest = Guest::start(&machine, console.clone(), &sender)?;
        let end = follow(&guest, &receiver, Instant::now() + timeout)?;
        if matches!(end, End::Other(_)) {
            guest.kill();
        }
        guest.finish(Duration::from_secs(3));
        let output = console.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Outcome { output: without_reports(&output), end })
    }
}

/// Returns what the program itself printed: the kernel's reports, of a fatal fault for
/// example, are on the same console.
fn without_reports(console: &[u8]) -> Vec<u8> {
    let lines = console.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(b"scull: ")).flatten().copied().collect()
}

/// Waits for the program's end; its input ends at once.
fn follow(guest: &Guest, messages: &Receiver<Message>, deadline: Instant) -> Result<End> {
    loop {
        match messages.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Message::Event(Event::Boot { .. })) => guest.feed(io::empty())?,
            Ok(Message::Event(Event::Exit { status })) => return Ok(End::Exit(status)),
            Ok(Message::Event(Event::Signal { signal })) => return Ok(End::Signal(signal)),
            Ok(Message::Event(Event::Panic { message })) => {
                return Ok(End::Other(format!("kernel panic: {message}")));
            }
            Ok(Message::Ended(status, words)) => {
                return Ok(End::Other(format!("the machine ended: {status} {words}")));
            }
            Ok(_) => {}
            Err(_) => return Ok(End::Other("took too long".to_owned())),
        }
    }
}

/// A console that is kept.
#[derive(Debug, Default, Clone)]
struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Write for Capture {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let room = OUTPUT_MAX.saturating_sub(bytes.len());
        bytes.extend_from_slice(&buf[..buf.len().min(room)]);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
