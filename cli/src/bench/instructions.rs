//! Guest instructions a request: the difference between a long load and a short one.
//!
//! A plugin of QEMU counts all instructions that the guest executes from start to end. Two runs
//! that differ in the number of requests only differ by the cost of those requests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::guest::{Kit, Running, System};
use super::load::{self, Kind, Load};
use super::report::{Series, Table};
use super::{MEMORY, START, SYSTEMS};
use crate::args::Net;
use crate::project::{self, Scratch};
use crate::vmm::Machine;

const SOURCE: &str = include_str!("count.c");
const SHORT: usize = 2_000;
const LONG: usize = 12_000;
const ROUNDS: usize = 3;

/// Compiles the plugin.
///
/// # Errors
/// Fails where there is no compiler.
pub(super) fn plugin() -> Result<PathBuf> {
    let output = project::cache("bench")?.join("count.so");
    let scratch = Scratch::new()?;
    let source = scratch.path().join("count.c");
    std::fs::write(&source, SOURCE)?;
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&output).arg(&source);
    if !command.status().context("cannot run cc")?.success() {
        bail!("cannot compile QEMU's plugin that counts instructions");
    }
    Ok(output)
}

/// Adds the instructions a GET to the report.
///
/// # Errors
/// Fails where a guest or the load fails.
pub(super) fn compare(kit: &Kit, net: &Net, text: &mut String) -> Result<()> {
    let plugin = plugin()?;
    let mut table = Table::new("Guest instructions a get", &["1 connection", "8 connections"]);
    let mut baseline: Option<[Series; 2]> = None;
    for system in SYSTEMS.into_iter().chain([System::Shim]) {
        let mut cells: [Series; 2] = Default::default();
        for (cell, connections) in cells.iter_mut().zip([1, 8]) {
            let machine = kit.machine(system, net, MEMORY);
            for _ in 0..ROUNDS {
                cell.add(a_get(&machine, net, &plugin, connections)?);
            }
        }
        table.row(system.name(), &cells, baseline.as_ref().unwrap_or(&cells));
        baseline.get_or_insert(cells);
        eprintln!("scull: instructions {}", system.name());
    }
    text.push_str(&table.render());
    Ok(())
}

/// Returns the instructions a GET on a machine, by two lives of it.
///
/// # Errors
/// Fails where the guest or the load fails.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) fn a_get(
    machine: &Machine,
    net: &Net,
    plugin: &Path,
    connections: usize,
) -> Result<f64> {
    let short = count(machine, net, plugin, connections, SHORT)?;
    let long = count(machine, net, plugin, connections, LONG)?;
    Ok((long as f64 - short as f64) / (LONG - SHORT) as f64)
}

/// Counts the instructions of a guest's life with so many requests in it.
fn count(
    machine: &Machine,
    net: &Net,
    plugin: &Path,
    connections: usize,
    requests: usize,
) -> Result<u64> {
    let mut machine = machine.clone();
    machine.plugin = Some(plugin.to_path_buf());
    let running = Running::start(&machine, net)?;
    load::first_answer(running.server, START)?;
    load::fill(running.server)?;
    let server = running.server;
    Load { server, kind: Kind::Get, connections, pipeline: 1, requests }.run()?;
    total(&running.terminate())
}

/// Returns what the plugin counted, as QEMU's last words say.
///
/// # Errors
/// Fails where they do not.
pub(super) fn total(words: &str) -> Result<u64> {
    words
        .lines()
        .find_map(|line| line.strip_prefix("instructions ")?.trim().parse().ok())
        .with_context(|| format!("QEMU counted nothing: {words}"))
}
