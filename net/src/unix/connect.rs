//! Connections: `listen(2)`, `accept(2)`, `connect(2)`.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use abi::poll::Events;
use abi::{Errno, Result};

use super::socket::{Role, refund_senders, wake_blocked};
use super::{Address, Credentials, Kind, Names, Shutdown, Socket};

/// The longest queue of connections to be accepted (`net.core.somaxconn`).
const MAX_BACKLOG: usize = 4096;

impl Socket {
    /// Takes connections from now on, or changes the length of their queue.
    ///
    /// # Errors
    /// `EOPNOTSUPP` for datagram sockets, `EINVAL` without a name or with a connection.
    pub fn listen(&self, backlog: u32, credentials: Credentials) -> Result<()> {
        if self.kind == Kind::Datagram {
            return Err(Errno::EOPNOTSUPP);
        }
        let new_backlog = usize::try_from(backlog).unwrap_or(MAX_BACKLOG).min(MAX_BACKLOG);
        let mut state = self.state.lock();
        if state.binding.is_none() {
            return Err(Errno::EINVAL);
        }
        match &mut state.role {
            Role::Idle => {
                let queue = VecDeque::new();
                state.role = Role::Listening { queue, backlog: new_backlog, credentials };
            }
            Role::Listening { backlog, credentials: listener, .. } => {
                *backlog = new_backlog;
                *listener = credentials;
            }
            _ => return Err(Errno::EINVAL),
        }
        let blocked = core::mem::take(&mut state.blocked);
        drop(state);
        wake_blocked(&blocked);
        Ok(())
    }

    /// Returns the first connection of the queue.
    ///
    /// # Errors
    /// `EAGAIN` if there is none, `EOPNOTSUPP` for datagram sockets, `EINVAL` if the socket does
    /// not listen or was shut down.
    pub fn accept(&self) -> Result<Arc<Self>> {
        if self.kind == Kind::Datagram {
            return Err(Errno::EOPNOTSUPP);
        }
        let mut state = self.state.lock();
        let is_shut = state.shut.contains(Shutdown::READ);
        let Role::Listening { queue, .. } = &mut state.role else {
            return Err(Errno::EINVAL);
        };
        let empty = if is_shut { Errno::EINVAL } else { Errno::EAGAIN };
        let accepted = queue.pop_front().ok_or(empty)?;
        let blocked = core::mem::take(&mut state.blocked);
        drop(state);
        accepted.state.lock().is_embryo = false;
        wake_blocked(&blocked);
        Ok(accepted)
    }

    /// Connects to the socket with a name. For a datagram socket that says where messages go and
    /// from whom they come; [`Address::Unnamed`] (`AF_UNSPEC`) undoes it.
    ///
    /// # Errors
    /// `EAGAIN` if the listener's queue is full: then call it again when this socket is told that
    /// it can be written. `EISCONN`, `ECONNREFUSED`, `EPROTOTYPE`, `EPERM`, `EINVAL`, and those of
    /// [`Names::lookup`]: `connect(2)`.
    pub fn connect(
        &self,
        address: &Address,
        names: &dyn Names,
        credentials: Credentials,
    ) -> Result<()> {
        if self.kind == Kind::Datagram {
            return self.connect_datagram(address, names);
        }
        let listener = self.namespace.find(self.kind, address, names)?;
        if listener.kind != self.kind {
            return Err(Errno::EPROTOTYPE);
        }
        listener.check_admits(self)?;
        let own_address = self.begin_connecting()?;
        let result = self.enqueue(&listener, own_address, credentials);
        if result.is_err() {
            self.state.lock().role = Role::Idle;
        }
        result
    }

    /// Checks that the socket could be connected and keeps others from connecting it; returns its
    /// name.
    fn begin_connecting(&self) -> Result<Address> {
        let mut state = self.state.lock();
        match state.role {
            Role::Idle => state.role = Role::Connecting,
            Role::Connecting => return Err(Errno::EALREADY),
            Role::Connected(_) => return Err(Errno::EISCONN),
            Role::Listening { .. } => return Err(Errno::EINVAL),
        }
        Ok(state.address.clone())
    }

    /// Puts the other side of a new connection into a listener's queue.
    fn enqueue(
        &self,
        listener: &Self,
        own_address: Address,
        credentials: Credentials,
    ) -> Result<()> {
        let this = self.this.upgrade().ok_or(Errno::ECONNREFUSED)?;
        // The new side is complete before it is in the queue, from where another thread may take
        // it at once; that this side becomes connected only then is seen by nobody.
        let embryo = Self::new(self.kind, &self.namespace);
        let listener_address = listener.local_address();
        embryo.become_connected(&this, own_address, credentials);
        let mut embryo_state = embryo.state.lock();
        embryo_state.is_embryo = true;
        embryo_state.address = listener_address.clone();
        drop(embryo_state);
        match listener.push_embryo(&embryo, self) {
            Ok(listener_credentials) => {
                self.become_connected(&embryo, listener_address, listener_credentials);
            }
            Err(errno) => {
                embryo.state.lock().role = Role::Idle;
                return Err(errno);
            }
        }
        listener.waiters.wake(Events::READABLE);
        Ok(())
    }

    /// Checks that this listener has room for a connection of `client`, which is told when it has
    /// if it has not.
    fn check_admits(&self, client: &Self) -> Result<()> {
        let mut state = self.state.lock();
        if state.shut.contains(Shutdown::READ) {
            return Err(Errno::ECONNREFUSED);
        }
        let Role::Listening { queue, backlog, .. } = &state.role else {
            return Err(Errno::ECONNREFUSED);
        };
        if queue.len() > *backlog {
            state.add_blocked(&client.this);
            return Err(Errno::EAGAIN);
        }
        Ok(())
    }

    /// Enters the other side of a connection of `client` into this listener's queue and returns
    /// who listens.
    fn push_embryo(&self, embryo: &Arc<Self>, client: &Self) -> Result<Credentials> {
        self.check_admits(client)?;
        let mut state = self.state.lock();
        let Role::Listening { queue, credentials, .. } = &mut state.role else {
            return Err(Errno::ECONNREFUSED);
        };
        queue.push_back(embryo.clone());
        Ok(*credentials)
    }

    /// Sets or removes the peer of a datagram socket.
    fn connect_datagram(&self, address: &Address, names: &dyn Names) -> Result<()> {
        let target = match address {
            Address::Unnamed => None,
            _ => Some(self.namespace.find(self.kind, address, names)?),
        };
        let mut role = Role::Idle;
        let mut peer_address = Address::Unnamed;
        if let Some(peer) = &target {
            if peer.kind != self.kind {
                return Err(Errno::EPROTOTYPE);
            }
            let peer_state = peer.state.lock();
            if matches!(&peer_state.role, Role::Connected(other) if !other.ptr_eq(&self.this)) {
                return Err(Errno::EPERM);
            }
            peer_address = peer_state.address.clone();
            drop(peer_state);
            role = Role::Connected(Arc::downgrade(peer));
        }
        let mut state = self.state.lock();
        let is_same = target.as_ref().is_some_and(|peer| state.is_connected_to(peer));
        let old = if is_same { None } else { state.peer() };
        let lost = match &old {
            Some(_) => core::mem::take(&mut state.inbox),
            None => VecDeque::new(),
        };
        state.role = role;
        state.peer_address = peer_address;
        drop(state);
        if let Some(old) = old.filter(|_| !lost.is_empty()) {
            old.lose_peer(self);
        }
        refund_senders(lost);
        Ok(())
    }

    /// Notes that the messages sent to a peer were thrown away by it.
    fn lose_peer(&self, peer: &Self) {
        let mut state = self.state.lock();
        if !state.is_connected_to(peer) {
            return;
        }
        state.error = Some(Errno::ECONNRESET);
        drop(state);
        self.waiters.wake(Events::ERR);
    }
}
