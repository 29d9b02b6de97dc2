//! ICMP for IPv4 (RFC 792) and IPv6 (RFC 4443): echo and errors.

use core::net::IpAddr;

use abi::Errno;

use super::checksum::Sum;
use super::ip::Ip;
use super::{protocol, put_u16, put_u32, u32_at};

/// Length of the header of echoes and errors in bytes.
pub(crate) const HEADER: usize = 8;
/// The most of an offending packet that an error quotes, so that it fits the smallest MTU.
pub(crate) const QUOTE_MAX: usize = 512;

/// A received ICMP message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Icmp<'a> {
    /// An echo request, from its header on.
    EchoRequest(&'a [u8]),
    /// An error about a packet that was sent from here.
    Error(Report<'a>),
}

/// An error about a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report<'a> {
    /// What a program is told.
    pub(crate) errno: Errno,
    /// Whether a connection in progress ends by it.
    pub(crate) is_fatal: bool,
    /// The MTU of the next hop, of a packet that was too big.
    pub(crate) mtu: Option<u32>,
    /// The front of the packet that it is about, from its IP header on.
    pub(crate) quote: &'a [u8],
}

impl<'a> Icmp<'a> {
    /// Reads a message whose checksum is good; other kinds than these are `None`.
    pub(crate) fn parse(ip: &Ip<'a>) -> Option<Self> {
        let bytes = ip.payload;
        let sum = match ip.source {
            IpAddr::V4(_) => Sum::default(),
            IpAddr::V6(_) => {
                let (from, to) = (&ip.source, &ip.destination);
                Sum::pseudo_header(from, to, protocol::ICMP_V6, bytes.len())
            }
        };
        let quote = bytes.get(HEADER..)?;
        if !sum.add(bytes).is_good() {
            return None;
        }
        match (ip.source, bytes[0]) {
            (IpAddr::V4(_), 8) | (IpAddr::V6(_), 128) => Some(Self::EchoRequest(bytes)),
            (IpAddr::V4(_), 3) => {
                Some(Self::Error(Report::unreachable_v4(bytes[1], bytes, quote)?))
            }
            (IpAddr::V6(_), 1) => Some(Self::Error(Report::unreachable_v6(bytes[1], quote))),
            (IpAddr::V6(_), 2) => Some(Self::Error(Report {
                errno: Errno::EMSGSIZE,
                is_fatal: false,
                mtu: u32_at(bytes, 4),
                quote,
            })),
            (IpAddr::V4(_), 11) | (IpAddr::V6(_), 3) => Some(Self::Error(Report {
                errno: Errno::EHOSTUNREACH,
                is_fatal: false,
                mtu: None,
                quote,
            })),
            _ => None,
        }
    }
}

impl<'a> Report<'a> {
    /// Linux's `icmp_err_convert`, net/ipv4/icmp.c.
    fn unreachable_v4(code: u8, bytes: &[u8], quote: &'a [u8]) -> Option<Self> {
        let (errno, is_fatal) = match code {
            0 | 5 | 11 => (Errno::ENETUNREACH, false),
            1 | 12 => (Errno::EHOSTUNREACH, false),
            2 => (Errno::ENOPROTOOPT, true),
            3 => (Errno::ECONNREFUSED, true),
            4 => (Errno::EMSGSIZE, false),
            6 => (Errno::ENETUNREACH, true),
            7 => (Errno::EHOSTDOWN, true),
            8 => (Errno::ENONET, true),
            9 => (Errno::ENETUNREACH, true),
            10 | 13 | 14 | 15 => (Errno::EHOSTUNREACH, true),
            _ => return None,
        };
        let mtu = (code == 4).then(|| u32_at(bytes, 4).unwrap_or(0) & 0xffff);
        Some(Self { errno, is_fatal, mtu, quote })
    }

    /// Linux's `tab_unreach`, net/ipv6/icmp.c.
    fn unreachable_v6(code: u8, quote: &'a [u8]) -> Self {
        let (errno, is_fatal) = match code {
            0 => (Errno::ENETUNREACH, false),
            1 | 5 | 6 => (Errno::EACCES, true),
            4 => (Errno::ECONNREFUSED, true),
            _ => (Errno::EHOSTUNREACH, false),
        };
        Self { errno, is_fatal, mtu: None, quote }
    }
}

/// Turns `message`, a copy of an echo request between the addresses, into its reply.
pub(crate) fn make_echo_reply(message: &mut [u8], source: &IpAddr, destination: &IpAddr) {
    message[0] = if source.is_ipv4() { 0 } else { 129 };
    fill_checksum(message, source, destination);
}

/// Writes "port unreachable" about `quote` into `message`, which has room for just that.
pub(crate) fn emit_port_unreachable(
    message: &mut [u8],
    quote: &[u8],
    source: &IpAddr,
    destination: &IpAddr,
) {
    let kind: [u8; 2] = if source.is_ipv4() { [3, 3] } else { [1, 4] };
    message[..2].copy_from_slice(&kind);
    put_u32(message, 4, 0);
    message[HEADER..].copy_from_slice(quote);
    fill_checksum(message, source, destination);
}

/// Fills in the checksum of a message that goes from `source` to `destination`.
pub(crate) fn fill_checksum(message: &mut [u8], source: &IpAddr, destination: &IpAddr) {
    put_u16(message, 2, 0);
    let sum = match source {
        IpAddr::V4(_) => Sum::default(),
        IpAddr::V6(_) => Sum::pseudo_header(source, destination, protocol::ICMP_V6, message.len()),
    };
    let checksum = sum.add(message).complement();
    put_u16(message, 2, checksum);
}
