//! The stack's sockets as a program sees them: `socket(2)` with `AF_INET`, `AF_INET6` and, to
//! list links and addresses, `AF_NETLINK`.
//!
//! [`Socket`] is TCP, UDP or netlink behind one face, with addresses as the bytes of `struct sockaddr`.
//! Nothing here blocks: `EAGAIN` means "wait for [`Socket::waiters`] and try again", and
//! [`Socket::connect`] says `EINPROGRESS` where [`Socket::connected`] is to be tried.

mod option;
pub(crate) mod packet;

use alloc::sync::Arc;
use core::time::Duration;

use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::socket::{
    AF_INET, AF_INET6, AF_NETLINK, AF_UNSPEC, IPPROTO_TCP, IPPROTO_UDP, SHUT_RD, SHUT_RDWR,
    SHUT_WR, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM,
};
use abi::time::Instant;
use abi::{Errno, Result};
use sync::Waiters;

use crate::addr;
pub use crate::addr::{Family, SocketAddress};
use crate::flow::Endpoint;
pub use crate::inet::packet::{Extras, Told};
use crate::netlink::{self, Netlink};
use crate::stack::Stack;
use crate::tcp::{Following, Reading, Tcp};
use crate::udp::Udp;

/// A TCP, UDP or netlink socket.
#[derive(Clone, Debug)]
pub enum Socket {
    /// `SOCK_STREAM`.
    Tcp(Arc<Tcp>),
    /// `SOCK_DGRAM`.
    Udp(Arc<Udp>),
    /// `AF_NETLINK`.
    Netlink(Arc<Netlink>),
}

/// How to read, of `recv(2)`'s flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReceiveFlags {
    /// `MSG_PEEK`: leave what is read.
    pub is_peek: bool,
}

/// What was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Received {
    /// Bytes that were copied.
    pub copied: usize,
    /// Bytes that the datagram had; `copied` on a stream.
    pub length: usize,
    /// Who sent the datagram; streams do not say.
    pub from: Option<SocketAddress>,
    /// What the program asked to be told of the datagram.
    pub told: Told,
    /// There is no datagram: the socket was shut down.
    pub is_shut: bool,
}

impl Socket {
    /// Makes a socket of a family, type and protocol as `socket(2)` takes them, the type without
    /// its flags.
    ///
    /// # Errors
    /// `EAFNOSUPPORT`, `EPROTONOSUPPORT`, `ESOCKTNOSUPPORT` or `EPERM` as on Linux.
    pub fn new(stack: &Arc<Stack>, family: i32, kind: i32, protocol: i32) -> Result<Self> {
        let family = match family {
            AF_NETLINK => return Self::new_netlink(stack, kind, protocol),
            AF_INET => Family::V4,
            AF_INET6 => Family::V6,
            _ => return Err(Errno::EAFNOSUPPORT),
        };
        match (kind, protocol) {
            (SOCK_STREAM, 0 | IPPROTO_TCP) => Ok(Self::Tcp(Tcp::new(stack, family))),
            (SOCK_DGRAM, 0 | IPPROTO_UDP) => Ok(Self::Udp(Udp::new(stack, family))),
            (SOCK_RAW, 0) => Err(Errno::EPROTONOSUPPORT),
            (SOCK_STREAM | SOCK_DGRAM, 0..256) => Err(Errno::EPROTONOSUPPORT),
            (_, 0..256) => Err(Errno::ESOCKTNOSUPPORT),
            _ => Err(Errno::EINVAL),
        }
    }

    fn new_netlink(stack: &Arc<Stack>, kind: i32, protocol: i32) -> Result<Self> {
        match (kind, protocol) {
            (SOCK_RAW | SOCK_DGRAM, 0) => Ok(Self::Netlink(Netlink::new(stack))),
            (SOCK_RAW | SOCK_DGRAM, _) => Err(Errno::EPROTONOSUPPORT),
            _ => Err(Errno::ESOCKTNOSUPPORT),
        }
    }

    /// Returns the family that the socket was made with; of netlink sockets it means nothing.
    pub fn family(&self) -> Family {
        match self {
            Self::Tcp(tcp) => tcp.family(),
            Self::Udp(udp) => udp.family(),
            Self::Netlink(_) => Family::V4,
        }
    }

    /// Returns whether it is a TCP socket that listens.
    pub fn is_listening(&self) -> bool {
        matches!(self, Self::Tcp(tcp) if tcp.is_listening())
    }

    /// Returns what the socket is ready for.
    pub fn poll(&self) -> Events {
        match self {
            Self::Tcp(tcp) => tcp.poll(),
            Self::Udp(udp) => udp.poll(),
            Self::Netlink(netlink) => netlink.poll(),
        }
    }

    /// Returns the queue of those who wait for the socket.
    pub fn waiters(&self) -> &Waiters {
        match self {
            Self::Tcp(tcp) => tcp.waiters(),
            Self::Udp(udp) => udp.waiters(),
            Self::Netlink(netlink) => netlink.waiters(),
        }
    }

    /// Gives the socket a local address, `bind(2)`.
    ///
    /// # Errors
    /// `EINVAL`, `EAFNOSUPPORT`, `EADDRNOTAVAIL`, `EADDRINUSE` as `bind(2)` says.
    pub fn bind(&self, address: &[u8]) -> Result<()> {
        if let Self::Netlink(netlink) = self {
            return netlink.bind(address);
        }
        let local = addr::parse(self.family(), address)?;
        if self.shuns(&local) {
            return Err(Errno::EINVAL);
        }
        match self {
            Self::Tcp(tcp) => tcp.bind(local),
            Self::Udp(udp) => udp.bind(local),
            Self::Netlink(_) => Err(Errno::EINVAL),
        }
    }

    /// Returns whether an address is of the version that the socket is to have nothing to do with
    /// (`IPV6_V6ONLY`).
    fn shuns(&self, end: &Endpoint) -> bool {
        let is_mapped = self.family() == Family::V6 && end.address.is_ipv4();
        is_mapped && self.with_options(|options| options.only_v6)
    }

    fn check_reach(&self, remote: &Endpoint) -> Result<()> {
        if self.shuns(remote) { Err(Errno::ENETUNREACH) } else { Ok(()) }
    }

    /// Makes a stream socket accept connections, `listen(2)`.
    ///
    /// # Errors
    /// `EOPNOTSUPP` for datagrams, else as [`Tcp`] says.
    pub fn listen(&self, backlog: i32) -> Result<()> {
        match self {
            Self::Tcp(tcp) => tcp.listen(backlog),
            Self::Udp(_) | Self::Netlink(_) => Err(Errno::EOPNOTSUPP),
        }
    }

    /// Takes a connection and the peer's address, `accept(2)`.
    ///
    /// # Errors
    /// `EAGAIN` if none waits, `EINVAL` if the socket does not listen, `EOPNOTSUPP` for datagrams.
    pub fn accept(&self) -> Result<(Self, SocketAddress)> {
        let Self::Tcp(tcp) = self else { return Err(Errno::EOPNOTSUPP) };
        let accepted = tcp.accept()?;
        let unknown = Endpoint { address: self.family().unspecified(), port: 0 };
        // The peer may have reset the connection since; Linux still names it then.
        let peer = accepted.peer().unwrap_or(unknown);
        Ok((Self::Tcp(accepted), SocketAddress::new(self.family(), &peer)))
    }

    /// Sets the peer, `connect(2)`.
    ///
    /// # Errors
    /// `EINPROGRESS` while TCP shakes hands; else as `connect(2)` says.
    pub fn connect(&self, address: &[u8], now: Instant) -> Result<()> {
        if let Self::Netlink(_) = self {
            // Only the kernel answers, which needs no connection.
            return Err(Errno::EOPNOTSUPP);
        }
        if addr::family_of(address)? == AF_UNSPEC {
            return match self {
                Self::Tcp(tcp) => tcp.disconnect(now),
                Self::Udp(udp) => udp.connect(None),
                Self::Netlink(_) => Err(Errno::EOPNOTSUPP),
            };
        }
        match self {
            Self::Tcp(tcp) => tcp.connect(self.parse_remote(address), now),
            Self::Udp(udp) => {
                // On Linux an address that is of no use has bound the socket nevertheless.
                udp.bind_anywhere()?;
                udp.connect(Some(self.parse_peer(address)?))
            }
            Self::Netlink(_) => Err(Errno::EOPNOTSUPP),
        }
    }

    /// Reads the address that a datagram socket is to be connected to: IPv6 sockets take
    /// `sockaddr_in` as well.
    fn parse_peer(&self, address: &[u8]) -> Result<Endpoint> {
        if self.family() == Family::V4 || addr::family_of(address)? != AF_INET {
            return self.parse_remote(address);
        }
        if self.with_options(|options| options.only_v6) {
            return Err(Errno::EAFNOSUPPORT);
        }
        addr::parse(Family::V4, address)
    }

    /// Reads the address that a socket is to be connected to.
    fn parse_remote(&self, address: &[u8]) -> Result<Endpoint> {
        let remote = addr::parse(self.family(), address)?;
        self.check_reach(&remote)?;
        Ok(remote)
    }

    /// Returns what became of a [`connect`](Self::connect) in progress.
    ///
    /// # Errors
    /// `EAGAIN` while it goes on, else why it failed.
    pub fn connected(&self) -> Result<()> {
        match self {
            Self::Tcp(tcp) => tcp.connected(),
            Self::Udp(_) | Self::Netlink(_) => Ok(()),
        }
    }

    /// Sends bytes, to `to` or the peer. A stream may take a part of them; a datagram goes whole.
    ///
    /// # Errors
    /// `EAGAIN` if there is no room, else as `send(2)` says; the caller turns `EPIPE` into
    /// `SIGPIPE`.
    pub fn send(
        &self,
        source: &mut dyn Source,
        to: Option<&[u8]>,
        extras: &Extras<'_>,
        now: Instant,
    ) -> Result<usize> {
        match self {
            Self::Tcp(tcp) => {
                let following = if extras.is_more { Following::More } else { Following::Nothing };
                if extras.is_urgent || !extras.control.is_empty() {
                    // What keeps it from sending at all is told first.
                    tcp.send(&mut &[][..], following, now)?;
                    packet::check(extras.control)?;
                }
                if extras.is_urgent {
                    return Err(Errno::EOPNOTSUPP);
                }
                tcp.send(source, following, now)
            }
            Self::Udp(udp) => udp.send(source, to, extras, now),
            Self::Netlink(_) if extras.is_urgent => Err(Errno::EOPNOTSUPP),
            Self::Netlink(_) if source.left() == 0 => Err(Errno::ENODATA),
            Self::Netlink(netlink) => {
                packet::check(extras.control)?;
                netlink.send(source, to)
            }
        }
    }

    /// Receives bytes: some of a stream (0 at its end), or a datagram.
    ///
    /// # Errors
    /// `EAGAIN` if there is nothing, else as `recv(2)` says.
    pub fn receive(
        &self,
        sink: &mut dyn Sink,
        flags: ReceiveFlags,
        now: Instant,
    ) -> Result<Received> {
        match self {
            Self::Tcp(tcp) => {
                let reading = if flags.is_peek { Reading::Peek } else { Reading::Take };
                let (copied, stamp) = tcp.receive(sink, reading, now)?;
                let told = Told { stamp: stamp.filter(|_| copied > 0), ..Told::default() };
                Ok(Received { copied, length: copied, told, ..Received::default() })
            }
            Self::Udp(udp) => {
                let Some(received) = udp.receive(sink, flags.is_peek)? else {
                    return Ok(Received { is_shut: true, ..Received::default() });
                };
                Ok(Received {
                    copied: received.copied,
                    length: received.length,
                    from: Some(SocketAddress::new(udp.family(), &received.from)),
                    told: received.told,
                    is_shut: false,
                })
            }
            Self::Netlink(netlink) => {
                let (copied, length) = netlink.receive(sink, flags.is_peek)?;
                let from = Some(SocketAddress::raw(&netlink::kernel_address()));
                Ok(Received { copied, length, from, ..Received::default() })
            }
        }
    }

    /// Sends bytes to the peer, `write(2)`.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn write(&self, source: &mut dyn Source, now: Instant) -> Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.send(source, Following::Nothing, now),
            _ => self.send(source, None, &Extras::default(), now),
        }
    }

    /// Receives bytes and nothing else, `read(2)`.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn read(&self, sink: &mut dyn Sink, now: Instant) -> Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.receive(sink, Reading::Take, now).map(|(copied, _)| copied),
            _ => self.receive(sink, ReceiveFlags::default(), now).map(|received| received.copied),
        }
    }

    /// Shuts down a direction, `shutdown(2)`.
    ///
    /// # Errors
    /// `EINVAL` for another `how`, `ENOTCONN` without a connection.
    pub fn shutdown(&self, how: i32, now: Instant) -> Result<()> {
        let (read, write) = match how {
            SHUT_RD => (true, false),
            SHUT_WR => (false, true),
            SHUT_RDWR => (true, true),
            _ => return Err(Errno::EINVAL),
        };
        match self {
            Self::Tcp(tcp) => tcp.shutdown(read, write, now),
            Self::Udp(udp) => udp.shutdown(read, write),
            Self::Netlink(_) => Err(Errno::EOPNOTSUPP),
        }
    }

    /// Returns the local address, `getsockname(2)`.
    pub fn local(&self) -> SocketAddress {
        let end = match self {
            Self::Tcp(tcp) => tcp.local(),
            Self::Udp(udp) => udp.local(),
            Self::Netlink(netlink) => return SocketAddress::raw(&netlink.local()),
        };
        SocketAddress::new(self.family(), &end)
    }

    /// Returns the local port, 0 before there is one.
    pub fn local_port(&self) -> u16 {
        match self {
            Self::Tcp(tcp) => tcp.local().port,
            Self::Udp(udp) => udp.local().port,
            Self::Netlink(_) => 0,
        }
    }

    /// Returns the peer's address, `getpeername(2)`.
    ///
    /// # Errors
    /// `ENOTCONN` if there is none.
    pub fn remote(&self) -> Result<SocketAddress> {
        let end = match self {
            Self::Tcp(tcp) => tcp.remote()?,
            Self::Udp(udp) => udp.remote()?,
            Self::Netlink(_) => return Ok(SocketAddress::raw(&netlink::kernel_address())),
        };
        Ok(SocketAddress::new(self.family(), &end))
    }

    /// Returns how many bytes the next read gives at most (`FIONREAD`).
    ///
    /// # Errors
    /// `EINVAL` for a listening socket.
    pub fn unread(&self) -> Result<usize> {
        match self {
            Self::Tcp(tcp) if tcp.is_listening() => Err(Errno::EINVAL),
            Self::Tcp(tcp) => Ok(tcp.unread()),
            Self::Udp(udp) => Ok(udp.unread()),
            Self::Netlink(netlink) => Ok(netlink.unread()),
        }
    }

    /// Returns how many bytes have not been acknowledged (`SIOCOUTQ`).
    ///
    /// # Errors
    /// `EINVAL` for a listening socket.
    pub fn unacknowledged(&self) -> Result<usize> {
        match self {
            Self::Tcp(tcp) if tcp.is_listening() => Err(Errno::EINVAL),
            Self::Tcp(tcp) => Ok(tcp.unacknowledged()),
            Self::Udp(_) | Self::Netlink(_) => Ok(0),
        }
    }

    /// Returns how long reads wait at most (`SO_RCVTIMEO`).
    pub fn receive_timeout(&self) -> Option<Duration> {
        self.with_options(|options| options.receive_timeout)
    }

    /// Returns how long writes wait at most (`SO_SNDTIMEO`).
    pub fn send_timeout(&self) -> Option<Duration> {
        self.with_options(|options| options.send_timeout)
    }

    /// Returns how long `close(2)` waits for the peer at most (`SO_LINGER`), if at all.
    pub fn linger(&self) -> Option<Duration> {
        let Self::Tcp(tcp) = self else { return None };
        tcp.with_options(|options| options.linger).filter(|time| !time.is_zero())
    }

    /// Returns whether the peer has yet to acknowledge what was sent before
    /// [`close`](Self::close); [`waiters`](Self::waiters) are told when it has.
    pub fn is_lingering(&self) -> bool {
        matches!(self, Self::Tcp(tcp) if tcp.is_lingering())
    }

    /// Ends the socket when its last descriptor is closed.
    pub fn close(&self, now: Instant) {
        match self {
            Self::Tcp(tcp) => tcp.close(now),
            Self::Udp(udp) => udp.close(),
            Self::Netlink(_) => {}
        }
    }

    pub(crate) fn with_options<R>(&self, f: impl FnOnce(&mut crate::options::Options) -> R) -> R {
        match self {
            Self::Tcp(tcp) => tcp.with_options(f),
            Self::Udp(udp) => udp.with_options(f),
            Self::Netlink(netlink) => netlink.with_options(f),
        }
    }
}
