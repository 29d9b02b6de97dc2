//! Wait queues: who is to be told when an object's readiness changes.
//!
//! Every object that can make a thread wait (pipe, socket, eventfd, …) owns one [`Waiters`]. A
//! thread that sleeps registers for one wake-up, epoll registers to hear of every one. Whoever
//! changes the object calls [`Waiters::wake`] after the change is visible.
//!
//! The way to wait without losing a wake-up: register, look at the object again, sleep. Or note how
//! many [`changes`](Waiters::changes) there were, look, and register unless there was one since.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;

use abi::poll::Events;

use crate::{SpinLock, SpinLockGuard, WakeList};

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

/// The end of a list of slots.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Registration {
    interest: Events,
    every: Every,
    waker: Waker,
}

impl Registration {
    fn new(interest: Events, every: Every, waker: Waker) -> Self {
        Self { interest: interest | Events::ALWAYS, every, waker }
    }
}

/// A place for one registration: in use and linked in the order of arrival, or free and linked
/// (by `next` alone) to the next free one.
#[derive(Debug)]
struct Slot {
    /// Counts the uses of the slot, so that an old [`Waiting`] does not remove its successor.
    generation: u32,
    previous: u32,
    next: u32,
    registration: Option<Registration>,
}

#[derive(Debug)]
struct Queue {
    slots: Vec<Slot>,
    free: u32,
    first: u32,
    last: u32,
}

/// The wait queue of one object. Registering and removing take constant time and allocate only
/// when more registrations than ever before are live.
#[derive(Debug)]
pub struct Waiters {
    /// Counts what was told, to whomever; changed under the queue's lock.
    changes: AtomicU32,
    queue: SpinLock<Queue>,
}

/// A registration with a [`Waiters`]; dropping it does not remove it, [`Waiters::remove`] does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    slot: u32,
    generation: u32,
}

impl Waiters {
    /// Returns an empty queue.
    pub const fn new() -> Self {
        let queue = Queue { slots: Vec::new(), free: NONE, first: NONE, last: NONE };
        Self { changes: AtomicU32::new(0), queue: SpinLock::new(queue) }
    }

    /// Registers `waker` to be told when any of `interest`, `ERR` or `HUP` comes about.
    pub fn register(&self, interest: Events, every: Every, waker: &Waker) -> Waiting {
        let registration = Registration::new(interest, every, waker.clone());
        self.queue.lock().insert(registration)
    }

    /// Returns how many changes were told so far.
    #[inline]
    pub fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }

    /// Registers like [`register`](Self::register), but not if there was a change since there had
    /// been `changes`: whoever looked at the object after he asked for that number is to look again.
    pub fn register_since(
        &self,
        changes: u32,
        interest: Events,
        every: Every,
        waker: Waker,
    ) -> Option<Waiting> {
        let registration = Registration::new(interest, every, waker);
        let mut queue = self.queue.lock();
        if self.changes.load(Ordering::Relaxed) == changes {
            return Some(queue.insert(registration));
        }
        // The lock is released before the waker is dropped.
        drop(queue);
        None
    }

    /// Removes a registration; one that was told and is gone already is no error.
    pub fn remove(&self, waiting: Waiting) {
        // The lock is released before the waker is dropped, which may free what it belongs to.
        let removed = self.queue.lock().remove(waiting);
        drop(removed);
    }

    /// Returns whether nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.queue.lock().first == NONE
    }

    /// Tells those who are interested in any of `events`.
    ///
    /// Wakers run after the queue's lock is released, so they may take any lock that the caller
    /// does not hold.
    #[inline]
    pub fn wake(&self, events: Events) {
        let queue = self.queue.lock();
        let changes = self.changes.load(Ordering::Relaxed);
        self.changes.store(changes.wrapping_add(1), Ordering::Release);
        // Mostly nobody waits.
        if queue.first != NONE {
            Self::tell(queue, events);
        }
    }

    fn tell(mut queue: SpinLockGuard<'_, Queue>, events: Events) {
        // Mostly there is one.
        if queue.first == queue.last {
            let told = queue.tell_only(events);
            drop(queue);
            return told.into_iter().for_each(Waker::wake);
        }
        let mut told = WakeList::new();
        queue.tell(events, &mut told);
        drop(queue);
        told.wake();
    }
}

impl Default for Waiters {
    fn default() -> Self {
        Self::new()
    }
}

impl Queue {
    fn insert(&mut self, registration: Registration) -> Waiting {
        let index = self.free_slot();
        self.link_last(index);
        let slot = &mut self.slots[index as usize];
        slot.registration = Some(registration);
        Waiting { slot: index, generation: slot.generation }
    }

    fn remove(&mut self, waiting: Waiting) -> Option<Registration> {
        let slot = self.slots.get(waiting.slot as usize)?;
        if slot.generation != waiting.generation {
            return None;
        }
        self.take(waiting.slot)
    }

    /// Returns the waker of the only registration there is, if that wants any of `events`.
    fn tell_only(&mut self, events: Events) -> Option<Waker> {
        let only = self.first;
        let registration = self.slots.get(only as usize)?.registration.as_ref()?;
        if !registration.interest.intersects(events) {
            return None;
        }
        match registration.every {
            Every::Once => self.take(only).map(|registration| registration.waker),
            Every::Change | Every::Exclusive => Some(registration.waker.clone()),
        }
    }

    /// Gathers the wakers of those who want any of `events`; told ones that asked for one
    /// wake-up leave, a told exclusive one moves to the end so that each gets its turn.
    fn tell(&mut self, events: Events, told: &mut WakeList) {
        let mut told_exclusive = None;
        let mut next = self.first;
        while next != NONE {
            let index = next;
            let slot = &self.slots[index as usize];
            next = slot.next;
            let Some(registration) = &slot.registration else { continue };
            if !registration.interest.intersects(events) {
                continue;
            }
            match registration.every {
                Every::Once => {
                    if let Some(registration) = self.take(index) {
                        told.push(registration.waker);
                    }
                }
                Every::Change => told.push(registration.waker.clone()),
                Every::Exclusive if told_exclusive.is_none() => {
                    told.push(registration.waker.clone());
                    told_exclusive = Some(index);
                }
                Every::Exclusive => {}
            }
        }
        if let Some(index) = told_exclusive {
            self.unlink(index);
            self.link_last(index);
        }
    }

    /// Takes a slot off the free list or makes one; it belongs to no list then.
    fn free_slot(&mut self) -> u32 {
        if self.free != NONE {
            let index = self.free;
            self.free = self.slots[index as usize].next;
            return index;
        }
        let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 wakers fit in memory");
        self.slots.push(Slot { generation: 0, previous: NONE, next: NONE, registration: None });
        index
    }

    /// Empties a slot in use and puts it on the free list.
    fn take(&mut self, index: u32) -> Option<Registration> {
        let registration = self.slots[index as usize].registration.take()?;
        self.unlink(index);
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        slot.next = self.free;
        self.free = index;
        Some(registration)
    }

    fn link_last(&mut self, index: u32) {
        let last = self.last;
        let slot = &mut self.slots[index as usize];
        slot.previous = last;
        slot.next = NONE;
        match self.slots.get_mut(last as usize) {
            Some(last) => last.next = index,
            None => self.first = index,
        }
        self.last = index;
    }

    fn unlink(&mut self, index: u32) {
        let Slot { previous, next, .. } = self.slots[index as usize];
        match self.slots.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => self.first = next,
        }
        match self.slots.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => self.last = previous,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::sync::Arc;
    use alloc::task::Wake;

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
    fn a_change_since_one_looked_is_not_waited_for() {
        let waiters = Waiters::new();
        let (count, waker) = counter();
        let seen = waiters.changes();
        waiters.wake(Events::OUT);
        assert_eq!(waiters.register_since(seen, Events::IN, Every::Once, waker.clone()), None);
        let seen = waiters.changes();
        assert!(waiters.register_since(seen, Events::IN, Every::Once, waker).is_some());
        waiters.wake(Events::IN);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
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

    #[test]
    fn exclusive_ones_take_turns() {
        let waiters = Waiters::new();
        let (first, first_waker) = counter();
        let (second, second_waker) = counter();
        waiters.register(Events::IN, Every::Exclusive, &first_waker);
        waiters.register(Events::IN, Every::Exclusive, &second_waker);
        for _ in 0..4 {
            waiters.wake(Events::IN);
        }
        assert_eq!(first.0.load(Ordering::Relaxed), 2);
        assert_eq!(second.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn an_old_registration_does_not_remove_the_next_user_of_its_slot() {
        let waiters = Waiters::new();
        let (_, waker) = counter();
        let old = waiters.register(Events::IN, Every::Once, &waker);
        waiters.wake(Events::IN);
        waiters.register(Events::IN, Every::Once, &waker);
        waiters.remove(old);
        assert!(!waiters.is_empty());
    }

    #[test]
    fn many_registrations_come_and_go_in_any_order() {
        let waiters = Waiters::new();
        let (count, waker) = counter();
        let all: Vec<_> =
            (0..100).map(|_| waiters.register(Events::IN, Every::Change, &waker)).collect();
        for waiting in all.iter().step_by(3) {
            waiters.remove(*waiting);
            waiters.remove(*waiting);
        }
        waiters.wake(Events::IN);
        assert_eq!(count.0.load(Ordering::Relaxed), 66);
        for waiting in all.iter().rev() {
            waiters.remove(*waiting);
        }
        assert!(waiters.is_empty());
    }
}
