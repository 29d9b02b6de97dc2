//! The way of packets from this machine to itself.
//!
//! It has several lanes, so that processors do not wait for each other. The packets of a flow, both
//! ways, are all in one lane and stay in order. Whoever sent a packet receives it, at the end of his
//! operation and so on his processor, unless another is receiving from the lane already: then that
//! one sees what is added.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use sync::SpinLock;

use crate::device::Full;
use crate::flow::FlowKey;
use crate::room;

const LANES: u8 = 16;
/// Packets under way in a lane; beyond, senders wait (TCP) or lose (UDP).
const PACKETS_MAX: usize = 512;
/// Buffers that a lane keeps for its next packets.
const SPARE_MAX: usize = 8;
/// The longest buffer worth keeping.
const SPARE_LENGTH: usize = 4096;

/// One of the lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Lane(u8);

impl Lane {
    /// Returns the lane of a flow's packets, the same from both ends.
    pub(crate) const fn of(flow: &FlowKey) -> Self {
        Self::between(flow.local.port, flow.remote.port)
    }

    /// Returns the lane of packets between two ports.
    pub(crate) const fn between(one: u16, other: u16) -> Self {
        let [low, _] = (one ^ other).to_le_bytes();
        Self(low % LANES)
    }

    const fn bit(self) -> u32 {
        1 << self.0
    }
}

/// The packets that were sent to this machine and not yet received.
#[derive(Debug, Default)]
pub(crate) struct Loopback {
    lanes: [Queue; LANES as usize],
    /// The lanes with packets that nobody is receiving, changed under the lane's lock.
    waiting: AtomicU32,
}

/// A lane's packets, on a cache line of their own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Queue {
    /// How many there are, changed under the lock.
    length: AtomicUsize,
    packets: SpinLock<Packets>,
}

#[derive(Debug, Default)]
struct Packets {
    waiting: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    /// Somebody is receiving them; he sees what is added.
    is_draining: bool,
}

impl Packets {
    /// Returns a buffer for the next packet and sees to it that there is a place for it; `None` if no
    /// memory is left.
    fn buffer(&mut self) -> Option<Vec<u8>> {
        room::reserve_one(&mut self.waiting).ok()?;
        Some(self.spare.pop().unwrap_or_default())
    }
}

impl Loopback {
    fn queue(&self, lane: Lane) -> &Queue {
        &self.lanes[usize::from(lane.0 % LANES)]
    }

    /// Returns whether another packet can be taken.
    pub(crate) fn has_room(&self, lane: Lane) -> bool {
        self.queue(lane).length.load(Ordering::Relaxed) < PACKETS_MAX
    }

    /// Queues a packet of `length` bytes that `fill` writes over arbitrary contents, with no lock
    /// held.
    ///
    /// # Errors
    /// [`Full`] if there is no room; `fill` was not called then, nor if the packet is lost because no
    /// memory is left.
    pub(crate) fn send(
        &self,
        lane: Lane,
        length: usize,
        fill: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), Full> {
        if !self.has_room(lane) {
            return Err(Full);
        }
        let queue = self.queue(lane);
        let Some(mut packet) = queue.packets.lock().buffer() else { return Ok(()) };
        let more = length.saturating_sub(packet.len());
        if room::reserve(&mut packet, more).is_err() {
            return Ok(());
        }
        packet.resize(length, 0);
        fill(&mut packet);
        let mut packets = queue.packets.lock();
        packets.waiting.push_back(packet);
        queue.length.store(packets.waiting.len(), Ordering::Relaxed);
        if !packets.is_draining && packets.waiting.len() == 1 {
            self.waiting.fetch_or(lane.bit(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Gives the memory back that is kept for packets to come.
    pub(crate) fn trim(&self) {
        for queue in &self.lanes {
            let mut packets = queue.packets.lock();
            packets.spare = Vec::new();
            packets.waiting.shrink_to_fit();
        }
    }

    /// Returns a lane with packets that nobody is receiving.
    pub(crate) fn waiting(&self) -> Option<Lane> {
        let waiting = self.waiting.load(Ordering::Relaxed);
        (waiting != 0).then(|| Lane(u8::try_from(waiting.trailing_zeros()).unwrap_or(0)))
    }

    /// Begins to receive from a lane; `None` if there is nothing or somebody does already.
    pub(crate) fn begin(&self, lane: Lane) -> Option<Vec<u8>> {
        let queue = self.queue(lane);
        let mut packets = queue.packets.lock();
        if packets.is_draining {
            return None;
        }
        self.waiting.fetch_and(!lane.bit(), Ordering::Relaxed);
        let first = packets.waiting.pop_front();
        packets.is_draining = first.is_some();
        queue.length.store(packets.waiting.len(), Ordering::Relaxed);
        first
    }

    /// Takes the lane's next packet and gives the last one's buffer back; `None` ends the receiving.
    pub(crate) fn next(&self, lane: Lane, done: Vec<u8>) -> Option<Vec<u8>> {
        let queue = self.queue(lane);
        let mut packets = queue.packets.lock();
        let next = packets.waiting.pop_front();
        packets.is_draining = next.is_some();
        queue.length.store(packets.waiting.len(), Ordering::Relaxed);
        if done.capacity() <= SPARE_LENGTH && packets.spare.len() < SPARE_MAX {
            packets.spare.push(done);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_received_from_by_one_who_sees_what_is_added() {
        let loopback = Loopback::default();
        let lane = Lane::between(80, 40_000);
        assert_eq!(lane, Lane::between(40_000, 80));
        let send = |byte| loopback.send(lane, 1, &mut |packet| packet.fill(byte));
        assert_eq!(loopback.waiting(), None);
        assert_eq!(send(1), Ok(()));
        assert_eq!(loopback.waiting(), Some(lane));
        let first = loopback.begin(lane).unwrap();
        assert_eq!((&first[..], loopback.waiting()), (&[1][..], None));
        assert_eq!(send(2), Ok(()));
        assert_eq!((loopback.begin(lane), loopback.waiting()), (None, None));
        let second = loopback.next(lane, first).unwrap();
        assert_eq!(second, [2]);
        assert_eq!(loopback.next(lane, second), None);
        assert_eq!(send(3), Ok(()));
        assert_eq!(loopback.waiting(), Some(lane));
    }

    #[test]
    fn a_full_lane_takes_nothing_and_leaves_the_others_alone() {
        let loopback = Loopback::default();
        let (one, other) = (Lane::between(1, 2), Lane::between(1, 3));
        let send = |lane| loopback.send(lane, 4, &mut |_| {});
        (0..PACKETS_MAX).for_each(|_| assert_eq!(send(one), Ok(())));
        assert_eq!((send(one), send(other)), (Err(Full), Ok(())));
    }
}
