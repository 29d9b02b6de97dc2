//! `AF_UNIX` sockets: their options, and their names in the tree of files.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use abi::socket::{
    AF_UNIX, Linger, SO_ACCEPTCONN, SO_BROADCAST, SO_DOMAIN, SO_ERROR, SO_KEEPALIVE, SO_LINGER,
    SO_PASSCRED, SO_PEERCRED, SO_PRIORITY, SO_PROTOCOL, SO_RCVBUF, SO_RCVTIMEO_OLD, SO_REUSEADDR,
    SO_SNDBUF, SO_SNDTIMEO_OLD, SO_TIMESTAMP_OLD, SO_TIMESTAMPNS_OLD, SO_TYPE, SOCK_DGRAM,
    SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET,
};
use abi::stat::FileType;
use abi::time::Instant;
use abi::{Errno, Result};
use net::options::{Stamp, Stamping, Value, timeout_bytes};
use net::unix::{Credentials, Kind, Names, Socket, SocketFile};
use sync::SpinLock;
use vfs::path::LastLink;
use zerocopy::IntoBytes;

use super::Direction;
use crate::file;
use crate::process::{PID, Process};

/// Linux's default of `net.core.rmem_default`.
const BUFFER_DEFAULT: i32 = 212_992;
/// The smallest `SO_SNDBUF` (`SOCK_MIN_SNDBUF`).
const SEND_MIN: i32 = 4608;
/// The smallest `SO_RCVBUF` (`SOCK_MIN_RCVBUF`).
const RECEIVE_MIN: i32 = 2304;

/// A socket with the options that the protocol itself does not care about.
#[derive(Debug)]
pub(crate) struct UnixSocket {
    /// The socket.
    pub(crate) inner: Arc<Socket>,
    /// A leaf lock.
    options: SpinLock<Options>,
}

#[derive(Clone, Copy, Debug)]
struct Options {
    receive_timeout: Option<Duration>,
    send_timeout: Option<Duration>,
    receive_buffer: i32,
    reuses_address: i32,
    broadcast: i32,
    keep_alive: i32,
    priority: i32,
    stamping: Stamping,
    linger: Linger,
}

impl UnixSocket {
    /// Returns a socket with Linux's defaults as its options.
    pub(crate) const fn new(inner: Arc<Socket>) -> Self {
        let options = Options {
            receive_timeout: None,
            send_timeout: None,
            receive_buffer: BUFFER_DEFAULT,
            reuses_address: 0,
            broadcast: 0,
            keep_alive: 0,
            priority: 0,
            stamping: Stamping::Off,
            linger: Linger { l_onoff: 0, l_linger: 0 },
        };
        Self { inner, options: SpinLock::new(options) }
    }

    /// Returns a socket that was accepted by this one.
    pub(crate) fn accepted(&self, inner: Arc<Socket>) -> Self {
        inner.set_passing_credentials(self.inner.passes_credentials());
        Self::new(inner)
    }

    /// Returns how long a direction waits at most.
    pub(super) fn timeout(&self, direction: Direction) -> Option<Duration> {
        let options = self.options.lock();
        match direction {
            Direction::Receive => options.receive_timeout,
            Direction::Send => options.send_timeout,
        }
    }

    /// Returns what to tell of a message that was sent at a time.
    pub(crate) fn stamp(&self, sent: Option<Instant>) -> Option<Stamp> {
        let stamping = self.options.lock().stamping;
        sent.and_then(|sent| stamping.tell(sent))
    }

    /// Sets an option, `setsockopt(2)`.
    ///
    /// # Errors
    /// `ENOPROTOOPT` for an unknown one, `EOPNOTSUPP` for another level, `EINVAL`, `EDOM`, `EFAULT`.
    pub(crate) fn set_option(&self, level: i32, name: i32, value: Value<'_>) -> Result<()> {
        if level != SOL_SOCKET {
            return Err(Errno::EOPNOTSUPP);
        }
        let mut options = self.options.lock();
        match name {
            SO_LINGER => {
                let bytes: [u8; size_of::<Linger>()] = value.first()?;
                options.linger = zerocopy::transmute!(bytes);
                return Ok(());
            }
            SO_RCVTIMEO_OLD => {
                options.receive_timeout = value.timeout()?;
                return Ok(());
            }
            SO_SNDTIMEO_OLD => {
                options.send_timeout = value.timeout()?;
                return Ok(());
            }
            _ => {}
        }
        let number = value.int()?;
        match name {
            SO_PASSCRED => self.inner.set_passing_credentials(number != 0),
            SO_SNDBUF => {
                let bytes = number.clamp(0, BUFFER_DEFAULT).saturating_mul(2).max(SEND_MIN);
                drop(options);
                self.inner.set_send_limit(usize::try_from(bytes).unwrap_or(0));
            }
            SO_RCVBUF => {
                let bytes = number.clamp(0, BUFFER_DEFAULT).saturating_mul(2);
                options.receive_buffer = bytes.max(RECEIVE_MIN);
            }
            SO_REUSEADDR => options.reuses_address = i32::from(number != 0),
            SO_BROADCAST => options.broadcast = i32::from(number != 0),
            SO_KEEPALIVE => options.keep_alive = i32::from(number != 0),
            SO_TIMESTAMP_OLD => options.stamping.set(Stamping::Micros, number != 0),
            SO_TIMESTAMPNS_OLD => options.stamping.set(Stamping::Nanos, number != 0),
            SO_PRIORITY => options.priority = number,
            SO_TYPE | SO_PROTOCOL | SO_DOMAIN | SO_ERROR => return Err(Errno::ENOPROTOOPT),
            _ => return Err(Errno::ENOPROTOOPT),
        }
        Ok(())
    }

    /// Returns an option's value, `getsockopt(2)`.
    ///
    /// # Errors
    /// `ENOPROTOOPT` for an unknown one, `EOPNOTSUPP` for another level.
    pub(crate) fn option(&self, level: i32, name: i32) -> Result<Vec<u8>> {
        if level != SOL_SOCKET {
            return Err(Errno::EOPNOTSUPP);
        }
        let options = *self.options.lock();
        let value = match name {
            SO_LINGER => return Ok(options.linger.as_bytes().to_vec()),
            SO_RCVTIMEO_OLD => return Ok(timeout_bytes(options.receive_timeout)),
            SO_SNDTIMEO_OLD => return Ok(timeout_bytes(options.send_timeout)),
            SO_PEERCRED => return Ok(credentials_bytes(self.inner.peer_credentials())),
            SO_PASSCRED => i32::from(self.inner.passes_credentials()),
            SO_SNDBUF => i32::try_from(self.inner.send_limit()).unwrap_or(i32::MAX),
            SO_RCVBUF => options.receive_buffer,
            SO_REUSEADDR => options.reuses_address,
            SO_BROADCAST => options.broadcast,
            SO_KEEPALIVE => options.keep_alive,
            SO_TIMESTAMP_OLD => i32::from(options.stamping == Stamping::Micros),
            SO_TIMESTAMPNS_OLD => i32::from(options.stamping == Stamping::Nanos),
            SO_PRIORITY => options.priority,
            SO_TYPE => match self.inner.kind() {
                Kind::Stream => SOCK_STREAM,
                Kind::Datagram => SOCK_DGRAM,
                Kind::SeqPacket => SOCK_SEQPACKET,
            },
            SO_PROTOCOL => 0,
            SO_DOMAIN => AF_UNIX,
            SO_ERROR => self.inner.take_error().map_or(0, |errno| i32::from(errno.raw())),
            SO_ACCEPTCONN => i32::from(self.inner.is_listening()),
            _ => return Err(Errno::ENOPROTOOPT),
        };
        Ok(value.to_ne_bytes().to_vec())
    }
}

/// Returns `struct ucred`; of nobody if there is no peer.
pub(crate) fn credentials_bytes(credentials: Option<Credentials>) -> Vec<u8> {
    let nobody = Credentials { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let of = credentials.unwrap_or(nobody);
    let words = [of.pid.cast_unsigned(), of.uid, of.gid];
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// Returns who the program is to its peers.
pub(crate) fn own_credentials() -> Credentials {
    let credentials = Process::current().credentials.lock();
    let pid = PID.cast_signed();
    Credentials { pid, uid: credentials.user.effective, gid: credentials.group.effective }
}

/// The tree of files as the place of sockets' names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileNames {
    /// The permissions of a name that is made, before the umask.
    pub(crate) permissions: u32,
}

impl FileNames {
    /// For a socket whose mode was not changed.
    pub(crate) const DEFAULT: Self = Self { permissions: 0o777 };
}

impl Names for FileNames {
    fn create(&self, path: &[u8]) -> Result<SocketFile> {
        let files = file::current();
        let creation = files.creation(FileType::Socket, self.permissions);
        let location = files.names.make(&files.working_directory(), path, &creation)?;
        let metadata = location.inode.metadata();
        Ok(SocketFile { device: metadata.dev, inode: metadata.ino, keep: Arc::new(location.inode) })
    }

    fn lookup(&self, path: &[u8]) -> Result<SocketFile> {
        let files = file::current();
        let found = files.names.find(&files.working_directory(), path, LastLink::Follow)?;
        let inode = found.location.inode;
        let metadata = inode.metadata();
        if metadata.kind != FileType::Socket {
            return Err(Errno::ECONNREFUSED);
        }
        Ok(SocketFile { device: metadata.dev, inode: metadata.ino, keep: Arc::new(inode) })
    }
}
