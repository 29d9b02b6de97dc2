//! ARP for IPv4 over Ethernet (RFC 826).

use core::net::Ipv4Addr;

use super::{put_u16, u16_at};
use crate::device::Mac;

/// Length of a packet in bytes.
pub(crate) const LENGTH: usize = 28;

/// `ar_op` of a request.
pub(crate) const REQUEST: u16 = 1;
/// `ar_op` of a reply.
pub(crate) const REPLY: u16 = 2;

/// An ARP packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arp {
    pub(crate) operation: u16,
    pub(crate) sender_mac: Mac,
    pub(crate) sender: Ipv4Addr,
    pub(crate) target_mac: Mac,
    pub(crate) target: Ipv4Addr,
}

impl Arp {
    /// Reads a packet; one for other hardware or protocols is `None`.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.first_chunk()?;
        if u16_at(bytes, 0)? != 1 || u16_at(bytes, 2)? != 0x0800 || bytes[4..6] != [6, 4] {
            return None;
        }
        Some(Self {
            operation: u16_at(bytes, 6)?,
            sender_mac: *bytes[8..].first_chunk()?,
            sender: Ipv4Addr::from(*bytes[14..].first_chunk::<4>()?),
            target_mac: *bytes[18..].first_chunk()?,
            target: Ipv4Addr::from(*bytes[24..].first_chunk::<4>()?),
        })
    }

    /// Writes the packet at the front of `bytes`.
    pub(crate) fn emit(&self, bytes: &mut [u8]) {
        put_u16(bytes, 0, 1);
        put_u16(bytes, 2, 0x0800);
        bytes[4..6].copy_from_slice(&[6, 4]);
        put_u16(bytes, 6, self.operation);
        bytes[8..14].copy_from_slice(&self.sender_mac);
        bytes[14..18].copy_from_slice(&self.sender.octets());
        bytes[18..24].copy_from_slice(&self.target_mac);
        bytes[24..28].copy_from_slice(&self.target.octets());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let arp = Arp {
            operation: REPLY,
            sender_mac: [2, 0, 0, 0, 0, 1],
            sender: Ipv4Addr::new(10, 0, 2, 15),
            target_mac: [2, 0, 0, 0, 0, 2],
            target: Ipv4Addr::new(10, 0, 2, 2),
        };
        let mut bytes = [0; LENGTH];
        arp.emit(&mut bytes);
        assert_eq!(Arp::parse(&bytes), Some(arp));
        assert_eq!(Arp::parse(&bytes[..LENGTH - 1]), None);
    }
}
