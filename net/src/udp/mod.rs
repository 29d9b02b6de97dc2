//! UDP sockets: `udp(7)`.
//!
//! Simple enough to need no engine: a queue of datagrams, bounded by `SO_RCVBUF`, and a sender
//! that fragments what is longer than the way allows.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::time::Instant;
use abi::{Errno, Result};
use sync::{SpinLock, Waiters};

use crate::addr::Family;
use crate::flow::{Endpoint, FlowKey};
use crate::interface::{Outgoing, udp_checksum};
use crate::network::is_group;
use crate::options::Options;
use crate::output::{CachedHop, Hop};
use crate::ports::{Bound, Sharing};
use crate::stack::Stack;
use crate::tcp::scope;
use crate::wire::ip::{Fragment, Header, Ip, TTL, header_length};
use crate::wire::udp::HEADER;
use crate::wire::{protocol, udp};

/// What a queued datagram counts beyond its bytes, about what Linux's `truesize` adds.
const OVERHEAD: usize = 512;
/// The longest datagram that IPv4 can carry.
const LENGTH_MAX: usize = 65_535 - 20 - HEADER;

/// A UDP socket.
pub struct Udp {
    stack: Arc<Stack>,
    id: u64,
    family: Family,
    waiters: Waiters,
    inner: SpinLock<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: Options,
    local: Option<Endpoint>,
    bound: Option<u16>,
    remote: Option<Endpoint>,
    queue: VecDeque<Datagram>,
    /// What the queue counts against `SO_RCVBUF`.
    queued: usize,
    error: Option<Errno>,
    is_read_shut: bool,
    is_write_shut: bool,
    hop: Option<CachedHop>,
    /// Bytes of the datagram being sent; kept for the next one.
    scratch: Vec<u8>,
}

#[derive(Debug)]
struct Datagram {
    from: Endpoint,
    to: IpAddr,
    interface: usize,
    bytes: Vec<u8>,
}

/// What was read of a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Received {
    /// Bytes that were copied.
    pub(crate) copied: usize,
    /// Bytes that the datagram had.
    pub(crate) length: usize,
    /// Who sent it.
    pub(crate) from: Endpoint,
    /// The address that it was sent to.
    pub(crate) to: IpAddr,
    /// The card that it came over, 0 for loopback.
    pub(crate) interface: usize,
}

impl fmt::Debug for Udp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Udp").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Udp {
    /// Returns a new socket.
    pub(crate) fn new(stack: &Arc<Stack>, family: Family) -> Arc<Self> {
        let inner = Inner {
            options: Options::udp(),
            local: None,
            bound: None,
            remote: None,
            queue: VecDeque::new(),
            queued: 0,
            error: None,
            is_read_shut: false,
            is_write_shut: false,
            hop: None,
            scratch: Vec::new(),
        };
        Arc::new(Self {
            stack: stack.clone(),
            id: stack.next_id(),
            family,
            waiters: Waiters::new(),
            inner: SpinLock::new(inner),
        })
    }

    /// Returns the family that the socket was made with.
    pub(crate) fn family(&self) -> Family {
        self.family
    }

    /// Returns the queue of those who wait for the socket.
    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// Runs `f` on the options.
    pub(crate) fn with_options<R>(&self, f: impl FnOnce(&mut Options) -> R) -> R {
        f(&mut self.inner.lock().options)
    }

    /// Returns the pending error and clears it (`SO_ERROR`).
    pub(crate) fn take_error(&self) -> Option<Errno> {
        self.inner.lock().error.take()
    }

    /// Returns what the socket is ready for.
    pub(crate) fn poll(&self) -> Events {
        let inner = self.inner.lock();
        let mut events = Events::OUT | Events::WRNORM;
        events.set(Events::IN | Events::RDNORM, !inner.queue.is_empty() || inner.is_read_shut);
        events.set(Events::RDHUP, inner.is_read_shut);
        events.set(Events::HUP, inner.is_read_shut && inner.is_write_shut);
        events.set(Events::ERR, inner.error.is_some());
        events
    }

    /// Gives the socket a local address and port.
    ///
    /// # Errors
    /// As `bind(2)`: `EINVAL`, `EADDRNOTAVAIL`, `EADDRINUSE`.
    pub(crate) fn bind(self: &Arc<Self>, local: Endpoint) -> Result<()> {
        let mut inner = self.inner.lock();
        if inner.bound.is_some() {
            return Err(Errno::EINVAL);
        }
        let address = &local.address;
        let network = self.stack.network.lock();
        let is_ours = address.is_unspecified()
            || is_group(address)
            || network.is_local(address)
            || network.is_broadcast(address);
        drop(network);
        if !is_ours {
            return Err(Errno::EADDRNOTAVAIL);
        }
        self.bind_to(&mut inner, local)
    }

    fn bind_to(self: &Arc<Self>, inner: &mut Inner, local: Endpoint) -> Result<()> {
        let Options { reuse_address, reuse_port, only_v6, .. } = inner.options;
        let entry = Bound {
            scope: scope(self.family, &local.address, only_v6),
            sharing: Sharing { reuse_address, reuse_port, is_listening: false },
            id: self.id,
            socket: Arc::downgrade(self),
        };
        let random = self.stack.random();
        let port = self.stack.udp_ports.lock().bind(local.port, entry, random)?;
        inner.bound = Some(port);
        inner.local = Some(Endpoint { port, ..local });
        Ok(())
    }

    fn bind_if_needed(self: &Arc<Self>, inner: &mut Inner) -> Result<()> {
        if inner.bound.is_some() {
            return Ok(());
        }
        self.bind_to(inner, Endpoint { address: self.family.unspecified(), port: 0 })
    }

    /// Sets the peer, or unsets it.
    ///
    /// # Errors
    /// `ENETUNREACH` if no route leads there, `EACCES` for broadcast without `SO_BROADCAST`.
    pub(crate) fn connect(self: &Arc<Self>, remote: Option<Endpoint>) -> Result<()> {
        let mut inner = self.inner.lock();
        inner.hop = None;
        let Some(mut remote) = remote else {
            inner.remote = None;
            return Ok(());
        };
        remote.address = self.named(remote.address);
        let network = self.stack.network.lock();
        if network.is_broadcast(&remote.address) && !inner.options.broadcast {
            return Err(Errno::EACCES);
        }
        let source = network.source_for(&remote.address)?;
        drop(network);
        self.bind_if_needed(&mut inner)?;
        if let Some(local) = &mut inner.local
            && local.address.is_unspecified()
        {
            local.address = source;
        }
        inner.remote = Some(remote);
        Ok(())
    }

    /// Nobody's address stands for this machine.
    fn named(&self, address: IpAddr) -> IpAddr {
        if !address.is_unspecified() {
            return address;
        }
        match address {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => core::net::Ipv6Addr::LOCALHOST.into(),
        }
    }

    /// Returns the local address.
    pub(crate) fn local(&self) -> Endpoint {
        let unbound = Endpoint { address: self.family.unspecified(), port: 0 };
        self.inner.lock().local.unwrap_or(unbound)
    }

    /// Returns the peer's address.
    ///
    /// # Errors
    /// `ENOTCONN` if there is none.
    pub(crate) fn remote(&self) -> Result<Endpoint> {
        self.inner.lock().remote.ok_or(Errno::ENOTCONN)
    }

    /// Sends a datagram to `to`, or to the peer.
    ///
    /// # Errors
    /// As `send(2)` and `udp(7)`: `EDESTADDRREQ`, `EMSGSIZE`, `EACCES`, `ENETUNREACH`, `EPIPE`,
    /// or an error that an earlier datagram met.
    pub(crate) fn send(
        self: &Arc<Self>,
        source: &mut dyn Source,
        to: Option<Endpoint>,
        now: Instant,
    ) -> Result<usize> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        if let Some(error) = inner.error.take() {
            return Err(error);
        }
        if inner.is_write_shut {
            return Err(Errno::EPIPE);
        }
        let mut to = to.or(inner.remote).ok_or(Errno::EDESTADDRREQ)?;
        to.address = self.named(to.address);
        if to.port == 0 {
            return Err(Errno::EINVAL);
        }
        if source.left() > LENGTH_MAX {
            return Err(Errno::EMSGSIZE);
        }
        let local = self.source_of(inner, &to)?;
        inner.scratch.resize(HEADER + source.left(), 0);
        let mut filled = HEADER;
        while source.left() > 0 {
            let count = source.take(&mut inner.scratch[filled..])?;
            if count == 0 {
                return Err(Errno::EFAULT);
            }
            filled += count;
        }
        let segment = usize::from(inner.options.segment);
        if segment > 0 && filled > HEADER + segment {
            self.transmit_segments(inner, &local, &to, segment, now)?;
        } else {
            udp::emit(&mut inner.scratch, local.port, to.port);
            self.transmit(inner, local.address, to.address, now)?;
        }
        drop(guard);
        self.stack.finish(now);
        Ok(filled - HEADER)
    }

    /// Sends the scratch bytes as datagrams of `segment` bytes and a last one of the rest.
    fn transmit_segments(
        &self,
        inner: &mut Inner,
        local: &Endpoint,
        to: &Endpoint,
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
            inner.scratch.resize(HEADER, 0);
            inner.scratch.extend_from_slice(part);
            udp::emit(&mut inner.scratch, local.port, to.port);
            self.transmit(inner, local.address, to.address, now)?;
        }
        Ok(())
    }

    fn source_of(self: &Arc<Self>, inner: &mut Inner, to: &Endpoint) -> Result<Endpoint> {
        self.bind_if_needed(inner)?;
        let network = self.stack.network.lock();
        if network.is_broadcast(&to.address) && !inner.options.broadcast {
            return Err(Errno::EACCES);
        }
        let local = inner.local.ok_or(Errno::EINVAL)?;
        let address = if local.address.is_unspecified() || is_group(&local.address) {
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

    fn transmit(
        &self,
        inner: &mut Inner,
        source: IpAddr,
        destination: IpAddr,
        now: Instant,
    ) -> Result<()> {
        let ttl = if is_group(&destination) {
            inner.options.multicast_ttl
        } else {
            inner.options.ttl.unwrap_or(TTL)
        };
        let (protocol, tos) = (protocol::UDP, inner.options.tos);
        let header = Header { source, destination, protocol, ttl, tos };
        let is_peer = inner.remote.is_some_and(|remote| remote.address == destination);
        let hop = if is_peer {
            self.stack.cached_hop(&destination, &mut inner.hop, now)?
        } else {
            self.stack.hop(&destination, now)?
        };
        let start = header_length(&source);
        let length = start + inner.scratch.len();
        let mtu = self.stack.mtu(&destination);
        let datagram = &mut inner.scratch;
        if length > mtu {
            return self.transmit_fragments(&hop, &header, datagram, mtu);
        }
        let outgoing = Outgoing { length, checksum: Some(udp_checksum(start)), segment: None };
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
        for (index, part) in datagram.chunks(size).enumerate() {
            let offset = index * size;
            let has_more = offset + part.len() < datagram.len();
            let length = start + part.len();
            let outgoing = Outgoing { length, checksum: None, segment: None };
            // A full ring loses the fragment, and so the datagram.
            let _ = self.stack.send(hop, &outgoing, &mut |packet| {
                header.emit_fragment(packet, Fragment { id, offset, has_more });
                packet[start..].copy_from_slice(part);
            });
        }
        Ok(())
    }

    /// Reads the oldest datagram; what does not fit into `sink` is lost.
    ///
    /// # Errors
    /// `EAGAIN` if there is none, `EFAULT` from the sink, or an error that a sent datagram met.
    pub(crate) fn receive(&self, sink: &mut dyn Sink, is_peek: bool) -> Result<Option<Received>> {
        let mut inner = self.inner.lock();
        if let Some(error) = inner.error.take() {
            return Err(error);
        }
        let Some(datagram) = inner.queue.front() else {
            return if inner.is_read_shut { Ok(None) } else { Err(Errno::EAGAIN) };
        };
        let length = datagram.bytes.len();
        let wanted = length.min(sink.room());
        let put = if wanted == 0 { Ok(0) } else { sink.put(&datagram.bytes[..wanted]) };
        let Datagram { from, to, interface, .. } = *datagram;
        // On Linux too a bad buffer costs the datagram.
        if !is_peek {
            inner.queue.pop_front();
            inner.queued -= length + OVERHEAD;
        }
        let copied = put?;
        if copied < wanted {
            return Err(Errno::EFAULT);
        }
        Ok(Some(Received { copied, length, from, to, interface }))
    }

    /// Returns the length of the oldest datagram (`FIONREAD`).
    pub(crate) fn unread(&self) -> usize {
        self.inner.lock().queue.front().map_or(0, |datagram| datagram.bytes.len())
    }

    /// Shuts down reading, writing or both.
    ///
    /// # Errors
    /// `ENOTCONN` if there is no peer; the socket is shut down all the same, as on Linux.
    pub(crate) fn shutdown(&self, read: bool, write: bool) -> Result<()> {
        let mut inner = self.inner.lock();
        inner.is_read_shut |= read;
        inner.is_write_shut |= write;
        let outcome = if inner.remote.is_some() { Ok(()) } else { Err(Errno::ENOTCONN) };
        drop(inner);
        self.waiters.wake(Events::all());
        outcome
    }

    /// Gives the port back when the last descriptor is closed.
    pub(crate) fn close(&self) {
        let mut inner = self.inner.lock();
        if let Some(port) = inner.bound.take() {
            self.stack.udp_ports.lock().release(port, self.id);
        }
        inner.queue.clear();
        inner.queued = 0;
    }

    /// Returns whether datagrams from `from` are wanted, and 1 more if only those are.
    fn score(&self, from: &Endpoint) -> Option<u8> {
        match self.inner.lock().remote {
            Some(remote) => (remote == *from).then_some(1),
            None => Some(0),
        }
    }

    fn deliver(&self, datagram: Datagram) {
        let mut inner = self.inner.lock();
        let limit = usize::try_from(inner.options.receive_buffer).unwrap_or(0);
        let size = datagram.bytes.len() + OVERHEAD;
        if inner.queued + size > limit || inner.is_read_shut {
            return;
        }
        inner.queued += size;
        inner.queue.push_back(datagram);
        drop(inner);
        self.waiters.wake(Events::IN | Events::RDNORM);
    }
}

/// Receives a datagram that arrived intact over the card with this number.
pub(crate) fn input(stack: &Arc<Stack>, number: usize, ip: &Ip<'_>, now: Instant) {
    let Some(packet) = udp::Udp::parse(ip.payload) else { return };
    let from = Endpoint { address: ip.source, port: packet.source };
    let network = stack.network.lock();
    let is_for_many = is_group(&ip.destination) || network.is_broadcast(&ip.destination);
    let is_ours = is_for_many || network.is_local(&ip.destination);
    drop(network);
    if !is_ours {
        return;
    }
    let datagram =
        || Datagram { from, to: ip.destination, interface: number, bytes: packet.payload.to_vec() };
    if is_for_many {
        let all = sockets(stack, &ip.destination, packet.destination);
        let wanting = all.iter().filter(|socket| socket.score(&from).is_some());
        wanting.for_each(|socket| socket.deliver(datagram()));
        return;
    }
    let flow = FlowKey {
        local: Endpoint { address: ip.destination, port: packet.destination },
        remote: from,
    };
    match receiver_of(stack, &flow) {
        Some(socket) => socket.deliver(datagram()),
        None => stack.reply_port_unreachable(ip, now),
    }
}

/// Returns all sockets that cover an address and port.
fn sockets(stack: &Stack, address: &IpAddr, port: u16) -> Vec<Arc<Udp>> {
    let ports = stack.udp_ports.lock();
    let covering = ports.at(port).iter().filter(|entry| entry.scope.covers(address));
    covering.filter_map(|entry| entry.socket.upgrade()).collect()
}

/// Returns the socket that a datagram is for: one connected to its sender, else one of the
/// narrowest scope; of several that share the port, always the same.
fn receiver_of(stack: &Stack, flow: &FlowKey) -> Option<Arc<Udp>> {
    let local = &flow.local;
    let mut narrowest: Vec<_> = {
        let ports = stack.udp_ports.lock();
        let entries = ports.narrowest(&local.address, local.port, |_| true);
        entries.filter_map(|entry| entry.socket.upgrade()).collect()
    };
    if narrowest.len() > 1 || narrowest.iter().any(|socket| socket.score(&flow.remote).is_none()) {
        let all = sockets(stack, &local.address, local.port);
        if let Some(connected) = all.iter().find(|socket| socket.score(&flow.remote) == Some(1)) {
            return Some(connected.clone());
        }
        narrowest.retain(|socket| socket.score(&flow.remote).is_some());
    }
    let count = u64::try_from(narrowest.len()).ok().filter(|count| *count > 0)?;
    let is_group = narrowest.iter().all(|socket| socket.with_options(|options| options.reuse_port));
    // Without SO_REUSEPORT the socket bound last gets all, as on Linux.
    let chosen = if is_group { stack.secrets.digest(flow) % count } else { count - 1 };
    narrowest.into_iter().nth(usize::try_from(chosen).ok()?)
}

/// Takes a report that a datagram of the flow did not arrive. Only a connected socket hears of it.
pub(crate) fn input_report(stack: &Stack, flow: &FlowKey, errno: Errno, is_fatal: bool) {
    let all = sockets(stack, &flow.local.address, flow.local.port);
    let connected = all.iter().filter(|socket| socket.score(&flow.remote) == Some(1));
    for socket in connected {
        let mut inner = socket.inner.lock();
        if is_fatal || inner.options.receive_errors {
            inner.error = Some(errno);
            drop(inner);
            socket.waiters.wake(Events::ERR);
        }
    }
}
