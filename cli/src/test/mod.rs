//! `scull test`: Linux is the oracle.
//!
//! Every program of `test-apps/` is run on the host's Linux and in a guest; a
//! difference in output or end is a failure. Then every port that runs is booted
//! and checked by its own script. The last line is always `N passed, N failed`,
//! with `, N skipped` after it where something could not be tried here.

mod guest;
mod known;
mod native;
mod outcome;
mod port;
mod program;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use self::known::Known;
use self::outcome::{CANNOT_RUN, End, difference};
use self::program::{Compiled, TestProgram};
use crate::args::TestArgs;
use crate::{error, project};

/// What came of one test.
#[derive(Debug)]
enum Verdict {
    Passed,
    Failed(String),
    Skipped(String),
}

/// Counts of one family, or of all.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl core::fmt::Display for Count {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Runs the tests that `args` name; returns 0 where none failed, else 1.
///
/// # Errors
/// Fails where the tests cannot be run at all.
pub(crate) fn test(args: &TestArgs) -> Result<u8> {
    let filter = args.filter.as_deref().unwrap_or_default();
    let programs = program::discover(filter)?;
    let ports = if args.linux_only { Vec::new() } else { port::select(filter)? };
    if programs.is_empty() && ports.is_empty() {
        return Err(error::usage(format!("no test contains '{filter}'")));
    }
    let kernel =
        if args.linux_only { None } else { Some(project::kernel(args.kernel.as_deref())?) };
    let mut families = conformance(programs, args, kernel)?;
    for port in ports {
        families.entry("ports".to_owned()).or_default().add(port::check(&port, args)?);
    }
    let mut total = Count::default();
    for (family, count) in &families {
        println!("{family:12} {count}");
        total.add(*count);
    }
    println!("{total}");
    Ok(u8::from(total.failed > 0))
}

/// Runs the conformance programs, `args.jobs` at a time; returns counts by family.
fn conformance(
    programs: Vec<TestProgram>,
    args: &TestArgs,
    kernel: Option<PathBuf>,
) -> Result<BTreeMap<String, Count>> {
    let bar = ProgressBar::new(u64::try_from(programs.len()).unwrap_or(0));
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let suite = Arc::new(Suite::compile(programs, args, kernel)?);
    let (sender, receiver) = mpsc::channel();
    for _ in 0..args.jobs {
        let (suite, sender) = (Arc::clone(&suite), sender.clone());
        thread::spawn(move || {
            while let Some(index) = suite.take() {
                if sender.send((index, suite.run(index))).is_err() {
                    break;
                }
            }
        });
    }
    drop(sender);
    let mut families = BTreeMap::<String, Count>::new();
    for (index, verdict) in receiver {
        let program = &suite.programs[index];
        let count = families.entry(program.family.clone()).or_default();
        bar.set_message(program.to_string());
        bar.inc(1);
        let say = |line: String| bar.suspend(|| println!("{line}"));
        match verdict {
            Verdict::Passed => count.passed += 1,
            Verdict::Skipped(why) => {
                count.skipped += 1;
                say(format!("skip {program}: {why}"));
            }
            Verdict::Failed(why) => {
                count.failed += 1;
                say(format!("FAIL {program}\n{}", why.trim_end()));
            }
        }
    }
    bar.finish_and_clear();
    Ok(families)
}

/// The programs of a run, and what all runs share.
struct Suite {
    programs: Vec<TestProgram>,
    compiled: Vec<Compiled>,
    next: AtomicUsize,
    timeout: core::time::Duration,
    lab: Option<guest::Lab>,
    known: Known,
}

impl Suite {
    /// Compiles the programs and packs those that could be into images.
    fn compile(
        programs: Vec<TestProgram>,
        args: &TestArgs,
        kernel: Option<PathBuf>,
    ) -> Result<Self> {
        let compiled = compile_all(&programs)?;
        let ready = programs.iter().zip(&compiled);
        let ready = ready.filter(|(_, compiled)| matches!(compiled, Compiled::Done));
        let ready: Vec<_> = ready.map(|(program, _)| program).collect();
        let lab = kernel.map(|kernel| guest::Lab::new(kernel, args.machine, &ready)).transpose()?;
        let (next, timeout, known) = (AtomicUsize::new(0), args.timeout, Known::read()?);
        Ok(Self { programs, compiled, next, timeout, lab, known })
    }

    /// Returns the index of a program that nobody has taken.
    fn take(&self) -> Option<usize> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        (index < self.programs.len()).then_some(index)
    }

    /// Runs a program on both systems.
    fn run(&self, index: usize) -> Verdict {
        match &self.compiled[index] {
            Compiled::Done => {}
            Compiled::NoCompiler(name) => return Verdict::Skipped(format!("no {name} here")),
            Compiled::Refused(why) => return Verdict::Failed(why.clone()),
        }
        match self.compare(&self.programs[index]) {
            Ok(verdict) => verdict,
            Err(why) => Verdict::Failed(format!("    {why:#}")),
        }
    }

    fn compare(&self, program: &TestProgram) -> Result<Verdict> {
        let linux = native::run(program, self.timeout)?;
        match &linux.end {
            End::Exit(CANNOT_RUN) => {
                return Ok(Verdict::Skipped("cannot be prepared on this host".to_owned()));
            }
            End::Other(why) => return Ok(Verdict::Failed(format!("    on Linux: {why}"))),
            _ => {}
        }
        let Some(lab) = &self.lab else { return Ok(Verdict::Passed) };
        let guest = lab.run(program, self.timeout)?;
        Ok(self.known.judge(program, difference(&linux, &guest)))
    }
}

/// Compiles all programs, two at a time.
fn compile_all(programs: &[TestProgram]) -> Result<Vec<Compiled>> {
    let half = programs.len().div_ceil(2);
    let (first, second) = programs.split_at(half);
    let compile = |part: &[TestProgram]| part.iter().map(TestProgram::compile).collect::<Vec<_>>();
    let both = thread::scope(|scope| {
        let other = scope.spawn(|| compile(second));
        let mut all = compile(first);
        all.extend(other.join().unwrap_or_default());
        all
    });
    both.into_iter().collect()
}
