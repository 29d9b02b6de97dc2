//! Signals that wait to be delivered.

use alloc::collections::VecDeque;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::resource::RLIMIT_SIGPENDING;
use abi::signal::{SI_USER, SigInfo, Signal, SignalSet};
use abi::{Errno, Result};
use sync::SpinLock;

use crate::process::Process;

/// Room for what one signal carries, or for a timer's; `RLIMIT_SIGPENDING` counts them.
#[derive(Debug)]
pub(in crate::process) struct Room(());

/// How much room is taken.
static TAKEN: AtomicU64 = AtomicU64::new(0);

impl Room {
    /// Takes room for one, if the limit permits it.
    pub(in crate::process) fn take() -> Option<Self> {
        let room = Self::take_always();
        let limit = Process::current().limits.lock().soft(RLIMIT_SIGPENDING);
        (TAKEN.load(Ordering::Relaxed) <= limit).then_some(room)
    }

    /// Takes room for one, whatever the limit says: for what comes once at most.
    fn take_always() -> Self {
        TAKEN.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        TAKEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns how much room is taken.
pub(super) fn taken() -> u64 {
    TAKEN.load(Ordering::Relaxed)
}

/// Who sends a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// A system call.
    Call,
    /// The kernel or a timer, which sends the next one only after this was taken.
    Kernel,
}

#[derive(Debug)]
struct Queued {
    signal: Signal,
    info: SigInfo,
    _room: Room,
}

/// A queue of signals: one of each standard signal, all of each real-time signal.
#[derive(Debug)]
pub(super) struct Pending {
    /// Which signals are pending, to be read without the lock. One that is not in the queue has
    /// lost what it carried, because there was no room for it.
    set: AtomicU64,
    queue: SpinLock<VecDeque<Queued>>,
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
    /// `EAGAIN` if there is no room for what a real-time signal carries. What others carry is lost
    /// then, as in Linux.
    pub(super) fn push(&self, signal: Signal, info: SigInfo, origin: Origin) -> Result<bool> {
        let is_owed = origin == Origin::Kernel || !signal.is_realtime() && info.code >= SI_USER;
        let room = if is_owed { Some(Room::take_always()) } else { Room::take() };
        let mut queue = self.queue.lock();
        if !signal.is_realtime() && self.set().contains(signal) {
            return Ok(false);
        }
        let has_memory = queue.try_reserve(1).is_ok();
        match room.filter(|_| has_memory) {
            Some(room) => queue.push_back(Queued { signal, info, _room: room }),
            None if signal.is_realtime() && info.code != SI_USER => return Err(Errno::EAGAIN),
            None => {}
        }
        self.set.store(self.set().with(signal).bits(), Ordering::Relaxed);
        Ok(true)
    }

    /// Takes out the first of those in `wanted`: those that an exception raised, then the one of
    /// the lowest number, then the one that came first.
    pub(super) fn take(&self, wanted: SignalSet) -> Option<SigInfo> {
        if (self.set() & wanted).is_empty() {
            return None;
        }
        let mut queue = self.queue.lock();
        // Another thread may have taken it meanwhile.
        let candidates = self.set() & wanted;
        let raised = candidates & SignalSet::SYNCHRONOUS;
        let signal = raised.lowest().or_else(|| candidates.lowest())?;
        let first = queue.iter().position(|queued| queued.signal == signal);
        let queued = first.and_then(|index| queue.remove(index));
        if !queue.iter().any(|queued| queued.signal == signal) {
            self.set.store(self.set().without(signal).bits(), Ordering::Relaxed);
        }
        let lost = || SigInfo::from_process(signal, SI_USER, 0, 0);
        Some(queued.map_or_else(lost, |queued| queued.info))
    }

    /// Drops all of `signals`.
    pub(super) fn forget(&self, signals: SignalSet) {
        let mut queue = self.queue.lock();
        queue.retain(|queued| !signals.contains(queued.signal));
        self.set.store((self.set() & !signals).bits(), Ordering::Relaxed);
    }
}
