//! Socket addresses as bytes: `struct sockaddr_in` and `sockaddr_in6`, `ip(7)`, `ipv6(7)`.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use abi::socket::{AF_INET, AF_INET6, AF_UNSPEC};
use abi::{Errno, Result};

use crate::flow::Endpoint;
use crate::wire::u16_at;

/// Length of `struct sockaddr_in`.
const V4_LENGTH: usize = 16;
/// Length of `struct sockaddr_in6`.
const V6_LENGTH: usize = 28;
/// Length of `struct sockaddr_in6` without the scope, which Linux takes too.
const V6_LENGTH_OLD: usize = 24;

/// The family of an Internet socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// `AF_INET`.
    V4,
    /// `AF_INET6`.
    V6,
}

impl Family {
    /// Returns the address that means all or none.
    pub(crate) const fn unspecified(self) -> IpAddr {
        match self {
            Self::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Self::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        }
    }

    /// Returns the family's number.
    pub(crate) const fn number(self) -> i32 {
        match self {
            Self::V4 => AF_INET,
            Self::V6 => AF_INET6,
        }
    }
}

/// Returns the family that a socket address names.
///
/// # Errors
/// `EINVAL` if it is too short for that.
pub(crate) fn family_of(bytes: &[u8]) -> Result<i32> {
    let family = bytes.first_chunk::<2>().ok_or(Errno::EINVAL)?;
    Ok(i32::from(u16::from_ne_bytes(*family)))
}

/// Reads the address that a call gives a socket of this family. IPv4-mapped addresses become
/// IPv4 addresses.
///
/// # Errors
/// `EINVAL` if it is too short, `EAFNOSUPPORT` if it is of another family.
pub(crate) fn parse(family: Family, bytes: &[u8]) -> Result<Endpoint> {
    let named = family_of(bytes)?;
    match family {
        Family::V4 => {
            let bytes: &[u8; V4_LENGTH] = bytes.first_chunk().ok_or(Errno::EINVAL)?;
            let end = parse_v4(bytes);
            // Linux takes AF_UNSPEC for AF_INET if the address is 0.0.0.0, inet_bind(2).
            let is_any = named == AF_UNSPEC && end.address.is_unspecified();
            if named == AF_INET || is_any { Ok(end) } else { Err(Errno::EAFNOSUPPORT) }
        }
        Family::V6 => {
            if bytes.len() < V6_LENGTH_OLD {
                return Err(Errno::EINVAL);
            }
            if named != AF_INET6 {
                return Err(Errno::EAFNOSUPPORT);
            }
            let address = bytes[8..].first_chunk::<16>().ok_or(Errno::EINVAL)?;
            let address = IpAddr::V6(Ipv6Addr::from(*address)).to_canonical();
            Ok(Endpoint { address, port: u16_at(bytes, 2).ok_or(Errno::EINVAL)? })
        }
    }
}

/// Reads where a datagram is to go: an IPv6 socket takes `sockaddr_in` as well.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_destination(family: Family, bytes: &[u8]) -> Result<Endpoint> {
    match (family, family_of(bytes)?) {
        // Without a family it is taken for one of the socket's.
        (Family::V4, AF_UNSPEC) => bytes.first_chunk().map(parse_v4).ok_or(Errno::EINVAL),
        // Here it is not called a family that is not supported.
        (Family::V6, other) if other != AF_INET6 => Err(Errno::EINVAL),
        _ => parse(family, bytes),
    }
}

fn parse_v4(bytes: &[u8; V4_LENGTH]) -> Endpoint {
    let [_, _, high, low, a, b, c, d, ..] = *bytes;
    Endpoint { address: Ipv4Addr::new(a, b, c, d).into(), port: u16::from_be_bytes([high, low]) }
}

/// A socket address as a program gets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SocketAddress {
    bytes: [u8; V6_LENGTH],
    length: usize,
}

impl SocketAddress {
    /// Writes an address for a socket of this family.
    pub fn new(family: Family, end: &Endpoint) -> Self {
        let mut bytes = [0; V6_LENGTH];
        let number = u16::try_from(family.number()).unwrap_or(0);
        bytes[..2].copy_from_slice(&number.to_ne_bytes());
        bytes[2..4].copy_from_slice(&end.port.to_be_bytes());
        let length = match (family, end.address) {
            (Family::V4, IpAddr::V4(address)) => {
                bytes[4..8].copy_from_slice(&address.octets());
                V4_LENGTH
            }
            (_, IpAddr::V4(address)) => {
                // "Any" of both versions prints as "::".
                if !address.is_unspecified() {
                    bytes[8..24].copy_from_slice(&address.to_ipv6_mapped().octets());
                }
                V6_LENGTH
            }
            (_, IpAddr::V6(address)) => {
                bytes[8..24].copy_from_slice(&address.octets());
                if address.is_unicast_link_local() {
                    bytes[24..28].copy_from_slice(&2u32.to_ne_bytes());
                }
                V6_LENGTH
            }
        };
        Self { bytes, length }
    }

    /// Takes bytes of an address of another family as they are, at most 28.
    pub(crate) fn raw(address: &[u8]) -> Self {
        let length = address.len().min(V6_LENGTH);
        let mut bytes = [0; V6_LENGTH];
        bytes[..length].copy_from_slice(&address[..length]);
        Self { bytes, length }
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> Endpoint {
        text.parse::<core::net::SocketAddr>().unwrap().into()
    }

    #[test]
    fn what_is_written_is_read() {
        for (family, text) in [
            (Family::V4, "1.2.3.4:80"),
            (Family::V6, "1.2.3.4:80"),
            (Family::V6, "[2001:db8::1]:80"),
        ] {
            let written = SocketAddress::new(family, &end(text));
            assert_eq!(parse(family, written.as_bytes()), Ok(end(text)));
        }
    }

    #[test]
    fn short_and_foreign_addresses_are_refused() {
        let v4 = SocketAddress::new(Family::V4, &end("1.2.3.4:80"));
        assert_eq!(parse(Family::V4, &v4.as_bytes()[..15]), Err(Errno::EINVAL));
        assert_eq!(parse(Family::V6, v4.as_bytes()), Err(Errno::EINVAL));
        assert_eq!(parse(Family::V4, &[1; 16]), Err(Errno::EAFNOSUPPORT));
        assert_eq!(parse(Family::V4, &[0; 1]), Err(Errno::EINVAL));
    }
}
