//! An open connection: its engine, if it is busy, and what lies around it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use abi::Errno;
use abi::poll::Events;
use abi::time::Instant;
use smoltcp::socket::tcp::State as Phase;

use super::engine::{self, Buffers, Engine, Sizes};
use super::measure::Measures;
use super::port::Output;
use super::synced::Synced;
use super::table::TimeWait;
use super::{Inner, State, Tcp, may_send};
use crate::interface::{Outgoing, tcp_checksum};
use crate::loopback::Lane;
use crate::options::Options;
use crate::output::{CachedHop, Hop, NOWHERE};
use crate::stack::Stack;
use crate::wire::ip::header_length;
use crate::wire::tcp::{ACK, Control, RST};

/// A connection of which both sides know.
#[derive(Debug)]
pub(super) struct Connection {
    /// Where the connection is, or was when the engine was built.
    pub(super) synced: Synced,
    /// smoltcp's part; `None` while nothing is under way.
    pub(super) engine: Option<Box<Engine>>,
    /// What the engine's buffers are to be.
    pub(super) sizes: Sizes,
    /// Neither side sends any more; what was received may still be read.
    pub(super) is_over: bool,
    /// The peer sent a FIN.
    pub(super) has_fin: bool,
    /// The program shut down reading.
    pub(super) is_read_shut: bool,
    /// The program shut down writing.
    pub(super) is_write_shut: bool,
    /// The receive buffer was full: it is to grow.
    pub(super) wants_receive: bool,
    /// The send buffer was full: it is to grow when it is empty.
    pub(super) wants_send: bool,
    /// In the stack's list of those who owe an acknowledgement.
    pub(super) is_delayed: bool,
    /// In the stack's list of those who wait for room in a sending ring.
    pub(super) is_starved: bool,
    /// In the stack's list of those who hold little back until the cards are told of more.
    pub(super) is_gathered: bool,
    /// Full segments only go out until then (`TCP_CORK`, `MSG_MORE`).
    pub(super) corked_until: Option<Instant>,
    /// When the last bytes came that can be read.
    pub(super) arrived: Instant,
    /// When the peer was last heard.
    pub(super) heard: Instant,
    /// Keep-alive probes since then.
    pub(super) probes: u32,
    /// When the peer last acknowledged something new, or when there was nothing to acknowledge.
    pub(super) progress: Instant,
    /// When the connection was last used.
    pub(super) used: Instant,
    pub(super) measures: Measures,
}

impl Connection {
    /// Returns a connection right after its handshake, which took `round_trip` if that is known.
    pub(super) fn new(
        synced: Synced,
        sizes: Sizes,
        round_trip: Option<Duration>,
        now: Instant,
    ) -> Self {
        Self {
            synced,
            engine: None,
            sizes,
            is_over: false,
            has_fin: false,
            is_read_shut: false,
            is_write_shut: false,
            wants_receive: false,
            wants_send: false,
            is_delayed: false,
            is_starved: false,
            is_gathered: false,
            corked_until: None,
            arrived: now,
            heard: now,
            probes: 0,
            progress: now,
            used: now,
            measures: Measures::new(round_trip, now),
        }
    }

    /// Returns what can be read.
    pub(super) fn unread(&self) -> usize {
        self.engine.as_ref().map_or(0, |engine| engine.peek().recv_queue())
    }

    /// Returns what was sent and not acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.engine.as_ref().map_or(0, |engine| engine.peek().send_queue())
    }

    pub(super) fn is_readable(&self) -> bool {
        self.unread() > 0
    }

    /// Returns whether nothing more will come.
    pub(super) fn is_reading_over(&self) -> bool {
        self.has_fin || self.is_read_shut || self.is_over
    }

    /// Returns whether nothing more can be sent.
    pub(super) fn is_writing_over(&self) -> bool {
        self.is_write_shut || self.is_over
    }

    /// Returns what the connection is ready for.
    #[inline]
    pub(super) fn poll(&self) -> Events {
        let (unread, queued) = self.queues();
        let is_reading_over = self.is_reading_over();
        let is_hung_up = self.is_over || (is_reading_over && self.is_writing_over());
        let mut events = Events::empty();
        events.set(Events::READABLE, unread > 0 || is_reading_over);
        events.set(Events::RDHUP, is_reading_over);
        events.set(Events::WRITABLE, self.is_writable_beside(queued));
        events.set(Events::HUP, is_hung_up);
        events
    }

    /// Returns what can be read, and what was sent and not acknowledged.
    #[inline]
    pub(super) fn queues(&self) -> (usize, usize) {
        let Some(engine) = &self.engine else { return (0, 0) };
        let socket = engine.peek();
        (socket.recv_queue(), socket.send_queue())
    }

    /// Returns whether a write is worth while: a third of the buffer is free
    /// (Linux's `sk_stream_is_writeable`), or would fail. `queued` is what the peer has not
    /// acknowledged.
    pub(super) fn is_writable_beside(&self, queued: usize) -> bool {
        let Some(engine) = &self.engine else { return true };
        if self.wants_send && queued > 0 && !self.is_writing_over() {
            return false;
        }
        self.is_writing_over() || (engine.sizes.send - queued) * 3 >= engine.sizes.send
    }

    /// Returns smoltcp's name of where the connection is.
    pub(super) fn phase(&self) -> Phase {
        match &self.engine {
            _ if self.is_over => Phase::Closed,
            Some(engine) => engine.phase(),
            None => Phase::Established,
        }
    }

    /// Returns where the connection is now.
    pub(super) fn current(&self) -> Synced {
        let Some(engine) = &self.engine else { return self.synced };
        let socket = engine.peek();
        let fin = u32::from(self.has_fin);
        let unread = u32::try_from(socket.recv_queue()).unwrap_or(0);
        Synced {
            send_next: engine.unacknowledged_from(),
            receive_next: engine.receive_next.wrapping_sub(fin).wrapping_sub(unread),
            receive_limit: engine.sent.limit,
            ..self.synced
        }
    }

    /// Returns whether the peer sent something that was not acknowledged yet.
    pub(super) fn owes_acknowledgement(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.owes_acknowledgement())
    }

    /// Returns whether the engine can go without anything being forgotten.
    pub(super) fn is_quiet(&self) -> bool {
        let Some(engine) = &self.engine else { return true };
        engine.state() == Phase::Established
            && engine.peek().send_queue() == 0
            && engine.peek().recv_queue() == 0
            && !self.is_delayed
            && !engine.owes_acknowledgement()
            && engine.unsent() == 0
    }

    /// Drops the engine.
    pub(super) fn rest(&mut self, stack: &Stack) {
        self.synced = self.current();
        self.drop_engine(stack);
    }

    pub(super) fn drop_engine(&mut self, stack: &Stack) {
        if let Some(engine) = self.engine.take() {
            stack.release_buffers(engine.sizes.receive + engine.sizes.send);
        }
    }

    /// Builds the engine if there is none.
    #[inline]
    pub(super) fn wake(&mut self, hop: &Hop, options: &Options, stack: &Stack, now: Instant) {
        if self.engine.is_none() {
            self.wake_with(Buffers::of_up_to(self.sizes), hop, options, stack, now);
        }
    }

    #[cold]
    fn wake_with(
        &mut self,
        buffers: Buffers,
        hop: &Hop,
        options: &Options,
        stack: &Stack,
        now: Instant,
    ) {
        let round_trip = self.measures.round_trip();
        let mut engine = Engine::new(&self.synced, buffers, hop, stack, round_trip, now);
        stack.claim_buffers(engine.sizes.receive + engine.sizes.send);
        engine.socket().set_nagle_enabled(!options.no_delay);
        engine.socket().set_hop_limit(options.ttl);
        self.engine = Some(engine);
        self.progress = now;
    }

    /// Builds the engine anew with buffers of other sizes, if there is memory for them. What was
    /// received and not read is kept; there must be nothing that the peer has yet to acknowledge.
    pub(super) fn rebuild(&mut self, hop: &Hop, options: &Options, stack: &Stack, now: Instant) {
        let phase = self.phase();
        let Some(engine) = &mut self.engine else { return };
        if !may_send(phase) || engine.peek().send_queue() > 0 {
            return;
        }
        let (Ok(unread), Ok(buffers)) = (engine.received(), Buffers::of(self.sizes)) else {
            self.sizes = engine.sizes;
            return;
        };
        let sent = engine.sent;
        self.synced = self.current();
        self.drop_engine(stack);
        self.wake_with(buffers, hop, options, stack, now);
        if let Some(engine) = &mut self.engine {
            engine::refill(engine, &self.synced, &unread, self.has_fin, now);
            engine.sent = sent;
        }
    }
}

impl Tcp {
    /// Returns where segments of the connection go at this moment.
    #[inline]
    pub(super) fn output<'a>(
        stack: &'a Stack,
        hop: &'a mut Option<CachedHop>,
        synced: &Synced,
        now: Instant,
    ) -> Output<'a> {
        let remote = &synced.flow.remote.address;
        // Without a route segments are lost until there is one again.
        let hop = stack.cached_hop(remote, hop, now).unwrap_or(&NOWHERE);
        Output {
            stack,
            hop,
            own_shift: synced.own_shift(),
            send_limit: synced.send_limit,
            ip_header: header_length(remote),
            lane: Lane::of(&synced.flow),
            is_starved: false,
        }
    }

    /// Sends what the connection may send now.
    pub(super) fn push(self: &Arc<Self>, inner: &mut Inner, now: Instant) {
        let Inner { state: State::Open(connection), hop, .. } = inner else { return };
        if connection.engine.as_ref().is_some_and(|engine| !engine.has_data_under_way()) {
            self.stack.go_by_own_queues(hop);
        }
        let mut output = Self::output(&self.stack, hop, &connection.synced, now);
        let mss = connection.synced.mss();
        let is_corked = connection.corked_until.is_some_and(|until| now < until);
        let Some(engine) = &mut connection.engine else { return };
        engine.close_if_fits(&connection.synced);
        let before = engine.sent;
        while !(is_corked && engine.unsent() < mss) {
            if !engine.output_one(&mut output, now) || engine.unsent() == 0 {
                break;
            }
        }
        connection.measures.note_sent(&before, &engine.sent, now);
        if output.is_starved && !connection.is_starved {
            connection.is_starved = true;
            self.stack.starve(self.clone(), now);
        }
    }

    /// Sends a segment without data from `back` before where the connection is. It bears the window
    /// that the peer was told of last.
    pub(super) fn send_control(&self, inner: &mut Inner, flags: u8, back: u32, now: Instant) {
        let Inner { state: State::Open(connection), hop, .. } = inner else { return };
        let synced = &connection.synced;
        let (next, acknowledged, limit) = match &mut connection.engine {
            Some(engine) => {
                // The peer believes nothing that a probe, from before its window, says.
                if back == 0 {
                    engine.sent.acknowledged = engine.receive_next;
                }
                (engine.sent.acceptable(synced.send_limit), engine.receive_next, engine.sent.limit)
            }
            None => (synced.send_next, synced.receive_next, synced.receive_limit),
        };
        let window = limit.wrapping_sub(acknowledged).cast_signed().max(0) >> synced.own_shift();
        let window = u16::try_from(window).unwrap_or(u16::MAX);
        let control = Control::new(synced.flow, flags, next.wrapping_sub(back), acknowledged);
        let output = Self::output(&self.stack, hop, synced, now);
        send_segment(&self.stack, output.hop, &Control { window, ..control }, now);
    }

    /// Tells the peer that the connection is no more.
    pub(super) fn reset(&self, inner: &mut Inner, now: Instant) {
        if matches!(&inner.state, State::Open(connection) if !connection.is_over) {
            self.send_control(inner, RST | ACK, 0, now);
        }
    }

    /// Ends the connection on this side: the flow is free, or remembered in TIME-WAIT. What was
    /// received can still be read.
    pub(super) fn end(&self, inner: &mut Inner, over: Option<TimeWait>, now: Instant) {
        if let Some(timer) = inner.timer.take() {
            self.stack.clear_timer(timer, self.id);
        }
        let is_orphan = inner.is_orphan;
        let State::Open(connection) = &mut inner.state else { return };
        if !core::mem::replace(&mut connection.is_over, true) {
            self.stack.flows.remove(&connection.synced.flow, self.id, over, now);
        }
        if is_orphan || connection.unread() == 0 {
            connection.drop_engine(&self.stack);
        }
    }

    /// Ends the connection with an error that the program is told of.
    pub(super) fn fail(&self, inner: &mut Inner, errno: Errno, now: Instant) -> Events {
        inner.error = Some(errno);
        self.end(inner, None, now);
        Events::all()
    }

    /// Sends a FIN after all data.
    pub(super) fn end_sending(self: &Arc<Self>, inner: &mut Inner, now: Instant) {
        let Inner { state: State::Open(connection), hop, options, .. } = inner else { return };
        if !core::mem::replace(&mut connection.is_write_shut, true) {
            let output = Self::output(&self.stack, hop, &connection.synced, now);
            connection.wake(output.hop, options, &self.stack, now);
            connection.corked_until = None;
            if let Some(engine) = &mut connection.engine {
                engine.is_closing = true;
            }
        }
        connection.used = now;
        self.push(inner, now);
        self.reschedule(inner, now);
    }

    /// How long a connection that no program knows of waits for the peer's FIN.
    pub(super) fn orphan_timeout(options: &Options) -> Duration {
        Duration::from_secs(u64::try_from(options.linger2).unwrap_or(0).min(60))
    }
}

/// Sends a segment without data, later if the ring is full.
pub(super) fn send_segment(stack: &Stack, hop: &Hop, control: &Control, now: Instant) {
    let header = header_length(&control.flow.local.address);
    let (checksum, lane) = (Some(tcp_checksum(header)), Lane::of(&control.flow));
    let outgoing = Outgoing { length: control.length(), checksum, segment: None, lane };
    if stack.send(hop, &outgoing, &mut |packet| control.emit(packet)).is_err() {
        stack.held.push(hop, control);
        stack.note_held(now);
    }
}
