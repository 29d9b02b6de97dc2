//! Reassembly of fragmented IP packets (RFC 791 §3.2, RFC 8200 §4.5).
//!
//! Done before a packet is steered to its socket, in one place with one bound on memory.
//! Overlapping fragments discard the packet (RFC 5722).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use abi::time::Instant;

use crate::room;
use crate::wire::ip::{Header, Ip, header_length};

/// How long the parts of a packet are waited for (Linux's `ipfrag_time`).
const TIMEOUT: Duration = Duration::from_secs(30);
/// Packets in assembly; beyond, the oldest goes.
const PACKETS_MAX: usize = 64;
/// Parts of one packet.
const PARTS_MAX: usize = 128;
/// The longest payload.
const LENGTH_MAX: usize = 65_535;

#[derive(Debug, PartialEq, Eq)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    id: u32,
}

#[derive(Debug)]
struct Assembly {
    key: Key,
    begun: Instant,
    /// Offset and bytes of the parts that came, by offset.
    parts: Vec<(usize, Vec<u8>)>,
    /// Length of the whole, known once the last part came.
    total: Option<usize>,
}

/// Packets of which parts have come.
#[derive(Debug, Default)]
pub(crate) struct Reassembly(VecDeque<Assembly>);

impl Reassembly {
    /// Adds a fragment and returns the whole packet, unfragmented, if it was the last one missing.
    pub(crate) fn add(&mut self, ip: &Ip<'_>, now: Instant) -> Option<Vec<u8>> {
        let fragment = ip.fragment?;
        while self.0.front().is_some_and(|oldest| now.since(oldest.begun) > TIMEOUT) {
            self.0.pop_front();
        }
        let end = fragment.offset + ip.payload.len();
        let is_ragged = fragment.has_more && !ip.payload.len().is_multiple_of(8);
        if is_ragged || ip.payload.is_empty() || end > LENGTH_MAX {
            return None;
        }
        let key = Key {
            source: ip.source,
            destination: ip.destination,
            protocol: ip.protocol,
            id: fragment.id,
        };
        let index = self.find_or_begin(key, now);
        let assembly = &mut self.0[index];
        if !fragment.has_more {
            assembly.total = Some(end);
        }
        if !assembly.insert(fragment.offset, ip.payload) {
            self.0.remove(index);
            return None;
        }
        if !assembly.is_complete() {
            return None;
        }
        let assembly = self.0.remove(index)?;
        assembly.finish(ip.ttl)
    }

    fn find_or_begin(&mut self, key: Key, now: Instant) -> usize {
        if let Some(index) = self.0.iter().position(|assembly| assembly.key == key) {
            return index;
        }
        if self.0.len() == PACKETS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Assembly { key, begun: now, parts: Vec::new(), total: None });
        self.0.len() - 1
    }
}

impl Assembly {
    /// Returns false if the part overlaps another, there are too many, or no memory is left.
    fn insert(&mut self, offset: usize, bytes: &[u8]) -> bool {
        let index = self.parts.partition_point(|(start, _)| *start < offset);
        if let Some((start, part)) = self.parts.get(index) {
            if *start == offset && part == bytes {
                return true;
            }
            if offset + bytes.len() > *start {
                return false;
            }
        }
        if let Some((start, part)) = index.checked_sub(1).map(|before| &self.parts[before])
            && start + part.len() > offset
        {
            return false;
        }
        let Ok(bytes) = room::copy_of(bytes) else { return false };
        self.parts.insert(index, (offset, bytes));
        self.parts.len() <= PARTS_MAX
            && self.total.is_none_or(|total| self.parts.iter().all(|(at, p)| at + p.len() <= total))
    }

    /// Returns how many bytes there are.
    fn length(&self) -> usize {
        self.parts.iter().map(|(_, part)| part.len()).sum()
    }

    fn is_complete(&self) -> bool {
        self.total == Some(self.length())
    }

    /// Returns the whole packet; `None` if no memory is left.
    fn finish(self, ttl: u8) -> Option<Vec<u8>> {
        let Key { source, destination, protocol, .. } = self.key;
        let start = header_length(&source);
        let mut packet = room::zeroed(start + self.length()).ok()?;
        packet.truncate(start);
        for (_, part) in &self.parts {
            packet.extend_from_slice(part);
        }
        Header { source, destination, protocol, ttl, tos: 0 }.emit(&mut packet);
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ip::Fragment;

    fn fragments(is_v6: bool, payload: &[u8], size: usize) -> Vec<Vec<u8>> {
        let (source, destination) = if is_v6 { ("::1", "::2") } else { ("1.0.0.1", "1.0.0.2") };
        let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
        let header = Header { source, destination, protocol: 17, ttl: 64, tos: 0 };
        let length = header.fragment_header_length();
        let part = |(index, part): (usize, &[u8])| {
            let offset = index * size;
            let has_more = offset + part.len() < payload.len();
            let mut packet = alloc::vec![0; length + part.len()];
            header.emit_fragment(&mut packet, Fragment { id: 9, offset, has_more });
            packet[length..].copy_from_slice(part);
            packet
        };
        payload.chunks(size).enumerate().map(part).collect()
    }

    #[test]
    fn parts_in_any_order_make_the_whole() {
        let payload: Vec<u8> = (0..=255).cycle().take(5000).collect();
        for is_v6 in [false, true] {
            let mut reassembly = Reassembly::default();
            let mut packets = fragments(is_v6, &payload, 1480);
            packets.swap(0, 2);
            packets.insert(1, packets[0].clone());
            let whole = packets
                .iter()
                .find_map(|packet| reassembly.add(&Ip::parse(packet).unwrap(), Instant::default()));
            let whole = whole.unwrap();
            let ip = Ip::parse(&whole).unwrap();
            assert_eq!((ip.fragment, ip.payload), (None, &payload[..]));
            assert!(reassembly.0.is_empty());
        }
    }

    #[test]
    fn overlap_discards_and_memory_is_bounded() {
        let mut reassembly = Reassembly::default();
        let first = fragments(false, &[1; 3000], 1480).remove(0);
        let other = fragments(false, &[2; 3000], 1472).remove(1);
        assert!(reassembly.add(&Ip::parse(&first).unwrap(), Instant::default()).is_none());
        assert!(reassembly.add(&Ip::parse(&other).unwrap(), Instant::default()).is_none());
        assert!(reassembly.0.is_empty());
        for id in 0..1000 {
            let mut ip = Ip::parse(&first).unwrap();
            ip.fragment = Some(Fragment { id, offset: 0, has_more: true });
            reassembly.add(&ip, Instant::default());
        }
        assert_eq!(reassembly.0.len(), PACKETS_MAX);
    }
}
