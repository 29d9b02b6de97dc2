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

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::Waker;

use abi::{Errno, Result};
use sync::{SpinLock, SpinLockGuard, WakeList};

/// How many shards there are.
const SHARDS: usize = 256;
/// The end of a list of slots.
const NONE: u32 = u32::MAX;
/// The place of a waiter that is not queued.
const NOWHERE: u64 = u64::MAX;

/// The bit set that meets every other: what `FUTEX_WAIT` and `FUTEX_WAKE` use.
pub const MATCH_ANY: u32 = u32::MAX;

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

/// A waiter in the queue.
#[derive(Debug)]
struct Entry {
    key: Key,
    bitset: u32,
    waiter: Arc<FutexWaiter>,
    waker: Waker,
}

/// A place for one entry, in the list of the queued or in that of the free.
#[derive(Debug)]
struct Slot {
    previous: u32,
    next: u32,
    entry: Option<Entry>,
}

/// The waiters of the keys of one hash, in the order in which they came.
#[derive(Debug)]
struct Shard {
    slots: Vec<Slot>,
    free: u32,
    first: u32,
    last: u32,
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
            if shard.first == NONE {
                *shard = Shard::new();
            }
        }
    }

    /// Queues `waiter` on `key` if `check` agrees: `FUTEX_WAIT_BITSET`. The caller then sleeps
    /// until [`FutexWaiter::is_waiting`] is false, or calls [`cancel`](Self::cancel).
    ///
    /// `check` compares the word under the lock; it may not fault, sleep or use the table.
    ///
    /// # Errors
    /// `EINVAL` for an empty bit set; what `check` returns (`EAGAIN` where the value differs).
    pub fn wait(
        &self,
        key: Key,
        bitset: u32,
        waiter: &Arc<FutexWaiter>,
        waker: &Waker,
        check: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        debug_assert!(!waiter.is_waiting(), "a waiter waits for one word at a time");
        if bitset == 0 {
            return Err(Errno::EINVAL);
        }
        let number = key.shard();
        let mut shard = self.shards[number].lock();
        check()?;
        let entry = Entry { key, bitset, waiter: waiter.clone(), waker: waker.clone() };
        shard.insert(number, entry);
        Ok(())
    }

    /// Takes a waiter out that timed out or was interrupted. Returns true if it still waited,
    /// false if it was woken before, which the caller must then count as a wake-up.
    pub fn cancel(&self, waiter: &FutexWaiter) -> bool {
        while let Some((number, slot)) = waiter.place() {
            let mut shard = self.shards[number].lock();
            // A requeue may have moved it in between.
            if waiter.place() == Some((number, slot)) {
                let entry = shard.take(slot);
                drop(shard);
                drop(entry);
                return true;
            }
        }
        false
    }

    /// Wakes up to `count` waiters of `key` whose bit set meets `bitset`, those that came first;
    /// returns how many: `FUTEX_WAKE_BITSET`.
    ///
    /// # Errors
    /// `EINVAL` for an empty bit set.
    pub fn wake(&self, key: Key, count: u32, bitset: u32) -> Result<u32> {
        if bitset == 0 {
            return Err(Errno::EINVAL);
        }
        let mut woken = WakeList::new();
        let count = self.shards[key.shard()].lock().wake(key, count, bitset, &mut woken);
        woken.wake();
        Ok(count)
    }

    /// Wakes the waiter of `key` that came first, once `hand_over` has given it what it waits for:
    /// `FUTEX_UNLOCK_PI`. `hand_over` is told the owner of that waiter and whether others are
    /// left, or `None` if nobody waits, and runs under the lock as the check of
    /// [`wait`](Self::wait).
    ///
    /// # Errors
    /// What `hand_over` returns; then nobody is woken.
    pub fn hand_over(
        &self,
        key: Key,
        hand_over: impl FnOnce(Option<(u32, bool)>) -> Result<()>,
    ) -> Result<()> {
        let mut shard = self.shards[key.shard()].lock();
        let (first, has_more) = {
            let mut waiting = shard.matching(key, MATCH_ANY);
            (waiting.next(), waiting.next().is_some())
        };
        let Some(first) = first else { return hand_over(None) };
        let owner = shard.slots[first as usize].entry.as_ref().map_or(0, |e| e.waiter.owner);
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
    /// What `check` returns, which runs under the locks as in [`wait`](Self::wait).
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
        let wake_count = pair.first().wake(from, wake, MATCH_ANY, &mut woken);
        let mut moved = 0;
        if from != to {
            while moved < requeue {
                let Some(mut entry) = pair.first().take_first(from, MATCH_ANY) else { break };
                entry.key = to;
                pair.second().insert(to.shard(), entry);
                moved += 1;
            }
        } else {
            moved = pair.first().count(from).min(requeue);
        }
        drop(pair);
        woken.wake();
        Ok((wake_count, moved))
    }

    /// Wakes up to `count` waiters of `first`, and up to `other_count` of `second` if `operate`,
    /// which changes `second`'s word, says so; returns how many in all: `FUTEX_WAKE_OP`.
    ///
    /// # Errors
    /// What `operate` returns, which runs under the locks as in [`wait`](Self::wait).
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
        let mut total = pair.first().wake(first, count, MATCH_ANY, &mut woken);
        if wakes_other {
            total += pair.second().wake(second, other_count, MATCH_ANY, &mut woken);
        }
        drop(pair);
        woken.wake();
        Ok(total)
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

/// Two shards, locked; they may be one and the same.
struct Pair<'a> {
    first: SpinLockGuard<'a, Shard>,
    second: Option<SpinLockGuard<'a, Shard>>,
}

impl Pair<'_> {
    fn first(&mut self) -> &mut Shard {
        &mut self.first
    }

    fn second(&mut self) -> &mut Shard {
        self.second.as_mut().unwrap_or(&mut self.first)
    }
}

impl Shard {
    const fn new() -> Self {
        Self { slots: Vec::new(), free: NONE, first: NONE, last: NONE }
    }

    /// Appends an entry; `number` is the shard's own.
    fn insert(&mut self, number: usize, entry: Entry) {
        let index = match self.slots.get(self.free as usize) {
            Some(slot) => core::mem::replace(&mut self.free, slot.next),
            None => {
                self.slots.push(Slot { previous: NONE, next: NONE, entry: None });
                u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 threads fit in memory")
            }
        };
        entry.waiter.put(Some((number, index)));
        let last = self.last;
        self.slots[index as usize] = Slot { previous: last, next: NONE, entry: Some(entry) };
        match self.slots.get_mut(last as usize) {
            Some(last) => last.next = index,
            None => self.first = index,
        }
        self.last = index;
    }

    /// Takes the entry of a slot out and marks its waiter as not waiting any more.
    fn take(&mut self, index: u32) -> Option<Entry> {
        let slot = self.slots.get_mut(index as usize)?;
        let entry = slot.entry.take()?;
        let (previous, next) = (slot.previous, slot.next);
        slot.next = core::mem::replace(&mut self.free, index);
        match self.slots.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => self.first = next,
        }
        match self.slots.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => self.last = previous,
        }
        entry.waiter.put(None);
        Some(entry)
    }

    /// Returns the slots of the entries of `key` that meet `bitset`, first come first.
    fn matching(&self, key: Key, bitset: u32) -> impl Iterator<Item = u32> {
        let mut next = self.first;
        core::iter::from_fn(move || {
            loop {
                let index = next;
                let slot = self.slots.get(index as usize)?;
                next = slot.next;
                let entry = slot.entry.as_ref();
                if entry.is_some_and(|entry| entry.key == key && entry.bitset & bitset != 0) {
                    return Some(index);
                }
            }
        })
    }

    fn take_first(&mut self, key: Key, bitset: u32) -> Option<Entry> {
        let index = self.matching(key, bitset).next()?;
        self.take(index)
    }

    fn count(&self, key: Key) -> u32 {
        u32::try_from(self.matching(key, MATCH_ANY).count()).unwrap_or(u32::MAX)
    }

    fn wake(&mut self, key: Key, count: u32, bitset: u32, woken: &mut WakeList) -> u32 {
        let mut done = 0;
        while done < count {
            let Some(entry) = self.take_first(key, bitset) else { break };
            woken.push(entry.waker);
            done += 1;
        }
        done
    }
}

#[cfg(test)]
mod tests;
