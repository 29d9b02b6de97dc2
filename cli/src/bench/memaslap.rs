//! memaslap, the load generator of libmemcached, as a second opinion on the first load.
//!
//! Debian calls it memcaslap. It is fetched as ports are, and runs on the host.

use core::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::guest::{Kit, Running};
use super::report::{Series, Table};
use super::{MEMORY, SYSTEMS, load};
use crate::args::{BenchArgs, Net};
use crate::debian::Packages;
use crate::image::library::Root;
use crate::project;

const PACKAGE: &str = "libmemcached-tools";
const PROGRAM: &str = "/usr/bin/memcaslap";
/// Where Debian's packages have their libraries.
const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu";
const OPERATIONS: usize = 12_800;

/// The program with its libraries.
#[derive(Debug)]
pub(super) struct Memaslap(Root);

impl Memaslap {
    /// Fetches it unless it is there.
    ///
    /// # Errors
    /// Fails where apt does.
    pub(super) fn fetch() -> Result<Self> {
        let folder = project::cache("bench")?.join("memaslap");
        let packages = [PACKAGE.to_owned()];
        let root = Packages::at(&folder)?.fetch("memaslap", &packages, Some(Path::new(PROGRAM)))?;
        Ok(Self(root))
    }

    /// Adds its figures to the report: nine gets to each set of 100 bytes, 64 connections.
    ///
    /// # Errors
    /// Fails where a guest does not start or memaslap fails.
    pub(super) fn compare(
        &self,
        kit: &Kit,
        args: &BenchArgs,
        net: &Net,
        text: &mut String,
    ) -> Result<()> {
        let mut cells: Vec<[Series; 2]> = SYSTEMS.iter().map(|_| Default::default()).collect();
        for round in 0..args.pairs {
            for (system, cell) in SYSTEMS.iter().zip(&mut cells) {
                let running = kit.start(*system, net, MEMORY)?;
                load::fill(running.server)?;
                self.measure(&running, cell).with_context(|| system.name())?;
                running.stop();
                eprintln!("scull: memaslap {}/{} {}", round + 1, args.pairs, system.name());
            }
        }
        let mut table = Table::new(
            "memaslap, 64 connections, nine gets to a set",
            &["requests/s", "QEMU CPU µs a request"],
        );
        for (system, cell) in SYSTEMS.iter().zip(&cells) {
            table.row(system.name(), cell, &cells[0]);
        }
        text.push_str(&table.render());
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn measure(&self, running: &Running, cell: &mut [Series; 2]) -> Result<()> {
        let before = running.cpu_seconds()?;
        let rate = self.run(running.server)?;
        let cpu = running.cpu_seconds()? - before;
        cell[0].add(rate);
        cell[1].add(cpu * 1e6 / OPERATIONS as f64);
        Ok(())
    }

    /// Runs it once; returns the operations a second that it counted.
    fn run(&self, server: SocketAddr) -> Result<f64> {
        let output = Command::new(self.0.locate(Path::new(PROGRAM)))
            .env("LD_LIBRARY_PATH", self.0.locate(Path::new(LIBRARIES)))
            .args(["--servers", &server.to_string(), "--execute_number", &OPERATIONS.to_string()])
            .args(["--threads", "1", "--concurrency", "64", "--fixed_size", "100"])
            .output()
            .context("cannot run memaslap")?;
        let words = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            bail!("memaslap ends with {}: {words}", output.status);
        }
        rate(&words).with_context(|| format!("memaslap counted nothing: {words}"))
    }
}

/// Reads memaslap's last line, such as `Run time: 0.3s Ops: 5000 TPS: 15221 Net_rate: 3.6M/s`.
fn rate(words: &str) -> Option<f64> {
    let line = words.lines().rfind(|line| line.starts_with("Run time:"))?;
    let (_, rest) = line.split_once("TPS:")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_the_last_line() {
        let words = "get_misses: 0\n\nRun time: 0.3s Ops: 5000 TPS: 15221 Net_rate: 3.6M/s\n";
        assert_eq!(rate(words), Some(15221.0));
        assert_eq!(rate("cannot connect\n"), None);
    }
}
