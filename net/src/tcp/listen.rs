//! Passive opening: `listen(2)`, `accept(2)` and the handshakes in between.
//!
//! A SYN becomes an entry of the flow table; the ACK that completes the handshake makes it a
//! socket without an engine, which waits in the listening socket's queue.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use abi::poll::Events;
use abi::time::Instant;
use abi::{Errno, Result};

use super::connect::own_mss;
use super::connection::Connection;
use super::input::{refuse, reply};
use super::synced::{OWN_SHIFT, Synced};
use super::table::HalfOpen;
use super::{State, Tcp};
use crate::flow::FlowKey;
use crate::ports::{Bound, Sharing};
use crate::stack::Stack;
use crate::wire::ip::Ip;
use crate::wire::tcp::{ACK, Control, FIN, RST, SYN, SynOptions, Tcp as Segment};

/// `net.core.somaxconn`: the longest queue of connections to be accepted.
const BACKLOG_MAX: usize = 4096;

/// What a listening socket has.
#[derive(Debug)]
pub(super) struct Listener {
    backlog: usize,
    queue: VecDeque<Arc<Tcp>>,
}

impl Listener {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether no SYN is taken. Linux's `sk_acceptq_is_full`: one more than asked for fits.
    fn is_full(&self) -> bool {
        self.queue.len() > self.backlog
    }

    /// Returns how many connections wait, and how many may.
    pub(super) fn fill(&self) -> (usize, usize) {
        (self.queue.len(), self.backlog)
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = Arc<Tcp>> {
        self.queue.into_iter()
    }
}

impl Tcp {
    /// Makes the socket accept connections.
    ///
    /// # Errors
    /// `EINVAL` if it is connected, `EADDRINUSE` if another socket listens there.
    pub(crate) fn listen(self: &Arc<Self>, backlog: i32) -> Result<()> {
        // A negative backlog is the longest, since Linux compares it unsigned.
        let backlog = usize::try_from(backlog).unwrap_or(BACKLOG_MAX).min(BACKLOG_MAX);
        let mut inner = self.inner.lock();
        match &mut inner.state {
            State::Closed => {}
            State::Listening(listener) => {
                listener.backlog = backlog;
                return Ok(());
            }
            _ => return Err(Errno::EINVAL),
        }
        let port = match inner.bound {
            Some(port) => port,
            None => self.bind_anywhere(&mut inner)?,
        };
        let sharing = Self::sharing(&inner.options, true);
        self.stack.tcp_ports.lock().set_sharing(port, self.id, sharing)?;
        inner.state = State::Listening(Listener { backlog, queue: VecDeque::new() });
        Ok(())
    }

    /// Stops listening (`shutdown(2)` of a listening socket).
    pub(super) fn unlisten(self: &Arc<Self>, now: Instant) {
        let mut inner = self.inner.lock();
        let old = core::mem::replace(&mut inner.state, State::Closed);
        let State::Listening(listener) = old else {
            inner.state = old;
            return;
        };
        if let Some(port) = inner.bound {
            let sharing = Self::sharing(&inner.options, false);
            // To share more is never refused.
            let _ = self.stack.tcp_ports.lock().set_sharing(port, self.id, sharing);
        }
        drop(inner);
        listener.into_iter().for_each(|connection| connection.abort(now));
        self.stack.finish(now);
        self.waiters.wake(Events::all());
    }

    pub(super) fn sharing(options: &crate::options::Options, is_listening: bool) -> Sharing {
        Sharing {
            reuse_address: options.reuse_address,
            reuse_port: options.reuse_port,
            is_listening,
        }
    }

    /// Takes the connection that has waited longest.
    ///
    /// # Errors
    /// `EAGAIN` if there is none, `EINVAL` if the socket does not listen.
    pub(crate) fn accept(&self) -> Result<Arc<Self>> {
        match &mut self.inner.lock().state {
            State::Listening(listener) => listener.queue.pop_front().ok_or(Errno::EAGAIN),
            _ => Err(Errno::EINVAL),
        }
    }

    fn is_accepting(&self) -> bool {
        matches!(&self.inner.lock().state, State::Listening(listener) if !listener.is_full())
    }

    /// Queues a connection to be accepted. Returns false if the socket listens no more, or if more
    /// wait than ever may.
    fn offer(&self, connection: Arc<Self>) -> bool {
        let mut inner = self.inner.lock();
        let State::Listening(listener) = &mut inner.state else { return false };
        if listener.queue.len() > BACKLOG_MAX {
            return false;
        }
        listener.queue.push_back(connection);
        drop(inner);
        self.waiters.wake(Events::READABLE);
        true
    }
}

/// Returns the socket that listens for a flow; of several that share the port, always the same.
fn listener_of(stack: &Stack, flow: &FlowKey, card: usize) -> Option<Arc<Tcp>> {
    let ports = stack.tcp_ports.lock();
    let local = &flow.local;
    let is_wanted = |entry: &Bound<Tcp>| entry.sharing.is_listening && entry.is_for(card);
    let found = || ports.narrowest(&local.address, local.port, is_wanted);
    let count = u64::try_from(found().count()).ok().filter(|count| *count > 0)?;
    let chosen = if count == 1 { 0 } else { stack.secrets.digest(flow) % count };
    found().nth(usize::try_from(chosen).ok()?)?.socket.upgrade()
}

/// Receives a segment of no known flow.
pub(super) fn input_new(
    stack: &Arc<Stack>,
    flow: &FlowKey,
    ip: &Ip<'_>,
    segment: &Segment<'_>,
    now: Instant,
) {
    // Neither those for others nor those for many are answered (RFC 1122 §4.2.3.10).
    if !stack.is_local(&ip.destination) {
        return;
    }
    let is_syn = segment.flags & (SYN | ACK | RST | FIN) == SYN;
    let listener = if segment.has(RST) { None } else { listener_of(stack, flow, ip.card) };
    let Some(listener) = listener.filter(|_| is_syn) else {
        refuse(stack, flow, segment, now);
        return;
    };
    // A full queue drops the SYN: the peer sends it again.
    if !listener.is_accepting() {
        return;
    }
    let initials = (segment.seq, stack.initial_sequence(flow, now));
    stack.flows.begin(*flow, segment.syn_options(), initials, now);
    send_answer(stack, flow, initials, &segment.syn_options(), now);
}

/// Sends the SYN|ACK of a half-open connection again.
pub(crate) fn send_syn_ack(stack: &Stack, flow: &FlowKey, half: &HalfOpen, now: Instant) {
    send_answer(stack, flow, (half.peer_initial, half.own_initial), &half.peer, now);
}

fn send_answer(
    stack: &Stack,
    flow: &FlowKey,
    (peer_initial, own_initial): (u32, u32),
    peer: &SynOptions,
    now: Instant,
) {
    let mtu = stack.mtu(&flow.remote.address);
    let options = SynOptions {
        mss: Some(own_mss(mtu, &flow.local.address, None)),
        window_shift: peer.window_shift.map(|_| OWN_SHIFT),
        has_sack: peer.has_sack,
    };
    let answer = Control {
        window: stack.first_window(),
        options,
        ..Control::new(*flow, SYN | ACK, own_initial, peer_initial.wrapping_add(1))
    };
    reply(stack, &answer, now);
}

/// Receives a segment of a connection whose SYN|ACK was sent.
pub(super) fn input_half_open(
    stack: &Arc<Stack>,
    flow: &FlowKey,
    half: &HalfOpen,
    ip: &Ip<'_>,
    segment: &Segment<'_>,
    now: Instant,
) {
    let receive_next = half.peer_initial.wrapping_add(1);
    if segment.has(RST) {
        if segment.seq == receive_next {
            stack.flows.refuse(flow);
        }
        return;
    }
    if segment.has(SYN) {
        if segment.seq == half.peer_initial {
            send_syn_ack(stack, flow, half, now);
        }
        return;
    }
    let offset = segment.seq.wrapping_sub(receive_next);
    if !segment.has(ACK) || offset >= u32::from(stack.first_window()) {
        return;
    }
    if segment.ack != half.own_initial.wrapping_add(1) {
        refuse(stack, flow, segment, now);
        return;
    }
    let Some(listener) = listener_of(stack, flow, ip.card) else {
        stack.flows.refuse(flow);
        refuse(stack, flow, segment, now);
        return;
    };
    // Whose SYN was answered is let in, although the queue may be full by now. Linux ignores the
    // ACK, and what comes with it, until the peer repeats that. For a peer, though, the connection
    // is there, and QEMU's user network does not repeat the data that it then sends.
    let deferral = listener.with_options(|options| options.defer_accept);
    let is_bare = segment.payload.is_empty() && !segment.has(FIN);
    if is_bare && half.is_deferred(deferral) {
        return;
    }
    let connection = establish(stack, &listener, flow, half, segment, now);
    if stack.flows.complete(*flow, connection.clone()) {
        if !listener.offer(connection.clone()) {
            connection.abort(now);
            return;
        }
        if !segment.payload.is_empty() || segment.has(FIN) {
            super::input(stack, ip, segment, now);
        }
        connection.retime(now);
    }
}

fn establish(
    stack: &Arc<Stack>,
    listener: &Tcp,
    flow: &FlowKey,
    half: &HalfOpen,
    segment: &Segment<'_>,
    now: Instant,
) -> Arc<Tcp> {
    let send_next = half.own_initial.wrapping_add(1);
    let window = u32::from(segment.window) << half.peer.window_shift.unwrap_or(0);
    let receive_next = half.peer_initial.wrapping_add(1);
    let synced = Synced {
        flow: *flow,
        send_next,
        receive_next,
        receive_limit: receive_next.wrapping_add(stack.first_window().into()),
        send_limit: send_next.wrapping_add(window),
        peer_mss: half.peer.mss.unwrap_or(536),
        peer_shift: half.peer.window_shift,
        has_sack: half.peer.has_sack,
        mtu: stack.mtu(&flow.remote.address),
    };
    let options = listener.with_options(|options| *options);
    // What was deferred says nothing of the way.
    let round_trip = half.round_trip(now).filter(|_| options.defer_accept == 0);
    let state = State::Open(Connection::new(synced, stack.first_sizes(), round_trip, now));
    Tcp::with_state(stack, listener.family, options, state, Some(flow.local))
}
