//! `scull trace`: run with every system call printed, in strace's format.
//!
//! The kernel writes [`record`]s of the calls that [`filter`] selects to a channel of its own;
//! [`printer`] makes lines of them, [`call`] and [`data`] from what [`abi::call`] says of the
//! call, [`summary`] the table of `-c`.

mod address;
mod call;
mod data;
mod filter;
mod printer;
mod record;
mod signal;
mod special;
mod summary;
#[cfg(test)]
mod tests;
mod value;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};

use anyhow::{Context as _, Result};

use self::printer::Printer;
use self::summary::Summary;
use crate::args::TraceArgs;
use crate::run;

/// What stands at the beginning of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    /// No time.
    None,
    /// The time since the line before.
    Relative,
    /// The time of day, with microseconds or without.
    Clock(bool),
}

/// How lines are written.
#[derive(Debug, Clone, Copy)]
struct Style {
    times: Times,
    /// The time that a call took stands at the end of its line.
    shows_time_spent: bool,
    /// The lines go to a file, where each begins with its thread.
    is_file: bool,
}

/// Runs what `args` name and prints its calls; returns as [`run::run`].
///
/// # Errors
/// As [`run::run`]; fails with a usage error where a call to trace does not exist.
pub(crate) fn trace(args: &TraceArgs) -> Result<u8> {
    let mut run = args.run.clone();
    let mut lists: Vec<_> = args.filter.iter().cloned().collect();
    run.content.env.retain(|var| {
        let is_filter = var.key == "trace";
        lists.extend(is_filter.then(|| var.value.clone()));
        !is_filter
    });
    let list = lists.pop().unwrap_or_else(|| "all".to_owned());
    run.machine.boot.push(format!("trace={}", filter::selection(&list)?));
    run.machine.boot.push(format!("trace-strings={}", args.string_size));
    let out: Box<dyn Write + Send> = match &args.output {
        Some(path) => Box::new(
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?,
        ),
        None => Box::new(io::stderr()),
    };
    let style = Style {
        times: match (args.is_relative, args.clock) {
            (true, _) => Times::Relative,
            (false, 0) => Times::None,
            (false, count) => Times::Clock(count > 1),
        },
        shows_time_spent: args.shows_time_spent,
        is_file: args.output.is_some(),
    };
    let is_summary = args.is_summary;
    run::run_traced(&run, move |stream| follow(stream, out, style, is_summary))
}

/// Reads records to the end of the stream and writes what they tell.
fn follow(stream: impl Read, out: impl Write, style: Style, is_summary: bool) {
    let mut stream = BufReader::with_capacity(64 << 10, stream);
    let mut out = BufWriter::new(out);
    let result = if is_summary {
        summarize(&mut stream, &mut out)
    } else {
        print(&mut stream, &mut out, style)
    };
    if let Err(why) = result.and_then(|()| out.flush()) {
        eprintln!("scull: the trace ends: {why}");
    }
    // The guest must not have to wait for a reader.
    let _ = io::copy(&mut stream, &mut io::sink());
}

fn print(stream: &mut BufReader<impl Read>, out: &mut impl Write, style: Style) -> io::Result<()> {
    let mut printer = Printer::new(out, style);
    loop {
        if stream.buffer().is_empty() {
            printer.flush()?;
        }
        match record::read(stream)? {
            Some(record) => printer.record(record)?,
            None => return Ok(()),
        }
    }
}

fn summarize(stream: &mut impl Read, out: &mut impl Write) -> io::Result<()> {
    let mut summary = Summary::default();
    while let Some(record) = record::read(stream)? {
        summary.record(&record);
    }
    summary.write(out)
}
