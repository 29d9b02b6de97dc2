//! Sockets as files: what a descriptor refers to after `socket(2)`.
//!
//! The protocols are `net`'s. Here a socket of any family becomes a [`File`] with a number of its
//! own, and is ended when its last descriptor is closed.

mod unix;

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::stat::FileType;
use abi::{Errno, Result};
use net::inet;
use net::unix::{Ancillary, Take};
use sync::Waiters;
use vfs::metadata::Changed;
use vfs::{Changes, File, Metadata, OpenFile};

pub(crate) use unix::{FileNames, UnixSocket, own_credentials};

use crate::arch::clock;
use crate::wait;

/// A socket of one of the families there are.
#[derive(Debug)]
pub(crate) enum Socket {
    /// `AF_INET`, `AF_INET6`.
    Inet(inet::Socket),
    /// `AF_UNIX`.
    Unix(UnixSocket),
}

/// A socket that descriptors refer to.
#[derive(Debug)]
pub(crate) struct SocketFile {
    /// The socket.
    pub(crate) socket: Socket,
    number: u64,
    changed: Changed,
}

/// A direction in which a socket's user may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    /// To receive or accept.
    Receive,
    /// To send or connect.
    Send,
}

impl Direction {
    /// Returns what to wait for.
    pub(crate) const fn interest(self) -> Events {
        match self {
            Self::Receive => Events::IN.union(Events::RDHUP),
            Self::Send => Events::OUT,
        }
    }
}

impl SocketFile {
    /// Returns a file for a socket.
    pub(crate) fn new(socket: Socket) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { socket, number, changed: Changed::new() })
    }

    /// Returns the socket that an open file is.
    ///
    /// # Errors
    /// `ENOTSOCK`.
    pub(crate) fn of(file: &OpenFile) -> Result<Arc<Self>> {
        file.file()?;
        file.downcast().ok_or(Errno::ENOTSOCK)
    }

    /// Returns how long a direction waits at most, `SO_RCVTIMEO` and `SO_SNDTIMEO`.
    pub(crate) fn timeout(&self, direction: Direction) -> Option<Duration> {
        match (&self.socket, direction) {
            (Socket::Inet(socket), Direction::Receive) => socket.receive_timeout(),
            (Socket::Inet(socket), Direction::Send) => socket.send_timeout(),
            (Socket::Unix(socket), _) => socket.timeout(direction),
        }
    }
}

/// A socket whose `close(2)` waits for the peer (`SO_LINGER`).
#[derive(Debug)]
pub(crate) struct Lingering {
    socket: inet::Socket,
    time: Duration,
}

impl Lingering {
    /// Returns what to wait for behind the closing of an open file, if it is such a socket.
    pub(crate) fn of(file: &OpenFile) -> Option<Self> {
        let file: Arc<SocketFile> = file.downcast()?;
        let Socket::Inet(socket) = &file.socket else { return None };
        socket.linger().map(|time| Self { socket: socket.clone(), time })
    }

    /// Waits until the peer has all that was sent, the time is over or a signal comes. Does
    /// nothing while another descriptor refers to the socket.
    pub(crate) fn wait(&self) {
        let deadline = clock::now() + self.time;
        // However it ends, the socket is closed.
        let _ = wait::until(self.socket.waiters(), Events::all(), Some(deadline), || {
            if self.socket.is_lingering() { Err(Errno::EAGAIN) } else { Ok(()) }
        });
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        match &self.socket {
            Socket::Inet(socket) => socket.close(clock::now()),
            // Its own last reference ends it.
            Socket::Unix(_) => {}
        }
    }
}

impl File for SocketFile {
    fn patience(&self, interest: Events) -> Option<Duration> {
        let is_input = interest.contains(Events::IN);
        self.timeout(if is_input { Direction::Receive } else { Direction::Send })
    }

    fn is_stream(&self) -> bool {
        match &self.socket {
            Socket::Inet(socket) => matches!(socket, inet::Socket::Tcp(_)),
            Socket::Unix(socket) => socket.inner.kind() == net::unix::Kind::Stream,
        }
    }

    fn read(&self, _at: u64, sink: &mut dyn Sink) -> Result<usize> {
        // Unlike recv(2), read(2) of nothing does not wait (sock_read_iter() in net/socket.c).
        if sink.room() == 0 {
            return Ok(0);
        }
        match &self.socket {
            Socket::Inet(socket) => socket.read(sink, clock::now()),
            Socket::Unix(socket) => {
                socket.inner.receive(sink, Take::Remove).map(|received| received.count)
            }
        }
    }

    fn write(&self, _at: u64, source: &mut dyn Source) -> Result<usize> {
        match &self.socket {
            Socket::Inet(socket) => socket.write(source, clock::now()),
            Socket::Unix(socket) => {
                let mut along = Ancillary {
                    sent: clock::now(),
                    credentials: own_credentials(),
                    ..Ancillary::default()
                };
                socket.inner.send(source, None, &FileNames::DEFAULT, &mut along)
            }
        }
    }

    fn poll(&self) -> Events {
        match &self.socket {
            Socket::Inet(socket) => socket.poll(),
            Socket::Unix(socket) => socket.inner.poll(),
        }
    }

    fn tells_by_signal(&self) -> bool {
        true
    }

    fn waiters(&self) -> Option<&Waiters> {
        Some(match &self.socket {
            Socket::Inet(socket) => socket.waiters(),
            Socket::Unix(socket) => socket.inner.waiters(),
        })
    }

    fn readable_bytes(&self) -> Result<usize> {
        match &self.socket {
            Socket::Inet(socket) => socket.unread(),
            Socket::Unix(socket) => socket.inner.pending_input(),
        }
    }

    fn metadata(&self) -> Metadata {
        let metadata = Metadata::anonymous(FileType::Socket, self.number);
        self.changed.show(Metadata { permissions: 0o777, dev: 8, ..metadata })
    }

    fn change_metadata(&self, changes: &Changes) -> Result<()> {
        self.changed.add(changes);
        Ok(())
    }

    fn label(&self) -> Vec<u8> {
        format!("socket:[{}]", self.number).into_bytes()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
