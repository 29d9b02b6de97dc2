//! Own addresses and routes.
//!
//! A machine has few of both, so they are short lists; connections remember what they found here
//! until the [`generation`](crate::stack::Stack) changes.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use abi::{Errno, Result};

/// An address and the length of the prefix that it shares with its network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cidr {
    /// The address.
    pub address: IpAddr,
    /// Bits of the prefix.
    pub prefix: u8,
}

impl Cidr {
    /// Returns whether `address` is in this network.
    pub fn contains(&self, address: &IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                (own.to_bits() ^ other.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.prefix.min(128));
                (own.to_bits() ^ other.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    /// Returns the network: the address with the bits behind the prefix cleared.
    pub(crate) fn network(&self) -> Self {
        let prefix = u32::from(self.prefix);
        let address = match self.address {
            IpAddr::V4(own) => {
                let hosts = u32::MAX.checked_shr(prefix).unwrap_or(0);
                Ipv4Addr::from_bits(own.to_bits() & !hosts).into()
            }
            IpAddr::V6(own) => {
                let hosts = u128::MAX.checked_shr(prefix).unwrap_or(0);
                Ipv6Addr::from_bits(own.to_bits() & !hosts).into()
            }
        };
        Self { address, prefix: self.prefix }
    }

    /// Returns the address of everyone in an IPv4 network that has one.
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        let IpAddr::V4(address) = self.address else { return None };
        let hosts = u32::MAX.checked_shr(u32::from(self.prefix))?;
        (hosts > 1).then(|| Ipv4Addr::from_bits(address.to_bits() | hosts))
    }
}

/// A route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Where it leads.
    pub destination: Cidr,
    /// The router on the way; `None` if the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// The card, as [`Stack::add_device`](crate::stack::Stack::add_device) numbered it.
    pub interface: usize,
}

/// How packets leave for a destination.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Path {
    /// Back into this machine.
    Loopback,
    /// Over a card.
    Link {
        interface: usize,
        /// The neighbour that takes them.
        next: IpAddr,
    },
}

/// Addresses and routes of the machine.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) addresses: Vec<(usize, Cidr)>,
    pub(crate) routes: Vec<Route>,
}

/// Returns whether an address stands for this machine whatever its configuration.
pub(crate) const fn is_loopback(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => address.is_loopback(),
    }
}

/// Returns whether a packet to `address` goes to many.
pub(crate) fn is_group(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    }
}

impl Network {
    /// Returns whether packets to `address` are for this machine alone.
    pub(crate) fn is_local(&self, address: &IpAddr) -> bool {
        is_loopback(address) || self.addresses.iter().any(|(_, own)| own.address == *address)
    }

    /// Returns whether `address` is a network's or the link's broadcast address.
    pub(crate) fn is_broadcast(&self, address: &IpAddr) -> bool {
        let IpAddr::V4(v4) = address else { return false };
        v4.is_broadcast() || self.addresses.iter().any(|(_, own)| own.broadcast() == Some(*v4))
    }

    /// Finds the way to `destination`: own addresses, then the longest matching prefix.
    ///
    /// # Errors
    /// `ENETUNREACH` if no route leads there.
    pub(crate) fn path(&self, destination: &IpAddr) -> Result<Path> {
        if self.is_local(destination) || destination.is_unspecified() {
            return Ok(Path::Loopback);
        }
        let on_link = self.addresses.iter().filter(|(_, own)| own.contains(destination));
        let on_link = on_link.map(|(interface, own)| (own.prefix, *interface, *destination));
        let routed = self.routes.iter().filter(|route| route.destination.contains(destination));
        let routed = routed.map(|route| {
            let next = route.gateway.unwrap_or(*destination);
            (route.destination.prefix, route.interface, next)
        });
        if let Some((_, interface, next)) = on_link.chain(routed).max_by_key(|(prefix, ..)| *prefix)
        {
            return Ok(Path::Link { interface, next });
        }
        // Groups and link-local addresses need no route where there is one card.
        let is_on_any_link = match destination {
            IpAddr::V4(v4) => v4.is_broadcast(),
            IpAddr::V6(v6) => v6.is_multicast() || v6.is_unicast_link_local(),
        };
        let first = self.addresses.first().map_or(1, |(interface, _)| *interface);
        if is_on_any_link {
            return Ok(Path::Link { interface: first, next: *destination });
        }
        Err(Errno::ENETUNREACH)
    }

    /// Checks that packets to `destination` leave over a card, 0 for loopback
    /// (`SO_BINDTODEVICE`, `IP_PKTINFO`).
    ///
    /// # Errors
    /// `ENETUNREACH` if they do not.
    pub(crate) fn check_card(&self, destination: &IpAddr, card: usize) -> Result<()> {
        let leaves_over = match self.path(destination)? {
            Path::Loopback => 0,
            Path::Link { interface, .. } => interface,
        };
        if leaves_over == card { Ok(()) } else { Err(Errno::ENETUNREACH) }
    }

    /// Returns the source address that packets to `destination` bear if nobody chose one.
    ///
    /// # Errors
    /// `ENETUNREACH` if no route leads there, `EADDRNOTAVAIL` if the card there has no address
    /// of the version.
    pub(crate) fn source_for(&self, destination: &IpAddr) -> Result<IpAddr> {
        let interface = match self.path(destination)? {
            Path::Loopback if destination.is_unspecified() => {
                return Ok(if destination.is_ipv4() {
                    Ipv4Addr::LOCALHOST.into()
                } else {
                    Ipv6Addr::LOCALHOST.into()
                });
            }
            Path::Loopback => return Ok(*destination),
            Path::Link { interface, .. } => interface,
        };
        let is_link_local =
            |address: &IpAddr| matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        let wanted_scope = is_link_local(destination)
            || matches!(destination, IpAddr::V6(v6) if v6.is_multicast());
        let own = self
            .addresses
            .iter()
            .filter(|(at, own)| *at == interface && own.address.is_ipv4() == destination.is_ipv4());
        own.map(|(_, own)| own)
            .max_by_key(|own| {
                (own.contains(destination), is_link_local(&own.address) == wanted_scope)
            })
            .map(|own| own.address)
            .ok_or(Errno::EADDRNOTAVAIL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn network() -> Network {
        let cidr = |text, prefix| Cidr { address: ip(text), prefix };
        Network {
            addresses: alloc::vec![(1, cidr("10.0.2.15", 24)), (1, cidr("fe80::1", 64))],
            routes: alloc::vec![Route {
                destination: cidr("0.0.0.0", 0),
                gateway: Some(ip("10.0.2.2")),
                interface: 1,
            }],
        }
    }

    #[test]
    fn the_longest_prefix_wins_and_own_addresses_loop_back() {
        let network = network();
        let link = |next| Ok(Path::Link { interface: 1, next: ip(next) });
        assert_eq!(network.path(&ip("10.0.2.9")), link("10.0.2.9"));
        assert_eq!(network.path(&ip("8.8.8.8")), link("10.0.2.2"));
        assert_eq!(network.path(&ip("10.0.2.15")), Ok(Path::Loopback));
        assert_eq!(network.path(&ip("127.9.9.9")), Ok(Path::Loopback));
        assert_eq!(network.path(&ip("2001:db8::1")), Err(Errno::ENETUNREACH));
        assert_eq!(network.source_for(&ip("8.8.8.8")), Ok(ip("10.0.2.15")));
        assert_eq!(network.source_for(&ip("127.0.0.1")), Ok(ip("127.0.0.1")));
        assert_eq!(network.source_for(&ip("fe80::2")), Ok(ip("fe80::1")));
    }

    #[test]
    fn broadcast_is_of_networks_with_hosts() {
        let network = network();
        assert!(network.is_broadcast(&ip("10.0.2.255")));
        assert!(network.is_broadcast(&ip("255.255.255.255")));
        assert!(!network.is_broadcast(&ip("10.0.2.15")));
        assert_eq!(Cidr { address: ip("10.0.0.1"), prefix: 32 }.broadcast(), None);
    }
}
