//! The kernel's timers: wakers to be called at a point in time.

use core::task::Waker;

use abi::time::Instant;
use sched::{TimerId, TimerQueue};
use sync::SpinLock;

use crate::arch::clock;
use crate::arch::cpu::{Cpu, MAX_CPUS};

/// The timers of each processor, which it serves itself. Leaf locks: wakers are called after they
/// are released.
static TIMERS: [SpinLock<TimerQueue<Waker>>; MAX_CPUS] =
    [const { SpinLock::new(TimerQueue::new()) }; MAX_CPUS];

/// A timer: the processor that serves it, and its name there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Id {
    cpu: usize,
    timer: TimerId,
}

/// Calls `waker` at `deadline` or soon after.
pub(crate) fn insert(deadline: Instant, waker: Waker) -> Id {
    let cpu = Cpu::current().id;
    let timer = TIMERS[cpu].lock().insert(deadline, waker);
    clock::wake_at(deadline);
    Id { cpu, timer }
}

/// Takes a timer back; returns whether it had not been called yet.
pub(crate) fn cancel(id: Id) -> bool {
    let waker = TIMERS[id.cpu].lock().cancel(id.timer);
    // Dropped without the lock: it may be the last owner of something that has timers itself.
    waker.is_some()
}

/// Makes this processor be interrupted when its next timer is due.
pub(crate) fn arm() {
    let next = TIMERS[Cpu::current().id].lock().next_deadline();
    if let Some(deadline) = next {
        clock::wake_at(deadline);
    }
}

/// Calls this processor's wakers that are due.
pub(crate) fn expire() {
    let timers = &TIMERS[Cpu::current().id];
    loop {
        let waker = timers.lock().pop_expired(clock::now());
        match waker {
            Some(waker) => waker.wake(),
            None => return,
        }
    }
}

/// Gives back the memory that is kept for timers beyond those that are set.
pub(crate) fn trim() {
    TIMERS.iter().for_each(|timers| timers.lock().trim());
}

/// A timer that can be set again and again. Dropping it takes it back.
#[derive(Debug, Default)]
pub(crate) struct Alarm(SpinLock<Option<Id>>);

impl Alarm {
    /// Returns an alarm that is not set.
    pub(crate) const fn new() -> Self {
        Self(SpinLock::new(None))
    }

    /// Calls `waker` at `deadline` or soon after, in place of an earlier setting.
    pub(crate) fn arm_at(&self, deadline: Instant, waker: Waker) {
        let id = insert(deadline, waker);
        if let Some(earlier) = self.0.lock().replace(id) {
            cancel(earlier);
        }
    }

    /// Forgets the setting.
    pub(crate) fn disarm(&self) {
        if let Some(id) = self.0.lock().take() {
            cancel(id);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.disarm();
    }
}

impl vfs::anon::Alarm for Alarm {
    fn now(&self) -> Instant {
        clock::now()
    }

    fn arm(&self, deadline: Instant, waker: &Waker) {
        self.arm_at(deadline, waker.clone());
    }

    fn disarm(&self) {
        Self::disarm(self);
    }
}
