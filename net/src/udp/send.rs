//! Sending datagrams: where they go, in pieces if they must.

use alloc::sync::Arc;
use core::net::{IpAddr, Ipv4Addr};

use abi::io::Source;
use abi::socket::{AF_INET, AF_UNSPEC};
use abi::time::Instant;
use abi::{Errno, Result};

use super::{Inner, LENGTH_MAX, Udp};
use crate::addr::{self, Family};
use crate::flow::Endpoint;
use crate::inet::Extras;
use crate::inet::packet::{self, Wishes};
use crate::interface::{Outgoing, udp_checksum};
use crate::loopback::Lane;
use crate::network::is_group;
use crate::options::Options;
use crate::output::Hop;
use crate::room;
use crate::wire::ip::{Fragment, Header, TTL, header_length};
use crate::wire::udp::HEADER;
use crate::wire::{protocol, udp};

impl Udp {
    /// Sends a datagram to `to`, or to the peer.
    ///
    /// # Errors
    /// As `send(2)` and `udp(7)`: `EDESTADDRREQ`, `EMSGSIZE`, `EACCES`, `ENETUNREACH`, `EPIPE`,
    /// or an error that an earlier datagram met; those of control data.
    pub(crate) fn send(
        self: &Arc<Self>,
        source: &mut dyn Source,
        to: Option<&[u8]>,
        extras: &Extras<'_>,
        now: Instant,
    ) -> Result<usize> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        // On Linux the socket is bound whatever comes of the call.
        self.bind_if_needed(inner)?;
        let to = self.destination(inner, to, source.left(), extras.is_urgent)?;
        let wishes = match extras.control {
            [] => Wishes::default(),
            control => packet::wishes(self, control)?,
        };
        let local = self.source_of(inner, &to, &wishes)?;
        if source.left() > LENGTH_MAX {
            return Err(Errno::EMSGSIZE);
        }
        if let Some(error) = inner.error.take() {
            return Err(error);
        }
        if inner.is_write_shut {
            return Err(Errno::EPIPE);
        }
        let more = (HEADER + source.left()).saturating_sub(inner.scratch.len());
        room::reserve(&mut inner.scratch, more)?;
        inner.scratch.resize(HEADER + source.left(), 0);
        let mut filled = HEADER;
        while source.left() > 0 {
            let count = source.take(&mut inner.scratch[filled..])?;
            if count == 0 {
                return Err(Errno::EFAULT);
            }
            filled += count;
        }
        let segment = usize::from(wishes.segment.unwrap_or(inner.options.segment));
        let header = header(&inner.options, local.address, to.address, &wishes);
        if segment > 0 && filled > HEADER + segment {
            self.transmit_segments(inner, &header, (local.port, to.port), segment, now)?;
        } else {
            udp::emit(&mut inner.scratch, local.port, to.port);
            self.transmit(inner, &header, now)?;
        }
        drop(guard);
        self.stack.finish(now);
        Ok(filled - HEADER)
    }

    /// Returns where a datagram goes: to the address that is given, or to the peer. What goes over
    /// IPv4 is checked as Linux's `udp_sendmsg` does it, the rest as its `udpv6_sendmsg`.
    fn destination(
        &self,
        inner: &Inner,
        to: Option<&[u8]>,
        length: usize,
        is_urgent: bool,
    ) -> Result<Endpoint> {
        let check = || match length {
            0..=0xffff if is_urgent => Err(Errno::EOPNOTSUPP),
            0..=0xffff => Ok(()),
            _ => Err(Errno::EMSGSIZE),
        };
        let check_mapped = || {
            if inner.options.only_v6 { Err(Errno::ENETUNREACH) } else { check() }
        };
        let is_v4 = self.family == Family::V4;
        if is_v4 {
            check()?;
        }
        let mut to = match to.map(|to| Ok((addr::family_of(to)?, to))).transpose()? {
            Some((AF_INET, to)) if !is_v4 => {
                check_mapped()?;
                addr::parse(Family::V4, to)?
            }
            Some((family, to)) if is_v4 || family != AF_UNSPEC => {
                addr::parse_destination(self.family, to)?
            }
            _ => inner.remote.ok_or(Errno::EDESTADDRREQ)?,
        };
        if !is_v4 && to.address.is_ipv4() {
            check_mapped()?;
        }
        to.address = self.named(to.address);
        if to.port == 0 { Err(Errno::EINVAL) } else { Ok(to) }
    }

    /// Sends the scratch bytes as datagrams of `segment` bytes and a last one of the rest.
    fn transmit_segments(
        &self,
        inner: &mut Inner,
        header: &Header,
        (from, to): (u16, u16),
        segment: usize,
        now: Instant,
    ) -> Result<()> {
        /// Linux's `UDP_MAX_SEGMENTS`.
        const SEGMENTS_MAX: usize = 128;
        let all = core::mem::take(&mut inner.scratch);
        if all.len() - HEADER > segment * SEGMENTS_MAX {
            inner.scratch = all;
            return Err(Errno::EINVAL);
        }
        for part in all[HEADER..].chunks(segment) {
            inner.scratch.clear();
            room::reserve(&mut inner.scratch, HEADER + part.len())?;
            inner.scratch.resize(HEADER, 0);
            inner.scratch.extend_from_slice(part);
            udp::emit(&mut inner.scratch, from, to);
            self.transmit(inner, header, now)?;
        }
        Ok(())
    }

    fn source_of(&self, inner: &Inner, to: &Endpoint, wishes: &Wishes) -> Result<Endpoint> {
        let network = self.stack.network.lock();
        if let Some(card) = wishes.card.or(inner.options.card) {
            network.check_card(&to.address, card)?;
        }
        if network.is_broadcast(&to.address) && !inner.options.broadcast {
            return Err(Errno::EACCES);
        }
        let local = inner.local.ok_or(Errno::EINVAL)?;
        let wished = wishes.source.filter(|source| source.is_ipv4() == to.address.is_ipv4());
        let address = if let Some(source) = wished {
            source
        } else if local.address.is_unspecified() || is_group(&local.address) {
            match network.source_for(&to.address) {
                // Who has no address yet asks all for one without.
                Err(Errno::EADDRNOTAVAIL) if network.is_broadcast(&to.address) => {
                    Ipv4Addr::UNSPECIFIED.into()
                }
                found => found?,
            }
        } else {
            local.address
        };
        if address.is_ipv4() != to.address.is_ipv4() {
            return Err(Errno::ENETUNREACH);
        }
        Ok(Endpoint { address, ..local })
    }

    fn transmit(&self, inner: &mut Inner, header: &Header, now: Instant) -> Result<()> {
        let Header { source, destination, .. } = *header;
        let is_peer = inner.remote.is_some_and(|remote| remote.address == destination);
        let hop = if is_peer {
            self.stack.go_by_own_queues(&mut inner.hop);
            *self.stack.cached_hop(&destination, &mut inner.hop, now)?
        } else {
            self.stack.hop(&destination, now)?
        };
        let start = header_length(&source);
        let length = start + inner.scratch.len();
        let mtu = self.stack.mtu(&destination);
        let datagram = &mut inner.scratch;
        if length > mtu {
            return self.transmit_fragments(&hop, header, datagram, mtu);
        }
        let (checksum, lane) = (Some(udp_checksum(start)), lane_of(datagram));
        let outgoing = Outgoing { length, checksum, segment: None, lane };
        // A full ring loses the datagram, as Linux's full queues do.
        let _ = self.stack.send(&hop, &outgoing, &mut |packet| {
            header.emit(packet);
            packet[start..].copy_from_slice(datagram);
        });
        Ok(())
    }

    fn transmit_fragments(
        &self,
        hop: &Hop,
        header: &Header,
        datagram: &mut [u8],
        mtu: usize,
    ) -> Result<()> {
        udp::fill_checksum(datagram, &header.source, &header.destination);
        let id = u32::try_from(self.stack.random() & 0xffff_ffff).unwrap_or(0);
        let start = header.fragment_header_length();
        let size = mtu.saturating_sub(start) / 8 * 8;
        if size == 0 {
            return Err(Errno::EMSGSIZE);
        }
        let lane = lane_of(datagram);
        for (index, part) in datagram.chunks(size).enumerate() {
            let offset = index * size;
            let has_more = offset + part.len() < datagram.len();
            let length = start + part.len();
            let outgoing = Outgoing { length, checksum: None, segment: None, lane };
            // A full ring loses the fragment, and so the datagram.
            let _ = self.stack.send(hop, &outgoing, &mut |packet| {
                header.emit_fragment(packet, Fragment { id, offset, has_more });
                packet[start..].copy_from_slice(part);
            });
        }
        Ok(())
    }
}

/// Returns which way a datagram takes to this machine itself.
fn lane_of(datagram: &[u8]) -> Lane {
    udp::Udp::parse(datagram)
        .map_or_else(Lane::default, |udp| Lane::between(udp.source, udp.destination))
}

/// Returns the IP header of a datagram.
fn header(options: &Options, source: IpAddr, destination: IpAddr, wishes: &Wishes) -> Header {
    let usual =
        if is_group(&destination) { options.multicast_ttl } else { options.ttl.unwrap_or(TTL) };
    let (ttl, tos) = (wishes.ttl.unwrap_or(usual), wishes.tos.unwrap_or(options.tos));
    Header { source, destination, protocol: protocol::UDP, ttl, tos }
}
