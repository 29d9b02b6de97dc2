//! Resource limits, `getrlimit(2)`.

use core::sync::atomic::{AtomicU64, Ordering};

use abi::resource::{
    RLIM_INFINITY, RLIM_NLIMITS, RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE,
    RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RTPRIO, RLIMIT_SIGPENDING, RLIMIT_STACK, Rlimit,
};
use abi::{Errno, Result};
use mm::PAGE_SIZE;

use super::stack;
use crate::memory::FRAMES;

/// Soft and hard limit of open descriptors: enough for a server that does not raise it itself.
const OPEN_FILES: Rlimit = Rlimit { rlim_cur: 65_536, rlim_max: 1 << 20 };
/// The main thread's stack, as Linux has it.
const STACK: Rlimit = Rlimit { rlim_cur: 8 << 20, rlim_max: RLIM_INFINITY };
/// Locked memory, as Linux has it; it holds for a program without capabilities only.
const LOCKED: Rlimit = both(8 << 20);
/// Nobody dumps core.
const CORE: Rlimit = Rlimit { rlim_cur: 0, rlim_max: RLIM_INFINITY };
/// POSIX message queues, as Linux has it; there are none.
const QUEUES: Rlimit = both(819_200);
const NONE: Rlimit = both(RLIM_INFINITY);
/// The least memory that a thread takes: the page of its kernel stack that is always mapped, a
/// page of its own stack, and as much again of tables and of what the kernel keeps.
const THREAD_BYTES: u64 = 4 * stack::MAPPED;

const fn both(limit: u64) -> Rlimit {
    Rlimit { rlim_cur: limit, rlim_max: limit }
}

/// How many threads there may be; set once memory is known.
static MOST_THREADS: AtomicU64 = AtomicU64::new(0);

/// Returns how many threads there may be (`kernel.threads-max`), whoever asks.
pub(crate) fn most_threads() -> u64 {
    MOST_THREADS.load(Ordering::Relaxed)
}

/// The program's limits by their numbers.
#[derive(Debug)]
pub(crate) struct Limits([Rlimit; RLIM_NLIMITS]);

impl Limits {
    /// Returns the limits that a program starts with, but for those that depend on memory.
    pub(crate) const fn new() -> Self {
        let mut limits = [NONE; RLIM_NLIMITS];
        limits[RLIMIT_NOFILE as usize] = OPEN_FILES;
        limits[RLIMIT_STACK as usize] = STACK;
        limits[RLIMIT_MEMLOCK as usize] = LOCKED;
        limits[RLIMIT_CORE as usize] = CORE;
        limits[RLIMIT_MSGQUEUE as usize] = QUEUES;
        limits[RLIMIT_NICE as usize] = both(0);
        limits[RLIMIT_RTPRIO as usize] = both(0);
        Self(limits)
    }

    /// Sets the limits that depend on the machine's memory, as Linux does: threads, and half as
    /// many signals that wait.
    pub(crate) fn fit_memory(&mut self) {
        let threads = FRAMES.total() * PAGE_SIZE / THREAD_BYTES;
        MOST_THREADS.store(threads, Ordering::Relaxed);
        self.0[RLIMIT_NPROC as usize] = both(threads / 2);
        self.0[RLIMIT_SIGPENDING as usize] = both(threads / 2);
    }

    /// Returns the limit that is in force of a resource; there is none on what is no resource.
    pub(crate) fn soft(&self, resource: u32) -> u64 {
        self.get(resource).map_or(RLIM_INFINITY, |limit| limit.rlim_cur)
    }

    /// Returns a limit.
    ///
    /// # Errors
    /// `EINVAL` for a number that is no limit.
    pub(crate) fn get(&self, resource: u32) -> Result<Rlimit> {
        usize::try_from(resource)
            .ok()
            .and_then(|index| self.0.get(index))
            .copied()
            .ok_or(Errno::EINVAL)
    }

    /// Sets a limit.
    ///
    /// # Errors
    /// `EINVAL` for a number that is no limit or a soft limit above the hard one; `EPERM` for
    /// raising a hard limit without being privileged, or that of open files beyond what there is.
    pub(crate) fn set(&mut self, resource: u32, limit: Rlimit, is_privileged: bool) -> Result<()> {
        let old = self.get(resource)?;
        if limit.rlim_cur > limit.rlim_max {
            return Err(Errno::EINVAL);
        }
        let is_beyond = resource == RLIMIT_NOFILE && limit.rlim_max > OPEN_FILES.rlim_max;
        if is_beyond || (limit.rlim_max > old.rlim_max && !is_privileged) {
            return Err(Errno::EPERM);
        }
        self.0[resource as usize] = limit;
        Ok(())
    }
}
