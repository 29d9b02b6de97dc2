//! The way of packets from this machine to itself.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Packets under way; beyond, senders wait (TCP) or lose (UDP).
const PACKETS_MAX: usize = 2048;
/// Buffers kept for the next packets.
const SPARE_MAX: usize = 64;
/// The longest buffer worth keeping.
const SPARE_LENGTH: usize = 4096;

/// The packets that were sent to this machine and not yet received.
#[derive(Debug, Default)]
pub(crate) struct Loopback {
    packets: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    /// Somebody is receiving them; he sees what is added.
    is_draining: bool,
}

impl Loopback {
    /// Returns whether another packet can be taken.
    pub(crate) fn has_room(&self) -> bool {
        self.packets.len() < PACKETS_MAX
    }

    /// Returns a buffer for a packet, with arbitrary contents.
    pub(crate) fn buffer(&mut self, length: usize) -> Vec<u8> {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.resize(length, 0);
        buffer
    }

    /// Gives the memory back that is kept for packets to come.
    pub(crate) fn trim(&mut self) {
        self.spare = Vec::new();
        self.packets.shrink_to_fit();
    }

    /// Queues a packet.
    pub(crate) fn push(&mut self, packet: Vec<u8>) {
        self.packets.push_back(packet);
    }

    /// Returns whether packets wait that nobody is receiving.
    pub(crate) fn is_pending(&self) -> bool {
        !self.packets.is_empty() && !self.is_draining
    }

    /// Begins to receive; false if there is nothing or somebody does already.
    pub(crate) fn begin(&mut self) -> bool {
        let begins = self.is_pending();
        self.is_draining |= begins;
        begins
    }

    /// Takes the next packet and gives the last one's buffer back; `None` ends the receiving.
    pub(crate) fn next(&mut self, done: Vec<u8>) -> Option<Vec<u8>> {
        if done.capacity() != 0 && done.capacity() <= SPARE_LENGTH && self.spare.len() < SPARE_MAX {
            self.spare.push(done);
        }
        let next = self.packets.pop_front();
        self.is_draining = next.is_some();
        next
    }
}
