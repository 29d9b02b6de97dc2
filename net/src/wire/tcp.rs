//! TCP headers (RFC 9293 §3.1) and the options exchanged with the SYN.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::checksum::Sum;
use super::ip::{Header, TTL, V6_HEADER, fill_checksum, header_length};
use super::{length_field, protocol, put_u16, put_u32, u16_at, u32_at};
use crate::flow::FlowKey;

/// Length of a header without options.
pub(crate) const HEADER: usize = 20;
/// Where the checksum is.
pub(crate) const CHECKSUM: usize = 16;
/// Where the window is.
pub(crate) const WINDOW: usize = 14;
/// The most that an IPv6 header and a TCP header with all of [`SynOptions`] take.
pub(crate) const CONTROL_MAX: usize = 40 + HEADER + 12;

/// No more data from the sender.
pub(crate) const FIN: u8 = 0x01;
/// Synchronize sequence numbers.
pub(crate) const SYN: u8 = 0x02;
/// Reset the connection.
pub(crate) const RST: u8 = 0x04;
/// The acknowledgement field is significant.
pub(crate) const ACK: u8 = 0x10;

/// A received segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tcp<'a> {
    pub(crate) source: u16,
    pub(crate) destination: u16,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
    pub(crate) window: u16,
    pub(crate) options: &'a [u8],
    pub(crate) payload: &'a [u8],
}

impl<'a> Tcp<'a> {
    /// Reads a segment from the payload of an IP packet.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; HEADER] = bytes.first_chunk()?;
        let length = usize::from(header[12] >> 4) * 4;
        Some(Self {
            source: u16_at(header, 0)?,
            destination: u16_at(header, 2)?,
            seq: u32_at(header, 4)?,
            ack: u32_at(header, 8)?,
            flags: header[13],
            window: u16_at(header, WINDOW)?,
            options: bytes.get(HEADER..length)?,
            payload: bytes.get(length..)?,
        })
    }

    /// Returns whether all of `flags` are set.
    pub(crate) const fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }

    /// Returns how much of the sequence space the segment takes.
    pub(crate) fn sequence_length(&self) -> u32 {
        let control = u32::from(self.has(SYN)) + u32::from(self.has(FIN));
        u32::try_from(self.payload.len()).unwrap_or(0) + control
    }

    /// Reads the options of a SYN; unknown and malformed ones are skipped.
    pub(crate) fn syn_options(&self) -> SynOptions {
        let mut found = SynOptions::default();
        let mut rest = self.options;
        loop {
            rest = match rest {
                [1, tail @ ..] => tail,
                [2, 4, high, low, tail @ ..] => {
                    found.mss = Some(u16::from_be_bytes([*high, *low])).filter(|mss| *mss != 0);
                    tail
                }
                [3, 3, shift, tail @ ..] => {
                    found.window_shift = Some((*shift).min(14));
                    tail
                }
                [4, 2, tail @ ..] => {
                    found.has_sack = true;
                    tail
                }
                [kind, length, ..] if *kind != 0 && *length >= 2 => {
                    rest.get(usize::from(*length)..).unwrap_or(&[])
                }
                _ => return found,
            }
        }
    }
}

/// The options of a SYN that matter here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct SynOptions {
    /// The longest segment that the sender takes (RFC 9293 §3.7.1).
    pub(crate) mss: Option<u16>,
    /// The scale of the sender's windows (RFC 7323 §2), at most 14.
    pub(crate) window_shift: Option<u8>,
    /// Selective acknowledgements are understood (RFC 2018).
    pub(crate) has_sack: bool,
}

impl SynOptions {
    fn length(&self) -> usize {
        usize::from(self.mss.is_some()) * 4
            + usize::from(self.window_shift.is_some()) * 4
            + usize::from(self.has_sack) * 4
    }

    fn emit(&self, bytes: &mut [u8]) {
        let mut at = 0;
        let mut put = |option: [u8; 4]| {
            bytes[at..at + 4].copy_from_slice(&option);
            at += 4;
        };
        if let Some(mss) = self.mss {
            let [high, low] = mss.to_be_bytes();
            put([2, 4, high, low]);
        }
        if let Some(shift) = self.window_shift {
            put([1, 3, 3, shift]);
        }
        if self.has_sack {
            put([1, 1, 4, 2]);
        }
    }
}

/// A segment without payload: SYN, SYN|ACK, ACK, RST.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    pub(crate) flow: FlowKey,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
    pub(crate) window: u16,
    pub(crate) options: SynOptions,
}

impl Control {
    /// Returns a segment of `flow` without options and with no window.
    pub(crate) fn new(flow: FlowKey, flags: u8, seq: u32, ack: u32) -> Self {
        Self { flow, seq, ack, flags, window: 0, options: SynOptions::default() }
    }

    /// Returns the length of the whole packet, at most [`CONTROL_MAX`].
    pub(crate) fn length(&self) -> usize {
        header_length(&self.flow.local.address) + HEADER + self.options.length()
    }

    /// Writes the packet, which fills `packet`; the checksum is left zero.
    pub(crate) fn emit(&self, packet: &mut [u8]) {
        let header = Header {
            source: self.flow.local.address,
            destination: self.flow.remote.address,
            protocol: protocol::TCP,
            ttl: TTL,
            tos: 0,
        };
        let start = header.emit(packet);
        let tcp = &mut packet[start..];
        let words = u8::try_from(tcp.len() / 4).unwrap_or(15);
        put_u16(tcp, 0, self.flow.local.port);
        put_u16(tcp, 2, self.flow.remote.port);
        put_u32(tcp, 4, self.seq);
        put_u32(tcp, 8, self.ack);
        tcp[12] = words << 4;
        tcp[13] = self.flags;
        put_u16(tcp, WINDOW, self.window);
        put_u32(tcp, CHECKSUM, 0);
        self.options.emit(&mut tcp[HEADER..]);
    }

    /// Returns the packet with `payload` behind it and no checksum.
    pub(crate) fn with_payload(&self, payload: &[u8]) -> Vec<u8> {
        let mut packet = alloc::vec![0; self.length()];
        self.emit(&mut packet);
        packet.extend_from_slice(payload);
        let length = packet.len();
        match self.flow.local.address {
            IpAddr::V4(_) => {
                put_u16(&mut packet, 2, length_field(length));
                fill_checksum(&mut packet);
            }
            IpAddr::V6(_) => put_u16(&mut packet, 4, length_field(length - V6_HEADER)),
        }
        packet
    }
}

/// Returns whether sequence number `a` is before `b` (RFC 9293 §3.4).
pub(crate) const fn is_before(a: u32, b: u32) -> bool {
    b.wrapping_sub(a).cast_signed() > 0
}

/// Returns whether the segment that `bytes` are arrived intact.
pub(crate) fn is_intact(source: &IpAddr, destination: &IpAddr, bytes: &[u8]) -> bool {
    Sum::pseudo_header(source, destination, protocol::TCP, bytes.len()).add(bytes).is_good()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Endpoint;
    use crate::wire::ip::Ip;

    #[test]
    fn what_is_written_is_read() {
        let end = |port| Endpoint { address: "10.0.0.1".parse().unwrap(), port };
        let flow = FlowKey { local: end(1), remote: end(2) };
        let options = SynOptions { mss: Some(1460), window_shift: Some(7), has_sack: true };
        let control = Control { window: 9, options, ..Control::new(flow, SYN | ACK, 3, 4) };
        let mut packet = [0xaa; CONTROL_MAX];
        control.emit(&mut packet[..control.length()]);
        let ip = Ip::parse(&packet).unwrap();
        let tcp = Tcp::parse(ip.payload).unwrap();
        assert_eq!((tcp.source, tcp.destination, tcp.seq, tcp.ack), (1, 2, 3, 4));
        assert_eq!((tcp.flags, tcp.window, tcp.payload), (SYN | ACK, 9, &[][..]));
        assert_eq!(tcp.syn_options(), options);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = Tcp::parse(&bytes).map(|tcp| tcp.syn_options());
        }
    }
}
