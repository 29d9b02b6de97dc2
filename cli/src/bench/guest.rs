//! Guests under measurement.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};

use anyhow::{Context as _, Result, bail};

use super::linux::{self, Linux};
use super::{START, load};
use crate::args::{Accel, ContentArgs, MachineKind, Net, Protocol, Publish};
use crate::image::Launch;
use crate::namespace;
use crate::prepare::{self, Prepared};
use crate::project;
use crate::vmm::{Event, Extras, Guest, Machine, Memory, Message, qemu};

/// The application that is measured, and its port.
const PORT: &str = "memcached";
/// The same, built by the shim.
const SHIM_PORT: &str = "memcached-shim";
const NUMBER: u16 = 11211;
/// Lets it serve the idle connections too; 1,024 is its default.
const CONNECTIONS: [&str; 2] = ["-c", "8192"];
/// Where QEMU's user networking listens for it.
const FORWARDED: u16 = 21211;
/// How long a guest that is told to end may take.
const GRACE: Duration = Duration::from_millis(500);
/// How long a kernel may take to answer on the control channel.
const ANSWER: Duration = Duration::from_secs(20);
const MEBIBYTE: u64 = 1 << 20;

/// What runs in the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// Debian's cloud kernel, on q35.
    Linux,
    /// Scull, on a machine of this kind.
    Scull(MachineKind),
    /// Scull on microvm, with the application built by the shim.
    Shim,
}

impl System {
    /// Returns its name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Linux => "Linux, q35",
            Self::Scull(MachineKind::Microvm) => "Scull, microvm",
            Self::Scull(_) => "Scull, q35",
            Self::Shim => "Scull, microvm, the application recompiled with the shim",
        }
    }

    /// Returns the kind of its machine.
    pub(crate) const fn machine(self) -> MachineKind {
        match self {
            Self::Linux => MachineKind::Q35,
            Self::Scull(kind) => kind,
            Self::Shim => MachineKind::Microvm,
        }
    }
}

/// Kernels and images of the systems.
#[derive(Debug)]
pub(crate) struct Kit {
    linux_kernel: PathBuf,
    linux_image: PathBuf,
    scull_kernel: PathBuf,
    scull_image: PathBuf,
    launch: Launch,
    shim: Prepared,
}

impl Kit {
    /// Makes them, fetching what is missing.
    ///
    /// # Errors
    /// Fails where something cannot be fetched or written.
    pub(crate) fn prepare(folder: &Path, kernel: Option<&Path>) -> Result<Self> {
        let prepare =
            |port| prepare::prepare(port, &ContentArgs::default(), &CONNECTIONS.map(Into::into));
        let prepared = prepare(PORT)?;
        let linux = Linux::fetch(folder)?;
        let linux_image = folder.join("initramfs.cpio");
        let mut command = vec![prepared.launch.program.clone()];
        command.extend(prepared.launch.args.iter().cloned());
        linux.initramfs(&prepared.image, &command, &linux_image)?;
        Ok(Self {
            linux_kernel: linux.kernel(),
            linux_image,
            scull_kernel: project::kernel(kernel)?,
            scull_image: prepared.image,
            launch: prepared.launch,
            shim: prepare(SHIM_PORT)?,
        })
    }

    /// Returns a system's kernel and image.
    pub(crate) fn files(&self, system: System) -> (PathBuf, PathBuf) {
        match system {
            System::Linux => (self.linux_kernel.clone(), self.linux_image.clone()),
            System::Scull(_) => (self.scull_kernel.clone(), self.scull_image.clone()),
            System::Shim => (self.scull_kernel.clone(), self.shim.image.clone()),
        }
    }

    /// Returns the machine that runs a system with so many bytes of memory.
    pub(crate) fn machine(&self, system: System, net: &Net, memory: u64) -> Machine {
        let (kernel, image) = self.files(system);
        let command_line = match (system, net) {
            (System::Scull(_), _) => qemu::command_line(&self.launch, net, &[]),
            (System::Shim, _) => qemu::command_line(&self.shim.launch, net, &[]),
            (System::Linux, Net::Tap { .. }) => {
                linux::command_line(&format!("{}/24", namespace::GUEST), namespace::HOST)
            }
            (System::Linux, _) => linux::command_line("10.0.2.15/24", "10.0.2.2"),
        };
        let host = SocketAddr::from((Ipv4Addr::LOCALHOST, FORWARDED));
        Machine {
            kind: system.machine(),
            accel: Accel::Tcg,
            memory,
            cpus: 1,
            patches_code: false,
            kernel,
            image,
            command_line,
            net: net.clone(),
            publish: vec![Publish { host, guest: NUMBER, protocol: Protocol::Tcp }],
            extras: Extras::default(),
            plugin: None,
        }
    }

    /// Starts a system and waits for its first answer.
    ///
    /// # Errors
    /// Fails where none comes.
    pub(crate) fn start(&self, system: System, net: &Net, memory: u64) -> Result<Running> {
        let running = Running::start(&self.machine(system, net, memory), net)?;
        load::first_answer(running.server, START).with_context(|| system.name())?;
        Ok(running)
    }

    /// Returns the least memory with which a system serves, in MiB.
    ///
    /// # Errors
    /// Fails where it does not serve with the most that is tried.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(crate) fn least_memory(&self, system: System, net: &Net) -> Result<f64> {
        const PATIENCE: Duration = Duration::from_secs(12);
        let serves = |mebibytes: u64| {
            let machine = self.machine(system, net, mebibytes * MEBIBYTE);
            let Ok(running) = Running::start(&machine, net) else { return false };
            let is_up = load::first_answer(running.server, PATIENCE).is_ok();
            let serves = is_up && load::fill(running.server).is_ok();
            running.stop();
            serves
        };
        let (mut fails, mut enough) = (4, 256);
        while enough - fails > 4 {
            let middle = (fails + enough) / 8 * 4;
            *(if serves(middle) { &mut enough } else { &mut fails }) = middle;
        }
        Ok(enough as f64)
    }
}

/// A started guest.
#[derive(Debug)]
pub(crate) struct Running {
    guest: Guest,
    messages: Receiver<Message>,
    /// Where it answers.
    pub(crate) server: SocketAddr,
}

impl Running {
    /// Starts a machine.
    ///
    /// # Errors
    /// Fails where QEMU cannot be started.
    pub(crate) fn start(machine: &Machine, net: &Net) -> Result<Self> {
        let (sender, messages) = mpsc::channel();
        let guest = Guest::start(machine, io::sink(), &sender)?;
        let server = match net {
            Net::Tap { .. } => format!("{}:{NUMBER}", namespace::GUEST).parse()?,
            _ => SocketAddr::from((Ipv4Addr::LOCALHOST, FORWARDED)),
        };
        Ok(Self { guest, messages, server })
    }

    fn proc(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.guest.pid());
        fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
    }

    /// Returns the processor time that QEMU has used, in seconds.
    ///
    /// # Errors
    /// Fails where QEMU has ended.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = self.proc("stat")?;
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks: f64 = fields
            .split_ascii_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        Ok(ticks / 100.0)
    }

    /// Returns how much of a machine's `memory` the host has had to provide, in bytes.
    ///
    /// # Errors
    /// Fails where QEMU has ended.
    pub(crate) fn memory_touched(&self, memory: u64) -> Result<f64> {
        let smaps = self.proc("smaps")?;
        let size = format!("{} kB", memory >> 10);
        let mut lines =
            smaps.lines().skip_while(|line| !(line.starts_with("Size:") && line.ends_with(&size)));
        let resident = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap_or("0 kB");
        Ok(resident.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) * 1024.0)
    }

    /// Returns how the guest says that its memory is used.
    ///
    /// # Errors
    /// Fails where it has ended, or says nothing.
    pub(crate) fn memory(&mut self) -> Result<Memory> {
        self.guest.ask_memory();
        loop {
            match self.messages.recv_timeout(ANSWER).context("the guest's kernel is silent")? {
                Message::Event(Event::Memory(memory)) => return Ok(memory),
                Message::Event(Event::Log { level, message }) => {
                    eprintln!("scull: the kernel says ({level}): {message}");
                }
                Message::Event(
                    event @ (Event::Panic { .. } | Event::Exit { .. } | Event::Signal { .. }),
                ) => {
                    bail!("the guest ended: {event:?}");
                }
                Message::Ended(status, words) => bail!("QEMU ended, {status}: {words}"),
                _ => {}
            }
        }
    }

    /// Ends the monitor in its own way; returns what it said on its standard error.
    pub(crate) fn terminate(self) -> String {
        self.guest.quit();
        while let Ok(message) = self.messages.recv_timeout(START) {
            if let Message::Ended(_, words) = message {
                self.guest.finish(GRACE);
                return words;
            }
        }
        String::new()
    }

    /// Ends the guest.
    pub(crate) fn stop(self) {
        self.guest.kill();
        self.guest.finish(GRACE);
    }
}
