//! The split virtqueue, driver's side (virtio 1.3 §2.7).
//!
//! Chains are added with [`Queue::add`], become visible to the device all at once by
//! [`Queue::publish`], which says whether the device wants to be notified, and come back in any
//! order from [`Queue::take_used`]. Each chain carries a cookie of the driver's choice. Nothing is
//! allocated after construction.
//!
//! **Invariant:** which descriptors are free and how chains are linked is remembered here, never
//! read back from shared memory.

use alloc::boxed::Box;
use alloc::vec;
use core::sync::atomic::{Ordering, fence};

use crate::memory::{DmaMemory, Ring, TooSmall, Word, ring_bytes};

/// Descriptor flag: the chain goes on (§2.7.5).
const NEXT: u16 = 1;
/// Descriptor flag: the device writes to the buffer.
const WRITE: u16 = 2;
/// Driver's flag: no interrupts, please (§2.7.6).
const NO_INTERRUPT: u16 = 1;
/// Device's flag: no notifications, please (§2.7.8).
const NO_NOTIFY: u16 = 1;

/// Who writes a buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// The device reads it.
    ToDevice,
    /// The device writes it.
    FromDevice,
}

/// One contiguous piece of a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Where the device finds it.
    pub address: u64,
    /// Its size in bytes.
    pub len: u32,
    /// Who writes it. Pieces that the device reads come before those that it writes.
    pub direction: Direction,
}

/// A chain that the device is done with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Used {
    /// What [`Queue::add`] was given.
    pub cookie: u16,
    /// How many bytes the device says to have written: at most what the chain has room for.
    pub len: u32,
}

/// Where the device finds the parts of a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Addresses {
    /// The descriptor table.
    pub descriptors: u64,
    /// The driver's area: the available ring.
    pub driver: u64,
    /// The device's area: the used ring.
    pub device: u64,
}

/// What the driver knows of a descriptor.
#[derive(Clone, Copy, Debug)]
struct Descriptor {
    /// The next one of its chain, or of the list of free ones.
    next: u16,
    /// How many descriptors the chain has that starts here and is with the device; else 0.
    chain_len: u16,
    /// The chain's cookie.
    cookie: u16,
    /// How many bytes the device may write to the chain.
    writable: u32,
}

/// A split virtqueue.
#[derive(Debug)]
pub struct Queue<M> {
    ring: Ring<M>,
    size: u16,
    has_event_index: bool,
    descriptors: Box<[Descriptor]>,
    first_free: u16,
    free: u16,
    /// Where the next chain goes in the available ring, and up to where the device was shown it.
    available: u16,
    published: u16,
    /// Up to where it was when the device was last notified.
    notified: u16,
    /// The next completion to take.
    used: u16,
    wants_interrupts: bool,
    is_broken: bool,
}

impl<M: DmaMemory> Queue<M> {
    /// Returns how many bytes of memory a queue of `size` descriptors takes.
    pub const fn bytes(size: u16) -> usize {
        ring_bytes(size)
    }

    /// Returns an empty queue in `memory`, zeroed, with interrupts wanted. `has_event_index` says
    /// whether `VIRTIO_F_EVENT_IDX` was negotiated.
    ///
    /// # Errors
    ///
    /// [`TooSmall`] when `memory` is, or when `size` is not a power of two up to 32768.
    pub fn new(memory: M, size: u16, has_event_index: bool) -> Result<Self, TooSmall> {
        let ring = Ring::new(memory, size)?;
        let free = |next| Descriptor { next, chain_len: 0, cookie: 0, writable: 0 };
        let mut descriptors = vec![free(0); usize::from(size)].into_boxed_slice();
        for (descriptor, next) in descriptors.iter_mut().zip(1..) {
            *descriptor = free(next);
        }
        Ok(Self {
            ring,
            size,
            has_event_index,
            descriptors,
            first_free: 0,
            free: size,
            available: 0,
            published: 0,
            notified: 0,
            used: 0,
            wants_interrupts: true,
            is_broken: false,
        })
    }

    /// Returns what the device is to be told.
    pub fn addresses(&self) -> Addresses {
        let [descriptors, driver, device] = self.ring.addresses();
        Addresses { descriptors, driver, device }
    }

    /// Returns how many descriptors the queue has.
    pub const fn size(&self) -> u16 {
        self.size
    }

    /// Returns how many descriptors are free.
    pub const fn free(&self) -> u16 {
        self.free
    }

    /// Returns whether the device broke the protocol. Such a queue returns no completions.
    pub const fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Adds a chain, which the device does not see before [`Queue::publish`]. Returns false, and
    /// adds nothing, when the chain is empty or there are too few free descriptors.
    ///
    /// The caller leaves the buffers alone until the chain comes back.
    #[must_use]
    pub fn add(&mut self, segments: &[Segment], cookie: u16) -> bool {
        let Ok(chain_len) = u16::try_from(segments.len()) else { return false };
        if chain_len == 0 || chain_len > self.free {
            return false;
        }
        let head = self.first_free;
        let mut writable = 0u32;
        let mut index = head;
        for (segment, left) in segments.iter().zip((0..chain_len).rev()) {
            let next = self.descriptors[usize::from(index)].next;
            let mut flags = if left == 0 { 0 } else { NEXT };
            if segment.direction == Direction::FromDevice {
                flags |= WRITE;
                writable = writable.saturating_add(segment.len);
            }
            let link = if left == 0 { 0 } else { next };
            let rest = u64::from(segment.len) | u64::from(flags) << 32 | u64::from(link) << 48;
            self.ring.descriptor(index, Word::Address).store(segment.address, Ordering::Relaxed);
            self.ring.descriptor(index, Word::Rest).store(rest, Ordering::Relaxed);
            index = next;
        }
        self.first_free = index;
        self.free -= chain_len;
        let descriptor = &mut self.descriptors[usize::from(head)];
        descriptor.chain_len = chain_len;
        descriptor.cookie = cookie;
        descriptor.writable = writable;
        self.ring.available_entry(self.available).store(head, Ordering::Relaxed);
        self.available = self.available.wrapping_add(1);
        true
    }

    /// Returns how many chains were added since the last [`Queue::publish`].
    pub const fn unpublished(&self) -> u16 {
        self.available.wrapping_sub(self.published)
    }

    /// Shows the device every chain added so far; returns whether it wants to be notified
    /// (§2.7.13.4, §2.7.10).
    #[must_use]
    pub fn publish(&mut self) -> bool {
        let old = self.published;
        let new = self.available;
        if old == new {
            return false;
        }
        self.ring.available_index().store(new, Ordering::Release);
        self.published = new;
        // The device writes its wish, looks at the index, and sleeps; so here the index has to be
        // out before the wish is read.
        fence(Ordering::SeqCst);
        let is_wanted = self.is_notification_wanted(old);
        if is_wanted {
            self.notified = new;
        }
        is_wanted
    }

    /// Returns whether the device waits for a notification of chains that it was shown before. To
    /// be asked some time after [`Queue::publish`], before the processor halts.
    ///
    /// QEMU's translator makes no atomic instructions of a lone processor's (seen in version 7.2),
    /// while the device runs on another: the fence in `publish` is nothing then, the wish that it
    /// reads may be out of date, and nobody would wake the device.
    #[must_use]
    pub fn is_notification_missing(&mut self) -> bool {
        let pending = self.published.wrapping_sub(self.notified);
        // What the device waits for is one of the chains that it can have.
        let since = self.published.wrapping_sub(pending.min(self.size));
        let is_missing = pending > 0 && self.is_notification_wanted(since);
        if is_missing {
            self.notified = self.published;
        }
        is_missing
    }

    /// Returns whether the device wants to be notified of chains published since `old`.
    fn is_notification_wanted(&self, old: u16) -> bool {
        if self.has_event_index {
            let event = self.ring.available_event().load(Ordering::Relaxed);
            is_event_passed(event, old, self.published)
        } else {
            self.ring.used_flags().load(Ordering::Relaxed) & NO_NOTIFY == 0
        }
    }

    /// Returns whether a completion waits to be taken.
    pub fn has_used(&self) -> bool {
        !self.is_broken && self.ring.used_index().load(Ordering::Acquire) != self.used
    }

    /// Returns whether the device is done with all that it was given, or never will be.
    pub fn is_drained(&self) -> bool {
        self.is_broken || self.ring.used_index().load(Ordering::Relaxed) == self.available
    }

    /// Takes the next completion.
    pub fn take_used(&mut self) -> Option<Used> {
        if !self.has_used() {
            return None;
        }
        let [id, len] = self.ring.used_entry(self.used);
        let (id, len) = (id.load(Ordering::Relaxed), len.load(Ordering::Relaxed));
        let head = u16::try_from(id).ok().filter(|head| *head < self.size);
        let Some(taken) = head.and_then(|head| self.release(head)) else {
            self.is_broken = true;
            return None;
        };
        self.used = self.used.wrapping_add(1);
        if self.has_event_index && !self.wants_interrupts {
            self.mute_event();
        }
        Some(Used { cookie: taken.cookie, len: len.min(taken.writable) })
    }

    /// Asks the device not to interrupt. It may still do so now and then.
    pub fn disable_interrupts(&mut self) {
        self.wants_interrupts = false;
        if self.has_event_index {
            self.mute_event();
        } else {
            self.ring.available_flags().store(NO_INTERRUPT, Ordering::Relaxed);
        }
    }

    /// Asks the device to interrupt at its next completion. Returns whether there is one already,
    /// for which it may not: then the caller has to look at the queue again.
    #[must_use]
    pub fn enable_interrupts(&mut self) -> bool {
        self.wants_interrupts = true;
        if self.has_event_index {
            self.ring.used_event().store(self.used, Ordering::Relaxed);
        } else {
            self.ring.available_flags().store(0, Ordering::Relaxed);
        }
        // The wish has to be out before the index is read: see `publish`. A pause is a fence even
        // where, as `is_notification_missing` tells, a fence is none: it leaves translated code.
        fence(Ordering::SeqCst);
        core::hint::spin_loop();
        self.has_used()
    }

    /// Puts the event behind the completions taken: the device reaches it only after having gone
    /// round all 65536 indices.
    fn mute_event(&self) {
        self.ring.used_event().store(self.used.wrapping_sub(1), Ordering::Relaxed);
    }

    /// Puts the chain that starts at `head` on the free list; `None` when the device does not have
    /// such a chain.
    fn release(&mut self, head: u16) -> Option<Descriptor> {
        let taken = self.descriptors[usize::from(head)];
        let mut last = head;
        for _ in 1..taken.chain_len {
            last = self.descriptors[usize::from(last)].next;
        }
        if taken.chain_len == 0 {
            return None;
        }
        self.descriptors[usize::from(head)].chain_len = 0;
        self.descriptors[usize::from(last)].next = self.first_free;
        self.first_free = head;
        self.free += taken.chain_len;
        Some(taken)
    }
}

/// Returns whether going from `old` to `new` passes `event` (§2.7.10.1, `vring_need_event`).
const fn is_event_passed(event: u16, old: u16, new: u16) -> bool {
    new.wrapping_sub(event).wrapping_sub(1) < new.wrapping_sub(old)
}

#[cfg(test)]
mod tests;
