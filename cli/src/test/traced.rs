//! Traces and reports of the programs in `test-apps/` that have a file for it beside them.
//!
//! `NAME.strace` is what `scull trace` has to write of the program: on its first line the calls,
//! then the lines of `strace -f -o FILE -e trace=CALLS PROGRAM` of strace 6.1, with 1 for the
//! number of the thread. `NAME.report` is what the kernel has to report of the threads of a
//! program that dies while the calls of the first line are traced, with `ADDRESS` for addresses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::filter::Filters;
use super::outcome::{End, Outcome, difference};
use super::program::{self, Compiled, TestProgram, Variant};
use super::results::{Case, Verdict};
use crate::args::TestArgs;
use crate::project;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Trace,
    Report,
}

impl What {
    /// Returns how the names of the files end.
    const fn extension(self) -> &'static str {
        match self {
            Self::Trace => "strace",
            Self::Report => "report",
        }
    }
}

/// A program with what is expected of it.
#[derive(Debug)]
pub(super) struct Traced {
    program: TestProgram,
    what: What,
    expected: PathBuf,
}

impl Traced {
    /// Returns the name that filters choose it by.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.program.id, self.what.extension())
    }
}

/// Returns what `filters` choose, in order.
///
/// # Errors
/// As [`program::discover`].
pub(super) fn select(filters: &Filters) -> Result<Vec<Traced>> {
    let folder = project::root()?.join(program::FOLDER);
    let mut all = Vec::new();
    for program in program::discover(&Filters::default())? {
        for what in [What::Trace, What::Report] {
            let expected = folder.join(&program.id).with_extension(what.extension());
            if program.variant == Variant::Static && expected.is_file() {
                all.push(Traced { program: program.clone(), what, expected });
            }
        }
    }
    all.retain(|traced| filters.choose(&traced.name(), None));
    Ok(all)
}

/// Traces a program in a guest and compares.
///
/// # Errors
/// Fails where the tool itself cannot be started.
pub(super) fn check(traced: &Traced, args: &TestArgs) -> Result<Case> {
    let start = Instant::now();
    let verdict = match traced.program.compile()? {
        Compiled::Done => compare(traced, args)?,
        Compiled::NoCompiler(name) => Verdict::Skipped(format!("no {name} here")),
        Compiled::Refused(why) => Verdict::Failed(why),
    };
    match &verdict {
        Verdict::Passed => {}
        Verdict::Skipped(why) => println!("skip {}: {why}", traced.name()),
        Verdict::Failed(why) => println!("FAIL {}\n{}", traced.name(), why.trim_end()),
    }
    let family = traced.program.family.clone();
    Ok(Case { family, name: traced.name(), verdict, took: start.elapsed() })
}

fn compare(traced: &Traced, args: &TestArgs) -> Result<Verdict> {
    let shown = traced.expected.display();
    let text =
        fs::read_to_string(&traced.expected).with_context(|| format!("cannot read {shown}"))?;
    let (calls, expected) = text.split_once('\n').unwrap_or_default();
    let lines = project::cache("trace")?.join(format!("{}.lines", std::process::id()));
    let report = run(&traced.program, calls, &lines, args)?;
    let seen = match traced.what {
        What::Trace => fs::read_to_string(&lines).context("cannot read the trace")?,
        What::Report => report_of_threads(&report),
    };
    // What is left of it does no harm.
    let _ = fs::remove_file(&lines);
    let outcome = |text: &str| Outcome { output: text.as_bytes().to_vec(), end: End::Exit(0) };
    let differs = difference(("expected", &outcome(expected)), ("Scull", &outcome(&seen)));
    Ok(differs.map_or(Verdict::Passed, Verdict::Failed))
}

/// Runs `scull trace`, with its lines into a file; returns the rest of what it says.
fn run(program: &TestProgram, calls: &str, lines: &Path, args: &TestArgs) -> Result<String> {
    let me = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(me);
    command.arg("trace").arg(&program.path).arg("--filter").arg(calls).arg("--output").arg(lines);
    command.arg("--timeout").arg(args.timeout.as_secs().to_string());
    if let Some(kernel) = &args.kernel {
        command.arg("--kernel").arg(kernel);
    }
    let output = command.stdin(Stdio::null()).output().context("cannot start scull trace")?;
    // The kernel's words are on the console, the tool's on standard error.
    Ok(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// Returns the lines of a report that are about threads.
fn report_of_threads(report: &str) -> String {
    let is_address = |digits: &str| digits.len() >= 6;
    let mut text = String::new();
    for line in report.lines() {
        let Some(at) = line.find("thread ").filter(|_| line.starts_with("scull: ")) else {
            continue;
        };
        let mut parts = line[at..].split("0x");
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let end = part.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(part.len());
            let (digits, rest) = part.split_at(end);
            if is_address(digits) {
                text.push_str("ADDRESS");
            } else {
                text.push_str("0x");
                text.push_str(digits);
            }
            text.push_str(rest);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_a_report_are_as_good_as_others() {
        let report = "scull: error: stack 0x7ffe: rw\n\
                      scull: error: thread 2: in read(0x3, 0x7ffea1ee4ecf, 0x1)\r\n\
                      scull: error: thread 4: in the program at 0x401422\n\
                      a thread of the program's\n";
        assert_eq!(
            report_of_threads(report),
            "thread 2: in read(0x3, ADDRESS, 0x1)\nthread 4: in the program at ADDRESS\n"
        );
    }
}
