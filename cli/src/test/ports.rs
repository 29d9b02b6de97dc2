//! The checks of a run's ports, as many at a time as guests may run.

use alloc::collections::BTreeMap;
use core::sync::atomic::{AtomicUsize, Ordering};

use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use indicatif::ProgressBar;

use super::filter::Filters;
use super::port::Check;
use super::results::{Case, Verdict};
use crate::args::TestArgs;
use crate::port::{self, Port};

/// Returns the ports to check: those that have a script and that `filters` choose.
///
/// # Errors
/// Fails where a manifest is wrong.
pub(super) fn select(filters: &Filters) -> Result<Vec<Port>> {
    let mut ports = port::all()?;
    ports.retain(|port| port.is_running() && port.check().is_some());
    ports.retain(|port| filters.choose(&format!("ports/{}", port.name()), None));
    Ok(ports)
}

/// Checks ports and says what came of each when it is done; returns all items, in the ports' order.
///
/// # Errors
/// As [`Check::run`].
pub(super) fn check(ports: &[Port], args: &TestArgs) -> Result<Vec<Case>> {
    let (next, bar) = (AtomicUsize::new(0), super::progress(ports.len()));
    let round = Round { ports, args, next, done: Mutex::default(), bar };
    thread::scope(|scope| {
        for _ in 0..args.jobs {
            scope.spawn(|| while round.check_next() {});
        }
    });
    round.bar.finish_and_clear();
    let done = round.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let each: Vec<_> = done.into_values().collect::<Result<_>>()?;
    Ok(each.into_iter().flatten().collect())
}

/// The checks of a run.
struct Round<'a> {
    ports: &'a [Port],
    args: &'a TestArgs,
    /// The place of the port that is checked next.
    next: AtomicUsize,
    /// What came of those that are done, by their places.
    done: Mutex<BTreeMap<usize, Result<Vec<Case>>>>,
    bar: ProgressBar,
}

impl Round<'_> {
    /// Checks the next port, and returns whether to go on with another.
    fn check_next(&self) -> bool {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(port) = self.ports.get(index) else { return false };
        self.bar.set_message(format!("ports/{}", port.name()));
        let mut check = Check::new(port, self.args);
        let result = check.run();
        self.bar.inc(1);
        // In one piece, since others speak too.
        self.bar.suspend(|| print!("{}", check.words));
        let has_failed = |case: &Case| matches!(case.verdict, Verdict::Failed(_));
        let is_over =
            result.is_err() || (self.args.fail_fast && check.cases.iter().any(has_failed));
        if is_over {
            self.next.store(self.ports.len(), Ordering::Relaxed);
        }
        let cases = result.map(|()| check.cases);
        self.done.lock().unwrap_or_else(PoisonError::into_inner).insert(index, cases);
        !is_over
    }
}
