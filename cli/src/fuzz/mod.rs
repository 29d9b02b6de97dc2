//! `scull fuzz`: system calls by chance, on Linux and in a guest.
//!
//! A seed makes a plan ([`generate`]) of batches of calls. The interpreter, an ordinary Linux
//! program, runs it on the host's Linux in a sandbox ([`native`]) and in a guest ([`guest`]). Of
//! the kernel it is demanded that it survives, that it answers after every batch, that memory and
//! threads are in the end where they were, and that results are Linux's ([`judge`]). A failing
//! batch is made small ([`minimise`]), kept in the cache and can be replayed.

mod arena;
mod generate;
mod guest;
mod judge;
mod minimise;
mod native;
mod outcome;
mod plan;
mod random;

use alloc::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use self::guest::Lab;
use self::judge::Difference;
use self::outcome::{End, Report};
use self::plan::{Batch, Plan};
use crate::args::FuzzArgs;
use crate::{error, project};

/// Bytes of the kernel's heap, and frames, that may be more in use at the end than in the middle:
/// what is kept for a while, such as connections in TIME-WAIT, and tables that have grown.
const HEAP_SLACK: u64 = 16 << 10;
const FRAME_SLACK: u64 = 64;

/// Runs the plans that `args` name; returns 0 where none failed, else 1.
///
/// # Errors
/// Fails where they cannot be run at all.
pub(crate) fn fuzz(args: &FuzzArgs) -> Result<u8> {
    let interpreter = native::compile()?;
    let kernel = project::kernel(args.kernel.as_deref())?;
    let lab = Lab { kernel, machine: args.machine, cpus: args.cpus, interpreter };
    let mut fuzzer = Fuzzer { lab, args, seen: BTreeMap::new() };
    if let Some(file) = &args.replay {
        let text = fs::read_to_string(file)
            .map_err(|why| error::usage(format!("cannot read {}: {why}", file.display())))?;
        return fuzzer.replay(&Plan::parse(&text)?);
    }
    let (mut passed, mut failed) = (0, 0);
    for seed in args.seeds() {
        let is_good = fuzzer.seed(seed)?;
        *(if is_good { &mut passed } else { &mut failed }) += 1;
    }
    for (words, count) in &fuzzer.seen {
        println!("{count:6} {words}");
    }
    println!("{passed} passed, {failed} failed");
    Ok(u8::from(failed > 0))
}

/// What runs share.
struct Fuzzer<'a> {
    lab: Lab,
    args: &'a FuzzArgs,
    /// Differences by what they say, with how many there were.
    seen: BTreeMap<String, usize>,
}

impl Fuzzer<'_> {
    /// Runs the plan of a seed; returns whether all was well.
    fn seed(&mut self, seed: u64) -> Result<bool> {
        let start = Instant::now();
        let plan = generate::plan(seed, self.args.calls, self.args.threads.into());
        let calls: usize = plan.batches.iter().map(|batch| batch.calls.len()).sum();
        let scull = self.lab.run(&plan)?;
        let mut is_good = true;
        if let End::Broken(why) = &scull.end {
            is_good = false;
            println!("FAIL seed {seed}: {why}");
            tell_log(&scull);
            self.keep_crash(seed, &plan, &scull, why)?;
        } else if leak(&scull).is_some()
            && let Some(leak) = leak(&self.lab.run(&plan.twice())?)
        {
            is_good = false;
            println!("FAIL seed {seed}: {leak}");
            keep(&format!("leak-{seed}"), &plan)?;
        }
        let mut differing = 0;
        if !self.args.guest_only {
            let linux = native::run(&self.lab.interpreter, &plan)?;
            if let End::Broken(why) = &linux.end {
                println!("FAIL seed {seed}: on Linux: {why}");
                is_good = false;
            }
            for (id, death) in &linux.deaths {
                println!("FAIL seed {seed}: batch {id} on Linux: {death}");
                is_good = false;
            }
            let differences = judge::differences(&plan, &linux, &scull);
            differing = differences.len();
            for difference in &differences {
                self.tell(seed, &plan, difference)?;
            }
        }
        is_good &= differing == 0;
        let seconds = start.elapsed().as_secs_f64();
        let outcomes = scull.batches.values().flatten().flatten();
        let succeeded = outcomes.filter(|outcome| outcome.result >= 0).count();
        println!(
            "seed {seed}: {calls} calls in {} batches, {succeeded} succeeded, {differing} batches \
             differ, {seconds:.1} s",
            plan.batches.len()
        );
        Ok(is_good)
    }

    /// Tells of a difference, and keeps it made small the first time.
    fn tell(&mut self, seed: u64, plan: &Plan, difference: &Difference) -> Result<()> {
        let count = self.seen.entry(difference.words.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            return Ok(());
        }
        let mut batch = plan.batches[difference.batch].clone();
        batch.calls.truncate(difference.call + 1);
        let number = plan.batches[difference.batch].calls[difference.call].number;
        let lab = &self.lab;
        let same = |plan: &Plan| -> Result<Vec<bool>> {
            let (scull, linux) = (lab.run(plan)?, native::run(&lab.interpreter, plan)?);
            let found = judge::differences(plan, &linux, &scull);
            let is_same = |place: usize| {
                found.iter().any(|other| {
                    other.batch == place
                        && plan.batches[place].calls[other.call].number == number
                        && other.linux.map(|outcome| outcome.result)
                            == difference.linux.map(|outcome| outcome.result)
                        && other.scull.map(|outcome| outcome.result)
                            == difference.scull.map(|outcome| outcome.result)
                })
            };
            Ok((0..plan.batches.len()).map(is_same).collect())
        };
        let small = minimise::minimise(&batch, same)?;
        println!("FAIL seed {seed}, batch {}: {}", batch.id, difference.words);
        print!("{}", small.explain(|_| String::new()));
        let name = format!("differs-{seed}-{}", batch.id);
        keep(&name, &Plan { batches: vec![small], checkpoints: Vec::new() })
    }

    /// Keeps the batch that ended a guest, made small.
    fn keep_crash(&self, seed: u64, plan: &Plan, scull: &Report, why: &str) -> Result<()> {
        let last = scull.last.and_then(|id| plan.batches.iter().find(|batch| batch.id == id));
        let Some(batch) = last else { return keep(&format!("crash-{seed}"), plan) };
        println!("    in batch {}", batch.id);
        let crashes = |batch: &Batch| -> Result<bool> {
            let plan = Plan { batches: vec![batch.clone()], checkpoints: Vec::new() };
            Ok(self.lab.run(&plan)?.end != End::Done)
        };
        if !crashes(batch)? {
            println!("    it takes more than that batch ({why})");
            return keep(&format!("crash-{seed}"), plan);
        }
        let small = minimise::minimise(batch, |plan: &Plan| -> Result<Vec<bool>> {
            let mut verdicts = vec![false; plan.batches.len()];
            for (verdict, batch) in verdicts.iter_mut().zip(&plan.batches) {
                *verdict = crashes(batch)?;
                if *verdict {
                    break;
                }
            }
            Ok(verdicts)
        })?;
        print!("{}", small.explain(|_| String::new()));
        keep(&format!("crash-{seed}"), &Plan { batches: vec![small], checkpoints: Vec::new() })
    }

    /// Runs a plan that was kept, and shows what comes of each call.
    fn replay(&self, plan: &Plan) -> Result<u8> {
        let linux = native::run(&self.lab.interpreter, plan)?;
        let scull = self.lab.run(plan)?;
        for batch in &plan.batches {
            let outcome = |report: &Report, call: usize| {
                let calls = report.batches.get(&batch.id);
                judge::word(calls.and_then(|calls| calls.get(call).copied().flatten()))
            };
            println!("batch {} of {} threads", batch.id, batch.threads);
            let remark =
                |call| format!("Linux {}, Scull {}", outcome(&linux, call), outcome(&scull, call));
            print!("{}", batch.explain(remark));
        }
        let differences = judge::differences(plan, &linux, &scull);
        for difference in &differences {
            println!("FAIL batch {}: {}", plan.batches[difference.batch].id, difference.words);
        }
        if let End::Broken(why) = &scull.end {
            println!("FAIL {why}");
            tell_log(&scull);
        }
        Ok(u8::from(!differences.is_empty() || scull.end != End::Done))
    }
}

/// Returns what a guest had less of at its last checkpoint than at the first. Tables that grew and
/// caches keep what they have for the next time, so a loss counts where a second run has it too.
fn leak(report: &Report) -> Option<String> {
    let (first, last) = (report.memory.first()?, report.memory.last()?);
    let heap = last.heap_used.saturating_sub(first.heap_used);
    let frames = first.frames_free.saturating_sub(last.frames_free);
    let threads = last.threads.saturating_sub(first.threads);
    (heap > HEAP_SLACK || frames > FRAME_SLACK || threads > 0).then(|| {
        format!("{heap} bytes of the kernel's heap, {frames} frames and {threads} threads are lost")
    })
}

/// Tells what the guest's kernel said last.
fn tell_log(report: &Report) {
    const LINES: usize = 12;
    for line in &report.log[report.log.len().saturating_sub(LINES)..] {
        println!("    {line}");
    }
}

/// Keeps a plan in the cache.
fn keep(name: &str, plan: &Plan) -> Result<()> {
    let path = project::cache("fuzz")?.join(format!("{name}.plan"));
    fs::write(&path, plan.to_string()).context("cannot keep a plan")?;
    println!("    scull fuzz --replay {}", display(&path));
    Ok(())
}

/// Returns a path as it is best read: relative to the current folder where it is below.
fn display(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
