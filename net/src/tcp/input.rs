//! Segments that arrive: to which flow, and what they do there.

use alloc::sync::Arc;

use abi::Errno;
use abi::poll::Events;
use abi::time::Instant;
use smoltcp::socket::tcp::State as Phase;

use super::connection::{Connection, send_segment};
use super::engine::Engine;
use super::synced::Synced;
use super::table::{Found, TimeWait};
use super::{Inner, State, Tcp, listen};
use crate::flow::{Endpoint, FlowKey};
use crate::stack::Stack;
use crate::wire::ip::Ip;
use crate::wire::tcp::{ACK, Control, FIN, RST, SYN, Tcp as Segment, is_before};

/// The smallest MTU that a router may ask for (Linux's `ip_rt_min_pmtu`).
const MTU_MIN: usize = 552;

/// Receives a segment that arrived intact.
pub(crate) fn input(stack: &Arc<Stack>, ip: &Ip<'_>, segment: &Segment<'_>, now: Instant) {
    let flow = FlowKey {
        local: Endpoint { address: ip.destination, port: segment.destination },
        remote: Endpoint { address: ip.source, port: segment.source },
    };
    match stack.flows.find(&flow) {
        Some(Found::Socket(socket)) => socket.input(ip, segment, now),
        Some(Found::HalfOpen(half)) => {
            listen::input_half_open(stack, &flow, &half, ip, segment, now);
        }
        Some(Found::TimeWait(over)) => input_time_wait(stack, &flow, &over, ip, segment, now),
        None => listen::input_new(stack, &flow, ip, segment, now),
    }
}

/// Linux's `tcp_timewait_state_process`.
fn input_time_wait(
    stack: &Arc<Stack>,
    flow: &FlowKey,
    over: &TimeWait,
    ip: &Ip<'_>,
    segment: &Segment<'_>,
    now: Instant,
) {
    let is_new = segment.has(SYN)
        && !segment.has(ACK)
        && !segment.has(RST)
        && is_before(over.receive_next, segment.seq);
    if segment.has(RST) {
        if segment.seq == over.receive_next {
            stack.flows.end_time_wait(flow);
        }
    } else if is_new {
        listen::input_new(stack, flow, ip, segment, now);
    } else if segment.sequence_length() > 0 || segment.seq != over.receive_next {
        let ack = Control::new(*flow, ACK, over.send_next, over.receive_next);
        reply(stack, &ack, now);
    }
}

/// Sends a segment without data to wherever its flow leads.
pub(super) fn reply(stack: &Stack, control: &Control, now: Instant) {
    if let Ok(hop) = stack.hop(&control.flow.remote.address, now) {
        send_segment(stack, &hop, control, now);
    }
}

/// Refuses a segment for which there is nobody (RFC 9293 §3.10.7.1).
pub(super) fn refuse(stack: &Stack, flow: &FlowKey, segment: &Segment<'_>, now: Instant) {
    if segment.has(RST) {
        return;
    }
    let control = if segment.has(ACK) {
        Control::new(*flow, RST, segment.ack, 0)
    } else {
        let ack = segment.seq.wrapping_add(segment.sequence_length());
        Control::new(*flow, RST | ACK, 0, ack)
    };
    reply(stack, &control, now);
}

/// Takes a report that a segment of the flow did not arrive.
pub(crate) fn input_report(
    stack: &Arc<Stack>,
    flow: &FlowKey,
    seq: u32,
    errno: Errno,
    now: Instant,
) {
    if let Some(Found::Socket(socket)) = stack.flows.find(flow) {
        socket.input_report(seq, errno, now);
    }
}

/// Takes a report that a segment of the flow was longer than `mtu`.
pub(crate) fn input_too_big(
    stack: &Arc<Stack>,
    flow: &FlowKey,
    seq: u32,
    mtu: usize,
    now: Instant,
) {
    if let Some(Found::Socket(socket)) = stack.flows.find(flow) {
        socket.input_too_big(seq, mtu, now);
    }
}

/// What a connection looks like, before a segment or after.
#[derive(Clone, Copy)]
struct Look {
    unread: usize,
    unacknowledged: usize,
    is_writable: bool,
    phase: Phase,
}

impl Tcp {
    /// Receives a segment of this socket's flow.
    fn input(self: &Arc<Self>, ip: &Ip<'_>, segment: &Segment<'_>, now: Instant) {
        let mut inner = self.inner.lock();
        let events = match &inner.state {
            State::Connecting(_) => self.input_connecting(&mut inner, segment, now),
            State::Open(connection) if !connection.is_over => {
                self.input_open(&mut inner, ip, segment, now)
            }
            _ => Events::empty(),
        };
        drop(inner);
        if !events.is_empty() {
            self.waiters.wake(events);
        }
    }

    fn input_open(
        self: &Arc<Self>,
        inner: &mut Inner,
        ip: &Ip<'_>,
        segment: &Segment<'_>,
        now: Instant,
    ) -> Events {
        let Inner { state: State::Open(connection), hop, options, .. } = inner else {
            return Events::empty();
        };
        connection.heard = now;
        connection.probes = 0;
        if connection.engine.is_none() && connection.is_noted_at_rest(segment) {
            return Events::empty();
        }
        if segment.has(RST) && !connection.is_reset_by(segment) {
            return Events::empty();
        }
        let is_news = connection.note_window(segment);
        let mut output = Self::output(&self.stack, hop, &connection.synced, now);
        connection.wake(output.hop, options, &self.stack, now);
        connection.used = now;
        let before = connection.look();
        if is_news {
            connection.measures.note_acknowledged(segment.ack, now);
            connection.heed(segment, now);
        }
        let engine = connection.engine.as_mut();
        let is_repeating = engine.is_some_and(|engine| engine.input(ip.packet, &mut output, now));
        let after = connection.look();
        let mut events = connection.note_changes(&before, &after, now);
        if after.phase == Phase::Closed && segment.has(RST) {
            let errno = match before.phase {
                Phase::CloseWait => Errno::EPIPE,
                _ => Errno::ECONNRESET,
            };
            return self.fail(inner, errno, now);
        }
        let has_new_data = after.unread > before.unread;
        if has_new_data {
            connection.arrived = now;
        }
        if inner.is_orphan && has_new_data {
            self.abort_locked(inner, now);
            return events;
        }
        if is_repeating {
            self.send_control(inner, ACK, 0, now);
        }
        events |= self.settle(inner, now);
        events
    }

    /// Sends what a segment makes possible or necessary, and ends what is over.
    fn settle(self: &Arc<Self>, inner: &mut Inner, now: Instant) -> Events {
        let State::Open(connection) = &mut inner.state else { return Events::empty() };
        let Some(engine) = &connection.engine else { return Events::empty() };
        let owed = engine.receive_next.wrapping_sub(engine.sent.acknowledged);
        let owes_two = usize::try_from(owed).unwrap_or(0) >= 2 * connection.synced.mss();
        let is_sending = connection.unacknowledged() > 0 || engine.unsent() > 0;
        if is_sending || owes_two {
            self.push(inner, now);
        }
        let State::Open(connection) = &mut inner.state else { return Events::empty() };
        let Some(engine) = &connection.engine else { return Events::empty() };
        let is_owed = engine.owes_acknowledgement();
        let over = TimeWait { send_next: engine.sent.next, receive_next: engine.receive_next };
        match connection.phase() {
            Phase::TimeWait => {
                self.push(inner, now);
                self.end(inner, Some(over), now);
                return Events::all();
            }
            Phase::Closed => {
                self.end(inner, None, now);
                return Events::all();
            }
            _ => {}
        }
        if is_owed && !connection.is_delayed {
            connection.is_delayed = true;
            self.stack.delay_acknowledgement(self.clone(), now);
        }
        self.reschedule(inner, now);
        Events::empty()
    }

    fn abort_locked(&self, inner: &mut Inner, now: Instant) {
        self.reset(inner, now);
        self.end(inner, None, now);
    }

    fn input_report(self: &Arc<Self>, seq: u32, errno: Errno, now: Instant) {
        let mut inner = self.inner.lock();
        let State::Connecting(connecting) = &inner.state else {
            // An open connection lives on: the way may come back (RFC 1122 §4.2.3.9).
            return;
        };
        if connecting.initial() != seq {
            return;
        }
        let events = self.fail_connecting(&mut inner, errno, now);
        drop(inner);
        self.waiters.wake(events);
    }

    fn input_too_big(self: &Arc<Self>, seq: u32, mtu: usize, now: Instant) {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        let Inner { state: State::Open(connection), hop, .. } = inner else { return };
        let is_ours = connection.engine.as_ref().is_some_and(|engine| {
            !is_before(engine.sent.next, seq) && is_before(seq, engine.send_end.wrapping_add(1))
        });
        if !is_ours || mtu < MTU_MIN || mtu >= connection.synced.mtu {
            return;
        }
        connection.synced.mtu = mtu;
        let output = Self::output(&self.stack, hop, &connection.synced, now);
        if let Some(engine) = &mut connection.engine {
            engine.set_mtu(&connection.synced, output.hop, &self.stack, now);
        }
        drop(guard);
    }
}

impl Connection {
    #[inline]
    fn look(&self) -> Look {
        let (unread, unacknowledged) = self.queues();
        let is_writable = self.is_writable_beside(unacknowledged);
        Look { unread, unacknowledged, is_writable, phase: self.phase() }
    }

    /// Handles what an idle connection hears most, without an engine. Returns whether that was it.
    fn is_noted_at_rest(&mut self, segment: &Segment<'_>) -> bool {
        let is_plain = segment.flags & (SYN | FIN | RST | ACK) == ACK
            && segment.payload.is_empty()
            && segment.ack == self.synced.send_next
            && segment.seq == self.synced.receive_next;
        if is_plain {
            self.note_window(segment);
        }
        is_plain
    }

    /// RFC 5961 §3.2: a reset counts only at exactly the expected number.
    fn is_reset_by(&self, segment: &Segment<'_>) -> bool {
        let expected =
            self.engine.as_ref().map_or(self.synced.receive_next, |engine| engine.receive_next);
        segment.seq == expected
    }

    /// Takes note of how far the peer lets this side send. What it said once holds
    /// (RFC 9293 §3.8.6): a segment that says less is old, or rounded. Returns whether the segment
    /// acknowledges or allows more than those before.
    fn note_window(&mut self, segment: &Segment<'_>) -> bool {
        let (first, last) = match &self.engine {
            Some(engine) => (engine.unacknowledged_from(), engine.end()),
            None => (self.synced.send_next, self.synced.send_next),
        };
        let is_valid = segment.flags & (SYN | RST | ACK) == ACK
            && !is_before(segment.ack, first)
            && !is_before(last, segment.ack);
        if !is_valid {
            return false;
        }
        let window = u32::from(segment.window) << self.synced.peer_shift.unwrap_or(0);
        let limit = segment.ack.wrapping_add(window);
        if let Some(engine) = &mut self.engine
            && engine.is_heeding(segment)
        {
            engine.peer_limit = limit;
        }
        let is_wider = is_before(self.synced.send_limit, limit);
        if is_wider {
            self.synced.send_limit = limit;
        }
        is_wider || is_before(first, segment.ack)
    }

    /// Tells smoltcp what a segment acknowledges that smoltcp will discard: data while there is no
    /// room for it, or a segment from just before the window, for this side may have taken a byte
    /// that probed the window, and the peer not know it yet. Linux's `tcp_sequence` passes both.
    fn heed(&mut self, segment: &Segment<'_>, now: Instant) {
        let is_lost = |engine: &Engine| !engine.is_heeding(segment) && engine.is_near(segment);
        if !self.engine.as_deref().is_some_and(is_lost) {
            return;
        }
        let current = Synced { send_next: segment.ack, ..self.current() };
        if let Some(engine) = &mut self.engine {
            engine.remind_of_window(&current, now);
        }
    }

    /// Brings the own account up to what smoltcp made of a segment. Returns what to wake for.
    fn note_changes(&mut self, before: &Look, after: &Look, now: Instant) -> Events {
        let Look { phase, unread, unacknowledged, is_writable } = *after;
        let mut events = Events::empty();
        let Some(engine) = &mut self.engine else { return events };
        if unread > before.unread {
            let grown = u32::try_from(unread - before.unread).unwrap_or(0);
            engine.receive_next = engine.receive_next.wrapping_add(grown);
            self.wants_receive |= unread * 4 > engine.sizes.receive * 3;
            self.measures.received = now;
            events |= Events::READABLE;
        }
        let had_fin =
            matches!(phase, Phase::CloseWait | Phase::Closing | Phase::LastAck | Phase::TimeWait);
        if had_fin && !self.has_fin {
            self.has_fin = true;
            engine.receive_next = engine.receive_next.wrapping_add(1);
            events |= Events::READABLE | Events::RDHUP;
        }
        if unacknowledged < before.unacknowledged || unacknowledged == 0 {
            self.progress = now;
        }
        if phase == Phase::FinWait2 && before.phase != phase {
            // close(2) may linger until then.
            events |= Events::WRITABLE;
        }
        // Told whether or not a write failed before: epoll may have been asked for it meanwhile.
        if !before.is_writable && is_writable {
            events |= Events::WRITABLE;
        }
        events
    }
}
