//! Benchmarks: Scull and a Linux guest side by side, in alternation, as ratios.
//!
//! Both guests run the same application binary under the same QEMU settings, under
//! the same load. Requests a second depend on what else the host does; QEMU's own
//! processor time a request much less, so both are reported.

mod guest;
mod instructions;
mod linux;
mod load;
mod memaslap;
mod micro;
mod processors;
mod repeat;
mod report;
mod soak;
mod syscall;

use core::fmt::Write as _;
use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use object::{Object as _, ObjectSegment as _};

use crate::args::{BenchArgs, MachineKind, Net};
use crate::namespace::{self, Namespace, Queues};
use crate::project;
use guest::{Running, System};
use load::{Kind, Load, Measured};
use memaslap::Memaslap;
use report::{Series, Table};

/// Guest memory for the load, in bytes.
const MEMORY: u64 = 512 << 20;
/// How long a guest may take to its first answer.
const START: Duration = Duration::from_secs(60);
/// What is compared; the first is what the ratios are to.
const SYSTEMS: [System; 3] =
    [System::Linux, System::Scull(MachineKind::Q35), System::Scull(MachineKind::Microvm)];
/// Where the report goes.
const REPORT: &str = "docs/performance.md";

/// One cell of the comparison: a load on a network.
#[derive(Debug, Clone, Copy)]
struct Case {
    kind: Kind,
    connections: usize,
    pipeline: usize,
    requests: usize,
    idle: usize,
}

const fn case(kind: Kind, connections: usize, pipeline: usize, requests: usize) -> Case {
    Case { kind, connections, pipeline, requests, idle: 0 }
}

const CASES: [Case; 6] = [
    case(Kind::Get, 1, 1, 3_000),
    case(Kind::Get, 8, 1, 8_000),
    case(Kind::Get, 64, 1, 12_800),
    case(Kind::Get, 64, 16, 30_720),
    case(Kind::Set, 64, 16, 30_720),
    Case { kind: Kind::Get, connections: 64, pipeline: 1, requests: 12_800, idle: 5_000 },
];

/// What a case gave on one system.
#[derive(Debug, Default)]
struct Cell {
    rate: Series,
    cpu_us: Series,
    p99_us: Series,
}

/// Runs the benchmark that was asked for.
///
/// # Errors
/// Fails where a guest does not start or a load goes wrong.
pub(crate) fn bench(args: &BenchArgs) -> Result<u8> {
    match args.what.as_str() {
        "memcached" | "instructions" | "processors" => {}
        "soak" => return soak::soak(args),
        "syscall" => return syscall::bench(args),
        "micro" => return micro::bench(args),
        other => bail!(
            "there is no benchmark '{other}'; there are: memcached, instructions, micro, processors, soak, syscall"
        ),
    }
    let folder = project::cache("bench")?;
    let kit = guest::Kit::prepare(&folder, args.kernel.as_deref())?;
    let is_whole = args.what == "memcached" && args.load.is_none();
    let memaslap = is_whole.then(Memaslap::fetch).transpose()?;
    // What runs from here on, guests included, is in the namespace.
    let namespace =
        if nix::unistd::geteuid().is_root() { Some(Namespace::enter(Queues::One)?) } else { None };
    let net = if namespace.is_some() {
        namespace::net()
    } else {
        eprintln!(
            "scull: without root there is no tap device: loads of 64 connections are left out"
        );
        Net::User
    };
    let mut text = report::heading(args);
    if args.what == "instructions" {
        let mut table = String::new();
        instructions::compare(&kit, &net, &mut table)?;
        print!("{table}");
        return Ok(0);
    }
    if args.what == "processors" {
        print!("{}", processors::compare(&kit, args, &net)?);
        return Ok(0);
    }
    if args.load.is_some() {
        compare_loads(&kit, args, &net, &mut text)?;
        print!("{text}");
        return Ok(0);
    }
    compare_start(&kit, args, &net, &mut text)?;
    compare_loads(&kit, args, &net, &mut text)?;
    if namespace.is_some()
        && let Some(memaslap) = memaslap
    {
        memaslap.compare(&kit, args, &net, &mut text)?;
        text.push_str("\n### QEMU's user networking\n\n");
        compare_loads(&kit, args, &Net::User, &mut text)?;
    }
    if namespace.is_some() {
        text.push_str("\n### A second processor\n");
        text.push_str(&processors::compare(&kit, args, &net)?);
    }
    text.push_str("\n### Sizes and instructions\n");
    compare_sizes(&kit, &net, &mut text)?;
    instructions::compare(&kit, &net, &mut text)?;
    print!("{text}");
    report::write(&project::root()?.join(REPORT), &text)?;
    Ok(0)
}

/// Compares the time from QEMU's start to the first answer, and the memory touched by then.
fn compare_start(kit: &guest::Kit, args: &BenchArgs, net: &Net, text: &mut String) -> Result<()> {
    let mut table =
        Table::new("From QEMU's start to the first answer", &["seconds", "memory touched, MiB"]);
    let mut cells: Vec<[Series; 2]> = SYSTEMS.iter().map(|_| Default::default()).collect();
    for round in 0..args.pairs {
        for (system, cell) in SYSTEMS.iter().zip(&mut cells) {
            let start = Instant::now();
            let running = kit.start(*system, net, MEMORY)?;
            cell[0].add(start.elapsed().as_secs_f64());
            cell[1].add(running.memory_touched(MEMORY)? / 1048576.0);
            running.stop();
            eprintln!("scull: start {}/{} {}", round + 1, args.pairs, system.name());
        }
    }
    for (system, cell) in SYSTEMS.iter().zip(&cells) {
        table.row(system.name(), cell, &cells[0]);
    }
    text.push_str(&table.render());
    Ok(())
}

/// Compares the loads, the systems in alternation.
fn compare_loads(kit: &guest::Kit, args: &BenchArgs, net: &Net, text: &mut String) -> Result<()> {
    // QEMU's user networking does not carry 64 connections well enough to measure by.
    let most = if *net == Net::User { 8 } else { usize::MAX };
    let wanted = args.load.as_deref().unwrap_or_default();
    let mut cases = CASES.to_vec();
    cases.retain(|case| case.connections <= most && case.title().contains(wanted));
    let mut cells: Vec<Vec<Cell>> =
        cases.iter().map(|_| SYSTEMS.iter().map(|_| Cell::default()).collect()).collect();
    for round in 0..args.pairs {
        for (column, system) in SYSTEMS.iter().enumerate() {
            let running = kit.start(*system, net, MEMORY)?;
            load::fill(running.server)?;
            for (case, row) in cases.iter().zip(&mut cells) {
                row[column].measure(case, &running)?;
            }
            running.stop();
            eprintln!("scull: load {}/{} {}", round + 1, args.pairs, system.name());
        }
    }
    for (case, row) in cases.iter().zip(&cells) {
        let mut table = Table::new(
            &case.title(),
            &["requests/s", "QEMU CPU µs a request", "p99 of a batch, µs"],
        );
        for (system, cell) in SYSTEMS.iter().zip(row) {
            table.row_of(
                system.name(),
                &[&cell.rate, &cell.cpu_us, &cell.p99_us],
                &[&row[0].rate, &row[0].cpu_us, &row[0].p99_us],
            );
        }
        text.push_str(&table.render());
    }
    Ok(())
}

impl Case {
    fn title(&self) -> String {
        let kind = if self.kind == Kind::Get { "get" } else { "set" };
        let mut title = format!("{kind}, {} connections", self.connections);
        if self.pipeline > 1 {
            // Writing to a String does not fail.
            let _ = write!(title, ", pipeline {}", self.pipeline);
        }
        if self.idle > 0 {
            let _ = write!(title, ", {} idle connections besides", self.idle);
        }
        title
    }

    fn run(&self, server: SocketAddr) -> Result<Measured> {
        let Self { kind, connections, pipeline, requests, .. } = *self;
        Load { server, kind, connections, pipeline, requests }.run()
    }
}

impl Cell {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn measure(&mut self, case: &Case, running: &Running) -> Result<()> {
        let idle = load::idle(running.server, case.idle)?;
        let before = running.cpu_seconds()?;
        let measured = case.run(running.server)?;
        let cpu = running.cpu_seconds()? - before;
        drop(idle);
        self.rate.add(measured.requests as f64 / measured.seconds);
        self.cpu_us.add(cpu * 1e6 / measured.requests as f64);
        self.p99_us.add(measured.p99_us);
        Ok(())
    }
}

/// Compares the least memory that serves and the sizes of what is booted.
fn compare_sizes(kit: &guest::Kit, net: &Net, text: &mut String) -> Result<()> {
    let mut table = Table::new(
        "Memory and sizes",
        &["least memory, MiB", "kernel, MiB (loaded)", "image, MiB"],
    );
    let mut baseline: Option<[Series; 3]> = None;
    for system in [System::Linux, System::Scull(MachineKind::Microvm)] {
        let (kernel, image) = kit.files(system);
        let mut cells: [Series; 3] = Default::default();
        cells[0].add(kit.least_memory(system, net)?);
        cells[1].add(mebibytes(&kernel)?);
        cells[2].add(mebibytes(&image)?);
        table.row(system.name(), &cells, baseline.as_ref().unwrap_or(&cells));
        baseline.get_or_insert(cells);
    }
    text.push_str(&table.render());
    Ok(())
}

/// Returns the size of a file; of an ELF file without what is never loaded, such as symbols.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn mebibytes(path: &PathBuf) -> Result<f64> {
    let bytes = std::fs::read(path)?;
    let loaded = object::File::parse(&bytes[..])
        .map(|file| file.segments().map(|segment| segment.file_range().1).sum::<u64>());
    Ok(loaded.map_or(bytes.len() as f64, |size| size as f64) / 1048576.0)
}
