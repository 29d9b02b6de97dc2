//! The futex table: who sleeps on which word, `futex(2)`.
//!
//! The table is split into shards by the word's address, each behind its own lock, so that
//! threads on different words do not meet. It never reads a program's memory and never sleeps:
//! the check of the word's value is a closure that runs under the shard's lock, and a waiter is
//! woken through its [`Waker`].
//!
//! No wake-up is lost because a waker changes the word before it calls [`FutexTable::wake`],
//! which takes the lock under which the waiter checked the word and queued itself.
//!
//! Lock order: of two shards, the one of the lower number first.

mod shard;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::Waker;

use abi::{Errno, Result};
use sync::{SpinLock, WakeList};

use self::shard::{Entry, Pair, Shard};

/// How many shards there are.
const SHARDS: usize = 256;
/// The place of a waiter that is not queued.
const NOWHERE: u64 = u64::MAX;

/// The bit set that meets every other: what `FUTEX_WAIT` and `FUTEX_WAKE` use.
pub const MATCH_ANY: u32 = u32::MAX;

/// What a waiter waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum For {
    /// A wake-up with a bit set that meets this one, which is not empty: `FUTEX_WAIT_BITSET`.
    WakeUp(u32),
    /// A lock that is handed from owner to owner: `FUTEX_LOCK_PI`.
    Lock,
    /// To be moved to the lock of this key: `FUTEX_WAIT_REQUEUE_PI`.
    Requeue(Key),
}

impl For {
    /// Returns whether a wake-up with `bitset` is meant for it.
    ///
    /// # Errors
    /// `EINVAL` for what no wake-up is ever meant for.
    const fn meets(self, bitset: u32) -> Result<bool> {
        match self {
            Self::WakeUp(own) => Ok(own & bitset != 0),
            Self::Lock | Self::Requeue(_) => Err(Errno::EINVAL),
        }
    }
}

/// What identifies a futex word: threads that name the same key meet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Key {
    object: u64,
    offset: u64,
}

impl Key {
    /// Returns the key of a word in memory that is not shared beyond the address space, by its
    /// address.
    pub const fn private(address: u64) -> Self {
        Self { object: 0, offset: address }
    }

    /// Returns the key of a word in a shared object, which may be mapped at several addresses;
    /// `object` is not 0.
    pub const fn shared(object: u64, offset: u64) -> Self {
        Self { object, offset }
    }

    fn shard(self) -> usize {
        // Fibonacci hashing: the upper bits of the product depend on all bits of the key.
        let mixed = (self.offset >> 2) ^ self.object.rotate_left(32);
        let hash = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        usize::try_from(hash).unwrap_or(0) % SHARDS
    }
}

/// A thread's part in the table. Every thread owns one and uses it for all its waits, one at a
/// time, so that waiting allocates nothing.
#[derive(Debug)]
pub struct FutexWaiter {
    /// Whose it is, as a lock word names its owner.
    owner: u32,
    /// Shard and slot while queued, else [`NOWHERE`]. Written under the lock of the shard that it
    /// names (when it moves, of both).
    place: AtomicU64,
}

impl FutexWaiter {
    /// Returns the waiter of a thread that waits for nothing; `owner` is the thread's id.
    pub const fn new(owner: u32) -> Self {
        Self { owner, place: AtomicU64::new(NOWHERE) }
    }

    /// Returns whether it still waits: it was queued and has been neither woken nor cancelled.
    pub fn is_waiting(&self) -> bool {
        self.place.load(Ordering::Acquire) != NOWHERE
    }

    fn put(&self, place: Option<(usize, u32)>) {
        let packed = match place {
            Some((shard, slot)) => (shard as u64) << 32 | u64::from(slot),
            None => NOWHERE,
        };
        self.place.store(packed, Ordering::Release);
    }

    fn place(&self) -> Option<(usize, u32)> {
        let packed = self.place.load(Ordering::Acquire);
        let shard = usize::try_from(packed >> 32).ok()?;
        let slot = u32::try_from(packed & u64::from(u32::MAX)).ok()?;
        (packed != NOWHERE).then_some((shard, slot))
    }
}

/// All waiters.
#[derive(Debug)]
pub struct FutexTable {
    shards: [SpinLock<Shard>; SHARDS],
}

impl FutexTable {
    /// Returns an empty table.
    pub const fn new() -> Self {
        Self { shards: [const { SpinLock::new(Shard::new()) }; SHARDS] }
    }

    /// Gives the memory back of shards that nobody waits in, which is kept for the next to wait.
    pub fn trim(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            if shard.is_empty() {
                *shard = Shard::new();
            }
        }
    }

    /// Queues `waiter` on `key` if `check` agrees: `FUTEX_WAIT_BITSET` and the other calls that
    /// wait. The caller then sleeps until [`FutexWaiter::is_waiting`] is false, of which `waker`
    /// tells, or calls [`cancel`](Self::cancel).
    ///
    /// `check` compares the word under the lock; it may not fault, sleep or use the table.
    ///
    /// # Errors
    /// `EINVAL` for an empty bit set, or for a lock whose word others await wake-ups on; what
    /// `check` returns (`EAGAIN` where the value differs).
    pub fn wait(
        &self,
        key: Key,
        what: For,
        waiter: &Arc<FutexWaiter>,
        waker: Waker,
        check: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        debug_assert!(!waiter.is_waiting(), "a waiter waits for one word at a time");
        if what == For::WakeUp(0) {
            return Err(Errno::EINVAL);
        }
        let number = key.shard();
        let mut shard = self.shards[number].lock();
        if what == For::Lock {
            shard.check_lock(key)?;
        }
        check()?;
        let entry = Entry { key, what, waiter: waiter.clone(), waker };
        shard.insert(number, entry);
        Ok(())
    }

    /// Takes a waiter out that timed out or was interrupted. Returns what it still waited for;
    /// `None` if it was woken before, which the caller must then count as a wake-up.
    pub fn cancel(&self, waiter: &FutexWaiter) -> Option<For> {
        while let Some((number, slot)) = waiter.place() {
            let mut shard = self.shards[number].lock();
            // A requeue may have moved it in between.
            if waiter.place() == Some((number, slot)) {
                let entry = shard.take(slot);
                drop(shard);
                return entry.map(|entry| entry.what);
            }
        }
        None
    }

    /// Wakes up to `count` waiters of `key` whose bit set meets `bitset`, those that came first;
    /// returns how many: `FUTEX_WAKE_BITSET`.
    ///
    /// # Errors
    /// `EINVAL` for an empty bit set, or if one of them waits for a lock; those before it are
    /// woken.
    pub fn wake(&self, key: Key, count: u32, bitset: u32) -> Result<u32> {
        if bitset == 0 {
            return Err(Errno::EINVAL);
        }
        let mut shard = self.shards[key.shard()].lock();
        if shard.is_empty() {
            return Ok(0);
        }
        if count == 1 {
            let first = shard.next_to_wake(key, bitset)?;
            let entry = first.and_then(|index| shard.take(index));
            drop(shard);
            return Ok(entry.map_or(0, |entry| {
                entry.waker.wake();
                1
            }));
        }
        let mut woken = WakeList::new();
        let count = shard.wake(key, count, bitset, &mut woken);
        drop(shard);
        woken.wake();
        count
    }

    /// Wakes the waiter of `key` that came first, once `hand_over` has given it what it waits for:
    /// `FUTEX_UNLOCK_PI`. `hand_over` is told the owner of that waiter and whether others are
    /// left, or `None` if nobody waits, and runs under the lock as the check of
    /// [`wait`](Self::wait).
    ///
    /// # Errors
    /// `EINVAL` if that waiter does not wait for a lock; what `hand_over` returns. Nobody is woken
    /// then.
    pub fn hand_over(
        &self,
        key: Key,
        hand_over: impl FnOnce(Option<(u32, bool)>) -> Result<()>,
    ) -> Result<()> {
        let mut shard = self.shards[key.shard()].lock();
        let (first, has_more) = {
            let mut waiting = shard.waiting(key);
            (waiting.next(), waiting.next().is_some())
        };
        shard.check_lock(key)?;
        let Some(first) = first else { return hand_over(None) };
        let owner = shard.entry(first).map_or(0, |entry| entry.waiter.owner);
        hand_over(Some((owner, has_more)))?;
        let entry = shard.take(first);
        drop(shard);
        if let Some(entry) = entry {
            entry.waker.wake();
        }
        Ok(())
    }

    /// Wakes up to `wake` waiters of `from` and makes up to `requeue` of the others wait on `to`;
    /// returns how many of each: `FUTEX_REQUEUE`, and `FUTEX_CMP_REQUEUE` if `check` compares.
    ///
    /// # Errors
    /// What `check` returns, which runs under the locks as in [`wait`](Self::wait); `EINVAL` if a
    /// waiter waits for a lock, those before it are woken or moved.
    pub fn requeue(
        &self,
        (from, to): (Key, Key),
        wake: u32,
        requeue: u32,
        check: impl FnOnce() -> Result<()>,
    ) -> Result<(u32, u32)> {
        let mut woken = WakeList::new();
        let mut pair = self.lock_pair(from.shard(), to.shard());
        check()?;
        let result = pair.first().wake(from, wake, MATCH_ANY, &mut woken).and_then(|count| {
            if from == to {
                return Ok((count, pair.first().count(from).min(requeue)));
            }
            let mut moved = 0;
            while moved < requeue
                && let Some(index) = pair.first().next_to_wake(from, MATCH_ANY)?
            {
                pair.move_to(index, to, None);
                moved += 1;
            }
            Ok((count, moved))
        });
        drop(pair);
        woken.wake();
        result
    }

    /// Gives the waiters of `from` that asked to be moved to the lock of `to` that lock, or makes
    /// them wait for it: `FUTEX_CMP_REQUEUE_PI`. Of those who wait, up to `most` are done; returns
    /// how many. `take` tries to take the lock for a thread and says whether it did; its second
    /// argument is whether more may be moved.
    ///
    /// # Errors
    /// `EINVAL` for a waiter that did not ask for this, or if something else than locks is waited
    /// for on `to`; what `check` and `take` return, which run under the locks as in
    /// [`wait`](Self::wait). Waiters before it have been dealt with.
    pub fn requeue_to_lock(
        &self,
        (from, to): (Key, Key),
        most: u32,
        check: impl FnOnce() -> Result<()>,
        mut take: impl FnMut(u32, bool) -> Result<bool>,
    ) -> Result<u32> {
        let mut woken = WakeList::new();
        let mut pair = self.lock_pair(from.shard(), to.shard());
        check()?;
        let mut done = 0;
        let result = loop {
            let Some(index) = pair.first().waiting(from).next().filter(|_| done < most) else {
                break Ok(done);
            };
            let step = pair.take_or_move(index, to, &mut |owner| take(owner, most > 1));
            match step {
                Ok(taken) => taken.into_iter().for_each(|waker| woken.push(waker)),
                Err(error) => break Err(error),
            }
            done += 1;
        };
        drop(pair);
        woken.wake();
        result
    }

    /// Wakes up to `count` waiters of `first`, and up to `other_count` of `second` if `operate`,
    /// which changes `second`'s word, says so; returns how many in all: `FUTEX_WAKE_OP`.
    ///
    /// # Errors
    /// What `operate` returns, which runs under the locks as in [`wait`](Self::wait); `EINVAL` if
    /// a waiter waits for a lock, those before it are woken.
    pub fn wake_op(
        &self,
        (first, second): (Key, Key),
        count: u32,
        other_count: u32,
        operate: impl FnOnce() -> Result<bool>,
    ) -> Result<u32> {
        let mut woken = WakeList::new();
        let mut pair = self.lock_pair(first.shard(), second.shard());
        let wakes_other = operate()?;
        let total = pair.first().wake(first, count, MATCH_ANY, &mut woken).and_then(|total| {
            let other_count = if wakes_other { other_count } else { 0 };
            Ok(total + pair.second().wake(second, other_count, MATCH_ANY, &mut woken)?)
        });
        drop(pair);
        woken.wake();
        total
    }

    fn lock_pair(&self, first: usize, second: usize) -> Pair<'_> {
        if first == second {
            return Pair { first: self.shards[first].lock(), second: None };
        }
        if first < second {
            let first = self.shards[first].lock();
            return Pair { first, second: Some(self.shards[second].lock()) };
        }
        let second = self.shards[second].lock();
        Pair { first: self.shards[first].lock(), second: Some(second) }
    }
}

impl Default for FutexTable {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
