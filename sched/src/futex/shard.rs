//! A part of the table: the waiters whose keys have one hash.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::Waker;

use abi::{Errno, Result};
use sync::{SpinLockGuard, WakeList};

use super::{For, FutexWaiter, Key};

/// The end of a list of slots.
const NONE: u32 = u32::MAX;

/// A waiter in the queue.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) what: For,
    pub(super) waiter: Arc<FutexWaiter>,
    pub(super) waker: Waker,
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
pub(super) struct Shard {
    slots: Vec<Slot>,
    free: u32,
    first: u32,
    last: u32,
}

impl Shard {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), free: NONE, first: NONE, last: NONE }
    }

    /// Returns whether nobody waits.
    pub(super) const fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// Appends an entry; `number` is the shard's own.
    pub(super) fn insert(&mut self, number: usize, entry: Entry) {
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
    pub(super) fn take(&mut self, index: u32) -> Option<Entry> {
        let entry = self.unlink(index)?;
        entry.waiter.put(None);
        Some(entry)
    }

    /// Takes the entry of a slot out, to be put elsewhere under the same locks.
    fn unlink(&mut self, index: u32) -> Option<Entry> {
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
        Some(entry)
    }

    pub(super) fn entry(&self, index: u32) -> Option<&Entry> {
        self.slots.get(index as usize)?.entry.as_ref()
    }

    /// Returns the slots of the entries of `key`, first come first.
    pub(super) fn waiting(&self, key: Key) -> impl Iterator<Item = u32> {
        let mut next = self.first;
        core::iter::from_fn(move || {
            loop {
                let index = next;
                next = self.slots.get(index as usize)?.next;
                if self.entry(index).is_some_and(|entry| entry.key == key) {
                    return Some(index);
                }
            }
        })
    }

    /// Fails with `EINVAL` if the first who waits on `key` does not wait for a lock.
    pub(super) fn check_lock(&self, key: Key) -> Result<()> {
        let first = self.waiting(key).next().and_then(|index| self.entry(index));
        match first {
            Some(entry) if entry.what != For::Lock => Err(Errno::EINVAL),
            _ => Ok(()),
        }
    }

    pub(super) fn count(&self, key: Key) -> u32 {
        u32::try_from(self.waiting(key).count()).unwrap_or(u32::MAX)
    }

    /// Returns the first entry of `key` that a wake-up with `bitset` is meant for.
    ///
    /// # Errors
    /// `EINVAL` if one before it waits for a lock.
    pub(super) fn next_to_wake(&self, key: Key, bitset: u32) -> Result<Option<u32>> {
        for index in self.waiting(key) {
            if let Some(entry) = self.entry(index)
                && entry.what.meets(bitset)?
            {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    pub(super) fn wake(
        &mut self,
        key: Key,
        count: u32,
        bitset: u32,
        woken: &mut WakeList,
    ) -> Result<u32> {
        let mut done = 0;
        while done < count
            && let Some(index) = self.next_to_wake(key, bitset)?
        {
            if let Some(entry) = self.take(index) {
                woken.push(entry.waker);
            }
            done += 1;
        }
        Ok(done)
    }
}

/// Two shards, locked; they may be one and the same.
pub(super) struct Pair<'a> {
    pub(super) first: SpinLockGuard<'a, Shard>,
    pub(super) second: Option<SpinLockGuard<'a, Shard>>,
}

impl Pair<'_> {
    pub(super) fn first(&mut self) -> &mut Shard {
        &mut self.first
    }

    pub(super) fn second(&mut self) -> &mut Shard {
        self.second.as_mut().unwrap_or(&mut self.first)
    }

    /// Makes a waiter of the first shard wait on `to`, which is in the second; for something else
    /// if `what` says so.
    pub(super) fn move_to(&mut self, index: u32, to: Key, what: Option<For>) {
        // Whoever looks at the waiter in between still sees it wait.
        if let Some(entry) = self.first().unlink(index) {
            let what = what.unwrap_or(entry.what);
            self.second().insert(to.shard(), Entry { key: to, what, ..entry });
        }
    }

    /// Gives a waiter of the first shard the lock of `to` if `take` can take it for its owner, and
    /// returns its waker; else makes it wait for that lock.
    pub(super) fn take_or_move(
        &mut self,
        index: u32,
        to: Key,
        take: &mut dyn FnMut(u32) -> Result<bool>,
    ) -> Result<Option<Waker>> {
        let Some(entry) = self.first().entry(index) else { return Ok(None) };
        if entry.what != For::Requeue(to) {
            return Err(Errno::EINVAL);
        }
        let owner = entry.waiter.owner;
        self.second().check_lock(to)?;
        if take(owner)? {
            return Ok(self.first().take(index).map(|entry| entry.waker));
        }
        self.move_to(index, to, Some(For::Lock));
        Ok(None)
    }
}
