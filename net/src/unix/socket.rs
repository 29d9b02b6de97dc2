//! A socket: its state, its life, what it is ready for.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use abi::poll::Events;
use abi::{Errno, Result};
use sync::{SpinLock, Waiters};

use super::message::Packet;
use super::namespace::Binding;
use super::{Address, Credentials, Names, Namespace};

/// What a sender may have under way at first, in bytes (`net.core.wmem_default`).
const DEFAULT_SEND_LIMIT: usize = 212_992;

/// How many datagrams a socket keeps before others must wait (`net.unix.max_dgram_qlen`).
pub(super) const MAX_DATAGRAMS: usize = 10;

/// What may come true when a side ends or shuts down.
const ENDING: Events =
    Events::READABLE.union(Events::WRITABLE_BAND).union(Events::RDHUP).union(Events::HUP);

/// The kinds of sockets, by what they keep of the writes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// `SOCK_STREAM`: a stream of bytes.
    Stream,
    /// `SOCK_DGRAM`: messages to and from anybody.
    Datagram,
    /// `SOCK_SEQPACKET`: messages over a connection.
    SeqPacket,
}

bitflags::bitflags! {
    /// Directions that are closed, `shutdown(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Shutdown: u8 {
        /// Nothing will be received.
        const READ = 1;
        /// Nothing will be sent.
        const WRITE = 2;
    }
}

/// Whom a socket is connected to.
#[derive(Debug)]
pub(super) enum Role {
    /// Nobody.
    Idle,
    /// Nobody yet: a `connect(2)` is at work.
    Connecting,
    /// It takes connections.
    Listening {
        /// Connections not yet accepted: the sockets of this side.
        queue: VecDeque<Arc<Socket>>,
        /// How many connections may wait before others are kept from connecting.
        backlog: usize,
        /// Who listens.
        credentials: Credentials,
    },
    /// To a socket, which may be gone already.
    Connected(Weak<Socket>),
}

/// What of a socket changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) role: Role,
    pub(super) address: Address,
    pub(super) binding: Option<Binding>,
    pub(super) peer_address: Address,
    pub(super) peer_credentials: Option<Credentials>,
    pub(super) inbox: VecDeque<Packet>,
    pub(super) shut: Shutdown,
    pub(super) error: Option<Errno>,
    /// Sockets that wait for room in this one's queue.
    pub(super) blocked: Vec<Weak<Socket>>,
    /// Whether it waits in a listener's queue.
    pub(super) is_embryo: bool,
}

/// A socket of the family `AF_UNIX`.
#[derive(Debug)]
pub struct Socket {
    pub(super) kind: Kind,
    pub(super) this: Weak<Self>,
    pub(super) namespace: Arc<Namespace>,
    pub(super) waiters: Waiters,
    /// Bytes that this socket has sent and nobody has received.
    outstanding: AtomicUsize,
    send_limit: AtomicUsize,
    /// `SO_PASSCRED`.
    passes_credentials: AtomicBool,
    pub(super) state: SpinLock<State>,
}

impl Socket {
    /// Returns a socket that is neither bound nor connected.
    pub fn new(kind: Kind, namespace: &Arc<Namespace>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            kind,
            this: this.clone(),
            namespace: namespace.clone(),
            waiters: Waiters::new(),
            outstanding: AtomicUsize::new(0),
            send_limit: AtomicUsize::new(DEFAULT_SEND_LIMIT),
            passes_credentials: AtomicBool::new(false),
            state: SpinLock::new(State {
                role: Role::Idle,
                address: Address::Unnamed,
                binding: None,
                peer_address: Address::Unnamed,
                peer_credentials: None,
                inbox: VecDeque::new(),
                shut: Shutdown::empty(),
                error: None,
                blocked: Vec::new(),
                is_embryo: false,
            }),
        })
    }

    /// Returns two sockets connected to each other, `socketpair(2)`.
    pub fn pair(
        kind: Kind,
        namespace: &Arc<Namespace>,
        credentials: Credentials,
    ) -> (Arc<Self>, Arc<Self>) {
        let sockets = (Self::new(kind, namespace), Self::new(kind, namespace));
        sockets.0.become_connected(&sockets.1, Address::Unnamed, credentials);
        sockets.1.become_connected(&sockets.0, Address::Unnamed, credentials);
        sockets
    }

    /// Gives the socket a name; any free abstract one for [`Address::Unnamed`], unless it has a
    /// name already.
    ///
    /// # Errors
    /// `EINVAL` if it has a name, `EADDRINUSE` if another has that name, else as
    /// [`Names::create`]: `bind(2)`.
    pub fn bind(&self, address: &Address, names: &dyn Names) -> Result<()> {
        if self.state.lock().binding.is_some() {
            return if *address == Address::Unnamed { Ok(()) } else { Err(Errno::EINVAL) };
        }
        let (address, binding) = self.namespace.bind(&self.this, self.kind, address, names)?;
        let mut state = self.state.lock();
        if state.binding.is_some() {
            drop(state);
            self.namespace.unbind(&self.this, &binding);
            return Err(Errno::EINVAL);
        }
        state.address = address;
        state.binding = Some(binding);
        Ok(())
    }

    /// Closes directions, of the peer's side too: `shutdown(2)`. Without a connection that is
    /// no error, as on Linux.
    pub fn shutdown(&self, directions: Shutdown) {
        let mut state = self.state.lock();
        state.shut |= directions;
        let peer = if self.kind == Kind::Datagram { None } else { state.peer() };
        let blocked = core::mem::take(&mut state.blocked);
        drop(state);
        self.waiters.wake(ENDING);
        wake_blocked(&blocked);
        if let Some(peer) = peer {
            let mut mirrored = Shutdown::empty();
            mirrored.set(Shutdown::READ, directions.contains(Shutdown::WRITE));
            mirrored.set(Shutdown::WRITE, directions.contains(Shutdown::READ));
            peer.state.lock().shut |= mirrored;
            peer.waiters.wake(ENDING);
        }
    }

    /// Returns what the socket is ready for, `poll(2)`.
    pub fn poll(&self) -> Events {
        let state = self.state.lock();
        let mut events = state.events(self.kind);
        let is_listening = matches!(state.role, Role::Listening { .. });
        let peer = if self.kind == Kind::Datagram { state.peer() } else { None };
        drop(state);
        if !is_listening
            && self.has_send_room()
            && peer.is_none_or(|peer| peer.admits(self) || !peer.block(self))
        {
            events |= Events::WRITABLE_BAND;
        }
        events
    }

    /// Returns the queue that is told of changes of [`poll`](Self::poll).
    pub const fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// Returns the socket's kind.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the socket's name, `getsockname(2)`.
    pub fn local_address(&self) -> Address {
        self.state.lock().address.clone()
    }

    /// Returns the peer's name, `getpeername(2)`.
    ///
    /// # Errors
    /// `ENOTCONN` without a peer.
    pub fn peer_address(&self) -> Result<Address> {
        let state = self.state.lock();
        match state.role {
            Role::Connected(_) => Ok(state.peer_address.clone()),
            _ => Err(Errno::ENOTCONN),
        }
    }

    /// Returns who connected or listened on the other side, or who listens here (`SO_PEERCRED`);
    /// `None` if there was no connection.
    pub fn peer_credentials(&self) -> Option<Credentials> {
        let state = self.state.lock();
        match state.role {
            Role::Listening { credentials, .. } => Some(credentials),
            _ => state.peer_credentials,
        }
    }

    /// Returns whether what is received comes with its sender's ids (`SO_PASSCRED`).
    pub fn passes_credentials(&self) -> bool {
        self.passes_credentials.load(Ordering::Relaxed)
    }

    /// Sets whether it does.
    pub fn set_passing_credentials(&self, is_passing: bool) {
        self.passes_credentials.store(is_passing, Ordering::Relaxed);
    }

    /// Returns whether `listen(2)` was called (`SO_ACCEPTCONN`).
    pub fn is_listening(&self) -> bool {
        matches!(self.state.lock().role, Role::Listening { .. })
    }

    /// Returns the pending error and clears it (`SO_ERROR`).
    pub fn take_error(&self) -> Option<Errno> {
        self.state.lock().error.take()
    }

    /// Returns how many bytes can be received: all of a stream, the next message's of others
    /// (`FIONREAD`).
    ///
    /// # Errors
    /// `EINVAL` if it is listening.
    pub fn pending_input(&self) -> Result<usize> {
        let state = self.state.lock();
        match (&state.role, self.kind) {
            (Role::Listening { .. }, _) => Err(Errno::EINVAL),
            (_, Kind::Datagram) => Ok(state.inbox.front().map_or(0, |packet| packet.rest().len())),
            _ => Ok(state.inbox.iter().map(|packet| packet.rest().len()).sum()),
        }
    }

    /// Returns how many bytes were sent and not received, overhead included (`SIOCOUTQ`).
    pub fn pending_output(&self) -> usize {
        self.outstanding.load(Ordering::Relaxed)
    }

    /// Returns how many bytes may be under way (`SO_SNDBUF`).
    pub fn send_limit(&self) -> usize {
        self.send_limit.load(Ordering::Relaxed)
    }

    /// Sets how many bytes may be under way (`SO_SNDBUF`, doubled as `socket(7)` says).
    pub fn set_send_limit(&self, bytes: usize) {
        self.send_limit.store(bytes, Ordering::Relaxed);
        self.waiters.wake(Events::WRITABLE_BAND);
    }

    /// Makes `peer` the other side.
    pub(super) fn become_connected(
        &self,
        peer: &Arc<Self>,
        address: Address,
        credentials: Credentials,
    ) {
        let mut state = self.state.lock();
        state.role = Role::Connected(Arc::downgrade(peer));
        state.peer_address = address;
        state.peer_credentials = Some(credentials);
    }

    /// Returns whether a sender would do well to send more.
    fn has_send_room(&self) -> bool {
        self.pending_output() <= self.send_limit() / 4
    }

    /// Charges for bytes about to be sent; returns whether that is within the limit.
    pub(super) fn charge(&self, bytes: usize) -> bool {
        let limit = self.send_limit();
        self.outstanding
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
                (now < limit).then_some(now + bytes)
            })
            .is_ok()
    }

    /// Gives back a charge, and tells the waiting when there is room again.
    pub(super) fn refund(&self, bytes: usize) {
        let before = self.outstanding.fetch_sub(bytes, Ordering::Relaxed);
        let threshold = self.send_limit() / 4;
        if before > threshold && before - bytes <= threshold {
            self.waiters.wake(Events::WRITABLE_BAND);
        }
    }

    /// Returns whether a datagram of `sender` has room in this socket's queue.
    pub(super) fn admits(&self, sender: &Self) -> bool {
        let state = self.state.lock();
        core::ptr::eq(self, sender)
            || state.inbox.len() <= MAX_DATAGRAMS
            || state.is_connected_to(sender)
    }

    /// Notes that `sender` waits for room, unless there is room by now; returns whether it waits.
    pub(super) fn block(&self, sender: &Self) -> bool {
        let mut state = self.state.lock();
        if state.inbox.len() <= MAX_DATAGRAMS {
            return false;
        }
        state.add_blocked(&sender.this);
        true
    }
}

impl State {
    /// Returns the peer if there is one and it is alive.
    pub(super) fn peer(&self) -> Option<Arc<Socket>> {
        match &self.role {
            Role::Connected(peer) => peer.upgrade(),
            _ => None,
        }
    }

    /// Returns whether `socket` is this one's peer.
    pub(super) fn is_connected_to(&self, socket: &Socket) -> bool {
        matches!(&self.role, Role::Connected(peer) if peer.ptr_eq(&socket.this))
    }

    /// Notes that `socket` waits for room in the queue.
    pub(super) fn add_blocked(&mut self, socket: &Weak<Socket>) {
        if !self.blocked.iter().any(|other| other.ptr_eq(socket)) {
            self.blocked.push(socket.clone());
        }
    }

    /// Returns what the socket is ready for, but for writing.
    fn events(&self, kind: Kind) -> Events {
        let mut events = Events::empty();
        events.set(Events::ERR, self.error.is_some());
        events.set(Events::HUP, self.shut == Shutdown::all());
        let has_input = match &self.role {
            Role::Listening { queue, .. } => !queue.is_empty(),
            _ => !self.inbox.is_empty(),
        };
        events.set(Events::READABLE, has_input || self.shut.contains(Shutdown::READ));
        events.set(Events::RDHUP, self.shut.contains(Shutdown::READ));
        if kind != Kind::Datagram && matches!(self.role, Role::Idle | Role::Connecting) {
            events |= Events::HUP;
        }
        events
    }
}

/// Tells sockets that there may be room for them.
pub(super) fn wake_blocked(blocked: &[Weak<Socket>]) {
    for socket in blocked.iter().filter_map(Weak::upgrade) {
        socket.waiters.wake(Events::WRITABLE_BAND);
    }
}

/// Gives the senders of packets their charges back.
pub(super) fn refund_senders(packets: impl IntoIterator<Item = Packet>) {
    for packet in packets {
        if let Some(origin) = packet.origin.upgrade() {
            origin.refund(packet.charge);
        }
    }
}

impl Drop for Socket {
    /// Closes the socket: its name is free, its peer hears of it, whoever waits for it is told.
    fn drop(&mut self) {
        let state = self.state.get_mut();
        if let Some(binding) = state.binding.take() {
            self.namespace.unbind(&self.this, &binding);
        }
        let peer = if self.kind == Kind::Datagram { None } else { state.peer() };
        let blocked = core::mem::take(&mut state.blocked);
        let inbox = core::mem::take(&mut state.inbox);
        let is_reset = state.is_embryo || !inbox.is_empty();
        if let Some(peer) = peer {
            let mut state = peer.state.lock();
            state.shut = Shutdown::all();
            if is_reset {
                state.error = Some(Errno::ECONNRESET);
            }
            drop(state);
            let error = if is_reset { Events::ERR } else { Events::empty() };
            peer.waiters.wake(ENDING | error);
        }
        refund_senders(inbox);
        wake_blocked(&blocked);
    }
}
