//! Bytes in and out of an open connection.

use alloc::sync::Arc;
use core::time::Duration;

use abi::io::{Sink, Source};
use abi::time::Instant;
use abi::{Errno, Result};

use super::connection::Connection;
use super::engine::Engine;
use super::{Inner, State, Tcp, may_send};
use crate::options::{Options, Stamp};
use crate::output::CachedHop;
use crate::wire::tcp::ACK;

/// How long a corked connection keeps less than a segment back (`tcp(7)`, `TCP_CORK`).
const CORK: Duration = Duration::from_millis(200);
/// What buffers grow to if the program did not choose.
const BUFFER_MAX: usize = 1 << 20;
/// By how much buffers grow at a time.
const GROWTH: usize = 4;

/// Whether what is read stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// It is taken.
    Take,
    /// It stays (`MSG_PEEK`).
    Peek,
}

/// Whether more follows at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Following {
    /// Send what there is.
    Nothing,
    /// Send full segments only (`MSG_MORE`).
    More,
}

impl Tcp {
    /// Reads received bytes. Returns 0 at the end of the stream.
    ///
    /// # Errors
    /// `EAGAIN` if there is nothing yet, `ENOTCONN` without a connection, `EFAULT` from the sink,
    /// or the connection's error.
    pub(crate) fn receive(
        self: &Arc<Self>,
        sink: &mut dyn Sink,
        reading: Reading,
        now: Instant,
    ) -> Result<(usize, Option<Stamp>)> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        let connection = match &mut inner.state {
            State::Open(connection) => connection,
            State::Connecting(_) => return Err(Errno::EAGAIN),
            State::Failed => return inner.error.take().map_or(Ok((0, None)), Err),
            _ => return Err(inner.error.take().unwrap_or(Errno::ENOTCONN)),
        };
        if !connection.is_readable() {
            if let Some(error) = inner.error.take() {
                return Err(error);
            }
            if connection.is_reading_over() {
                return Ok((0, None));
            }
            return Err(Errno::EAGAIN);
        }
        let stamp = inner.options.stamping.tell(connection.arrived);
        let Some(engine) = &mut connection.engine else { return Err(Errno::EAGAIN) };
        let count = match reading {
            Reading::Peek => return peek(engine, sink).map(|count| (count, stamp)),
            Reading::Take => take(engine, sink)?,
        };
        connection.used = now;
        if connection.is_over {
            if connection.unread() == 0 {
                connection.drop_engine(&self.stack);
            }
            return Ok((count, stamp));
        }
        let has_sent = self.update_window(inner, now);
        drop(guard);
        if has_sent {
            self.stack.finish(now);
        }
        Ok((count, stamp))
    }

    /// Tells the peer of room in the receive buffer if that is worth a segment. Returns whether
    /// it was.
    fn update_window(self: &Arc<Self>, inner: &mut Inner, now: Instant) -> bool {
        let State::Open(connection) = &mut inner.state else { return false };
        if connection.wants_receive && connection.unread() == 0 {
            self.grow_receive(inner, now);
            return true;
        }
        let Some(engine) = &connection.engine else { return false };
        let window = connection.sizes.receive - connection.unread();
        let is_worth_it = window / 2 >= engine.window_left();
        if is_worth_it {
            self.push(inner, now);
        }
        is_worth_it
    }

    fn grow_receive(self: &Arc<Self>, inner: &mut Inner, now: Instant) {
        let Inner { state: State::Open(connection), hop, options, .. } = inner else { return };
        connection.wants_receive = false;
        let limit =
            if options.is_receive_fixed { fixed(options.receive_buffer) } else { BUFFER_MAX };
        let larger = (connection.sizes.receive * GROWTH).min(limit);
        // Without the engine being rebuilt a larger window would be a lie.
        let can_rebuild = may_send(connection.phase()) && connection.unacknowledged() == 0;
        let may_grow = can_rebuild && self.stack.may_grow_buffers();
        if larger <= connection.sizes.receive || !may_grow {
            self.push(inner, now);
            return;
        }
        connection.sizes.receive = larger;
        let output = Self::output(&self.stack, hop, &connection.synced, now);
        connection.rebuild(output.hop, options, &self.stack, now);
        if let Some(engine) = &mut connection.engine {
            engine.advertise_all();
        }
        self.send_control(inner, ACK, 0, now);
    }

    /// Queues bytes to be sent and sends what may go out.
    ///
    /// # Errors
    /// `EAGAIN` if there is no room or no connection yet, `EPIPE` if there is no connection or
    /// the program shut down writing, `EFAULT` from the source, or the connection's error.
    pub(crate) fn send(
        self: &Arc<Self>,
        source: &mut dyn Source,
        following: Following,
        now: Instant,
    ) -> Result<usize> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        if let Some(error) = inner.error.take() {
            return Err(error);
        }
        let Inner { state, hop, options, .. } = inner;
        let connection = match state {
            State::Open(connection) if connection.is_writing_over() => return Err(Errno::EPIPE),
            State::Open(connection) => connection,
            State::Connecting(_) => return Err(Errno::EAGAIN),
            _ => return Err(Errno::EPIPE),
        };
        if source.left() == 0 {
            return Ok(0);
        }
        let wants_more = connection.wants_send && connection.unacknowledged() == 0;
        if wants_more && self.stack.may_grow_buffers() {
            grow_send(connection, options);
            let output = Self::output(&self.stack, hop, &connection.synced, now);
            connection.rebuild(output.hop, options, &self.stack, now);
        }
        if connection.engine.is_none() {
            let output = Self::output(&self.stack, hop, &connection.synced, now);
            connection.wake(output.hop, options, &self.stack, now);
        }
        let count = connection.queue(source, now)?;
        if count == 0 {
            return Err(Errno::EAGAIN);
        }
        let is_corked = options.cork || following == Following::More;
        connection.corked_until = is_corked.then(|| now + CORK);
        let corked_until = connection.corked_until;
        let was_gathered = connection.is_gathered;
        if !is_corked && self.gathers(connection, hop.as_ref()) {
            drop(guard);
            self.stack.finish(now);
            return Ok(count);
        }
        self.push(inner, now);
        if let Some(until) = corked_until {
            self.arm(inner, until);
        }
        self.reschedule(inner, now);
        drop(guard);
        self.stack.finish(now);
        if was_gathered {
            // The card waits for it.
            self.stack.flush(now);
        }
        Ok(count)
    }

    /// Leaves what was written to go out with what follows: while it is less than a segment, the peer
    /// has not acknowledged what went before, and the card has not sent all that it has been given
    /// (Linux: `tcp_autocorking`). It goes when the cards are told next.
    fn gathers(self: &Arc<Self>, connection: &mut Connection, hop: Option<&CachedHop>) -> bool {
        let Some(engine) = &connection.engine else { return false };
        let unsent = engine.unsent();
        let is_little = unsent < connection.synced.mss() && unsent < connection.unacknowledged();
        if !is_little || !hop.is_some_and(|hop| self.stack.is_sending(hop)) {
            return false;
        }
        if !connection.is_gathered {
            connection.is_gathered = true;
            self.stack.gather(self.clone());
        }
        true
    }

    /// Sends what a cork held back (`TCP_CORK` off, `TCP_NODELAY` on).
    pub(crate) fn uncork(self: &Arc<Self>, now: Instant) {
        let mut inner = self.inner.lock();
        let no_delay = inner.options.no_delay;
        if let State::Open(connection) = &mut inner.state {
            connection.corked_until = None;
            if let Some(engine) = &mut connection.engine {
                engine.socket().set_nagle_enabled(!no_delay);
            }
        }
        if matches!(&inner.state, State::Open(connection) if !connection.is_over) {
            self.push(&mut inner, now);
            self.reschedule(&mut inner, now);
        }
        drop(inner);
        self.stack.finish(now);
    }

    /// Returns how many bytes can be read (`FIONREAD`).
    pub(crate) fn unread(&self) -> usize {
        match &self.inner.lock().state {
            State::Open(connection) => connection.unread(),
            _ => 0,
        }
    }

    /// Returns how many bytes the peer has not acknowledged (`SIOCOUTQ`).
    pub(crate) fn unacknowledged(&self) -> usize {
        match &self.inner.lock().state {
            State::Open(connection) => connection.unacknowledged(),
            _ => 0,
        }
    }
}

/// Buffer that a program chose, from what `getsockopt` shows.
fn fixed(shown: u32) -> usize {
    usize::try_from(shown).unwrap_or(BUFFER_MAX).clamp(4096, 8 << 20)
}

fn grow_send(connection: &mut Connection, options: &Options) {
    let limit = if options.is_send_fixed { fixed(options.send_buffer) } else { BUFFER_MAX };
    connection.sizes.send = (connection.sizes.send * GROWTH).min(limit).max(connection.sizes.send);
    connection.wants_send = false;
}

impl Connection {
    /// Moves bytes into the send buffer; 0 if it is full.
    fn queue(&mut self, source: &mut dyn Source, now: Instant) -> Result<usize> {
        let Some(engine) = &mut self.engine else { return Ok(0) };
        let mut total = 0;
        // Twice, since the free part of a ring may be in two pieces.
        for _ in 0..2 {
            let taken = engine.socket().send(|buffer| match source.take(buffer) {
                Ok(count) => (count, Ok(count)),
                Err(error) => (0, Err(error)),
            });
            match taken {
                Ok(Ok(count)) => total += count,
                Ok(Err(error)) if total == 0 => return Err(error),
                _ => break,
            }
            if source.left() == 0 {
                break;
            }
        }
        if source.left() > 0 {
            self.wants_send = engine.sizes.send < BUFFER_MAX;
        }
        if engine.peek().send_queue() == total {
            self.progress = now;
        }
        engine.send_end = engine.send_end.wrapping_add(u32::try_from(total).unwrap_or(0));
        self.used = now;
        Ok(total)
    }
}

fn take(engine: &mut Engine, sink: &mut dyn Sink) -> Result<usize> {
    let mut total = 0;
    // Twice, since what a ring holds may be in two pieces.
    for _ in 0..2 {
        let put = engine.socket().recv(|bytes| match sink.put(bytes) {
            Ok(count) => (count, Ok(count)),
            Err(error) => (0, Err(error)),
        });
        match put {
            Ok(Ok(count)) => total += count,
            Ok(Err(error)) if total == 0 => return Err(error),
            _ => break,
        }
        if sink.room() == 0 {
            break;
        }
    }
    Ok(total)
}

fn peek(engine: &mut Engine, sink: &mut dyn Sink) -> Result<usize> {
    let wanted = sink.room().min(engine.peek().recv_queue());
    let first = engine.socket().peek(wanted).map_or(&[][..], |bytes| bytes);
    if first.len() == wanted {
        return sink.put(first);
    }
    sink.put(&engine.received()?[..wanted])
}
