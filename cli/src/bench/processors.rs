//! What a second processor brings: memcached's four threads on one and on two.
//!
//! The host's processors serve the guest's, QEMU's thread that carries packets and the load. On a
//! host of two the guest gets no more than the others leave; the Linux guest in the same run tells
//! how much that is.

use anyhow::Result;

use super::guest::{Kit, Running, System};
use super::load::Kind;
use super::report::{Series, Table};
use super::{Case, Cell, MEMORY, START, case, instructions, load};
use crate::args::{BenchArgs, MachineKind, Net};
use crate::vmm::Machine;

const SYSTEMS: [System; 2] = [System::Linux, System::Scull(MachineKind::Microvm)];
/// Processors of the guests; ratios are to the first.
const COUNTS: [u8; 2] = [1, 2];
const CASES: [Case; 3] = [
    case(Kind::Get, 8, 1, 16_000),
    case(Kind::Get, 64, 1, 25_600),
    case(Kind::Get, 64, 16, 61_440),
];
/// Connections of the load whose instructions are counted.
const CONNECTIONS: usize = 8;

/// Returns the tables.
///
/// # Errors
/// Fails where a guest does not start or a load goes wrong.
pub(super) fn compare(kit: &Kit, args: &BenchArgs, net: &Net) -> Result<String> {
    let mut rows = Vec::new();
    for system in SYSTEMS {
        for cpus in COUNTS {
            let mut machine = kit.machine(system, net, MEMORY);
            machine.cpus = cpus;
            rows.push((format!("{}, processors: {cpus}", system.name()), machine));
        }
    }
    let mut cells: Vec<Vec<Cell>> =
        CASES.iter().map(|_| rows.iter().map(|_| Cell::default()).collect()).collect();
    for round in 0..args.pairs {
        for (column, (name, machine)) in rows.iter().enumerate() {
            measure(machine, net, cells.iter_mut().map(|row| &mut row[column]))?;
            eprintln!("scull: load {}/{} {name}", round + 1, args.pairs);
        }
    }
    let mut text = String::new();
    for (case, row) in CASES.iter().zip(&cells) {
        let mut table = Table::new(&case.title(), &["requests/s", "QEMU CPU µs a request"]);
        for (index, ((name, _), cell)) in rows.iter().zip(row).enumerate() {
            let base = &row[index - index % COUNTS.len()];
            table.row_of(name, &[&cell.rate, &cell.cpu_us], &[&base.rate, &base.cpu_us]);
        }
        text.push_str(&table.render());
    }
    text.push_str(&count(&rows, net)?);
    Ok(text)
}

/// Puts all loads on a machine.
fn measure<'a>(
    machine: &Machine,
    net: &Net,
    cells: impl Iterator<Item = &'a mut Cell>,
) -> Result<()> {
    let running = Running::start(machine, net)?;
    load::first_answer(running.server, START)?;
    load::fill(running.server)?;
    for (case, cell) in CASES.iter().zip(cells) {
        cell.measure(case, &running)?;
    }
    running.stop();
    Ok(())
}

/// Returns the table of instructions, those of processors that wait for packets included.
fn count(rows: &[(String, Machine)], net: &Net) -> Result<String> {
    let plugin = instructions::plugin()?;
    let title = format!("Guest instructions a get, {CONNECTIONS} connections");
    let mut table = Table::new(&title, &["instructions"]);
    let mut base = Series::default();
    for (index, (name, machine)) in rows.iter().enumerate() {
        let mut cell = Series::default();
        cell.add(instructions::a_get(machine, net, &plugin, CONNECTIONS)?);
        if index % COUNTS.len() == 0 {
            base = cell.clone();
        }
        table.row_of(name, &[&cell], &[&base]);
        eprintln!("scull: instructions {name}");
    }
    Ok(table.render())
}
