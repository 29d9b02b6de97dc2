//! UDP headers (RFC 768).

use core::net::IpAddr;

use super::checksum::Sum;
use super::{length_field, protocol, put_u16, u16_at};

/// Length of a header in bytes.
pub(crate) const HEADER: usize = 8;
/// Where the checksum is.
pub(crate) const CHECKSUM: usize = 6;

/// A received UDP datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Udp<'a> {
    pub(crate) source: u16,
    pub(crate) destination: u16,
    pub(crate) payload: &'a [u8],
}

impl<'a> Udp<'a> {
    /// Reads a datagram from the payload of an IP packet.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        Some(Self {
            source: u16_at(bytes, 0)?,
            destination: u16_at(bytes, 2)?,
            payload: bytes.get(HEADER..usize::from(u16_at(bytes, 4)?))?,
        })
    }
}

/// Returns whether the datagram that `bytes` are arrived intact; over IPv4 it may have no checksum.
pub(crate) fn is_intact(source: &IpAddr, destination: &IpAddr, bytes: &[u8]) -> bool {
    let Some(length) = u16_at(bytes, 4).map(usize::from) else { return false };
    let Some(bytes) = bytes.get(..length) else { return false };
    if bytes.len() < HEADER {
        return false;
    }
    if bytes[CHECKSUM..HEADER] == [0, 0] {
        return source.is_ipv4();
    }
    Sum::pseudo_header(source, destination, protocol::UDP, length).add(bytes).is_good()
}

/// Writes a header with a checksum of zero at the front of `datagram`, which it describes.
pub(crate) fn emit(datagram: &mut [u8], source: u16, destination: u16) {
    put_u16(datagram, 0, source);
    put_u16(datagram, 2, destination);
    let length = length_field(datagram.len());
    put_u16(datagram, 4, length);
    put_u16(datagram, CHECKSUM, 0);
}

/// Computes the checksum of a whole datagram and puts it in.
pub(crate) fn fill_checksum(datagram: &mut [u8], source: &IpAddr, destination: &IpAddr) {
    put_u16(datagram, CHECKSUM, 0);
    let sum = Sum::pseudo_header(source, destination, protocol::UDP, datagram.len());
    let sum = sum.add(datagram).complement();
    put_u16(datagram, CHECKSUM, if sum == 0 { 0xffff } else { sum });
}
