//! Addresses of TCP sockets: `bind(2)`, `getsockname(2)`, `getpeername(2)`.

use alloc::sync::Arc;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use abi::poll::Events;
use abi::time::Instant;
use abi::{Errno, Result};

use super::{Inner, State, Tcp};
use crate::addr::Family;
use crate::flow::Endpoint;
use crate::ports::{Bound, Scope};

impl Tcp {
    /// Gives the socket a local address and port.
    ///
    /// # Errors
    /// `EINVAL` if it has one, `EADDRNOTAVAIL` if the address is not this machine's,
    /// `EADDRINUSE` if the port is taken.
    pub(crate) fn bind(self: &Arc<Self>, local: Endpoint) -> Result<()> {
        let mut inner = self.inner.lock();
        if inner.bound.is_some() || !matches!(inner.state, State::Closed | State::Failed) {
            return Err(Errno::EINVAL);
        }
        if !local.address.is_unspecified() && !self.stack.network.lock().is_local(&local.address) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        self.bind_to(&mut inner, local)?;
        Ok(())
    }

    /// Binds to a free port of all addresses.
    pub(super) fn bind_anywhere(self: &Arc<Self>, inner: &mut Inner) -> Result<u16> {
        let address = self.family.unspecified();
        self.bind_to(inner, Endpoint { address, port: 0 })
    }

    fn bind_to(self: &Arc<Self>, inner: &mut Inner, local: Endpoint) -> Result<u16> {
        let entry = Bound {
            scope: scope(self.family, &local.address, inner.options.only_v6),
            sharing: Self::sharing(&inner.options, false),
            card: inner.options.card,
            id: self.id,
            socket: Arc::downgrade(self),
        };
        let random = self.stack.random();
        let port = self.stack.tcp_ports.lock().bind(local.port, entry, random)?;
        inner.bound = Some(port);
        inner.local = Some(Endpoint { port, ..local });
        Ok(port)
    }

    /// Sets the card that the socket is for alone (`SO_BINDTODEVICE`), 0 for loopback.
    pub(crate) fn set_card(&self, card: Option<usize>) {
        let mut inner = self.inner.lock();
        inner.options.card = card;
        if let Some(port) = inner.bound {
            self.stack.tcp_ports.lock().set_card(port, self.id, card);
        }
    }

    /// Returns the local address; unspecified with port 0 before there is one.
    pub(crate) fn local(&self) -> Endpoint {
        let unbound = Endpoint { address: self.family.unspecified(), port: 0 };
        self.inner.lock().local.unwrap_or(unbound)
    }

    /// Returns the peer's address.
    ///
    /// # Errors
    /// `ENOTCONN` if there is none.
    pub(crate) fn remote(&self) -> Result<Endpoint> {
        match &self.inner.lock().state {
            State::Open(connection) if !connection.is_over => Ok(connection.synced.flow.remote),
            _ => Err(Errno::ENOTCONN),
        }
    }

    /// Returns the peer's address even of a connection that is over.
    pub(crate) fn peer(&self) -> Option<Endpoint> {
        match &self.inner.lock().state {
            State::Open(connection) => Some(connection.synced.flow.remote),
            _ => None,
        }
    }

    /// Dissolves the connection (`connect(2)` with `AF_UNSPEC`); the socket can be used again.
    pub(crate) fn disconnect(self: &Arc<Self>, now: Instant) -> Result<()> {
        let mut inner = self.inner.lock();
        match &inner.state {
            State::Closed => return Ok(()),
            // Its error stays pending.
            State::Failed => {
                inner.state = State::Closed;
                return Ok(());
            }
            State::Listening(_) => {
                drop(inner);
                self.unlisten(now);
                return Ok(());
            }
            State::Connecting(_) => {
                self.fail_connecting(&mut inner, Errno::ECONNRESET, now);
                inner.state = State::Closed;
            }
            State::Open(_) => {
                self.reset(&mut inner, now);
                self.end(&mut inner, None, now);
                if let State::Open(connection) = &mut inner.state {
                    connection.drop_engine(&self.stack);
                }
                inner.state = State::Closed;
            }
        }
        inner.error = None;
        inner.hop = None;
        if inner.bound.is_none() {
            inner.local = None;
        }
        drop(inner);
        self.stack.finish(now);
        self.waiters.wake(Events::all());
        Ok(())
    }

    /// Returns the longest payload of a segment (`TCP_MAXSEG`).
    pub(crate) fn segment_size(&self) -> i32 {
        let inner = self.inner.lock();
        let size = match &inner.state {
            State::Open(connection) => connection.synced.mss(),
            _ => inner.options.max_segment.map_or(536, usize::from),
        };
        i32::try_from(size).unwrap_or(i32::MAX)
    }

    /// Returns whether the socket accepts connections (`SO_ACCEPTCONN`).
    pub(crate) fn is_listening(&self) -> bool {
        matches!(self.inner.lock().state, State::Listening(_))
    }
}

/// Returns which packets a socket bound to `address` is to get.
pub(crate) fn scope(family: Family, address: &IpAddr, only_v6: bool) -> Scope {
    match (family, address) {
        (Family::V6, address) if *address == IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
            if only_v6 {
                Scope::AnyV6
            } else {
                Scope::Any
            }
        }
        (_, address) if *address == IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Scope::AnyV4,
        (_, address) => Scope::One(*address),
    }
}
