//! Ethernet II headers.

use super::{put_u16, u16_at};
use crate::device::{ETHERNET_HEADER, Mac};

/// EtherType of IPv4.
pub(crate) const IPV4: u16 = 0x0800;
/// EtherType of ARP.
pub(crate) const ARP: u16 = 0x0806;
/// EtherType of IPv6.
pub(crate) const IPV6: u16 = 0x86dd;

/// The address of every card.
pub(crate) const BROADCAST: Mac = [0xff; 6];

/// A received Ethernet frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ethernet<'a> {
    pub(crate) destination: Mac,
    pub(crate) source: Mac,
    pub(crate) kind: u16,
    pub(crate) payload: &'a [u8],
}

impl<'a> Ethernet<'a> {
    /// Reads a frame.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        Some(Self {
            destination: *bytes.first_chunk()?,
            source: *bytes.get(6..)?.first_chunk()?,
            kind: u16_at(bytes, 12)?,
            payload: bytes.get(ETHERNET_HEADER..)?,
        })
    }

    /// Returns whether the frame is for the card `mac`, for all cards or for a group.
    pub(crate) fn is_for(&self, mac: &Mac) -> bool {
        self.destination == *mac || self.destination[0] & 1 != 0
    }
}

/// Writes a header at the front of `frame`.
pub(crate) fn emit(frame: &mut [u8], destination: Mac, source: Mac, kind: u16) {
    frame[..6].copy_from_slice(&destination);
    frame[6..12].copy_from_slice(&source);
    put_u16(frame, 12, kind);
}
