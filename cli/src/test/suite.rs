//! The conformance programs of a run on their way through both systems.
//!
//! Threads take programs off two lists, one for Linux and one for guests, so that neither waits
//! for the other. On Linux one program runs at a time, since they would see each other there, by
//! limits of a user for example. A guest runs one program after the other until it dies; whoever ran it then
//! boots the next.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, Scope};
use std::time::Instant;

use anyhow::Result;

use super::guest::{Death, Lab, Session};
use super::leak::{Growth, REPEATS};
use super::native;
use super::outcome::{End, Outcome, difference};
use super::program::{Compiled, TestProgram};
use crate::args::TestArgs;

/// The programs of a run, and what all runs share.
#[derive(Debug)]
pub(super) struct Suite<'a> {
    pub(super) programs: &'a [TestProgram],
    pub(super) compiled: &'a [Compiled],
    /// Where guests come from, if there are any.
    pub(super) lab: Option<&'a Lab>,
    pub(super) args: &'a TestArgs,
    is_over: AtomicBool,
}

/// What came of a program on one of the systems.
#[derive(Debug)]
pub(super) enum Half {
    /// On Linux: its outcome, or why that cannot be compared with.
    Linux(Result<Outcome, String>),
    /// In a guest.
    Guest(GuestRun),
}

/// What came of a program in a guest.
#[derive(Debug)]
pub(super) struct GuestRun {
    pub(super) outcome: Outcome,
    /// What of the kernel's memory it takes with it each time it runs.
    pub(super) leak: Option<Growth>,
    /// How many programs the same boot had run before.
    pub(super) before: usize,
    /// How long it took.
    pub(super) took: Duration,
}

impl<'a> Suite<'a> {
    /// Returns a suite that has not begun.
    pub(super) fn new(
        programs: &'a [TestProgram],
        compiled: &'a [Compiled],
        lab: Option<&'a Lab>,
        args: &'a TestArgs,
    ) -> Self {
        Self { programs, compiled, lab, args, is_over: AtomicBool::new(false) }
    }

    /// Runs all programs that could be compiled; what comes of them goes to `take`, with the
    /// program's place, until that says no more.
    pub(super) fn run(&self, mut take: impl FnMut(usize, Half) -> bool) {
        let (sender, receiver) = mpsc::channel();
        let (linux, guests) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            self.start(scope, &linux, &sender, || |program| self.run_on_linux(program));
            for lab in self.lab.into_iter().cycle().take(usize::from(self.args.jobs)) {
                let worker = || {
                    let mut worker = Worker { lab, args: self.args, boot: None };
                    move |program: &TestProgram| Half::Guest(worker.run_repeatedly(program))
                };
                self.start(scope, &guests, &sender, worker);
            }
            drop(sender);
            self.pass_on(&receiver, &mut take);
        });
    }

    fn pass_on(
        &self,
        receiver: &Receiver<(usize, Half)>,
        take: &mut impl FnMut(usize, Half) -> bool,
    ) {
        for (index, half) in receiver {
            if !take(index, half) {
                self.is_over.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Starts a thread that runs programs, by what `make` makes in it, as long as `next` is the
    /// place of one.
    fn start<'scope, R: FnMut(&TestProgram) -> Half>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        next: &'scope AtomicUsize,
        sender: &Sender<(usize, Half)>,
        make: impl FnOnce() -> R + Send + 'scope,
    ) {
        let sender = sender.clone();
        scope.spawn(move || {
            let mut run = make();
            while !self.is_over.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(program) = self.programs.get(index) else { break };
                let is_ready = matches!(self.compiled[index], Compiled::Done);
                if is_ready && sender.send((index, run(program))).is_err() {
                    break;
                }
            }
        });
    }

    fn run_on_linux(&self, program: &TestProgram) -> Half {
        let run = || native::run(program, self.args.timeout).map_err(|why| format!("    {why:#}"));
        let first = run();
        if !self.args.twice_on_linux {
            return Half::Linux(first);
        }
        let both = first.and_then(|first| {
            let second = run()?;
            match difference(("first run", &first), ("second run", &second)) {
                Some(text) => Err(format!("    two runs on Linux differ:\n{text}")),
                None => Ok(first),
            }
        });
        Half::Linux(both)
    }
}

/// What runs programs in guests, a boot at a time.
struct Worker<'a> {
    lab: &'a Lab,
    args: &'a TestArgs,
    /// The guest, and how many programs it has run.
    boot: Option<(Session, usize)>,
}

impl Worker<'_> {
    /// Runs a program as often as was asked for, each time with the same outcome.
    fn run_repeatedly(&mut self, program: &TestProgram) -> GuestRun {
        let mut first = self.run(program);
        for number in 2..=self.args.repeat {
            let mut again = self.run(program);
            let name = format!("time {number}");
            let differs = difference(("time 1", &first.outcome), (&name, &again.outcome));
            if let Some(text) = differs {
                let why = format!("in the guest it does not do the same each time:\n{text}");
                again.outcome.end = End::Other(why);
                return again;
            }
            first.leak = first.leak.or(again.leak);
            first.took += again.took;
        }
        first
    }

    /// Runs a program in the guest there is, or in a new one.
    fn run(&mut self, program: &TestProgram) -> GuestRun {
        let start = Instant::now();
        let mut before = 0;
        let done = if program.is_alone {
            self.lab.run_alone(program, self.args.timeout).map(|outcome| (outcome, None))
        } else {
            self.run_in_session(program, &mut before)
        };
        let (outcome, leak) = done.unwrap_or_else(|why| {
            (Outcome { output: Vec::new(), end: End::Other(format!("{why:#}")) }, None)
        });
        GuestRun { outcome, leak, before, took: start.elapsed() }
    }

    fn run_in_session(
        &mut self,
        program: &TestProgram,
        before: &mut usize,
    ) -> Result<(Outcome, Option<Growth>)> {
        let (mut session, count) = match self.boot.take() {
            Some(boot) => boot,
            None => (Session::start(self.lab)?, 0),
        };
        *before = count;
        match run_watched(&mut session, program, self.args.timeout) {
            Ok(done) => {
                self.boot = Some((session, count + 1));
                Ok(done)
            }
            Err(Death { why, output }) => Ok((Outcome { output, end: End::Other(why) }, None)),
        }
    }
}

/// Runs a program, and again as long as each run leaves more in use than there was before it.
fn run_watched(
    session: &mut Session,
    program: &TestProgram,
    timeout: Duration,
) -> Result<(Outcome, Option<Growth>), Death> {
    let mut before = session.left;
    let outcome = session.run(program, timeout)?;
    let mut growth = Growth::between(&before, &session.left);
    for _ in 0..REPEATS {
        if growth.is_none() {
            return Ok((outcome, None));
        }
        before = session.left;
        session.run(program, timeout).map_err(|Death { why, output }| {
            let why = format!("{why}, as it ran again in the same boot");
            Death { why, output }
        })?;
        growth = growth.and(Growth::between(&before, &session.left));
    }
    Ok((outcome, Some(growth).filter(|growth| !growth.is_none())))
}
