//! Receiving: out of the socket's own queue.

use abi::io::Sink;
use abi::{Errno, Result};

use super::message::NOBODY;
use super::socket::{Role, refund_senders, wake_blocked};
use super::{Credentials, Kind, Received, Shutdown, Socket, Take};

/// Whom Linux names for the end of a stream.
const END: Credentials = Credentials { pid: 0, uid: 0, gid: 0 };

impl Socket {
    /// Receives bytes of a stream, or one message.
    ///
    /// # Errors
    /// `EAGAIN` if there is nothing yet, a pending error such as `ECONNRESET`, `EINVAL` for a
    /// stream and `ENOTCONN` for a packet socket without a connection, `EFAULT` from the sink:
    /// `recv(2)`.
    pub fn receive(&self, sink: &mut dyn Sink, take: Take) -> Result<Received> {
        match self.kind {
            Kind::Stream => self.receive_stream(sink, take),
            Kind::Datagram | Kind::SeqPacket => self.receive_message(sink, take),
        }
    }

    /// Receives bytes from as many pieces as go together.
    fn receive_stream(&self, sink: &mut dyn Sink, take: Take) -> Result<Received> {
        let mut state = self.state.lock();
        if !matches!(state.role, Role::Connected(_)) {
            return Err(Errno::EINVAL);
        }
        if state.inbox.is_empty() {
            return state
                .error
                .take()
                .map_or_else(|| end_or_wait(state.shut.contains(Shutdown::READ)), Err)
                .map(|end| Received { credentials: self.sender(Some(END)), ..end });
        }
        let mut received = Received::default();
        let mut used_up = 0;
        let mut fault = None;
        for packet in &mut state.inbox {
            // What different senders sent, if that is of interest, is for the next call.
            let sender = self.sender(packet.credentials);
            if received.count > 0 && sender != received.credentials {
                break;
            }
            let count = match sink.put(packet.rest()) {
                Ok(count) => count,
                Err(errno) => {
                    fault = Some(errno);
                    break;
                }
            };
            if received.count == 0 {
                received.from = packet.from.clone();
                received.credentials = sender;
            }
            received.count += count;
            let is_whole = count == packet.rest().len();
            let has_rights = !packet.rights.0.is_empty();
            match take {
                Take::Peek => received.rights.0.extend_from_slice(&packet.rights.0),
                Take::Remove => {
                    packet.taken += count;
                    received.rights.0.append(&mut packet.rights.0);
                }
            }
            if !is_whole || has_rights {
                used_up += usize::from(is_whole);
                break;
            }
            used_up += 1;
        }
        if take == Take::Peek {
            used_up = 0;
        }
        let gone: alloc::vec::Vec<_> = state.inbox.drain(..used_up).collect();
        drop(state);
        refund_senders(gone);
        received.length = received.count;
        match fault {
            Some(errno) if received.count == 0 => Err(errno),
            _ => Ok(received),
        }
    }

    /// Returns whom to name as the sender, if anybody.
    fn sender(&self, credentials: Option<Credentials>) -> Option<Credentials> {
        self.passes_credentials().then(|| credentials.unwrap_or(NOBODY))
    }

    /// Receives the next message, cut to the sink's room.
    fn receive_message(&self, sink: &mut dyn Sink, take: Take) -> Result<Received> {
        let mut state = self.state.lock();
        if self.kind == Kind::SeqPacket && !matches!(state.role, Role::Connected(_)) {
            return Err(Errno::ENOTCONN);
        }
        if let Some(errno) = state.error.take() {
            return Err(errno);
        }
        let Some(packet) = state.inbox.front_mut() else {
            let is_shut = self.kind == Kind::Datagram;
            let end = end_or_wait(state.shut.contains(Shutdown::READ));
            return end.map(|end| Received { is_shut, ..end });
        };
        let expected = packet.bytes.len().min(sink.room());
        let put = if expected > 0 { sink.put(&packet.bytes) } else { Ok(0) };
        let fault = match put {
            Ok(count) => (count < expected).then_some(Errno::EFAULT),
            Err(errno) => Some(errno),
        };
        let count = put.unwrap_or(0);
        let mut received = Received {
            count,
            length: packet.bytes.len(),
            from: packet.from.clone(),
            rights: super::Rights::default(),
            credentials: self.sender(packet.credentials),
            sent: Some(packet.sent),
            is_shut: false,
        };
        if take == Take::Peek {
            received.rights = packet.rights.clone();
            return fault.map_or(Ok(received), Err);
        }
        // On Linux too a bad buffer costs the message.
        received.rights = core::mem::take(&mut packet.rights);
        let gone = state.inbox.pop_front();
        let blocked = core::mem::take(&mut state.blocked);
        drop(state);
        refund_senders(gone);
        wake_blocked(&blocked);
        fault.map_or(Ok(received), Err)
    }
}

/// Returns what an empty queue means.
fn end_or_wait(is_at_end: bool) -> Result<Received> {
    if is_at_end { Ok(Received::default()) } else { Err(Errno::EAGAIN) }
}
