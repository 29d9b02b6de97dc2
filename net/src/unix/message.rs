//! What sockets hand each other: bytes, open files, credentials.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

use abi::time::Instant;

use super::{Address, Socket};

/// Who sent something, `struct ucred` of `unix(7)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Credentials {
    /// The process.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// Who sent what nobody asked the sender of (Linux's overflow ids).
pub(super) const NOBODY: Credentials = Credentials { pid: 0, uid: 65_534, gid: 65_534 };

/// Open files on their way from one socket to another (`SCM_RIGHTS`); to this crate any values.
#[derive(Clone, Default)]
pub struct Rights(pub Vec<Arc<dyn Any + Send + Sync>>);

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files", self.0.len())
    }
}

/// What goes along with a message.
#[derive(Clone, Debug, Default)]
pub struct Ancillary {
    /// Open files to hand over, at most 253; taken out by the `send` that succeeds.
    pub rights: Rights,
    /// Who sends: the caller, or what it claims by `SCM_CREDENTIALS`.
    pub credentials: Credentials,
    /// It is a claim: it goes along even if neither side asked for credentials.
    pub is_claimed: bool,
    /// When the message is sent.
    pub sent: Instant,
}

/// Whether a message stays in the queue when it is received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Take {
    /// It is taken out.
    Remove,
    /// It stays, `MSG_PEEK`.
    Peek,
}

/// What was received.
#[derive(Debug, Default)]
pub struct Received {
    /// How many bytes were delivered; 0 with [`length`](Self::length) 0 is an empty message or
    /// the end of the stream.
    pub count: usize,
    /// How long the whole message is, what `MSG_TRUNC` asks for; above `count` if it was cut.
    /// Of a stream it is `count`.
    pub length: usize,
    /// The sender's name.
    pub from: Address,
    /// Open files that came along. Those that the caller cannot take are dropped.
    pub rights: Rights,
    /// Who sent it, if this socket wants to know (`SO_PASSCRED`).
    pub credentials: Option<Credentials>,
    /// When it was sent; of a stream that is not told.
    pub sent: Option<Instant>,
    /// There is no message: the socket was shut down, and not that of a connection.
    pub is_shut: bool,
}

/// A piece in a socket's queue.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) bytes: Vec<u8>,
    /// How many of the bytes a stream's reader has taken already.
    pub(super) taken: usize,
    /// What the sender was charged for it, in bytes.
    pub(super) charge: usize,
    /// Who was charged.
    pub(super) origin: Weak<Socket>,
    pub(super) from: Address,
    pub(super) rights: Rights,
    /// Who sent it, if that was of interest then.
    pub(super) credentials: Option<Credentials>,
    pub(super) sent: Instant,
}

impl Packet {
    /// Returns the bytes not yet taken.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }
}
