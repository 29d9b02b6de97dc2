//! A card in use: its queues under their locks, its neighbours, its counters.

use alloc::boxed::Box;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering};

use sync::SpinLock;

use crate::device::{
    Bell, Capabilities, Device, ETHERNET_HEADER, Full, Mac, Offload, PartialChecksum, QueuePair,
    Receiver, Segment, Transmitter,
};
use crate::loopback::Lane;
use crate::neighbor::Neighbors;
use crate::wire::checksum::Sum;
use crate::wire::ip::{V4_HEADER, V6_HEADER};
use crate::wire::{ethernet, protocol, put_u16};

/// An IP packet about to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing {
    /// Bytes from the IP header on.
    pub(crate) length: usize,
    /// Its transport checksum, left zero by whoever writes the packet.
    pub(crate) checksum: Option<ChecksumField>,
    /// Payload size of the segments to cut it into; only on cards that can.
    pub(crate) segment: Option<u16>,
    /// Which way it takes if it is for this machine.
    pub(crate) lane: Lane,
}

/// A transport checksum that is still to be computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChecksumField {
    pub(crate) protocol: u8,
    /// Length of the IP header.
    pub(crate) start: usize,
    /// Where the field is in the transport header.
    pub(crate) offset: usize,
}

impl ChecksumField {
    /// Computes the checksum of `packet` in full.
    pub(crate) fn complete(&self, packet: &mut [u8]) {
        let sum = self.pseudo_header(packet).add(&packet[self.start..]).complement();
        // For UDP zero would mean that there is none; for TCP both are the same number.
        put_u16(packet, self.start + self.offset, if sum == 0 { 0xffff } else { sum });
    }

    /// Writes the pseudo-header's sum for the card to complete.
    fn prepare(&self, packet: &mut [u8]) {
        let sum = self.pseudo_header(packet).fold();
        put_u16(packet, self.start + self.offset, sum);
    }

    fn pseudo_header(&self, packet: &[u8]) -> Sum {
        let length = packet.len() - self.start;
        let addresses = match packet[0] >> 4 {
            4 => &packet[12..V4_HEADER],
            _ => &packet[8..V6_HEADER],
        };
        Sum::protocol(self.protocol, length).add(addresses)
    }
}

/// A card in use.
pub(crate) struct Interface {
    pub(crate) capabilities: Capabilities,
    pairs: Box<[Pair]>,
    pub(crate) neighbors: SpinLock<Neighbors>,
    counters: [AtomicU64; 4],
}

/// A pair of queues in use.
pub(crate) struct Pair {
    receiver: SpinLock<Box<dyn Receiver>>,
    transmitter: SpinLock<Box<dyn Transmitter>>,
    /// For about how many frames there is room, below what there was when it was asked last.
    room: AtomicIsize,
    /// The card was not told yet of all that was queued; changed under the transmitter's lock.
    is_owed: AtomicBool,
    bell: Box<dyn Bell>,
}

/// What went over a card so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Traffic {
    /// Frames received.
    pub received_packets: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// Frames sent.
    pub sent_packets: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
}

impl fmt::Debug for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interface")
            .field("capabilities", &self.capabilities)
            .finish_non_exhaustive()
    }
}

impl Interface {
    /// Takes a card into use.
    pub(crate) fn new(device: Device) -> Self {
        Self {
            capabilities: device.capabilities,
            pairs: device.pairs.into_iter().map(Pair::new).collect(),
            neighbors: SpinLock::new(Neighbors::default()),
            counters: Default::default(),
        }
    }

    /// Returns the pairs of queues.
    pub(crate) fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Returns the pair of queues that a processor uses.
    #[inline]
    pub(crate) fn pair_of(&self, processor: usize) -> &Pair {
        match &*self.pairs {
            // As most cards have it.
            [only] => only,
            pairs => &pairs[processor % pairs.len()],
        }
    }

    /// Tells the card of what was queued.
    pub(crate) fn flush(&self) {
        self.pairs.iter().for_each(Pair::flush);
    }

    /// Notes a received frame.
    pub(crate) fn count_received(&self, bytes: usize) {
        self.counters[0].fetch_add(1, Ordering::Relaxed);
        self.counters[1].fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Returns the counters.
    pub(crate) fn traffic(&self) -> Traffic {
        let [received_packets, received_bytes, sent_packets, sent_bytes] =
            self.counters.each_ref().map(|counter| counter.load(Ordering::Relaxed));
        Traffic { received_packets, received_bytes, sent_packets, sent_bytes }
    }

    /// Queues an IP packet that `fill` writes, all but its checksum, on the pair of queues of a
    /// processor.
    ///
    /// # Errors
    /// [`Full`] if there is no room.
    pub(crate) fn transmit_ip(
        &self,
        processor: usize,
        mac: Mac,
        outgoing: &Outgoing,
        fill: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), Full> {
        let is_offloaded = self.capabilities.checksum_transmit;
        let field = outgoing.checksum;
        self.transmit(processor, mac, outgoing.length, self.offload(outgoing), &mut |packet| {
            fill(packet);
            match (field, is_offloaded) {
                (Some(field), true) => field.prepare(packet),
                (Some(field), false) => field.complete(packet),
                (None, _) => {}
            }
            if packet[0] >> 4 == 4 { ethernet::IPV4 } else { ethernet::IPV6 }
        })
    }

    fn offload(&self, outgoing: &Outgoing) -> Offload {
        let Some(field) = outgoing.checksum.filter(|_| self.capabilities.checksum_transmit) else {
            return Offload::default();
        };
        let narrow = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        let start = narrow(ETHERNET_HEADER + field.start);
        let segment = outgoing.segment.map(|payload_size| Segment {
            is_ipv6: field.start == V6_HEADER,
            header_length: start + narrow(crate::wire::tcp::HEADER),
            payload_size,
        });
        let checksum = Some(PartialChecksum { start, offset: narrow(field.offset) });
        Offload { checksum, segment }
    }

    /// Queues a frame whose payload `fill` writes, returning its EtherType, on the pair of queues of
    /// a processor.
    ///
    /// # Errors
    /// [`Full`] if there is no room.
    pub(crate) fn transmit(
        &self,
        processor: usize,
        mac: Mac,
        length: usize,
        offload: Offload,
        fill: &mut dyn FnMut(&mut [u8]) -> u16,
    ) -> Result<(), Full> {
        let own = self.capabilities.mac;
        let pair = self.pair_of(processor);
        let mut transmitter = pair.transmitter.lock();
        transmitter.transmit(ETHERNET_HEADER + length, offload, &mut |frame| {
            let kind = fill(&mut frame[ETHERNET_HEADER..]);
            ethernet::emit(frame, mac, own, kind);
        })?;
        pair.is_owed.store(true, Ordering::Relaxed);
        drop(transmitter);
        pair.room.fetch_sub(1, Ordering::Relaxed);
        self.counters[2].fetch_add(1, Ordering::Relaxed);
        self.counters[3].fetch_add((ETHERNET_HEADER + length) as u64, Ordering::Relaxed);
        Ok(())
    }
}

impl Pair {
    fn new(pair: QueuePair) -> Self {
        Self {
            receiver: SpinLock::new(pair.receiver),
            transmitter: SpinLock::new(pair.transmitter),
            room: AtomicIsize::new(0),
            is_owed: AtomicBool::new(false),
            bell: pair.bell,
        }
    }

    /// Locks the receiving half, unless another processor has it: for as long as a batch of frames
    /// takes on its way up to the sockets.
    pub(crate) fn try_receiver(&self) -> Option<sync::SpinLockGuard<'_, Box<dyn Receiver>>> {
        self.receiver.try_lock()
    }

    /// Locks the receiving half.
    pub(crate) fn receiver(&self) -> sync::SpinLockGuard<'_, Box<dyn Receiver>> {
        self.receiver.lock()
    }

    /// Returns whether a frame can be queued.
    pub(crate) fn has_room(&self) -> bool {
        /// As many others may send before the one who asks.
        const MARGIN: isize = 16;
        if self.room.load(Ordering::Relaxed) > MARGIN {
            return true;
        }
        let room = self.transmitter.lock().room();
        self.room.store(isize::try_from(room).unwrap_or(isize::MAX), Ordering::Relaxed);
        room > 0
    }

    /// Returns whether the card has frames that it has not sent yet.
    pub(crate) fn is_sending(&self) -> bool {
        self.transmitter.lock().is_sending()
    }

    /// Tells the card of what was queued, if it was not.
    fn flush(&self) {
        // Who queues something meanwhile has it told himself.
        if !self.is_owed.load(Ordering::Relaxed) {
            return;
        }
        let mut transmitter = self.transmitter.lock();
        self.is_owed.store(false, Ordering::Relaxed);
        let is_to_ring = transmitter.publish();
        drop(transmitter);
        if is_to_ring {
            self.bell.ring();
        }
    }

    /// Tells the card again of what it waits to be told of, unless another processor is sending: a
    /// card misses its bell only where there is one processor (virtio's `Queue` says why).
    pub(crate) fn remind(&self) {
        let transmitter = self.transmitter.try_lock();
        let is_to_ring = transmitter.is_some_and(|mut half| half.is_ringing_missed());
        if is_to_ring {
            self.bell.ring();
        }
    }
}

/// Returns where the checksum of a TCP segment behind an IP header of this length is.
pub(crate) const fn tcp_checksum(ip_header: usize) -> ChecksumField {
    let offset = crate::wire::tcp::CHECKSUM;
    ChecksumField { protocol: protocol::TCP, start: ip_header, offset }
}

/// Returns where the checksum of a UDP datagram behind an IP header of this length is.
pub(crate) const fn udp_checksum(ip_header: usize) -> ChecksumField {
    let offset = crate::wire::udp::CHECKSUM;
    ChecksumField { protocol: protocol::UDP, start: ip_header, offset }
}
