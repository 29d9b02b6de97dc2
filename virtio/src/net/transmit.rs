//! The sending queue.

use alloc::vec::Vec;

use super::header::{self, HEADER_BYTES, Offload};
use crate::Notify;
use crate::memory::{DmaMemory, Slots, TooSmall};
use crate::queue::{Direction, Queue, Segment};

/// There is no room: the frame was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

/// Buffers of one size, of which the device holds some.
#[derive(Debug)]
struct Pool<M> {
    slots: Slots<M>,
    free: Vec<u16>,
}

impl<M: DmaMemory> Pool<M> {
    fn new(slots: Slots<M>) -> Self {
        let free = (0..slots.count()).rev().collect();
        Self { slots, free }
    }

    /// Returns whether half or more of the buffers are with the device.
    fn is_rare(&self) -> bool {
        self.free.len() <= usize::from(self.slots.count()) / 2
    }
}

/// The sending queue of a network device.
#[derive(Debug)]
pub struct Transmitter<M, N> {
    queue: Queue<M>,
    /// Buffers for packets. Their cookies are their numbers.
    small: Pool<M>,
    /// Buffers for what the device cuts into packets. Their cookies come after those of `small`.
    large: Option<Pool<M>>,
    bell: N,
}

impl<M: DmaMemory, N: Notify> Transmitter<M, N> {
    /// Returns the queue with buffers of one or two sizes, of which there are at most as many as
    /// `queue` has descriptors.
    ///
    /// # Errors
    ///
    /// [`TooSmall`] when `queue` is too small for the buffers, or they for a header.
    pub fn new(
        mut queue: Queue<M>,
        small: Slots<M>,
        large: Option<Slots<M>>,
        bell: N,
    ) -> Result<Self, TooSmall> {
        let count = small.count().checked_add(large.as_ref().map_or(0, Slots::count));
        let is_sane = count.is_some_and(|count| count <= queue.free())
            && small.slot_bytes() >= HEADER_BYTES
            && large.as_ref().is_none_or(|large| large.slot_bytes() >= small.slot_bytes());
        if !is_sane {
            return Err(TooSmall);
        }
        queue.disable_interrupts();
        Ok(Self { queue, small: Pool::new(small), large: large.map(Pool::new), bell })
    }

    /// Returns how many frames there is room for, whatever their size. Buffers that the device is
    /// done with are taken back when they have become rare.
    pub fn room(&mut self) -> usize {
        if self.small.is_rare() || self.large.as_ref().is_some_and(Pool::is_rare) {
            self.reclaim();
        }
        let large = self.large.as_ref().map_or(usize::MAX, |large| large.free.len());
        self.small.free.len().min(large)
    }

    /// Returns whether the device has frames that it is not done with yet.
    pub fn is_sending(&self) -> bool {
        !self.queue.is_drained()
    }

    /// Returns the longest frame in bytes.
    pub fn longest(&self) -> usize {
        self.large.as_ref().unwrap_or(&self.small).slots.slot_bytes() - HEADER_BYTES
    }

    /// Queues a frame of `length` bytes, which `fill` writes. The device sees it after
    /// [`Transmitter::flush`].
    ///
    /// # Errors
    ///
    /// [`Full`] when there is no room, or `length` is above [`Transmitter::longest`].
    pub fn transmit(
        &mut self,
        length: usize,
        offload: Offload,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<(), Full> {
        if length > self.longest() || self.room() == 0 {
            return Err(Full);
        }
        let size = HEADER_BYTES + length;
        let len = u32::try_from(size).map_err(|_| Full)?;
        let first_large = self.small.slots.count();
        let (pool, first) = match &mut self.large {
            Some(large) if size > self.small.slots.slot_bytes() => (large, first_large),
            _ => (&mut self.small, 0),
        };
        let slot = pool.free.pop().ok_or(Full)?;
        let bytes = &mut pool.slots.bytes_mut(slot)[..size];
        let Some((head, frame)) = bytes.split_first_chunk_mut() else { return Err(Full) };
        *head = header::encode(offload);
        fill(frame);
        let address = pool.slots.device_address(slot);
        let segment = Segment { address, len, direction: Direction::ToDevice };
        let is_added = self.queue.add(&[segment], first + slot);
        debug_assert!(is_added, "a descriptor a buffer");
        // With a quarter of the ring unseen the device might as well begin.
        if self.queue.unpublished() >= self.queue.size().div_ceil(4) {
            self.flush();
        }
        Ok(())
    }

    /// Shows the device the frames queued, ringing its bell if it wants that.
    pub fn flush(&mut self) {
        if self.queue.publish() {
            self.bell.notify();
        }
    }

    /// Shows the device the frames queued; returns whether it wants its bell rung for them.
    #[must_use]
    pub fn publish(&mut self) -> bool {
        self.queue.publish()
    }

    /// Returns whether the device waits for its bell, for frames that it was shown before.
    #[must_use]
    pub fn is_ringing_missed(&mut self) -> bool {
        self.queue.is_notification_missing()
    }

    /// Returns whether the device broke the protocol, so that buffers will not come back.
    pub const fn is_broken(&self) -> bool {
        self.queue.is_broken()
    }

    fn reclaim(&mut self) {
        let first_large = self.small.slots.count();
        while let Some(used) = self.queue.take_used() {
            match (used.cookie.checked_sub(first_large), &mut self.large) {
                (Some(slot), Some(large)) => large.free.push(slot),
                _ => self.small.free.push(used.cookie),
            }
        }
    }
}
