//! Sending: into the queue of the other socket.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use abi::io::Source;
use abi::poll::Events;
use abi::{Errno, Result};

use super::message::{Packet, Rights};
use super::socket::{MAX_DATAGRAMS, Role};
use super::{Address, Ancillary, Kind, Names, Shutdown, Socket};
use crate::room;

/// The most files in one message (`SCM_MAX_FD`).
pub const MAX_RIGHTS: usize = 253;

/// The most bytes of a stream that are copied at a time.
const CHUNK: usize = 64 * 1024;

/// A piece of a stream up to this size joins the piece before it.
const SMALL: usize = 4096;

/// What a message is charged beyond its bytes, so that many small ones cannot fill the memory.
const OVERHEAD: usize = 512;

/// What of the send buffer a message cannot use.
const RESERVED: usize = 32;

impl Socket {
    /// Sends bytes and what goes along with them; to `to`, if given, else to the peer.
    ///
    /// Of a stream as much is sent as fits. The files in `ancillary` go with the first byte, and
    /// are taken out of it when that has been sent. Of a message that was not sent, bytes may have
    /// been taken.
    ///
    /// # Errors
    /// `EAGAIN` if there is no room. `EPIPE` if this side was shut down or the other is gone
    /// (only a stream's sender gets a signal for it). `ENOTCONN`, `EISCONN`, `EOPNOTSUPP`,
    /// `ECONNREFUSED`, `EPROTOTYPE`, `EMSGSIZE`, `EPERM`, and those of [`Names::lookup`]:
    /// `send(2)`.
    pub fn send(
        &self,
        source: &mut dyn Source,
        to: Option<&Address>,
        names: &dyn Names,
        ancillary: &mut Ancillary,
    ) -> Result<usize> {
        if ancillary.rights.0.len() > MAX_RIGHTS {
            return Err(Errno::EINVAL);
        }
        match self.kind {
            Kind::Stream => self.send_stream(source, to, ancillary),
            Kind::Datagram => {
                self.send_message(source, ancillary, || self.datagram_target(to, names))
            }
            Kind::SeqPacket => {
                self.check_packets()?;
                let peer = || self.state.lock().peer().ok_or(Errno::EPIPE);
                self.send_message(source, ancillary, peer)
            }
        }
    }

    /// Checks what of a packet socket is looked at before what goes along with a message.
    ///
    /// # Errors
    /// `ENOTCONN`, or a pending error.
    pub fn check_packets(&self) -> Result<()> {
        let mut state = self.state.lock();
        match &state.role {
            _ if self.kind != Kind::SeqPacket => Ok(()),
            Role::Connected(_) => state.error.take().map_or(Ok(()), Err),
            _ => Err(state.error.take().unwrap_or(Errno::ENOTCONN)),
        }
    }

    /// Sends bytes of a stream, as many as fit.
    fn send_stream(
        &self,
        source: &mut dyn Source,
        to: Option<&Address>,
        ancillary: &mut Ancillary,
    ) -> Result<usize> {
        let state = self.state.lock();
        let is_connected = matches!(state.role, Role::Connected(_));
        if to.is_some() {
            return Err(if is_connected { Errno::EISCONN } else { Errno::EOPNOTSUPP });
        }
        if !is_connected {
            return Err(Errno::ENOTCONN);
        }
        if state.shut.contains(Shutdown::WRITE) {
            return Err(Errno::EPIPE);
        }
        let from = state.address.clone();
        let peer = state.peer();
        drop(state);
        let peer = peer.ok_or(Errno::EPIPE)?;
        let mut sent = 0;
        while source.left() > 0 {
            match self.send_piece(&peer, source, &from, ancillary) {
                Ok(count) => sent += count,
                Err(errno) if sent == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        if sent > 0 {
            peer.waiters.wake(Events::READABLE);
        }
        Ok(sent)
    }

    /// Sends the next piece of a stream.
    fn send_piece(
        &self,
        peer: &Self,
        source: &mut dyn Source,
        from: &Address,
        ancillary: &mut Ancillary,
    ) -> Result<usize> {
        let has_rights = !ancillary.rights.0.is_empty();
        let count = source.left().min(CHUNK).min((self.send_limit() / 2).max(1));
        let overhead = if has_rights || count > SMALL { OVERHEAD } else { 0 };
        let charge = count + overhead;
        if !self.charge(charge) {
            return Err(Errno::EAGAIN);
        }
        let bytes = take_up_to(source, count).inspect_err(|_| self.refund(charge))?;
        let (taken, unused) = (bytes.len(), count - bytes.len());
        let packet = self.packet(peer, bytes, charge - unused, from.clone(), ancillary);
        let mut state = peer.state.lock();
        let is_shut = state.shut.contains(Shutdown::READ);
        let room = room::reserve_one(&mut state.inbox);
        if let Err(errno) = if is_shut { Err(Errno::EPIPE) } else { room } {
            drop(state);
            self.refund(charge);
            ancillary.rights = packet.rights;
            return Err(errno);
        }
        let last = state.inbox.back_mut().filter(|last| can_join(last, &packet));
        match last.map(|last| (room::reserve(&mut last.bytes, packet.bytes.len()), last)) {
            Some((Ok(()), last)) => {
                last.bytes.extend_from_slice(&packet.bytes);
                last.charge += packet.charge;
            }
            _ => state.inbox.push_back(packet),
        }
        drop(state);
        self.refund(unused);
        Ok(taken)
    }

    /// Sends one message to the socket that `find` finds, when the message has been read.
    fn send_message(
        &self,
        source: &mut dyn Source,
        ancillary: &mut Ancillary,
        find: impl FnOnce() -> Result<Arc<Self>>,
    ) -> Result<usize> {
        let count = source.left();
        if count > self.send_limit().saturating_sub(RESERVED) {
            return Err(Errno::EMSGSIZE);
        }
        let mut state = self.state.lock();
        if let Some(errno) = state.error.take() {
            return Err(errno);
        }
        if state.shut.contains(Shutdown::WRITE) {
            return Err(Errno::EPIPE);
        }
        let from = state.address.clone();
        drop(state);
        let bytes = take_all(source, count)?;
        let peer = find()?;
        self.check_peer(&peer)?;
        // Not before: giving a charge back wakes who waits to send, which may be the caller.
        let charge = count + OVERHEAD;
        if !self.charge(charge) {
            return Err(Errno::EAGAIN);
        }
        let packet = self.packet(&peer, bytes, charge, from, ancillary);
        let mut state = peer.state.lock();
        if let Err(errno) = room::reserve_one(&mut state.inbox) {
            drop(state);
            self.refund(charge);
            ancillary.rights = packet.rights;
            return Err(errno);
        }
        state.inbox.push_back(packet);
        drop(state);
        peer.waiters.wake(Events::READABLE);
        Ok(count)
    }

    /// Checks that a socket takes a message of this one now.
    fn check_peer(&self, peer: &Self) -> Result<()> {
        let mut state = peer.state.lock();
        if self.kind == Kind::Datagram
            && matches!(&state.role, Role::Connected(other) if !other.ptr_eq(&self.this))
        {
            return Err(Errno::EPERM);
        }
        if state.shut.contains(Shutdown::READ) {
            return Err(Errno::EPIPE);
        }
        let is_free = core::ptr::eq(self, peer) || state.is_connected_to(self);
        if !is_free && state.inbox.len() > MAX_DATAGRAMS {
            state.add_blocked(&self.this);
            return Err(Errno::EAGAIN);
        }
        Ok(())
    }

    /// Returns where a datagram goes.
    fn datagram_target(&self, to: Option<&Address>, names: &dyn Names) -> Result<Arc<Self>> {
        if let Some(address) = to {
            let target = self.namespace.find(self.kind, address, names)?;
            return if target.kind == Kind::Datagram { Ok(target) } else { Err(Errno::EPROTOTYPE) };
        }
        let mut state = self.state.lock();
        let Role::Connected(peer) = &state.role else {
            return Err(Errno::ENOTCONN);
        };
        let peer = peer.upgrade();
        if peer.is_none() {
            state.role = Role::Idle;
        }
        peer.ok_or(Errno::ECONNREFUSED)
    }

    /// Returns a packet from this socket with the files of `ancillary`, which are taken out, and
    /// with credentials if either side asked for some (Linux's `unix_maybe_add_creds`).
    fn packet(
        &self,
        peer: &Self,
        bytes: Vec<u8>,
        charge: usize,
        from: Address,
        ancillary: &mut Ancillary,
    ) -> Packet {
        let is_asked =
            ancillary.is_claimed || self.passes_credentials() || peer.passes_credentials();
        Packet {
            bytes,
            taken: 0,
            charge,
            origin: Weak::clone(&self.this),
            from,
            rights: core::mem::take(&mut ancillary.rights),
            credentials: is_asked.then_some(ancillary.credentials),
            sent: ancillary.sent,
        }
    }
}

/// Returns whether a piece of a stream may be joined to the one before it.
fn can_join(last: &Packet, next: &Packet) -> bool {
    let Rights(files) = &last.rights;
    files.is_empty()
        && next.rights.0.is_empty()
        && last.credentials == next.credentials
        && next.bytes.len() <= SMALL
        && last.bytes.len() + next.bytes.len() <= CHUNK
}

/// Takes `count` bytes from a source.
///
/// # Errors
/// `EFAULT` if the program's memory ends before; as [`take_up_to`].
fn take_all(source: &mut dyn Source, count: usize) -> Result<Vec<u8>> {
    let bytes = take_up_to(source, count)?;
    if bytes.len() == count { Ok(bytes) } else { Err(Errno::EFAULT) }
}

/// Takes `count` bytes from a source, or fewer if the program's memory ends before.
///
/// # Errors
/// `ENOBUFS`; that of the source.
fn take_up_to(source: &mut dyn Source, count: usize) -> Result<Vec<u8>> {
    let mut bytes = room::zeroed(count)?;
    if count > 0 {
        let taken = source.take(&mut bytes)?;
        bytes.truncate(taken);
    }
    Ok(bytes)
}
