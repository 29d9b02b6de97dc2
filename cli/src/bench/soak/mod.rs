//! The soak: a mixed load for minutes, in search of leaks and of requests that nobody answers.
//!
//! Connections that stay ask and verify what they stored, while others come and go in all the
//! ways that clients do: orderly, amid a command, half-closed, by a reset, unheard. The kernel is
//! asked for its memory while nothing is connected, once after a warm-up and once at the end; what
//! it has more at the end was leaked.

mod clients;

use core::time::Duration;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::guest::Running;
use super::{MEMORY, START, load};
use crate::args::{Accel, BenchArgs, ContentArgs, MachineKind};
use crate::namespace::{self, Namespace, Queues};
use crate::vmm::{Extras, Machine, Memory, qemu};
use crate::{error, prepare, project};
use clients::{Clients, Tally};

/// How often progress is told.
const STEP: Duration = Duration::from_secs(10);
/// The longest warm-up; it is a tenth of the time at most.
const WARM_UP_MAX: Duration = Duration::from_secs(30);
/// How long the kernel gets after the last connection was closed, before its memory counts.
const SETTLE: Duration = Duration::from_secs(5);
/// The most that the kernel may have more at the end, in bytes.
const GROWTH_MAX: i64 = 1 << 20;
const FRAME: i64 = 4096;

/// Puts the load on a memcached on Scull for as long as asked; returns the exit status.
///
/// # Errors
/// Fails where the guest does not start, ends or does not say how its memory is used.
pub(super) fn soak(args: &BenchArgs) -> Result<u8> {
    if !nix::unistd::geteuid().is_root() {
        return Err(error::usage("the soak needs a tap device: run it as root"));
    }
    let machine = machine(args)?;
    // What runs from here on, the guest and the clients included, is in the namespace.
    let _namespace = Namespace::enter(Queues::One)?;
    let mut running = Running::start(&machine, &machine.net)?;
    load::first_answer(running.server, START)?;
    let tally = Tally::default();
    let start = Instant::now();
    let warm_up = WARM_UP_MAX.min(args.minutes / 10);
    let before = phase(&mut running, &tally, start, start + warm_up)?;
    eprintln!("scull: warm; the kernel has {}", describe(&before));
    let after = phase(&mut running, &tally, start, start + args.minutes)?;
    running.stop();
    Ok(report(&tally, &before, &after))
}

/// Returns the machine that serves.
fn machine(args: &BenchArgs) -> Result<Machine> {
    let prepared = prepare::prepare("memcached", &ContentArgs::default(), &[])?;
    let net = namespace::net();
    Ok(Machine {
        kind: MachineKind::Microvm,
        accel: Accel::Tcg,
        memory: MEMORY,
        cpus: 1,
        patches_code: false,
        kernel: project::kernel(args.kernel.as_deref())?,
        image: prepared.image,
        command_line: qemu::command_line(&prepared.launch, &net, &[]),
        net,
        publish: Vec::new(),
        extras: Extras::default(),
        plugin: None,
    })
}

/// Runs the clients until a moment; returns the memory when all of them are gone.
fn phase(running: &mut Running, tally: &Tally, start: Instant, end: Instant) -> Result<Memory> {
    let server = running.server;
    thread::scope(|scope| {
        let clients = Clients::start(scope, server, tally, end);
        let watched = watch(running, tally, start, end);
        // A guest that is gone answers none of them.
        clients.join(watched.is_err());
        watched
    })?;
    thread::sleep(SETTLE);
    running.memory()
}

/// Tells of progress until `end`.
fn watch(running: &mut Running, tally: &Tally, start: Instant, end: Instant) -> Result<()> {
    loop {
        thread::sleep(STEP.min(end.saturating_duration_since(Instant::now())));
        if Instant::now() >= end {
            return Ok(());
        }
        let memory = running.memory().context("while the load was on")?;
        eprintln!("scull: {} s: {tally}; {}", start.elapsed().as_secs(), describe(&memory));
        if tally.failures() > clients::FAILURES_MAX {
            bail!("too many failures: {}", tally.told());
        }
    }
}

fn describe(memory: &Memory) -> String {
    format!(
        "heap {} KiB, kernel's frames {}, program's {}, {} threads",
        memory.heap_used / 1024,
        memory.frames_kernel(),
        memory.frames_program,
        memory.threads
    )
}

/// Prints what came of it; returns the exit status.
fn report(tally: &Tally, before: &Memory, after: &Memory) -> u8 {
    let growth = |before: u64, after: u64| after.cast_signed() - before.cast_signed();
    let heap = growth(before.heap_used, after.heap_used);
    let frames = growth(before.frames_kernel(), after.frames_kernel());
    let program = growth(before.frames_program, after.frames_program);
    println!("{tally}");
    println!("growth: kernel's heap {heap} bytes, kernel's frames {frames}, program's {program}");
    let has_grown = heap > GROWTH_MAX || frames * FRAME > GROWTH_MAX;
    if has_grown {
        println!("FAIL: the kernel's memory grew by more than {} KiB", GROWTH_MAX / 1024);
    }
    if tally.failures() > 0 {
        println!("FAIL: {}", tally.told());
    }
    u8::from(has_grown || tally.failures() > 0)
}
