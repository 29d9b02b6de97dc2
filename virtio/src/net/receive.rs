//! The receiving queue.

use alloc::vec::Vec;

use super::header::{self, Received};
use crate::Notify;
use crate::memory::{DmaMemory, Slots, TooSmall};
use crate::queue::{Direction, Queue, Segment, Used};

/// A received frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The frame from its Ethernet header on.
    pub bytes: &'a [u8],
    /// Whether the device vouches for the TCP or UDP checksum.
    pub is_checksum_good: bool,
}

/// The receiving queue of a network device.
#[derive(Debug)]
pub struct Receiver<M, N> {
    queue: Queue<M>,
    slots: Slots<M>,
    /// Where frames that span buffers are put together; its capacity is the longest frame.
    whole: Vec<u8>,
    has_merged_buffers: bool,
    bell: N,
    dropped: u64,
}

impl<M: DmaMemory, N: Notify> Receiver<M, N> {
    /// Returns the queue filled with the buffers of `slots`, of which there are at most as many as
    /// `queue` has descriptors; the device gets to see them at the first [`Receiver::start`].
    /// `has_merged_buffers` says whether `VIRTIO_NET_F_MRG_RXBUF` was negotiated; `longest` is the
    /// longest frame in bytes.
    ///
    /// # Errors
    ///
    /// [`TooSmall`] when `queue` is too small for `slots`.
    pub fn new(
        queue: Queue<M>,
        slots: Slots<M>,
        longest: usize,
        has_merged_buffers: bool,
        bell: N,
    ) -> Result<Self, TooSmall> {
        if queue.free() < slots.count() {
            return Err(TooSmall);
        }
        let whole = Vec::with_capacity(if has_merged_buffers { longest } else { 0 });
        let mut this = Self { queue, slots, whole, has_merged_buffers, bell, dropped: 0 };
        for slot in 0..this.slots.count() {
            this.give_back(slot);
        }
        Ok(this)
    }

    /// Shows the device the buffers; once it is live (`DRIVER_OK`).
    pub fn start(&mut self) {
        self.publish();
    }

    /// Hands at most `budget` frames to `handle`, oldest first; returns how many there were.
    pub fn receive(&mut self, budget: usize, mut handle: impl FnMut(Frame<'_>)) -> usize {
        let batch = self.slots.count().div_ceil(4);
        let mut count = 0;
        while count < budget
            && let Some(used) = self.queue.take_used()
        {
            if self.receive_one(used, &mut handle) {
                count += 1;
            } else {
                self.dropped += 1;
            }
            if self.queue.unpublished() >= batch {
                self.publish();
            }
        }
        self.publish();
        count
    }

    /// Returns whether a frame waits.
    pub fn is_pending(&self) -> bool {
        self.queue.has_used()
    }

    /// Asks for an interrupt at the next frame; returns whether one waits already, for which there
    /// may be none.
    #[must_use]
    pub fn enable_interrupts(&mut self) -> bool {
        let is_pending = self.queue.enable_interrupts();
        // Without buffers the device waits for some, and no frame comes.
        if self.queue.is_notification_missing() {
            self.bell.notify();
        }
        is_pending
    }

    /// Asks for no interrupts.
    pub fn disable_interrupts(&mut self) {
        self.queue.disable_interrupts();
    }

    /// Returns how many buffers held no frame that makes sense.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns whether the device broke the protocol, so that nothing will be received any more.
    pub const fn is_broken(&self) -> bool {
        self.queue.is_broken()
    }

    /// Handles the frame that begins in `used`; false if there is none.
    fn receive_one(&mut self, used: Used, handle: &mut impl FnMut(Frame<'_>)) -> bool {
        let Some((received, bytes)) = header::decode(written(&self.slots, used)) else {
            self.give_back(used.cookie);
            return false;
        };
        let is_checksum_good = received.is_checksum_good;
        if self.has_merged_buffers && received.buffers != 1 {
            return self.merge(used, received) && {
                handle(Frame { bytes: &self.whole, is_checksum_good });
                true
            };
        }
        handle(Frame { bytes, is_checksum_good });
        self.give_back(used.cookie);
        true
    }

    /// Puts a frame together from `first` and the buffers after it, and gives them all back. False
    /// if the frame is too long, or if the device did not hand over all of it at once as it must
    /// (§5.1.6.4).
    fn merge(&mut self, first: Used, received: Received) -> bool {
        self.whole.clear();
        let mut is_whole = received.buffers != 0;
        let frame = header::decode(written(&self.slots, first)).map_or(&[][..], |(_, frame)| frame);
        is_whole &= append(&mut self.whole, frame);
        self.give_back(first.cookie);
        for _ in 1..received.buffers {
            let Some(used) = self.queue.take_used() else { return false };
            is_whole &= append(&mut self.whole, written(&self.slots, used));
            self.give_back(used.cookie);
        }
        is_whole
    }

    /// Puts buffer `slot` into the ring, for which there is always room: a descriptor a buffer.
    fn give_back(&mut self, slot: u16) {
        let len = u32::try_from(self.slots.slot_bytes()).unwrap_or(u32::MAX);
        let address = self.slots.device_address(slot);
        let is_added =
            self.queue.add(&[Segment { address, len, direction: Direction::FromDevice }], slot);
        debug_assert!(is_added);
    }

    fn publish(&mut self) {
        if self.queue.publish() {
            self.bell.notify();
        }
    }
}

/// Returns what the device wrote to a buffer.
fn written<M: DmaMemory>(slots: &Slots<M>, used: Used) -> &[u8] {
    let bytes = slots.bytes(used.cookie);
    &bytes[..bytes.len().min(used.len as usize)]
}

/// Appends `bytes` as far as the capacity allows; returns whether it did.
fn append(whole: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let has_room = whole.capacity() - whole.len() >= bytes.len();
    if has_room {
        whole.extend_from_slice(bytes);
    }
    has_room
}
