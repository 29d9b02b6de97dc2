//! What a program that repeats something costs, on Scull and in a Linux guest: guest instructions, and
//! the time that the program itself takes.
//!
//! What a long loop takes beyond a short one is the cost of what is repeated and of the loop.

use alloc::sync::Arc;
use core::time::Duration;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, mpsc};

use anyhow::{Context as _, Result, bail};

use super::guest::System;
use super::instructions;
use super::linux::{self, Linux};
use crate::args::{Accel, BenchArgs, ContentArgs, MachineKind, Net};
use crate::prepare;
use crate::project::{self, Scratch};
use crate::vmm::{Extras, Guest, Machine, Message, qemu};

/// How long a guest may take: Linux starts slowly where its instructions are counted.
const PATIENCE: Duration = Duration::from_secs(300);
const MEMORY: u64 = 256 << 20;
/// What is compared.
pub(super) const SYSTEMS: [System; 2] = [System::Linux, System::Scull(MachineKind::Microvm)];

/// A program that takes the name of what to repeat, and how often.
pub(super) struct Repeater {
    folder: PathBuf,
    program: PathBuf,
    plugin: PathBuf,
    kernel: PathBuf,
    linux: Linux,
}

impl Repeater {
    /// Compiles `source` by the compiler that `compiler` makes of its arguments, and fetches what
    /// is missing.
    ///
    /// # Errors
    /// Fails where it cannot be compiled, or apt fails.
    pub(super) fn prepare(
        args: &BenchArgs,
        (name, source): (&str, &str),
        compiler: impl FnOnce(&[OsString]) -> Result<std::process::Command>,
    ) -> Result<Self> {
        let folder = project::cache("bench")?;
        let scratch = Scratch::new()?;
        let file = scratch.path().join(format!("{name}.c"));
        std::fs::write(&file, source)?;
        let program = folder.join(name);
        let words: [OsString; 4] = ["-O2".into(), "-o".into(), program.clone().into(), file.into()];
        if !compiler(&words)?.status()?.success() {
            bail!("cannot compile the program that is measured");
        }
        Ok(Self {
            linux: Linux::fetch(&folder)?,
            kernel: project::kernel(args.kernel.as_deref())?,
            plugin: instructions::plugin()?,
            folder,
            program,
        })
    }

    /// Returns the instructions of one round of `way`, from loops of so many rounds.
    ///
    /// # Errors
    /// Fails where a guest does not end well.
    pub(super) fn per_round(
        &self,
        system: System,
        way: &str,
        (short, long): (u32, u32),
    ) -> Result<f64> {
        let least = self.count(system, way, short)?;
        Ok((self.count(system, way, long)? - least) / f64::from(long - short))
    }

    /// Returns the nanoseconds of a round by the guest's clock, as the program says.
    ///
    /// # Errors
    /// Fails where the guest does not end well, or the program says nothing.
    pub(super) fn time(&self, system: System, way: &str, rounds: u32, cpus: u8) -> Result<f64> {
        let mut machine = self.machine(system, way, rounds)?;
        machine.plugin = None;
        machine.cpus = cpus;
        let said = Said::default();
        Self::live(&machine, said.clone())?;
        let bytes = said.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes);
        let mut values = text.lines().filter_map(|line| line.trim().strip_prefix("nanoseconds "));
        values
            .find_map(|value| value.parse().ok())
            .with_context(|| format!("{way} says no time on {}: {text}", system.name()))
    }

    /// Returns the instructions of a guest's life in which the program repeats something.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn count(&self, system: System, way: &str, rounds: u32) -> Result<f64> {
        let machine = self.machine(system, way, rounds)?;
        Ok(instructions::total(&Self::live(&machine, io::sink())?)? as f64)
    }

    /// Runs a machine to its end; returns what its monitor said at last.
    fn live(machine: &Machine, output: impl Write + Send + 'static) -> Result<String> {
        let (sender, messages) = mpsc::channel();
        let guest = Guest::start(machine, output, &sender)?;
        loop {
            let message = messages.recv_timeout(PATIENCE).context("the guest does not end")?;
            if let Message::Ended(_, words) = message {
                guest.finish(Duration::ZERO);
                return Ok(words);
            }
        }
    }

    fn machine(&self, system: System, way: &str, rounds: u32) -> Result<Machine> {
        let args = [OsString::from(way), rounds.to_string().into()];
        let program = self.program.to_string_lossy();
        let prepared = prepare::prepare(&program, &ContentArgs::default(), &args)?;
        let (kernel, image, command_line) = if system == System::Linux {
            let image = self.folder.join("repeat.cpio");
            let script = format!("'{program}' {way} {rounds}; /bin/busybox poweroff -f");
            let command = ["/bin/busybox", "sh", "-c", &script].map(str::to_owned);
            self.linux.initramfs(&prepared.image, &command, &image)?;
            (self.linux.kernel(), image, linux::command_line("", ""))
        } else {
            let command_line = qemu::command_line(&prepared.launch, &Net::None, &[]);
            (self.kernel.clone(), prepared.image, command_line)
        };
        Ok(Machine {
            kind: system.machine(),
            accel: Accel::Tcg,
            memory: MEMORY,
            cpus: 1,
            patches_code: false,
            kernel,
            image,
            command_line,
            net: Net::None,
            publish: Vec::new(),
            plugin: Some(self.plugin.clone()),
            extras: Extras::default(),
        })
    }
}

/// What a guest's console said.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
