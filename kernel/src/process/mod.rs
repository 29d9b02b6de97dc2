//! The program: its threads, its faults, its end.

pub(crate) mod attributes;
pub(crate) mod credentials;
pub(crate) mod exec;
pub(crate) mod exit;
pub(crate) mod fault;
pub(crate) mod init;
pub(crate) mod limits;
pub(crate) mod report;
pub(crate) mod rseq;
pub(crate) mod session;
pub(crate) mod signal;
pub(crate) mod stack;
pub(crate) mod thread;
pub(crate) mod time_limit;
pub(crate) mod timers;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use attributes::Attributes;
use credentials::Credentials;
use limits::Limits;
use sync::SpinLock;
use thread::Thread;

/// The program's process id, and its first thread's id.
pub(crate) const PID: u32 = 1;

/// A flag of `personality(2)`: programs are placed without randomisation from the next on.
pub(crate) const ADDR_NO_RANDOMIZE: u32 = 0x004_0000;
/// A flag of `personality(2)`: what is mapped to be read can be executed too.
pub(crate) const READ_IMPLIES_EXEC: u32 = 0x040_0000;

/// The one program that the kernel runs.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its threads by thread id. Locked before any lock of a thread.
    threads: SpinLock<BTreeMap<u32, Arc<Thread>>>,
    last_tid: AtomicU32,
    /// Processor time of threads that have ended, in nanoseconds.
    ended_cpu_time: AtomicU64,
    /// Who it is. A leaf lock.
    pub(crate) credentials: SpinLock<Credentials>,
    /// What it may use. A leaf lock.
    pub(crate) limits: SpinLock<Limits>,
    /// What it set of itself with `prctl(2)`. A leaf lock.
    pub(crate) attributes: SpinLock<Attributes>,
    /// The kinds of `membarrier(2)` it registered for.
    pub(crate) barriers: AtomicU32,
}

static PROCESS: Process = Process {
    threads: SpinLock::new(BTreeMap::new()),
    last_tid: AtomicU32::new(PID - 1),
    ended_cpu_time: AtomicU64::new(0),
    credentials: SpinLock::new(Credentials::root()),
    limits: SpinLock::new(Limits::new()),
    attributes: SpinLock::new(Attributes::new()),
    barriers: AtomicU32::new(0),
};

impl Process {
    /// Returns the program.
    pub(crate) fn current() -> &'static Self {
        &PROCESS
    }

    /// Returns an id that no thread of this program has had.
    pub(crate) fn new_tid(&self) -> u32 {
        self.last_tid.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Makes everything as it was before the first program. It has no threads.
    pub(crate) fn reset(&self) {
        self.last_tid.store(PID - 1, Ordering::Relaxed);
        self.ended_cpu_time.store(0, Ordering::Relaxed);
        *self.credentials.lock() = Credentials::root();
        *self.limits.lock() = Limits::new();
        *self.attributes.lock() = Attributes::new();
        self.barriers.store(0, Ordering::Relaxed);
    }

    /// Adds a thread, which keeps it alive until [`remove`](Self::remove).
    pub(crate) fn add(&self, thread: Arc<Thread>) {
        self.threads.lock().insert(thread.tid, thread);
    }

    /// Takes a thread off the list and returns it and how many are left.
    pub(crate) fn remove(&self, tid: u32) -> (Option<Arc<Thread>>, usize) {
        let mut threads = self.threads.lock();
        let thread = threads.remove(&tid);
        let time = thread.as_ref().map_or(0, |thread| thread.cpu_time.load(Ordering::Relaxed));
        self.ended_cpu_time.fetch_add(time, Ordering::Relaxed);
        (thread, threads.len())
    }

    /// Returns the thread with an id.
    pub(crate) fn thread(&self, tid: u32) -> Option<Arc<Thread>> {
        self.threads.lock().get(&tid).cloned()
    }

    /// Returns the processor time of all threads, in nanoseconds, as of their last accounting.
    pub(crate) fn cpu_time(&self) -> u64 {
        let threads = self.threads.lock();
        let running: u64 =
            threads.values().map(|thread| thread.cpu_time.load(Ordering::Relaxed)).sum();
        running + self.ended_cpu_time.load(Ordering::Relaxed)
    }

    /// Returns how many threads there are.
    pub(crate) fn thread_count(&self) -> usize {
        self.threads.lock().len()
    }

    /// Calls `visit` for each thread, lowest id first, unless the list is locked: the kernel may
    /// have given up then. Returns whether it did.
    pub(crate) fn try_each_thread(&self, mut visit: impl FnMut(&Thread)) -> bool {
        let Some(threads) = self.threads.try_lock() else { return false };
        threads.values().for_each(|thread| visit(thread));
        true
    }

    /// Calls `visit` for each thread, lowest id first, until it returns true.
    pub(crate) fn find_thread(
        &self,
        mut visit: impl FnMut(&Arc<Thread>) -> bool,
    ) -> Option<Arc<Thread>> {
        self.threads.lock().values().find(|thread| visit(thread)).cloned()
    }
}
