//! `scull test --stress`: programs that do everything at once, for long, by seed.
//!
//! Such a program takes a seed and a number of seconds, checks itself what it did, and ends with
//! status 0 if nothing was lost, mixed up or stuck. Its short form is one of the conformance
//! programs, which Linux runs first.

use core::time::Duration;
use std::time::Instant;

use anyhow::Result;

use super::filter::Filters;
use super::guest::Lab;
use super::outcome::End;
use super::program::{self, Compiled, TestProgram, Variant};
use super::results::{Case, Results, Verdict};
use crate::args::TestArgs;
use crate::{error, project};

/// The family of these programs.
const FAMILY: &str = "stress";
/// How long a program may take beyond its time: what stands still is found after a minute.
const GRACE: Duration = Duration::from_secs(180);

/// Runs the programs that `filters` choose, with each seed of `args`.
///
/// # Errors
/// Fails where they cannot be run at all.
pub(super) fn stress(filters: &Filters, args: &TestArgs, seconds: Duration) -> Result<Results> {
    let mut programs = program::discover(filters)?;
    programs.retain(|program| program.family == FAMILY && program.variant == Variant::Dynamic);
    if programs.is_empty() {
        return Err(error::usage("no program of the family stress is chosen"));
    }
    for (program, compiled) in programs.iter().zip(program::compile(&programs)?) {
        if !matches!(compiled, Compiled::Done) {
            return Err(error::usage(format!("{program} cannot be compiled here")));
        }
    }
    let kernel = project::kernel(args.kernel.as_deref())?;
    let all: Vec<_> = programs.iter().collect();
    let lab = Lab::new(kernel, args.machine, args.cpus, &all)?;
    let mut results = Results::default();
    for seed in args.seeds.0..=args.seeds.1 {
        for program in &programs {
            if !(args.fail_fast && results.total().failed > 0) {
                results.cases.push(run(&lab, program, seed, seconds, args.cpus)?);
            }
        }
    }
    Ok(results)
}

/// Runs a program, and says what came of it.
fn run(lab: &Lab, program: &TestProgram, seed: u64, seconds: Duration, cpus: u8) -> Result<Case> {
    let start = Instant::now();
    let count = seconds.as_secs().max(1);
    let seeded = program.with_args(vec![seed.to_string(), count.to_string()]);
    let outcome = lab.run_alone(&seeded, seconds + GRACE)?;
    let name = format!("{} seed {seed}: {count} s, --cpus {cpus}", program.id);
    let verdict = if outcome.end == End::Exit(0) {
        println!("ok {name}");
        Verdict::Passed
    } else {
        let mut why = format!("    {}\n", outcome.end);
        for line in String::from_utf8_lossy(&outcome.output).lines() {
            why.push_str(&format!("    {line}\n"));
        }
        println!(
            "FAIL {name}\n{why}    again: scull test --stress {count} --seeds {seed} --cpus {cpus} {}",
            program.id
        );
        Verdict::Failed(why)
    };
    Ok(Case { family: FAMILY.to_owned(), name, verdict, took: start.elapsed() })
}
