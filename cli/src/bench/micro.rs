//! Guest instructions of the operations that programs are made of, by a dynamic program of glibc.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use super::repeat::{Repeater, SYSTEMS};
use super::report::{Series, Table};
use crate::args::BenchArgs;

const SOURCE: &str = include_str!("micro.c");

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
    operation("futex", "futex, to another thread and back", 20_000),
    operation("pipe", "pipe, to another thread and back", 20_000),
    operation("thread", "pthread_create and pthread_join", 5_000),
    Operation { each: 64.0, ..operation("memory", "mmap, touch and munmap, a page of 64", 1_000) },
    operation("epoll", "epoll_wait, ready", 100_000),
    operation("tcp", "TCP over loopback, a byte and back", 10_000),
    operation("mutex", "mutex of two threads, which each holds while it yields", 20_000),
];

/// Measures, and prints a table.
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
    print!("{}", table.render());
    Ok(0)
}
