//! Wait queues: who is to be told when an object's readiness changes.
//!
//! Every object that can make a thread wait (pipe, socket, eventfd, …) owns one [`Waiters`]. A
//! thread that sleeps registers for one wake-up, epoll registers to hear of every one. Whoever
//! changes the object calls [`Waiters::wake`] after the change is visible.
//!
//! The way to wait without losing a wake-up: register, look at the object again, sleep.

use alloc::vec::Vec;
use core::task::Waker;

use abi::poll::Events;

use crate::SpinLock;

/// How often a registration is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Every {
    /// Once; then the registration is gone.
    Once,
    /// At every change until removed (epoll).
    Change,
    /// At every change, but of all such registrations only one is told each time
    /// (`EPOLLEXCLUSIVE`, a thread in `accept(2)`).
    Exclusive,
}

#[derive(Debug)]
struct Registration {
    id: u64,
    interest: Events,
    every: Every,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Queue {
    next_id: u64,
    registrations: Vec<Registration>,
}

/// The wait queue of one object.
#[derive(Debug, Default)]
pub struct Waiters(SpinLock<Queue>);

/// A registration with a [`Waiters`]; dropping it does not remove it, [`Waiters::remove`] does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting(u64);

impl Waiters {
    /// Returns an empty queue.
    pub const fn new() -> Self {
        Self(SpinLock::new(Queue { next_id: 0, registrations: Vec::new() }))
    }

    /// Registers `waker` to be told when any of `interest`, `ERR` or `HUP` comes about.
    pub fn register(&self, interest: Events, every: Every, waker: &Waker) -> Waiting {
        let mut queue = self.0.lock();
        let id = queue.next_id;
        queue.next_id += 1;
        let interest = interest | Events::ALWAYS;
        queue.registrations.push(Registration { id, interest, every, waker: waker.clone() });
        Waiting(id)
    }

    /// Removes a registration; one that was told and is gone already is no error.
    pub fn remove(&self, waiting: Waiting) {
        let mut queue = self.0.lock();
        if let Some(index) = queue.registrations.iter().position(|r| r.id == waiting.0) {
            queue.registrations.remove(index);
        }
    }

    /// Returns whether nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.0.lock().registrations.is_empty()
    }

    /// Tells those who are interested in any of `events`.
    ///
    /// Wakers run after the queue's lock is released, so they may take any lock that the caller
    /// does not hold.
    pub fn wake(&self, events: Events) {
        let mut queue = self.0.lock();
        if queue.registrations.is_empty() {
            return;
        }
        let mut told = Vec::new();
        let mut exclusive_told = false;
        queue.registrations.retain(|registration| {
            if !registration.interest.intersects(events) {
                return true;
            }
            if registration.every == Every::Exclusive {
                if exclusive_told {
                    return true;
                }
                exclusive_told = true;
            }
            told.push(registration.waker.clone());
            registration.every != Every::Once
        });
        drop(queue);
        told.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use core::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counter() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), Waker::from(count))
    }

    #[test]
    fn once_is_told_once_and_change_every_time() {
        let waiters = Waiters::new();
        let (once, once_waker) = counter();
        let (change, change_waker) = counter();
        waiters.register(Events::IN, Every::Once, &once_waker);
        let waiting = waiters.register(Events::IN, Every::Change, &change_waker);
        waiters.wake(Events::OUT);
        waiters.wake(Events::IN);
        waiters.wake(Events::HUP);
        assert_eq!(once.0.load(Ordering::Relaxed), 1);
        assert_eq!(change.0.load(Ordering::Relaxed), 2);
        waiters.remove(waiting);
        assert!(waiters.is_empty());
    }

    #[test]
    fn exclusive_tells_one() {
        let waiters = Waiters::new();
        let (count, waker) = counter();
        waiters.register(Events::IN, Every::Exclusive, &waker);
        waiters.register(Events::IN, Every::Exclusive, &waker);
        waiters.wake(Events::IN);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}
