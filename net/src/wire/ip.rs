//! IPv4 and IPv6 headers (RFC 791, RFC 8200).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::checksum::Sum;
use super::{length_field, protocol, put_u16, put_u32, u16_at, u32_at};

/// Length of an IPv4 header without options.
pub(crate) const V4_HEADER: usize = 20;
/// Length of the fixed IPv6 header.
pub(crate) const V6_HEADER: usize = 40;
/// Time to live of packets sent, unless a socket says otherwise.
pub(crate) const TTL: u8 = 64;

/// IPv4's "don't fragment", in the 16-bit field of flags and offset.
const DONT_FRAGMENT: u16 = 0x4000;
/// IPv4's "more fragments".
const MORE_FRAGMENTS: u16 = 0x2000;

/// A received IP packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ip<'a> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// Protocol of the payload, behind extension headers.
    pub(crate) protocol: u8,
    pub(crate) ttl: u8,
    /// Traffic class.
    pub(crate) tos: u8,
    /// The card that it came over, 0 for loopback.
    pub(crate) card: usize,
    /// Set if this is a part of a packet only.
    pub(crate) fragment: Option<Fragment>,
    /// The packet from its IP header on, without link-layer padding.
    pub(crate) packet: &'a [u8],
    pub(crate) payload: &'a [u8],
}

/// Which part of a packet a fragment is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fragment {
    /// What the parts of one packet have in common.
    pub(crate) id: u32,
    /// Where the part belongs in the payload, in bytes.
    pub(crate) offset: usize,
    /// Whether another part follows.
    pub(crate) has_more: bool,
}

impl<'a> Ip<'a> {
    /// Reads a packet of either version. IPv4's header checksum is verified, options are skipped.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        match bytes.first()? >> 4 {
            4 => Self::parse_v4(bytes),
            6 => Self::parse_v6(bytes),
            _ => None,
        }
    }

    /// Reads a packet that this machine wrote itself, and in which it may have left out the
    /// checksum.
    pub(crate) fn parse_unchecked(bytes: &'a [u8]) -> Option<Self> {
        match bytes.first()? >> 4 {
            4 => Self::read_v4(bytes),
            _ => Self::parse(bytes),
        }
    }

    fn parse_v4(bytes: &'a [u8]) -> Option<Self> {
        let ip = Self::read_v4(bytes)?;
        let header = &ip.packet[..ip.packet.len() - ip.payload.len()];
        Sum::default().add(header).is_good().then_some(ip)
    }

    fn read_v4(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; V4_HEADER] = bytes.first_chunk()?;
        let header_length = usize::from(header[0] & 0xf) * 4;
        let packet = bytes.get(..usize::from(u16_at(header, 2)?))?;
        if header_length < V4_HEADER {
            return None;
        }
        let flags = u16_at(header, 6)?;
        let has_more = flags & MORE_FRAGMENTS != 0;
        let offset = usize::from(flags & 0x1fff) * 8;
        let fragment = (has_more || offset != 0).then_some(Fragment {
            id: u32::from(u16_at(header, 4)?),
            offset,
            has_more,
        });
        Some(Self {
            source: Ipv4Addr::from(*header[12..].first_chunk::<4>()?).into(),
            destination: Ipv4Addr::from(*header[16..].first_chunk::<4>()?).into(),
            protocol: header[9],
            ttl: header[8],
            tos: header[1],
            card: 0,
            fragment,
            packet,
            payload: packet.get(header_length..)?,
        })
    }

    fn parse_v6(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; V6_HEADER] = bytes.first_chunk()?;
        let packet = bytes.get(..V6_HEADER + usize::from(u16_at(header, 4)?))?;
        let mut ip = Self {
            source: Ipv6Addr::from(*header[8..].first_chunk::<16>()?).into(),
            destination: Ipv6Addr::from(*header[24..].first_chunk::<16>()?).into(),
            protocol: header[6],
            ttl: header[7],
            tos: header[0] << 4 | header[1] >> 4,
            card: 0,
            fragment: None,
            packet,
            payload: &packet[V6_HEADER..],
        };
        ip.skip_extensions()?;
        Some(ip)
    }

    /// Moves behind hop-by-hop, routing, destination and fragment headers (RFC 8200 §4).
    fn skip_extensions(&mut self) -> Option<()> {
        loop {
            let length = match self.protocol {
                0 | 43 | 60 => 8 + usize::from(*self.payload.get(1)?) * 8,
                protocol::FRAGMENT => {
                    let field = u16_at(self.payload, 2)?;
                    let (offset, has_more) = (usize::from(field & !7), field & 1 != 0);
                    let id = u32_at(self.payload, 4)?;
                    if offset != 0 || has_more {
                        self.fragment = Some(Fragment { id, offset, has_more });
                    }
                    8
                }
                _ => return Some(()),
            };
            self.protocol = *self.payload.first()?;
            self.payload = self.payload.get(length..)?;
            if self.fragment.is_some() {
                // What follows the fragment header belongs to the whole packet.
                return Some(());
            }
        }
    }
}

/// Returns the length of a header without options for packets between addresses like this.
pub(crate) const fn header_length(address: &IpAddr) -> usize {
    match address {
        IpAddr::V4(_) => V4_HEADER,
        IpAddr::V6(_) => V6_HEADER,
    }
}

/// What the header of a packet to be sent says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: u8,
    pub(crate) ttl: u8,
    /// Traffic class (`IP_TOS`).
    pub(crate) tos: u8,
}

impl Header {
    /// Writes the header of an unfragmented packet that fills `packet`; returns its length.
    pub(crate) fn emit(&self, packet: &mut [u8]) -> usize {
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                self.emit_v4(packet, (source, destination), 0, DONT_FRAGMENT);
                V4_HEADER
            }
            (source, destination) => {
                self.emit_v6(packet, (to_v6(source), to_v6(destination)));
                V6_HEADER
            }
        }
    }

    fn emit_v4(&self, packet: &mut [u8], ends: (Ipv4Addr, Ipv4Addr), id: u16, flags: u16) {
        packet[0] = 0x45;
        packet[1] = self.tos;
        let length = length_field(packet.len());
        put_u16(packet, 2, length);
        put_u16(packet, 4, id);
        put_u16(packet, 6, flags);
        packet[8] = self.ttl;
        packet[9] = self.protocol;
        packet[12..16].copy_from_slice(&ends.0.octets());
        packet[16..20].copy_from_slice(&ends.1.octets());
        fill_checksum(packet);
    }

    fn emit_v6(&self, packet: &mut [u8], ends: (Ipv6Addr, Ipv6Addr)) {
        put_u32(packet, 0, 6 << 28 | u32::from(self.tos) << 20);
        let length = length_field(packet.len() - V6_HEADER);
        put_u16(packet, 4, length);
        packet[6] = self.protocol;
        packet[7] = self.ttl;
        packet[8..24].copy_from_slice(&ends.0.octets());
        packet[24..40].copy_from_slice(&ends.1.octets());
    }

    /// Returns the header's length in each fragment of a packet.
    pub(crate) fn fragment_header_length(&self) -> usize {
        match self.source {
            IpAddr::V4(_) => V4_HEADER,
            IpAddr::V6(_) => V6_HEADER + 8,
        }
    }

    /// Writes the headers of one fragment that fills `packet`; returns their length.
    pub(crate) fn emit_fragment(&self, packet: &mut [u8], fragment: Fragment) -> usize {
        // Offsets are multiples of 8 below 65536.
        let offset = length_field(fragment.offset);
        let Fragment { id, has_more, .. } = fragment;
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let more = if has_more { MORE_FRAGMENTS } else { 0 };
                let id = u16::try_from(id & 0xffff).unwrap_or(0);
                self.emit_v4(packet, (source, destination), id, more | offset >> 3);
                V4_HEADER
            }
            (source, destination) => {
                let outer = Self { protocol: protocol::FRAGMENT, ..*self };
                outer.emit_v6(packet, (to_v6(source), to_v6(destination)));
                packet[V6_HEADER] = self.protocol;
                packet[V6_HEADER + 1] = 0;
                put_u16(packet, V6_HEADER + 2, offset | u16::from(has_more));
                put_u32(packet, V6_HEADER + 4, id);
                V6_HEADER + 8
            }
        }
    }
}

/// Computes the checksum of an IPv4 header without options.
pub(crate) fn fill_checksum(packet: &mut [u8]) {
    put_u16(packet, 10, 0);
    let sum = Sum::default().add(&packet[..V4_HEADER]).complement();
    put_u16(packet, 10, sum);
}

fn to_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(source: &str, destination: &str) -> Header {
        let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
        Header { source, destination, protocol: protocol::UDP, ttl: 9, tos: 0 }
    }

    #[test]
    fn what_is_written_is_read() {
        for (source, destination) in [("10.0.0.1", "10.0.0.2"), ("fe80::1", "ff02::1")] {
            let header = header(source, destination);
            let mut packet = [0xaa; 64];
            let length = header.emit(&mut packet);
            let ip = Ip::parse(&packet).unwrap();
            assert_eq!((ip.source, ip.destination), (header.source, header.destination));
            assert_eq!((ip.protocol, ip.ttl, ip.fragment), (protocol::UDP, 9, None));
            assert_eq!(ip.payload.len(), 64 - length);
            let fragment = Fragment { id: 7, offset: 1480, has_more: true };
            let length = header.emit_fragment(&mut packet, fragment);
            let ip = Ip::parse(&packet).unwrap();
            assert_eq!(ip.fragment, Some(fragment));
            assert_eq!((ip.protocol, ip.payload.len()), (protocol::UDP, 64 - length));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(mut bytes: alloc::vec::Vec<u8>, is_v6: bool) {
            if let Some(first) = bytes.first_mut() {
                *first = if is_v6 { 0x60 } else { 0x45 };
            }
            let _ = Ip::parse(&bytes);
        }
    }
}
