//! Neighbour discovery for IPv6 (RFC 4861): solicitations and advertisements.

use core::net::{IpAddr, Ipv6Addr};

use super::checksum::Sum;
use super::icmp::fill_checksum;
use super::ip::Ip;
use super::{protocol, put_u32};
use crate::device::Mac;

/// Length of a message with its link-layer address option in bytes.
pub(crate) const LENGTH: usize = 32;

const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// Option: the sender's link-layer address.
const SOURCE_MAC: u8 = 1;
/// Option: the link-layer address asked for.
const TARGET_MAC: u8 = 2;
/// Flags of an advertisement that answers a solicitation: solicited, override.
const ANSWER_FLAGS: u32 = 0x6000_0000;

/// A neighbour solicitation or advertisement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ndisc {
    /// "Who has `target`?", from the owner of `mac`.
    Solicitation { target: Ipv6Addr, mac: Option<Mac> },
    /// "`target` is at `mac`".
    Advertisement { target: Ipv6Addr, mac: Option<Mac> },
}

impl Ndisc {
    /// Reads a message; one that crossed a router or is broken is `None` (RFC 4861 §7.1).
    pub(crate) fn parse(ip: &Ip<'_>) -> Option<Self> {
        let bytes = ip.payload;
        let sum = Sum::pseudo_header(&ip.source, &ip.destination, protocol::ICMP_V6, bytes.len());
        if ip.ttl != 255 || !sum.add(bytes).is_good() {
            return None;
        }
        let target = Ipv6Addr::from(*bytes.get(8..)?.first_chunk::<16>()?);
        let options = bytes.get(24..)?;
        match bytes[0] {
            SOLICITATION => Some(Self::Solicitation { target, mac: find_mac(options, SOURCE_MAC) }),
            ADVERTISEMENT => {
                Some(Self::Advertisement { target, mac: find_mac(options, TARGET_MAC) })
            }
            _ => None,
        }
    }
}

fn find_mac(mut options: &[u8], wanted: u8) -> Option<Mac> {
    loop {
        let length = usize::from(*options.get(1)?) * 8;
        if length == 0 {
            return None;
        }
        if options[0] == wanted {
            return options.get(2..)?.first_chunk().copied();
        }
        options = options.get(length..)?;
    }
}

/// Writes a solicitation for `target` into `message`.
pub(crate) fn emit_solicitation(
    message: &mut [u8],
    target: Ipv6Addr,
    mac: Mac,
    ends: (&IpAddr, &IpAddr),
) {
    emit(message, (SOLICITATION, 0), target, (SOURCE_MAC, mac), ends);
}

/// Writes an advertisement of `target` into `message`.
pub(crate) fn emit_advertisement(
    message: &mut [u8],
    target: Ipv6Addr,
    mac: Mac,
    ends: (&IpAddr, &IpAddr),
) {
    emit(message, (ADVERTISEMENT, ANSWER_FLAGS), target, (TARGET_MAC, mac), ends);
}

fn emit(
    message: &mut [u8],
    (kind, flags): (u8, u32),
    target: Ipv6Addr,
    (option, mac): (u8, Mac),
    (source, destination): (&IpAddr, &IpAddr),
) {
    message[..4].copy_from_slice(&[kind, 0, 0, 0]);
    put_u32(message, 4, flags);
    message[8..24].copy_from_slice(&target.octets());
    message[24..26].copy_from_slice(&[option, 1]);
    message[26..32].copy_from_slice(&mac);
    fill_checksum(message, source, destination);
}

/// Returns the group that the owner of `target` listens to (RFC 4291 §2.7.1).
pub(crate) fn solicited_node(target: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = target.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c])
}

/// Returns the hardware address of an IPv6 group (RFC 2464 §7).
pub(crate) fn group_mac(group: Ipv6Addr) -> Mac {
    let [.., a, b, c, d] = group.octets();
    [0x33, 0x33, a, b, c, d]
}

/// Returns the link-local address that a card gives itself (RFC 4291 appendix A).
pub(crate) fn link_local(mac: Mac) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac;
    Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}
