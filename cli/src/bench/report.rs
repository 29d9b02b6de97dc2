//! Numbers as people read them: medians, spreads, ratios, tables.

use core::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::args::BenchArgs;

/// Repeated measurements of one thing.
#[derive(Debug, Default, Clone)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    /// Adds a measurement.
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// Returns the median, 0 if there is no measurement.
    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(0.0)
    }

    /// Returns what is left of each measurement when `value` is taken away.
    pub(crate) fn less(&self, value: f64) -> Self {
        Self(self.0.iter().map(|measured| measured - value).collect())
    }

    fn render(&self, baseline: &Self) -> String {
        let (first, last) =
            (self.0.first().copied().unwrap_or(0.0), self.0.last().copied().unwrap_or(0.0));
        let mut text = number(self.median());
        if self.0.len() > 1 {
            // Writing to a String does not fail.
            let _ = write!(text, " ({} to {})", number(first), number(last));
        }
        if baseline.median() > 0.0 {
            let _ = write!(text, " ×{:.2}", self.median() / baseline.median());
        }
        text
    }
}

fn number(value: f64) -> String {
    if value >= 1000.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A table of systems against quantities; each number is followed by its ratio to the first row's.
#[derive(Debug)]
pub(crate) struct Table(String);

impl Table {
    /// Begins a table with a title and its columns.
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        let rule: String = columns.iter().map(|_| "---|").collect();
        Self(format!("\n**{title}**\n\n| | {} |\n|---|{rule}\n", columns.join(" | ")))
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, name: &str, cells: &[Series], baseline: &[Series]) {
        self.row_of(name, &cells.iter().collect::<Vec<_>>(), &baseline.iter().collect::<Vec<_>>());
    }

    /// Adds a row of borrowed cells.
    pub(crate) fn row_of(&mut self, name: &str, cells: &[&Series], baseline: &[&Series]) {
        let cells: Vec<_> =
            cells.iter().zip(baseline).map(|(cell, base)| cell.render(base)).collect();
        let _ = writeln!(self.0, "| {name} | {} |", cells.join(" | "));
    }

    /// Adds a row without ratios.
    pub(crate) fn plain_row(&mut self, name: &str, cells: &[Series]) {
        self.row(name, cells, &vec![Series::default(); cells.len()]);
    }

    /// Returns the table as Markdown.
    pub(crate) fn render(self) -> String {
        self.0
    }
}

/// Returns the head of the report.
pub(crate) fn heading(args: &BenchArgs) -> String {
    format!(
        "# Performance\n\nWritten by `./scripts/bench {} --pairs {}`.\n\n\
         Medians of {} rounds with their spread, each followed by its ratio to Linux in the same run. \
         The guests run in alternation under QEMU's TCG with one processor and the same binary of the application, where a row does not say otherwise. \
         Times depend on what else the host does, QEMU's processor time a request less, instructions hardly.\n",
        args.what, args.pairs, args.pairs
    )
}

/// Writes the report to a file.
///
/// # Errors
/// Fails where it cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("scull: written to {}", path.display());
    Ok(())
}
