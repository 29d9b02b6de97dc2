//! The kernel's timers: wakers to be called at a point in time.

use core::task::Waker;

use abi::time::Instant;
use sched::{TimerId, TimerQueue};
use sync::SpinLock;

use crate::arch::clock;

/// All timers. A leaf lock: wakers are called after it is released.
static TIMERS: SpinLock<TimerQueue<Waker>> = SpinLock::new(TimerQueue::new());

/// Calls `waker` at `deadline` or soon after.
pub(crate) fn insert(deadline: Instant, waker: Waker) -> TimerId {
    let id = TIMERS.lock().insert(deadline, waker);
    clock::wake_at(deadline);
    id
}

/// Takes a timer back; returns whether it had not been called yet.
pub(crate) fn cancel(id: TimerId) -> bool {
    TIMERS.lock().cancel(id).is_some()
}

/// Returns when the next timer is due.
pub(crate) fn next_deadline() -> Option<Instant> {
    TIMERS.lock().next_deadline()
}

/// Calls the wakers that are due.
pub(crate) fn expire() {
    loop {
        let waker = TIMERS.lock().pop_expired(clock::now());
        match waker {
            Some(waker) => waker.wake(),
            None => return,
        }
    }
}
