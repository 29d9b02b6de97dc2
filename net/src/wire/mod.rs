//! Packet formats: headers read from and written to bytes.
//!
//! Everything a packet contains is outside input: readers return `None` for what is malformed and
//! never index beyond what they were given.

pub(crate) mod arp;
pub(crate) mod checksum;
pub(crate) mod ethernet;
pub(crate) mod icmp;
pub(crate) mod ip;
pub(crate) mod ndisc;
pub(crate) mod tcp;
pub(crate) mod udp;

/// IP protocol numbers, "Assigned Internet Protocol Numbers".
pub(crate) mod protocol {
    /// ICMP for IPv4.
    pub(crate) const ICMP: u8 = 1;
    /// TCP.
    pub(crate) const TCP: u8 = 6;
    /// UDP.
    pub(crate) const UDP: u8 = 17;
    /// IPv6 fragment extension header.
    pub(crate) const FRAGMENT: u8 = 44;
    /// ICMP for IPv6.
    pub(crate) const ICMP_V6: u8 = 58;
}

/// Returns the big-endian 16-bit number at `offset`, or `None` beyond the end.
pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(offset..)?.first_chunk()?))
}

/// Returns the big-endian 32-bit number at `offset`, or `None` beyond the end.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(offset..)?.first_chunk()?))
}

/// Writes `value` big-endian at `offset`, which the caller's buffer has room for.
pub(crate) fn put_u16(bytes: &mut [u8], offset: usize, value: u16) {
    bytes[offset..offset + 2].copy_from_slice(&value.to_be_bytes());
}

/// Writes `value` big-endian at `offset`, which the caller's buffer has room for.
pub(crate) fn put_u32(bytes: &mut [u8], offset: usize, value: u32) {
    bytes[offset..offset + 4].copy_from_slice(&value.to_be_bytes());
}

/// Returns a length as the 16-bit field of a header; lengths are bounded by 65535 before.
pub(crate) fn length_field(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
