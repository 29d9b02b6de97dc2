//! Guest instructions of a system call that does nothing: by the shim's gate, by trap, and on Linux.
//!
//! A program built with the shim calls `getppid(2)` in a loop.

use std::ffi::OsString;

use anyhow::Result;

use super::repeat::{Repeater, SYSTEMS};
use super::report::{Series, Table};
use crate::args::BenchArgs;
use crate::shim::compiler::{self, Language};

const SOURCE: &str = include_str!("syscall.c");
const ROUNDS: (u32, u32) = (100_000, 10_100_000);
/// What the program repeats, and what it is called in the report: the loop alone comes first.
const WAYS: [(&str, &str); 3] =
    [("nothing", ""), ("instruction", "`syscall`"), ("library", "the shim's getppid")];

/// Measures, and prints a table.
///
/// # Errors
/// Fails where the program cannot be compiled or a guest does not end well.
pub(super) fn bench(args: &BenchArgs) -> Result<u8> {
    let bench = Repeater::prepare(args, ("syscall", SOURCE), |words| {
        let mut words = words.to_vec();
        words.push(OsString::from("-static"));
        compiler::command(Language::C, &words)
    })?;
    let names = WAYS[1..].iter().map(|way| way.1);
    let mut table = Table::new(
        "Guest instructions of a system call that does nothing",
        &names.collect::<Vec<_>>(),
    );
    for system in SYSTEMS {
        let mut cells = Vec::new();
        for (way, _) in WAYS {
            let mut cell = Series::default();
            cell.add(bench.per_round(system, way, ROUNDS)?);
            cells.push(cell);
        }
        let calls: Vec<_> = cells[1..].iter().map(|cell| cell.less(cells[0].median())).collect();
        table.plain_row(system.name(), &calls);
    }
    print!("{}", table.render());
    Ok(0)
}
