//! The sending queue.

use alloc::vec::Vec;

use super::header::{self, HEADER_BYTES, Offload};
use crate::memory::{DmaMemory, Slots, TooSmall};
use crate::queue::{Direction, Queue, Segment};
use crate::{Notify, net::TRANSMIT_QUEUE};

/// There is no room: the frame was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

/// The sending queue of a network device.
#[derive(Debug)]
pub struct Transmitter<M, N> {
    queue: Queue<M>,
    slots: Slots<M>,
    /// Buffers that the device does not hold.
    free: Vec<u16>,
    bell: N,
}

impl<M: DmaMemory, N: Notify> Transmitter<M, N> {
    /// Returns the queue with `slots` as its buffers, of which there are at most as many as `queue`
    /// has descriptors.
    ///
    /// # Errors
    ///
    /// [`TooSmall`] when `queue` is too small for `slots`.
    pub fn new(mut queue: Queue<M>, slots: Slots<M>, bell: N) -> Result<Self, TooSmall> {
        if queue.free() < slots.count() || slots.slot_bytes() < HEADER_BYTES {
            return Err(TooSmall);
        }
        queue.disable_interrupts();
        let free = (0..slots.count()).rev().collect();
        Ok(Self { queue, slots, free, bell })
    }

    /// Returns how many frames there is room for. Buffers that the device is done with are taken
    /// back when they have become rare.
    pub fn room(&mut self) -> usize {
        if self.free.len() <= usize::from(self.slots.count()) / 2 {
            self.reclaim();
        }
        self.free.len()
    }

    /// Returns the longest frame in bytes.
    pub const fn longest(&self) -> usize {
        self.slots.slot_bytes() - HEADER_BYTES
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
        let len = u32::try_from(HEADER_BYTES + length).map_err(|_| Full)?;
        let slot = self.free.pop().ok_or(Full)?;
        let bytes = &mut self.slots.bytes_mut(slot)[..HEADER_BYTES + length];
        let (head, frame) = bytes.split_at_mut(HEADER_BYTES);
        head.copy_from_slice(&header::encode(offload));
        fill(frame);
        let address = self.slots.device_address(slot);
        let is_added =
            self.queue.add(&[Segment { address, len, direction: Direction::ToDevice }], slot);
        debug_assert!(is_added, "a descriptor a buffer");
        // With a quarter of the ring unseen the device might as well begin.
        if self.queue.unpublished() >= self.slots.count().div_ceil(4) {
            self.flush();
        }
        Ok(())
    }

    /// Shows the device the frames queued, ringing its bell if it wants that.
    pub fn flush(&mut self) {
        if self.queue.publish() {
            self.bell.notify(TRANSMIT_QUEUE);
        }
    }

    /// Returns whether the device broke the protocol, so that buffers will not come back.
    pub const fn is_broken(&self) -> bool {
        self.queue.is_broken()
    }

    fn reclaim(&mut self) {
        while let Some(used) = self.queue.take_used() {
            self.free.push(used.cookie);
        }
    }
}
