//! What leaves the machine: the way of a packet, and the cards it goes out on.
//!
//! The counterpart of `input.rs`: sockets call [`Stack::send`] with a [`Hop`], which is found once
//! and kept until routes or neighbours change.

use alloc::sync::Arc;
use core::net::{IpAddr, Ipv4Addr};
use core::sync::atomic::Ordering;
use core::time::Duration;

use abi::time::Instant;
use abi::{Errno, Result};

use crate::device::{Full, Mac, Offload};
use crate::interface::{Interface, Outgoing};
use crate::loopback::Lane;
use crate::network::{Path, is_group};
use crate::room;
use crate::stack::Stack;
use crate::wire::ip::{Header, Ip};
use crate::wire::{arp, ethernet, ndisc, protocol};

/// The longest packet over loopback.
const LOOPBACK_MTU: usize = 65_535;
/// How long a connection uses what it found out about its way.
const HOP_LIFETIME: Duration = Duration::from_secs(10);

/// A way out, resolved down to the hardware address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hop {
    /// Back into this machine.
    Loopback,
    /// Over a card, by the queues of a processor, to a known address.
    Link { interface: usize, processor: usize, mac: Mac },
    /// Over a card, once this neighbour has answered.
    Unresolved { interface: usize, next: IpAddr },
}

/// The way of what is lost because there is no route.
pub(crate) const NOWHERE: Hop =
    Hop::Unresolved { interface: 0, next: IpAddr::V4(Ipv4Addr::UNSPECIFIED) };

/// A way out that a connection remembers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CachedHop {
    hop: Hop,
    generation: u64,
    until: Instant,
}

/// Writes a neighbour discovery message that goes from the first address to the second.
type EmitNdisc<'a> = &'a mut dyn FnMut(&mut [u8], (&IpAddr, &IpAddr));

impl Stack {
    /// Returns the longest packet on the way to `destination`.
    pub(crate) fn mtu(&self, destination: &IpAddr) -> usize {
        match self.network.lock().path(destination) {
            Ok(Path::Link { interface, .. }) => {
                self.interface(interface).map_or(1500, |card| card.capabilities.mtu)
            }
            _ => LOOPBACK_MTU,
        }
    }

    /// Finds the way out to `destination` down to the hardware address, asking for it if needed.
    ///
    /// # Errors
    /// As [`Network::path`].
    pub(crate) fn hop(&self, destination: &IpAddr, now: Instant) -> Result<Hop> {
        let path = self.network.lock().path(destination)?;
        let Path::Link { interface: number, next } = path else { return Ok(Hop::Loopback) };
        let interface = self.interface(number).ok_or(Errno::ENETUNREACH)?;
        if is_group(&next) || self.network.lock().is_broadcast(&next) {
            let (processor, mac) = (self.processor(), group_mac(&next));
            return Ok(Hop::Link { interface: number, processor, mac });
        }
        let found = interface.neighbors.lock().find(next, now);
        if found.is_to_ask {
            self.ask(number, interface, next);
        }
        Ok(match found.mac {
            Some(mac) => Hop::Link { interface: number, processor: self.processor(), mac },
            None => Hop::Unresolved { interface: number, next },
        })
    }

    /// The same for a connection, which keeps the answer in `cache`.
    #[inline]
    pub(crate) fn cached_hop<'a>(
        &self,
        destination: &IpAddr,
        cache: &'a mut Option<CachedHop>,
        now: Instant,
    ) -> Result<&'a Hop> {
        let generation = self.generation.load(Ordering::Relaxed);
        cache.take_if(|cached| cached.generation != generation || now >= cached.until);
        let cached = match cache {
            Some(cached) => cached,
            None => cache.insert(self.hop_to_keep(destination, generation, now)?),
        };
        Ok(&cached.hop)
    }

    /// Has what goes by `cache` from now on go by the queues of this processor. The frames of a flow
    /// follow each other by the same queues as long as any of them may be under way, else they
    /// would overtake each other.
    #[inline]
    pub(crate) fn go_by_own_queues(&self, cache: &mut Option<CachedHop>) {
        if let Some(CachedHop { hop: Hop::Link { processor, .. }, .. }) = cache {
            *processor = self.processor();
        }
    }

    #[cold]
    fn hop_to_keep(
        &self,
        destination: &IpAddr,
        generation: u64,
        now: Instant,
    ) -> Result<CachedHop> {
        let hop = self.hop(destination, now)?;
        let is_final = !matches!(hop, Hop::Unresolved { .. });
        let until = if is_final { now + HOP_LIFETIME } else { now };
        Ok(CachedHop { hop, generation, until })
    }

    /// Returns whether a packet can be sent to `hop`, there in `lane`, without being dropped.
    pub(crate) fn has_room(&self, hop: &Hop, lane: Lane) -> bool {
        match hop {
            Hop::Loopback => self.loopback.has_room(lane),
            Hop::Link { interface, processor, .. } => {
                let interface = self.interface(*interface);
                interface.is_some_and(|card| card.pair_of(*processor).has_room())
            }
            Hop::Unresolved { .. } => true,
        }
    }

    /// Returns whether the card of that way still has packets to send.
    pub(crate) fn is_sending(&self, way: &CachedHop) -> bool {
        match way.hop {
            Hop::Link { interface, processor, .. } => {
                let interface = self.interface(interface);
                interface.is_some_and(|card| card.pair_of(processor).is_sending())
            }
            Hop::Loopback | Hop::Unresolved { .. } => false,
        }
    }

    /// Sends an IP packet that `fill` writes, all but its transport checksum. The card is told at
    /// the end of the operation ([`finish`](Self::finish)).
    ///
    /// # Errors
    /// [`Full`] if there is no room; `fill` was not called then, nor if the packet is lost because no
    /// memory is left.
    pub(crate) fn send(
        &self,
        hop: &Hop,
        outgoing: &Outgoing,
        fill: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), Full> {
        match hop {
            Hop::Loopback => self.loopback.send(outgoing.lane, outgoing.length, fill),
            Hop::Link { interface, processor, mac } => {
                let interface = self.interface(*interface).ok_or(Full)?;
                interface.transmit_ip(*processor, *mac, outgoing, fill)?;
                self.bells.owe();
                Ok(())
            }
            Hop::Unresolved { interface, next } => {
                let interface = self.interface(*interface).ok_or(Full)?;
                // Without memory it is lost: who sends again because of `Full` would do so for ever.
                let Ok(mut packet) = room::zeroed(outgoing.length) else { return Ok(()) };
                fill(&mut packet);
                if let Some(field) = outgoing.checksum {
                    field.complete(&mut packet);
                }
                let mut neighbors = interface.neighbors.lock();
                neighbors.wait(*next, packet);
                let deadline = neighbors.deadline();
                drop(neighbors);
                deadline.into_iter().for_each(|at| self.note_due(at));
                Ok(())
            }
        }
    }

    /// Sends a packet whose bytes are complete to a neighbour that has answered.
    pub(crate) fn send_complete(&self, interface: &Interface, mac: Mac, packet: &[u8]) {
        let (length, lane) = (packet.len(), Lane::default());
        let outgoing = Outgoing { length, checksum: None, segment: None, lane };
        // A full ring loses the packet, as any link may.
        let _ = interface.transmit_ip(self.processor(), mac, &outgoing, &mut |buffer| {
            buffer.copy_from_slice(packet);
        });
        self.bells.owe();
    }

    /// Asks who has `address` on the link.
    pub(crate) fn ask(&self, number: usize, interface: &Interface, address: IpAddr) {
        let Ok(source) = self.source_on(number, &address) else { return };
        let own = interface.capabilities.mac;
        // A full ring loses the question; it is asked again.
        let _ = match (source, address) {
            (IpAddr::V4(sender), IpAddr::V4(target)) => {
                let operation = arp::REQUEST;
                let question =
                    arp::Arp { operation, sender_mac: own, sender, target_mac: [0; 6], target };
                self.send_arp(interface, ethernet::BROADCAST, &question)
            }
            (_, IpAddr::V6(target)) => {
                let group = ndisc::solicited_node(target);
                let ends = (source, group.into());
                self.send_ndisc(interface, ndisc::group_mac(group), ends, &mut |message, ends| {
                    ndisc::emit_solicitation(message, target, own, ends);
                })
            }
            _ => Ok(()),
        };
        self.bells.owe();
    }

    fn source_on(&self, number: usize, address: &IpAddr) -> Result<IpAddr> {
        let network = self.network.lock();
        network.source_for(address).or_else(|error| {
            let mut own = network.addresses.iter();
            let own =
                own.find(|(at, own)| *at == number && own.address.is_ipv4() == address.is_ipv4());
            own.map(|(_, own)| own.address).ok_or(error)
        })
    }

    /// Sends an ARP packet.
    ///
    /// # Errors
    /// [`Full`] if there is no room.
    pub(crate) fn send_arp(
        &self,
        interface: &Interface,
        to: Mac,
        packet: &arp::Arp,
    ) -> Result<(), Full> {
        self.bells.owe();
        interface.transmit(self.processor(), to, arp::LENGTH, Offload::default(), &mut |bytes| {
            packet.emit(bytes);
            ethernet::ARP
        })
    }

    /// Sends a neighbour discovery message that `emit` writes.
    ///
    /// # Errors
    /// [`Full`] if there is no room.
    pub(crate) fn send_ndisc(
        &self,
        interface: &Interface,
        to: Mac,
        (source, destination): (IpAddr, IpAddr),
        emit: EmitNdisc<'_>,
    ) -> Result<(), Full> {
        let header = Header { source, destination, protocol: protocol::ICMP_V6, ttl: 255, tos: 0 };
        let length = crate::wire::ip::V6_HEADER + ndisc::LENGTH;
        self.bells.owe();
        let outgoing = Outgoing { length, checksum: None, segment: None, lane: Lane::default() };
        interface.transmit_ip(self.processor(), to, &outgoing, &mut |packet| {
            let start = header.emit(packet);
            emit(&mut packet[start..], (&source, &destination));
        })
    }

    pub(crate) fn report_undeliverable(self: &Arc<Self>, packet: &[u8], now: Instant) {
        if let Some(ip) = Ip::parse(packet) {
            self.input_report(&ip, Errno::EHOSTUNREACH, true, now);
        }
    }
}

fn group_mac(address: &IpAddr) -> Mac {
    match address {
        IpAddr::V4(v4) if v4.is_multicast() => {
            let [_, b, c, d] = v4.octets();
            [0x01, 0x00, 0x5e, b & 0x7f, c, d]
        }
        IpAddr::V4(_) => ethernet::BROADCAST,
        IpAddr::V6(v6) => ndisc::group_mac(*v6),
    }
}
