//! Ports: which socket is bound where, and who may share.

use alloc::sync::Weak;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use abi::{Errno, Result};
use hashbrown::HashMap;

/// First port that is given to sockets that ask for none (`ip_local_port_range`).
pub(crate) const EPHEMERAL_FIRST: u16 = 32_768;
/// How many there are: up to 60999.
pub(crate) const EPHEMERAL_COUNT: u16 = 28_232;

/// Which local addresses a socket is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// One.
    One(IpAddr),
    /// All of IPv4.
    AnyV4,
    /// All of IPv6 (`IPV6_V6ONLY`).
    AnyV6,
    /// All of both.
    Any,
}

impl Scope {
    /// Returns whether packets to `address` are meant.
    pub(crate) fn covers(&self, address: &IpAddr) -> bool {
        match self {
            Self::One(own) => own == address,
            Self::AnyV4 => address.is_ipv4(),
            Self::AnyV6 => address.is_ipv6(),
            Self::Any => true,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (scope, Self::One(address)) | (Self::One(address), scope) => scope.covers(address),
            (Self::AnyV4, Self::AnyV6) | (Self::AnyV6, Self::AnyV4) => false,
            _ => true,
        }
    }

    /// Narrower scopes get packets first.
    fn rank(&self) -> u8 {
        match self {
            Self::One(_) => 2,
            Self::AnyV4 | Self::AnyV6 => 1,
            Self::Any => 0,
        }
    }
}

/// With whom a socket shares its port.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Sharing {
    /// `SO_REUSEADDR`.
    pub(crate) reuse_address: bool,
    /// `SO_REUSEPORT`.
    pub(crate) reuse_port: bool,
    /// The socket listens: it shares by `SO_REUSEPORT` only.
    pub(crate) is_listening: bool,
}

impl Sharing {
    const fn with(self, other: Self) -> bool {
        (self.reuse_port && other.reuse_port)
            || (self.reuse_address
                && other.reuse_address
                && !self.is_listening
                && !other.is_listening)
    }
}

/// A socket in the table.
pub(crate) struct Bound<S> {
    pub(crate) scope: Scope,
    pub(crate) sharing: Sharing,
    /// The only card that packets are taken from, 0 for loopback (`SO_BINDTODEVICE`).
    pub(crate) card: Option<usize>,
    /// What the socket is known by.
    pub(crate) id: u64,
    pub(crate) socket: Weak<S>,
}

impl<S> Bound<S> {
    /// Returns whether the socket takes packets from a card.
    pub(crate) fn is_for(&self, card: usize) -> bool {
        self.card.is_none_or(|own| own == card)
    }

    /// Returns whether there are packets that both sockets could take.
    fn overlaps(&self, other: &Self) -> bool {
        self.scope.overlaps(&other.scope) && other.card.is_none_or(|card| self.is_for(card))
    }
}

/// The bound sockets of one protocol.
pub(crate) struct Ports<S> {
    bound: HashMap<u16, Vec<Bound<S>>>,
}

impl<S> Default for Ports<S> {
    fn default() -> Self {
        Self { bound: HashMap::new() }
    }
}

impl<S> fmt::Debug for Ports<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").field("bound", &self.bound.len()).finish()
    }
}

impl<S> Ports<S> {
    /// Enters a socket at `port`, or at a free port for 0, and returns the port.
    ///
    /// # Errors
    /// `EADDRINUSE` if the port, or every port, is taken.
    pub(crate) fn bind(&mut self, port: u16, entry: Bound<S>, random: u64) -> Result<u16> {
        let port = if port == 0 {
            ephemeral(random)
                .find(|port| !self.bound.contains_key(port))
                .ok_or(Errno::EADDRINUSE)?
        } else {
            if self.conflicts(port, &entry) {
                return Err(Errno::EADDRINUSE);
            }
            port
        };
        self.bound.entry(port).or_default().push(entry);
        Ok(port)
    }

    fn conflicts(&self, port: u16, entry: &Bound<S>) -> bool {
        self.at(port).iter().any(|other| {
            other.id != entry.id && other.overlaps(entry) && !entry.sharing.with(other.sharing)
        })
    }

    /// Returns whether any socket is bound to `port`.
    pub(crate) fn is_taken(&self, port: u16) -> bool {
        self.bound.contains_key(&port)
    }

    /// Changes how a bound socket shares.
    ///
    /// # Errors
    /// `EADDRINUSE` if another socket at the port does not share so.
    pub(crate) fn set_sharing(&mut self, port: u16, id: u64, sharing: Sharing) -> Result<()> {
        let entries = self.bound.get_mut(&port).map_or(&mut [][..], |entries| &mut entries[..]);
        let Some(own) = entries.iter().position(|entry| entry.id == id) else { return Ok(()) };
        let is_refused = entries.iter().any(|other| {
            other.id != id && other.overlaps(&entries[own]) && !sharing.with(other.sharing)
        });
        if is_refused && sharing.is_listening {
            return Err(Errno::EADDRINUSE);
        }
        entries[own].sharing = sharing;
        Ok(())
    }

    /// Changes from which card a bound socket takes packets.
    pub(crate) fn set_card(&mut self, port: u16, id: u64, card: Option<usize>) {
        let entries = self.bound.get_mut(&port).into_iter().flatten();
        for entry in entries.filter(|entry| entry.id == id) {
            entry.card = card;
        }
    }

    /// Removes a socket.
    pub(crate) fn release(&mut self, port: u16, id: u64) {
        if let Some(entries) = self.bound.get_mut(&port) {
            entries.retain(|entry| entry.id != id);
            if entries.is_empty() {
                self.bound.remove(&port);
            }
        }
    }

    /// Returns the sockets bound to `port`.
    pub(crate) fn at(&self, port: u16) -> &[Bound<S>] {
        self.bound.get(&port).map_or(&[], |entries| entries)
    }

    /// Returns the sockets that packets to `address` and `port` may go to and that `wanted`
    /// selects: those of the narrowest scope, in the order they were bound.
    pub(crate) fn narrowest<'a>(
        &'a self,
        address: &'a IpAddr,
        port: u16,
        wanted: impl Fn(&Bound<S>) -> bool + Copy + 'a,
    ) -> impl Iterator<Item = &'a Bound<S>> {
        let fits = move |entry: &&Bound<S>| entry.scope.covers(address) && wanted(entry);
        let rank = self.at(port).iter().filter(fits).map(|entry| entry.scope.rank()).max();
        self.at(port).iter().filter(fits).filter(move |entry| Some(entry.scope.rank()) == rank)
    }
}

/// Returns all ephemeral ports in an order that `random` picks.
pub(crate) fn ephemeral(random: u64) -> impl Iterator<Item = u16> {
    let count = u64::from(EPHEMERAL_COUNT);
    (0..count).filter_map(move |step| {
        // A prime step that does not divide the count visits every port.
        let offset = u16::try_from((random % count + step * 7919) % count).ok()?;
        Some(EPHEMERAL_FIRST + offset)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64, scope: Scope, sharing: Sharing) -> Bound<()> {
        Bound { scope, sharing, card: None, id, socket: Weak::new() }
    }

    const PLAIN: Sharing = Sharing { reuse_address: false, reuse_port: false, is_listening: false };

    #[test]
    fn overlapping_scopes_conflict_unless_both_share() {
        let mut ports = Ports::default();
        assert_eq!(ports.bind(80, entry(1, Scope::AnyV4, PLAIN), 0), Ok(80));
        let one = Scope::One("10.0.0.1".parse().unwrap());
        assert_eq!(ports.bind(80, entry(2, one, PLAIN), 0), Err(Errno::EADDRINUSE));
        assert_eq!(ports.bind(80, entry(3, Scope::AnyV6, PLAIN), 0), Ok(80));
        assert_eq!(ports.bind(80, entry(4, Scope::Any, PLAIN), 0), Err(Errno::EADDRINUSE));
        ports.release(80, 1);
        ports.release(80, 3);
        let reuse = Sharing { reuse_address: true, ..PLAIN };
        assert_eq!(ports.bind(80, entry(5, Scope::AnyV4, reuse), 0), Ok(80));
        assert_eq!(ports.bind(80, entry(6, Scope::AnyV4, reuse), 0), Ok(80));
        let listening = Sharing { is_listening: true, ..reuse };
        assert_eq!(ports.set_sharing(80, 5, listening), Err(Errno::EADDRINUSE));
        ports.release(80, 6);
        assert_eq!(ports.set_sharing(80, 5, listening), Ok(()));
        assert_eq!(ports.bind(80, entry(7, Scope::AnyV4, reuse), 0), Err(Errno::EADDRINUSE));
    }

    #[test]
    fn ephemeral_ports_are_all_different_and_in_range() {
        let all: hashbrown::HashSet<u16> = ephemeral(12_345).collect();
        assert_eq!(all.len(), usize::from(EPHEMERAL_COUNT));
        assert!(all.iter().all(|port| (32_768..=60_999).contains(port)));
    }

    #[test]
    fn the_narrowest_scope_gets_packets() {
        let mut ports = Ports::default();
        let address = "10.0.0.1".parse().unwrap();
        let reuse = Sharing { reuse_address: true, ..PLAIN };
        ports.bind(53, entry(1, Scope::Any, reuse), 0).unwrap();
        ports.bind(53, entry(2, Scope::One(address), reuse), 0).unwrap();
        let found: Vec<u64> = ports.narrowest(&address, 53, |_| true).map(|e| e.id).collect();
        assert_eq!(found, [2]);
    }
}
