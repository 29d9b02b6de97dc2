//! `scull test`: Linux is the oracle.
//!
//! Every program of `test-apps/` is run on the host's Linux and in a guest; a difference in
//! output or end is a failure, and so is kernel memory that a program leaves behind. Then those
//! with a trace or a report beside them are traced ([`traced`]), and every
//! port that runs is booted and checked by its own script. The last line is always
//! `N passed, N failed`, with `, N skipped` after it where something could not be tried here.

mod filter;
mod guest;
mod java;
mod junit;
mod known;
mod leak;
mod native;
mod outcome;
mod port;
mod ports;
mod power;
pub(crate) mod program;
mod results;
mod stress;
mod suite;
mod traced;

use core::time::Duration;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use self::filter::Filters;
use self::guest::Lab;
pub(crate) use self::known::Known;
use self::outcome::{CANNOT_RUN, End, Outcome, difference};
use self::program::{Compiled, TestProgram};
use self::results::{Case, Results, Verdict};
use self::suite::{GuestRun, Half, Suite};
use self::traced::Traced;
use crate::args::TestArgs;
use crate::port::Port;
use crate::{error, project};

pub(crate) use self::native::{BECOME, become_program};

/// How many failures are looked at in a boot of their own.
const SECOND_LOOKS: usize = 8;

/// Runs the tests that `args` name; returns 0 where none failed, else 1.
///
/// # Errors
/// Fails where the tests cannot be run at all.
pub(crate) fn test(args: &TestArgs) -> Result<u8> {
    let filters = Filters::new(&args.filters);
    if let Some(seconds) = args.stress {
        return finish(&stress::stress(&filters, args, seconds)?, args);
    }
    let programs = program::discover(&filters)?;
    let ports = if args.linux_only { Vec::new() } else { ports::select(&filters)? };
    let traced = if args.linux_only { Vec::new() } else { traced::select(&filters)? };
    let has_power = !args.linux_only && power::is_chosen(&filters);
    if programs.is_empty() && ports.is_empty() && traced.is_empty() && !has_power {
        return Err(error::usage(format!("no test contains '{}'", args.filters.join("' or '"))));
    }
    if args.list {
        list(&programs, &traced, &ports, has_power);
        return Ok(0);
    }
    let kernel =
        if args.linux_only { None } else { Some(project::kernel(args.kernel.as_deref())?) };
    let mut results = Results::default();
    conformance(&programs, args, kernel, &mut results)?;
    for traced in traced {
        if !(args.fail_fast && results.total().failed > 0) {
            results.cases.push(traced::check(&traced, args)?);
        }
    }
    if has_power && !(args.fail_fast && results.total().failed > 0) {
        results.cases.extend(power::check(args)?);
    }
    if !(args.fail_fast && results.total().failed > 0) {
        results.cases.extend(ports::check(&ports, args)?);
    }
    finish(&results, args)
}

/// Says what came of all tests; returns 0 where none failed, else 1.
fn finish(results: &Results, args: &TestArgs) -> Result<u8> {
    if let Some(path) = &args.junit {
        junit::write(results, path)?;
    }
    println!("{results}");
    Ok(u8::from(results.total().failed > 0))
}

/// Lists what would be run, with what it is about.
fn list(programs: &[TestProgram], traced: &[Traced], ports: &[Port], has_power: bool) {
    let mut out = io::stdout().lock();
    let names = programs.iter().map(|program| (program.to_string(), program.about.as_str()));
    let ports = ports.iter().map(|port| (format!("ports/{}", port.name()), ""));
    let traced = traced.iter().map(|traced| (traced.name(), ""));
    let power = has_power.then(|| (power::NAME.to_owned(), "")).into_iter();
    for (name, about) in names.chain(traced).chain(power).chain(ports) {
        // A reader that has seen enough is no failure.
        if writeln!(out, "{}", format!("{name:40} {about}").trim_end()).is_err() {
            break;
        }
    }
}

/// Runs the conformance programs and adds what comes of them to `results`.
fn conformance(
    programs: &[TestProgram],
    args: &TestArgs,
    kernel: Option<PathBuf>,
    results: &mut Results,
) -> Result<()> {
    let compiled = program::compile(programs)?;
    let is_done = |(_, compiled): &(&TestProgram, &Compiled)| matches!(compiled, Compiled::Done);
    let ready: Vec<_> = programs.iter().zip(&compiled).filter(is_done).map(|(p, _)| p).collect();
    let kernel = kernel.filter(|_| !ready.is_empty());
    let lab = kernel.map(|kernel| Lab::new(kernel, args.machine, args.cpus, &ready)).transpose()?;
    let suite = Suite::new(programs, &compiled, lab.as_ref(), args);
    let mut judge = Judge::new(&suite, Known::read()?, results);
    for index in 0..programs.len() {
        judge.pass_over(index);
    }
    suite.run(|index, half| judge.take(index, half));
    judge.finish();
    Ok(())
}

/// Returns a bar that shows how many of so many tests are done; nothing where there is no terminal.
fn progress(count: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(0));
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// What has come of a program so far.
#[derive(Debug, Default)]
struct Halves {
    linux: Option<Result<Outcome, String>>,
    guest: Option<GuestRun>,
}

/// What compares the halves as they come, and says what came of each program.
struct Judge<'a> {
    suite: &'a Suite<'a>,
    known: Known,
    results: &'a mut Results,
    halves: Vec<Halves>,
    /// Failures in a boot that had run other programs before, with Linux's outcome.
    failed_later: Vec<(usize, Outcome)>,
    bar: ProgressBar,
}

impl<'a> Judge<'a> {
    fn new(suite: &'a Suite<'a>, known: Known, results: &'a mut Results) -> Self {
        let count = suite.programs.len();
        let bar = progress(count);
        let halves = (0..count).map(|_| Halves::default()).collect();
        Self { suite, known, results, halves, failed_later: Vec::new(), bar }
    }

    /// Judges a program that could not be compiled.
    fn pass_over(&mut self, index: usize) {
        match &self.suite.compiled[index] {
            Compiled::Done => {}
            Compiled::NoCompiler(name) => {
                self.close(index, Verdict::Skipped(format!("no {name} here")), Duration::ZERO);
            }
            Compiled::Refused(why) => {
                self.close(index, Verdict::Failed(why.clone()), Duration::ZERO);
            }
        }
    }

    /// Takes what came of a program on one system; returns whether to go on.
    fn take(&mut self, index: usize, half: Half) -> bool {
        let halves = &mut self.halves[index];
        match half {
            Half::Linux(linux) => halves.linux = Some(linux),
            Half::Guest(guest) => halves.guest = Some(guest),
        }
        if (halves.guest.is_some() || self.suite.lab.is_none())
            && let Some(linux) = halves.linux.take()
        {
            let guest = halves.guest.take();
            let took = guest.as_ref().map_or(Duration::ZERO, |guest| guest.took);
            let verdict = self.compare(index, linux, guest);
            self.close(index, verdict, took);
        }
        !(self.suite.args.fail_fast && self.results.total().failed > 0)
    }

    fn compare(
        &mut self,
        index: usize,
        linux: Result<Outcome, String>,
        guest: Option<GuestRun>,
    ) -> Verdict {
        let program = &self.suite.programs[index];
        let linux = match linux {
            Ok(linux) => linux,
            Err(why) => return Verdict::Failed(why),
        };
        match &linux.end {
            End::Exit(CANNOT_RUN) => {
                return Verdict::Skipped("cannot be prepared on this host".to_owned());
            }
            End::Other(why) => return Verdict::Failed(format!("    on Linux: {why}")),
            _ => {}
        }
        let Some(GuestRun { outcome, leak, before, .. }) = guest else {
            self.results.note_checks(&program.id, &linux);
            return Verdict::Passed;
        };
        let differs = difference(("Linux", &linux), ("Scull", &outcome));
        let verdict = match (self.known.judge(program, differs), leak) {
            (Verdict::Passed, Some(growth)) => {
                Verdict::Failed(format!("    each run leaks {growth}"))
            }
            (verdict, _) => verdict,
        };
        match verdict {
            Verdict::Passed => self.results.note_checks(&program.id, &linux),
            Verdict::Failed(_) if before > 0 => self.failed_later.push((index, linux)),
            _ => {}
        }
        verdict
    }

    /// Says what came of a program, where that is worth a word, and keeps it.
    fn close(&mut self, index: usize, verdict: Verdict, took: Duration) {
        let program = &self.suite.programs[index];
        self.bar.set_message(program.to_string());
        self.bar.inc(1);
        let repeat = self.suite.args.repeat;
        match &verdict {
            // This takes long, and who waits wants to know how far it is.
            Verdict::Passed if repeat > 1 => self.bar.suspend(|| {
                println!("ok {program} ({repeat} times, {:.1} s)", took.as_secs_f64());
            }),
            Verdict::Passed => {}
            Verdict::Skipped(why) => {
                self.bar.suspend(|| println!("skip {program}: {why}"));
            }
            Verdict::Failed(why) => self.bar.suspend(|| {
                println!("FAIL {program}\n{}\n    again: scull test {program}", why.trim_end());
            }),
        }
        let (family, name) = (program.family.clone(), program.to_string());
        self.results.cases.push(Case { family, name, verdict, took });
    }

    /// Runs some of the failed once more, in boots of their own, to tell what depends on the
    /// programs that ran before. They remain failed.
    fn finish(self) {
        self.bar.finish_and_clear();
        let Some(lab) = self.suite.lab else { return };
        for (index, linux) in self.failed_later.iter().take(SECOND_LOOKS) {
            let program = &self.suite.programs[*index];
            let differs = match lab.run_alone(program, self.suite.args.timeout) {
                Ok(alone) => difference(("Linux", linux), ("Scull", &alone)).is_some(),
                Err(why) => {
                    println!("note {program}: cannot be run alone: {why:#}");
                    continue;
                }
            };
            let what = if differs { "differs" } else { "agrees with Linux" };
            println!("note {program}: {what} in a boot of its own");
        }
    }
}
