//! Signals that wait to be delivered.

use alloc::collections::VecDeque;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::signal::{SigInfo, Signal, SignalSet};
use abi::{Errno, Result};
use sync::SpinLock;

/// How many real-time signals may wait, `RLIMIT_SIGPENDING`.
const LIMIT: usize = 4096;

/// A queue of signals: one of each standard signal, all of each real-time signal.
#[derive(Debug)]
pub(super) struct Pending {
    /// Which signals are in the queue, to be read without the lock.
    set: AtomicU64,
    queue: SpinLock<VecDeque<(Signal, SigInfo)>>,
}

impl Pending {
    pub(super) const fn new() -> Self {
        Self { set: AtomicU64::new(0), queue: SpinLock::new(VecDeque::new()) }
    }

    /// Returns which signals wait.
    #[inline]
    pub(super) fn set(&self) -> SignalSet {
        SignalSet::from_bits(self.set.load(Ordering::Relaxed))
    }

    /// Puts a signal in; returns false for a standard one that waits already.
    ///
    /// # Errors
    /// `EAGAIN` if the queue is full.
    pub(super) fn push(&self, signal: Signal, info: SigInfo) -> Result<bool> {
        let mut queue = self.queue.lock();
        if !signal.is_realtime() && self.set().contains(signal) {
            return Ok(false);
        }
        if signal.is_realtime() && queue.len() >= LIMIT {
            return Err(Errno::EAGAIN);
        }
        queue.push_back((signal, info));
        self.set.store(self.set().with(signal).bits(), Ordering::Relaxed);
        Ok(true)
    }

    /// Takes out the first of those in `wanted`: those that an exception raised, then the one of
    /// the lowest number, then the one that came first.
    pub(super) fn take(&self, wanted: SignalSet) -> Option<SigInfo> {
        let candidates = self.set() & wanted;
        let raised = candidates & SignalSet::SYNCHRONOUS;
        let signal = raised.lowest().or_else(|| candidates.lowest())?;
        let mut queue = self.queue.lock();
        let index = queue.iter().position(|(queued, _)| *queued == signal)?;
        let (_, info) = queue.remove(index)?;
        if !queue.iter().any(|(queued, _)| *queued == signal) {
            self.set.store(self.set().without(signal).bits(), Ordering::Relaxed);
        }
        Some(info)
    }

    /// Drops all of `signals`.
    pub(super) fn forget(&self, signals: SignalSet) {
        let mut queue = self.queue.lock();
        queue.retain(|(queued, _)| !signals.contains(*queued));
        self.set.store((self.set() & !signals).bits(), Ordering::Relaxed);
    }
}
