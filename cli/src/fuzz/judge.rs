//! What must be the same on Linux and on Scull, and what cannot be.

use abi::{Errno, Sysno};

use super::outcome::{Outcome, Report};
use super::plan::{Batch, Call, Plan};

/// A call that did something else on Scull than on Linux.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    /// The batch, by its place in the plan.
    pub(super) batch: usize,
    /// The call, by its place in the batch.
    pub(super) call: usize,
    /// What came of it on Linux, and on Scull.
    pub(super) linux: Option<Outcome>,
    pub(super) scull: Option<Outcome>,
    /// In words.
    pub(super) words: String,
}

/// What to make of two outcomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// They agree, as far as they can.
    Same,
    /// They differ as they may, so that what follows in the batch may, too.
    Apart,
    /// They differ.
    Different,
}

/// Returns the first difference of each batch.
pub(super) fn differences(plan: &Plan, linux: &Report, scull: &Report) -> Vec<Difference> {
    let batches = plan.batches.iter().enumerate();
    batches.filter_map(|(place, batch)| difference(place, batch, linux, scull)).collect()
}

fn difference(place: usize, batch: &Batch, linux: &Report, scull: &Report) -> Option<Difference> {
    // What threads that race see of each other is nobody's promise.
    if !batch.is_ordered && batch.threads > 1 || linux.deaths.contains_key(&batch.id) {
        return None;
    }
    let (linux, scull) = (linux.batches.get(&batch.id)?, scull.batches.get(&batch.id)?);
    for (index, call) in batch.calls.iter().enumerate() {
        let (linux, scull) = (*linux.get(index)?, *scull.get(index)?);
        let (Some(ours), Some(theirs)) = (linux, scull) else { return None };
        match compare(call, ours, theirs) {
            Verdict::Same => {}
            Verdict::Apart => return None,
            Verdict::Different => {
                let words =
                    format!("{}: Linux {}, Scull {}", call.name(), word(linux), word(scull));
                return Some(Difference { batch: place, call: index, linux, scull, words });
            }
        }
    }
    None
}

/// Returns an outcome in words.
pub(super) fn word(outcome: Option<Outcome>) -> String {
    match outcome {
        None => "did not return".to_owned(),
        Some(Outcome { result, digest: 0 }) => errno(result),
        Some(Outcome { result, digest }) => format!("{} with {digest:08x}", errno(result)),
    }
}

fn errno(result: i64) -> String {
    if (-4095..0).contains(&result)
        && let Ok(number) = u16::try_from(-result)
    {
        return format!("-1 {:?}", Errno::new(number));
    }
    result.to_string()
}

fn is_error(outcome: Outcome, errno: Errno) -> bool {
    outcome.result == -i64::from(errno.raw())
}

fn has_failed(outcome: Outcome) -> bool {
    (-4095..0).contains(&outcome.result)
}

fn compare(call: &Call, linux: Outcome, scull: Outcome) -> Verdict {
    if linux == scull {
        return Verdict::Same;
    }
    // A call that Scull does not have.
    if is_error(scull, Errno::ENOSYS) {
        return if has_failed(linux) { Verdict::Same } else { Verdict::Apart };
    }
    // The watchdog ended a wait; how far the call had come depends on the time.
    if is_error(linux, Errno::EINTR) || is_error(scull, Errno::EINTR) {
        return Verdict::Apart;
    }
    let number = Sysno::from_raw(call.number);
    if !has_failed(linux) && !has_failed(scull) && number.is_some_and(is_undetermined) {
        return Verdict::Same;
    }
    if number.is_some_and(|number| may_differ(number, linux, scull)) {
        return Verdict::Apart;
    }
    Verdict::Different
}

/// Returns whether what a call returns is an address, an id, a time or a matter of the machine.
const fn is_undetermined(call: Sysno) -> bool {
    matches!(
        call,
        Sysno::mmap
            | Sysno::mremap
            | Sysno::brk
            | Sysno::getpid
            | Sysno::gettid
            | Sysno::set_tid_address
            | Sysno::getppid
            | Sysno::getpgid
            | Sysno::getpgrp
            | Sysno::getsid
            | Sysno::time
            | Sysno::times
            | Sysno::sched_getaffinity
            | Sysno::getdents
            | Sysno::getdents64
            | Sysno::alarm
            | Sysno::getpriority
    )
}

/// Returns whether Scull differs in a way that is known and meant, or the sandbox does;
/// docs/testing.md explains them.
fn may_differ(call: Sysno, linux: Outcome, scull: Outcome) -> bool {
    match call {
        // No file has extended attributes, and what is checked first changed between Linux's
        // versions.
        Sysno::setxattr
        | Sysno::lsetxattr
        | Sysno::fsetxattr
        | Sysno::getxattr
        | Sysno::lgetxattr
        | Sysno::fgetxattr
        | Sysno::removexattr
        | Sysno::lremovexattr
        | Sysno::fremovexattr => has_failed(scull),
        // What takes rights that the sandbox has not.
        Sysno::prlimit64 | Sysno::setrlimit | Sysno::socket | Sysno::socketpair => {
            is_error(linux, Errno::EPERM)
        }
        Sysno::setpriority => is_error(linux, Errno::EACCES),
        // The number of processors, and policies and commands of later versions.
        Sysno::sched_setaffinity
        | Sysno::sched_getaffinity
        | Sysno::sched_get_priority_min
        | Sysno::sched_get_priority_max
        | Sysno::membarrier => is_error(linux, Errno::EINVAL) != is_error(scull, Errno::EINVAL),
        // A port can be in use by a connection that is being forgotten.
        Sysno::bind | Sysno::listen | Sysno::connect => {
            is_error(linux, Errno::EADDRINUSE) || is_error(scull, Errno::EADDRINUSE)
        }
        _ => false,
    }
}
