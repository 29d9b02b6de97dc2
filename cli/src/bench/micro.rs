//! What the operations cost that programs are made of, by a dynamic program of glibc: in guest
//! instructions on one processor, and in time on one and on two.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use super::repeat::{Repeater, SYSTEMS};
use super::report::{self, Series, Table};
use crate::args::BenchArgs;
use crate::project;

const SOURCE: &str = include_str!("micro.c");
/// Where the report goes.
const REPORT: &str = "docs/operations.md";

/// Something that the program repeats.
struct Operation {
    /// Its name for the program.
    way: &'static str,
    /// Its name in the report.
    title: &'static str,
    /// Rounds of the short loop and of the long one.
    rounds: (u32, u32),
    /// How many of it are in a round.
    each: f64,
}

const fn operation(way: &'static str, title: &'static str, rounds: u32) -> Operation {
    Operation { way, title, rounds: (rounds / 10, rounds), each: 1.0 }
}

/// The loop alone comes first.
const OPERATIONS: [Operation; 10] = [
    operation("nothing", "", 1_000_000),
    operation("getppid", "getppid", 1_000_000),
    operation("clock", "clock_gettime", 1_000_000),
    operation("futex", "futex, to another thread and back", 100_000),
    operation("pipe", "pipe, to another thread and back", 100_000),
    operation("thread", "pthread_create and pthread_join", 5_000),
    Operation { each: 64.0, ..operation("memory", "mmap, touch and munmap, a page of 64", 1_000) },
    operation("epoll", "epoll_wait, ready", 100_000),
    operation("tcp", "TCP over loopback, a byte and back", 10_000),
    operation("mutex", "mutex of two threads, which each holds while it yields", 20_000),
];

/// What is timed, on how many processors: its name for the program, in the report, and its rounds.
const TIMED: [(u8, &str, &str, u32); 14] = [
    (1, "getppid", "getppid", 2_000_000),
    (1, "clock", "clock_gettime", 2_000_000),
    (1, "futex", "futex, to another thread and back", 50_000),
    (2, "futex-apart", "the same, to another processor", 50_000),
    (1, "pipe", "pipe, to another thread and back", 50_000),
    (2, "pipe-apart", "the same, to another processor", 50_000),
    (1, "thread", "pthread_create and pthread_join", 10_000),
    (1, "memory", "mmap, touch and munmap, 64 pages", 2_000),
    (1, "epoll", "epoll_wait, ready", 500_000),
    (1, "tcp", "TCP over loopback, a byte and back", 20_000),
    (2, "tcp-apart", "the same, to another processor", 20_000),
    (1, "mutex", "mutex of two threads", 50_000),
    (2, "mutex", "mutex of two threads, two processors", 50_000),
    (2, "mutex-4", "mutex of four threads, two processors", 20_000),
];

/// Measures, and writes the report.
///
/// # Errors
/// Fails where the program cannot be compiled or a guest does not end well.
pub(super) fn bench(args: &BenchArgs) -> Result<u8> {
    let compile = |words: &[OsString]| {
        let mut command = Command::new("gcc");
        command.args(words).arg("-pthread");
        Ok(command)
    };
    let bench = Repeater::prepare(args, ("micro", SOURCE), compile)?;
    let names = SYSTEMS.map(|system| system.name());
    let mut table = Table::new("Guest instructions an operation, one processor", &names);
    let mut of_loop = [0.0; SYSTEMS.len()];
    for Operation { way, title, rounds, each } in OPERATIONS {
        let mut cells = Vec::new();
        for (index, system) in SYSTEMS.into_iter().enumerate() {
            eprintln!("scull: {way}, {}", system.name());
            let round = bench.per_round(system, way, rounds)?;
            if title.is_empty() {
                of_loop[index] = round;
            }
            let mut cell = Series::default();
            cell.add((round - of_loop[index]) / each);
            cells.push(cell);
        }
        if !title.is_empty() {
            let cells: Vec<_> = cells.iter().collect();
            table.row_of(title, &cells, &[cells[0]; SYSTEMS.len()]);
        }
    }
    let tables = [table.render(), times(&bench, args.pairs)?].concat();
    let text = format!("{}{tables}", heading(args));
    print!("{text}");
    report::write(&project::root()?.join(REPORT), &text)?;
    Ok(0)
}

/// Returns the head of the report.
fn heading(args: &BenchArgs) -> String {
    format!(
        "# What operations cost\n\nWritten by `./scripts/bench micro --pairs {}`.\n\n\
         The same dynamic program of glibc, on Scull and on a Linux guest under QEMU's TCG, each number followed by its ratio to Linux. \
         Instructions are what a long loop takes beyond a short one and an empty one; they hardly depend on the host. \
         Times are medians of {} rounds with their spread, and depend on what else the host does.\n",
        args.pairs, args.pairs
    )
}

/// Returns the table of times, each the median of so many, the systems in alternation.
fn times(bench: &Repeater, pairs: u8) -> Result<String> {
    let names = SYSTEMS.map(|system| system.name());
    let mut table = Table::new("Nanoseconds an operation, by the guest's clock", &names);
    for (cpus, way, title, rounds) in TIMED {
        let mut cells = SYSTEMS.map(|_| Series::default());
        for _ in 0..pairs {
            for (system, cell) in SYSTEMS.into_iter().zip(&mut cells) {
                cell.add(bench.time(system, way, rounds, cpus)?);
            }
        }
        eprintln!("scull: {way}, processors: {cpus}");
        let [linux, _] = &cells;
        table.row_of(title, &cells.each_ref(), &[linux; SYSTEMS.len()]);
    }
    Ok(table.render())
}
