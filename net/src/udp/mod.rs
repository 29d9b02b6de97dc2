//! UDP sockets: `udp(7)`.
//!
//! Simple enough to need no engine: a queue of datagrams, bounded by `SO_RCVBUF`, and a sender
//! that fragments what is longer than the way allows.

mod input;
mod send;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

use abi::io::Sink;
use abi::poll::Events;
use abi::time::Instant;
use abi::{Errno, Result};
pub(crate) use input::{input, input_report};
use sync::{SpinLock, Waiters};

use crate::addr::Family;
use crate::flow::Endpoint;
use crate::inet::Told;
use crate::network::is_group;
use crate::options::Options;
use crate::output::CachedHop;
use crate::ports::{Bound, Sharing};
use crate::room;
use crate::stack::Stack;
use crate::tcp::scope;
use crate::wire::udp::HEADER;

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
    /// What the program chose by `bind(2)`, its parts unspecified or 0 where it did not.
    chosen: Option<Endpoint>,
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
    card: usize,
    ttl: u8,
    tos: u8,
    arrived: Instant,
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
    pub(crate) told: Told,
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
            chosen: None,
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

    pub(crate) fn stack(&self) -> &Stack {
        &self.stack
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
        let mut events = Events::WRITABLE_BAND;
        events.set(Events::READABLE, !inner.queue.is_empty() || inner.is_read_shut);
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
        self.bind_to(&mut inner, local)?;
        inner.chosen = Some(local);
        Ok(())
    }

    fn bind_to(self: &Arc<Self>, inner: &mut Inner, local: Endpoint) -> Result<()> {
        let Options { reuse_address, reuse_port, only_v6, card, .. } = inner.options;
        let entry = Bound {
            scope: scope(self.family, &local.address, only_v6),
            sharing: Sharing { reuse_address, reuse_port, is_listening: false },
            card,
            id: self.id,
            socket: Arc::downgrade(self),
        };
        let random = self.stack.random();
        let port = self.stack.udp_ports.lock().bind(local.port, entry, random)?;
        inner.bound = Some(port);
        inner.local = Some(Endpoint { port, ..local });
        Ok(())
    }

    /// Sets the card that the socket is for alone (`SO_BINDTODEVICE`), 0 for loopback.
    pub(crate) fn set_card(&self, card: Option<usize>) {
        let mut inner = self.inner.lock();
        inner.options.card = card;
        if let Some(port) = inner.bound {
            self.stack.udp_ports.lock().set_card(port, self.id, card);
        }
    }

    /// Gives the socket a port if it has none.
    ///
    /// # Errors
    /// `EADDRINUSE` if all are in use.
    pub(crate) fn bind_anywhere(self: &Arc<Self>) -> Result<()> {
        self.bind_if_needed(&mut self.inner.lock())
    }

    fn bind_if_needed(self: &Arc<Self>, inner: &mut Inner) -> Result<()> {
        if inner.bound.is_some() {
            return Ok(());
        }
        let address =
            inner.chosen.map_or_else(|| self.family.unspecified(), |chosen| chosen.address);
        self.bind_to(inner, Endpoint { address, port: 0 })
    }

    /// Sets the peer, or unsets it.
    ///
    /// # Errors
    /// `ENETUNREACH` if no route leads there, `EACCES` for broadcast without `SO_BROADCAST`.
    pub(crate) fn connect(self: &Arc<Self>, remote: Option<Endpoint>) -> Result<()> {
        let mut inner = self.inner.lock();
        inner.hop = None;
        let Some(mut remote) = remote else {
            self.disconnect(&mut inner);
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

    /// Forgets the peer, and what the program did not choose of its own address (Linux's
    /// `__udp_disconnect`).
    fn disconnect(&self, inner: &mut Inner) {
        inner.remote = None;
        let unbound = Endpoint { address: self.family.unspecified(), port: 0 };
        let chosen = inner.chosen.unwrap_or(unbound);
        if chosen.port != 0 {
            inner.local = inner.bound.map(|port| Endpoint { port, ..chosen });
            return;
        }
        if let Some(port) = inner.bound.take() {
            self.stack.udp_ports.lock().release(port, self.id);
        }
        inner.local = (!chosen.address.is_unspecified()).then_some(chosen);
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
        let from = datagram.from;
        let told = datagram.told(&inner.options, self.family);
        // On Linux too a bad buffer costs the datagram.
        if !is_peek {
            inner.queue.pop_front();
            inner.queued -= length + OVERHEAD;
            self.stack.release_buffers(length + OVERHEAD);
        }
        let copied = put?;
        if copied < wanted {
            return Err(Errno::EFAULT);
        }
        Ok(Some(Received { copied, length, from, told }))
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
        self.stack.release_buffers(core::mem::take(&mut inner.queued));
    }

    /// Returns whether datagrams from `from` are wanted, and 1 more if only those are.
    fn score(&self, from: &Endpoint) -> Option<u8> {
        match self.inner.lock().remote {
            Some(remote) => (remote == *from).then_some(1),
            None => Some(0),
        }
    }

    /// Queues a datagram with a copy of its bytes, or drops it where there is no room.
    fn deliver(&self, mut datagram: Datagram, bytes: &[u8]) {
        let mut inner = self.inner.lock();
        let limit = usize::try_from(inner.options.receive_buffer).unwrap_or(0);
        let size = bytes.len() + OVERHEAD;
        if inner.queued + size > limit || inner.is_read_shut || !self.stack.may_queue() {
            return;
        }
        let (Ok(copy), Ok(())) = (room::copy_of(bytes), room::reserve_one(&mut inner.queue)) else {
            return;
        };
        datagram.bytes = copy;
        self.stack.claim_buffers(size);
        inner.queued += size;
        inner.queue.push_back(datagram);
        drop(inner);
        self.waiters.wake(Events::READABLE);
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        // What arrived after it was closed.
        self.stack.release_buffers(self.inner.get_mut().queued);
    }
}

impl Datagram {
    /// Returns what the program asked to be told.
    fn told(&self, options: &Options, family: Family) -> Told {
        let is_own_version = self.to.is_ipv4() == (family == Family::V4);
        Told {
            stamp: options.stamping.tell(self.arrived),
            info: options.packet_info.then_some((self.to, self.card)),
            ttl: (options.receive_ttl && is_own_version).then_some(self.ttl),
            tos: (options.receive_tos && is_own_version).then_some(self.tos),
        }
    }
}
