//! Guest instructions of a system call that does nothing: by the shim's gate, by trap, and on Linux.
//!
//! A program built with the shim calls `getppid(2)` in a loop. What a long loop takes beyond a
//! short one is the calls' cost and the loop's own, which is measured in the same way.

use core::time::Duration;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc;

use anyhow::{Context as _, Result, bail};

use super::guest::System;
use super::instructions;
use super::linux::{self, Linux};
use super::report::{Series, Table};
use crate::args::{Accel, BenchArgs, ContentArgs, MachineKind, Net};
use crate::prepare;
use crate::project::{self, Scratch};
use crate::shim::compiler::{self, Language};
use crate::vmm::{Guest, Machine, Message, qemu};

const SOURCE: &str = include_str!("syscall.c");
const SHORT: u32 = 100_000;
const LONG: u32 = 10_100_000;
/// How long a guest may take: Linux starts slowly where its instructions are counted.
const PATIENCE: Duration = Duration::from_secs(300);
const MEMORY: u64 = 256 << 20;
const SYSTEMS: [System; 2] = [System::Linux, System::Scull(MachineKind::Microvm)];
/// What the program repeats, and what it is called in the report: the loop alone comes first.
const WAYS: [(&str, &str); 3] =
    [("nothing", ""), ("instruction", "`syscall`"), ("library", "the shim's getppid")];

/// Measures, and prints a table.
///
/// # Errors
/// Fails where the program cannot be compiled or a guest does not end well.
pub(super) fn bench(args: &BenchArgs) -> Result<u8> {
    let bench = Bench::prepare(args)?;
    let names = WAYS[1..].iter().map(|way| way.1);
    let mut table = Table::new(
        "Guest instructions of a system call that does nothing",
        &names.collect::<Vec<_>>(),
    );
    for system in SYSTEMS {
        let mut cells = Vec::new();
        for (way, _) in WAYS {
            let (short, long) = (bench.count(system, way, SHORT)?, bench.count(system, way, LONG)?);
            let mut cell = Series::default();
            cell.add((long - short) / f64::from(LONG - SHORT));
            cells.push(cell);
        }
        let calls: Vec<_> = cells[1..].iter().map(|cell| cell.less(cells[0].median())).collect();
        table.plain_row(system.name(), &calls);
    }
    print!("{}", table.render());
    Ok(0)
}

/// What all measurements share.
struct Bench {
    folder: PathBuf,
    program: PathBuf,
    plugin: PathBuf,
    kernel: PathBuf,
    linux: Linux,
}

impl Bench {
    /// Compiles the program and fetches what is missing.
    fn prepare(args: &BenchArgs) -> Result<Self> {
        let folder = project::cache("bench")?;
        let scratch = Scratch::new()?;
        let source = scratch.path().join("syscall.c");
        std::fs::write(&source, SOURCE)?;
        let program = folder.join("syscall");
        let words: [OsString; 5] =
            ["-O2".into(), "-static".into(), "-o".into(), program.clone().into(), source.into()];
        if !compiler::command(Language::C, &words)?.status()?.success() {
            bail!("cannot compile the program that makes the calls");
        }
        Ok(Self {
            linux: Linux::fetch(&folder)?,
            kernel: project::kernel(args.kernel.as_deref())?,
            plugin: instructions::plugin()?,
            folder,
            program,
        })
    }

    /// Returns the instructions of a guest's life in which the program repeats something.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn count(&self, system: System, way: &str, rounds: u32) -> Result<f64> {
        let machine = self.machine(system, way, rounds)?;
        let (sender, messages) = mpsc::channel();
        let _guest = Guest::start(&machine, io::sink(), &sender)?;
        loop {
            let message = messages.recv_timeout(PATIENCE).context("the guest does not end")?;
            if let Message::Ended(_, words) = message {
                return Ok(instructions::total(&words)? as f64);
            }
        }
    }

    fn machine(&self, system: System, way: &str, rounds: u32) -> Result<Machine> {
        let args = [OsString::from(way), rounds.to_string().into()];
        let program = self.program.to_string_lossy();
        let prepared = prepare::prepare(&program, &ContentArgs::default(), &args)?;
        let (kernel, image, command_line) = if system == System::Linux {
            let image = self.folder.join("syscall.cpio");
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
            kernel,
            image,
            command_line,
            net: Net::None,
            publish: Vec::new(),
            plugin: Some(self.plugin.clone()),
            is_traced: false,
        })
    }
}
