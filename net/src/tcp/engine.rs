//! The protocol engine of one open connection: smoltcp, steered.
//!
//! smoltcp looks at every socket for every packet, so each connection has an interface and a set
//! of one socket to itself. smoltcp does no handshakes here: an engine is built for a connection
//! that is [`Synced`] already, by replaying a handshake whose initial sequence numbers are such
//! that it ends exactly where the connection is. So an idle connection needs no engine at all,
//! buffers can grow, and initial sequence numbers follow RFC 6528.
//!
//! smoltcp's clock runs [`PACE`] times as fast as time, since its least timeout is a second; and the
//! replayed handshake takes as long as round trips are known to, from which it takes its first.
//!
//! What smoltcp sends passes `port.rs`.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use abi::Result;
use abi::time::Instant;
use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::wire::{IpAddress, IpListenEndpoint};

use super::interface::{PACE, instant, interface};
use super::port::{Output, Port, Sender, Sent};
use super::synced::Synced;
use crate::flow::FlowKey;
use crate::output::Hop;
use crate::room;
use crate::stack::Stack;
use crate::wire::tcp::{
    ACK, CONTROL_MAX, Control, FIN, SYN, SynOptions, Tcp as Segment, is_before,
};

/// Sizes of the buffers of an engine in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sizes {
    pub(crate) receive: usize,
    pub(crate) send: usize,
}

/// smoltcp's state of one connection.
pub(super) struct Engine {
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    pub(super) sizes: Sizes,
    /// Sequence number behind the last byte that the program sent.
    pub(super) send_end: u32,
    /// Next sequence number of the peer, a FIN included.
    pub(super) receive_next: u32,
    /// The program has no more to send: a FIN follows the data.
    pub(super) is_closing: bool,
    /// Where smoltcp takes the peer's window to end.
    pub(super) peer_limit: u32,
    pub(super) sent: Sent,
    /// The scale that smoltcp applies.
    engine_shift: u8,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("sizes", &self.sizes).field("sent", &self.sent).finish()
    }
}

/// The memory of a connection's buffers.
pub(super) struct Buffers {
    receive: Vec<u8>,
    send: Vec<u8>,
}

impl Buffers {
    /// Returns buffers of these sizes.
    ///
    /// # Errors
    /// `ENOBUFS`.
    pub(super) fn of(sizes: Sizes) -> Result<Self> {
        Ok(Self { receive: room::zeroed(sizes.receive)?, send: room::zeroed(sizes.send)? })
    }

    /// Returns buffers of these sizes, or small ones where memory is short.
    pub(super) fn of_up_to(sizes: Sizes) -> Self {
        /// As large as what is taken for granted.
        const SMALL: usize = 2048;
        let buffer = |size: usize| room::zeroed(size).unwrap_or_else(|_| vec![0; size.min(SMALL)]);
        Self { receive: buffer(sizes.receive), send: buffer(sizes.send) }
    }
}

impl Engine {
    /// Builds the engine of a connection.
    pub(super) fn new(
        synced: &Synced,
        buffers: Buffers,
        hop: &Hop,
        stack: &Stack,
        round_trip: Duration,
        now: Instant,
    ) -> Box<Self> {
        let local = IpAddress::from(synced.flow.local.address);
        let sizes = Sizes { receive: buffers.receive.len(), send: buffers.send.len() };
        let mut socket =
            Socket::new(SocketBuffer::new(buffers.receive), SocketBuffer::new(buffers.send));
        socket.set_ack_delay(None);
        socket.set_nagle_enabled(false);
        // Nothing congests on the way from this machine to itself.
        socket.set_congestion_control(match hop {
            Hop::Loopback => CongestionControl::None,
            _ => CongestionControl::Reno,
        });
        let endpoint = IpListenEndpoint { addr: Some(local), port: synced.flow.local.port };
        // A socket that was just made can listen to any port but 0, which no flow has.
        let _ = socket.listen(endpoint);
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(socket);
        let mut engine = Box::new(Self {
            interface: interface(synced, hop, stack, now),
            sockets,
            handle,
            sizes,
            send_end: synced.send_next,
            receive_next: synced.receive_next,
            is_closing: false,
            peer_limit: synced.send_limit,
            sent: Sent::default(),
            engine_shift: engine_shift(synced, sizes.receive),
        });
        engine.replay(synced, round_trip, now);
        engine
    }

    /// Replays the handshake, that began as long ago as a round trip takes.
    fn replay(&mut self, synced: &Synced, round_trip: Duration, now: Instant) {
        let initial = synced.receive_next.wrapping_sub(1);
        let flow = FlowKey { local: synced.flow.remote, remote: synced.flow.local };
        let options = SynOptions {
            mss: Some(synced.peer_mss),
            window_shift: synced.peer_shift,
            has_sack: synced.has_sack,
        };
        let syn = Control { options, ..Control::new(flow, SYN, initial, 0) };
        let mut buffer = [0; CONTROL_MAX];
        let packet = &mut buffer[..syn.length()];
        syn.emit(packet);
        let mut port = Port { received: Some(packet), capabilities: None, sender: None };
        let begin = instant(now) - smoltcp::time::Duration::from(round_trip * PACE);
        self.interface.poll_ingress_single(begin, &mut port, &mut self.sockets);
        self.interface.poll_egress(begin, &mut port, &mut self.sockets);
        self.replay_segment(synced, ACK, synced.receive_next, &[], now);
        if self.engine_shift > 0 {
            // smoltcp scales the window that its SYN|ACK gave without scale, and would take more
            // than the buffer holds. A byte from before makes it acknowledge, with a true window.
            self.replay_segment(synced, ACK, initial, &[0], now);
        }
        self.sent = Sent {
            count: 0,
            next: synced.send_next,
            highest: synced.send_next,
            repeated: 0,
            acknowledged: synced.receive_next,
            limit: synced.receive_limit,
        };
    }

    /// Hands smoltcp a segment as the peer would have sent it; answers are discarded.
    fn replay_segment(&mut self, synced: &Synced, flags: u8, seq: u32, bytes: &[u8], now: Instant) {
        let flow = FlowKey { local: synced.flow.remote, remote: synced.flow.local };
        let window = synced.peer_window() >> synced.peer_shift.unwrap_or(0);
        let window = u16::try_from(window).unwrap_or(u16::MAX);
        let control = Control::new(flow, flags, seq, synced.send_next);
        let packet = Control { window, ..control }.with_payload(bytes);
        let mut port = Port { received: Some(&packet), capabilities: None, sender: None };
        self.interface.poll_ingress_single(instant(now), &mut port, &mut self.sockets);
        self.peer_limit = synced.send_limit;
    }

    /// Returns smoltcp's socket.
    pub(super) fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    /// Returns smoltcp's state of the connection.
    pub(super) fn state(&self) -> State {
        self.peek().state()
    }

    /// Returns smoltcp's socket for looking at.
    pub(super) fn peek(&self) -> &Socket<'static> {
        self.sockets.get(self.handle)
    }

    /// Hands smoltcp a segment of this connection; answers to it alone go to `output`. Returns
    /// whether the last acknowledgement is to be sent again.
    pub(super) fn input(&mut self, packet: &[u8], output: &mut Output<'_>, now: Instant) -> bool {
        self.poll(Some(packet), output, now);
        self.note_taken_probe()
    }

    /// Has smoltcp receive a segment, or send one if there is reason to.
    fn poll(&mut self, received: Option<&[u8]>, output: &mut Output<'_>, now: Instant) {
        let is_received = received.is_some();
        let mut port = Port {
            received,
            capabilities: None,
            sender: Some(Sender {
                output,
                sent: &mut self.sent,
                engine_shift: self.engine_shift,
                peer_limit: self.peer_limit,
            }),
        };
        if is_received {
            self.interface.poll_ingress_single(instant(now), &mut port, &mut self.sockets);
        } else {
            self.interface.poll_egress(instant(now), &mut port, &mut self.sockets);
        }
    }

    /// Returns whether smoltcp will heed what a segment acknowledges: it does not if the segment
    /// bears nothing from within the own window.
    pub(super) fn is_heeding(&self, segment: &Segment<'_>) -> bool {
        let end = end_of(segment);
        match segment.payload.len() {
            0 => !is_before(segment.seq, self.receive_next),
            _ => is_before(self.receive_next, end) && self.window_left() > 0,
        }
    }

    /// Returns whether a segment is from where the peer must be, for all that this side told it.
    pub(super) fn is_near(&self, segment: &Segment<'_>) -> bool {
        let first = self.sent.acknowledged.wrapping_sub(1);
        !is_before(end_of(segment), first) && !is_before(self.receive_next, segment.seq)
    }

    /// Returns the sequence number of the first byte that the peer has not acknowledged.
    pub(super) fn unacknowledged_from(&self) -> u32 {
        let queued = u32::try_from(self.peek().send_queue()).unwrap_or(0);
        self.send_end.wrapping_sub(queued)
    }

    /// Returns whether the peer has yet to acknowledge something that was sent.
    pub(super) fn has_data_under_way(&self) -> bool {
        is_before(self.unacknowledged_from(), self.sent.highest)
    }

    /// Returns how much the peer may send before it hears from here again.
    pub(super) fn window_left(&self) -> usize {
        let left = self.sent.limit.wrapping_sub(self.receive_next).cast_signed();
        usize::try_from(left).unwrap_or(0)
    }

    /// Takes it that the peer is to be told of the whole receive buffer, which is empty and new.
    pub(super) fn advertise_all(&mut self) {
        let certain = self.sizes.receive.saturating_sub((1 << self.engine_shift) - 1);
        let certain = u32::try_from(certain).unwrap_or(u32::MAX);
        self.sent.limit = self.receive_next.wrapping_add(certain);
    }

    /// Takes into account that the peer took a byte that probed its closed window. Returns whether
    /// it did: then it discarded what was sent without data meanwhile, as of before its window.
    fn note_taken_probe(&mut self) -> bool {
        let first = self.unacknowledged_from();
        let is_taken = is_before(self.sent.highest, first);
        if is_taken {
            self.sent.highest = first;
        }
        is_taken
    }

    /// Returns whether the peer sent something that was not acknowledged yet.
    pub(super) fn owes_acknowledgement(&self) -> bool {
        self.receive_next != self.sent.acknowledged
    }

    /// Returns the sequence number behind all that the program sent, the FIN included.
    pub(super) fn end(&self) -> u32 {
        self.send_end.wrapping_add(u32::from(self.is_closing))
    }

    /// Returns how many bytes the program sent that have not gone out; a FIN counts as one.
    pub(super) fn unsent(&self) -> usize {
        usize::try_from(self.end().wrapping_sub(self.sent.next).cast_signed()).unwrap_or(0)
    }

    /// Returns smoltcp's name of where the connection is, the FIN that is to be sent included.
    pub(super) fn phase(&self) -> State {
        match self.state() {
            State::Established if self.is_closing => State::FinWait1,
            State::CloseWait if self.is_closing => State::LastAck,
            state => state,
        }
    }

    /// Tells smoltcp of the FIN once the peer's window has room for all data before it: in
    /// LAST-ACK smoltcp discards segments that acknowledge nothing, wider windows included.
    pub(super) fn close_if_fits(&mut self, synced: &Synced) {
        let is_to_close = self.is_closing && self.state() != self.phase();
        if is_to_close && !is_before(synced.send_limit, self.send_end) {
            self.socket().close();
        }
    }

    /// Sends one segment if there is reason to. Returns whether one was sent.
    pub(super) fn output_one(&mut self, output: &mut Output<'_>, now: Instant) -> bool {
        let before = self.sent.count;
        self.poll(None, output, now);
        self.sent.count != before
    }

    /// Tells smoltcp once more how much room the peer has. If the peer takes back what it allowed,
    /// smoltcp forgets at the next retransmission to set a timer, until a segment comes.
    pub(super) fn remind_of_window(&mut self, current: &Synced, now: Instant) {
        self.replay_segment(current, ACK, self.receive_next, &[], now);
    }

    /// Returns when smoltcp wants to be polled: retransmission, zero-window probe.
    pub(super) fn deadline(&mut self, now: Instant) -> Option<Instant> {
        let at = self.interface.poll_at(instant(now), &self.sockets)?;
        let micros = u64::try_from(at.total_micros()).unwrap_or(0);
        Some(Instant::from_nanos(micros.saturating_mul(1000) / u64::from(PACE)))
    }

    /// Takes another MTU into account.
    pub(super) fn set_mtu(&mut self, synced: &Synced, hop: &Hop, stack: &Stack, now: Instant) {
        self.interface = interface(synced, hop, stack, now);
    }

    /// Returns what the receive buffer holds, oldest byte first.
    ///
    /// # Errors
    /// `ENOBUFS`.
    pub(super) fn received(&mut self) -> Result<Vec<u8>> {
        let socket = self.socket();
        let mut bytes = room::zeroed(socket.recv_queue())?;
        let count = socket.peek_slice(&mut bytes).unwrap_or(0);
        bytes.truncate(count);
        Ok(bytes)
    }
}

/// Puts bytes that were received before into a new engine's buffer, and the FIN behind them.
pub(super) fn refill(
    engine: &mut Engine,
    synced: &Synced,
    bytes: &[u8],
    has_fin: bool,
    now: Instant,
) {
    /// Payload of one replayed segment, so that it fits an IP packet.
    const PIECE: usize = 32_768;
    for piece in bytes.chunks(PIECE) {
        engine.replay_segment(synced, ACK, engine.receive_next, piece, now);
        let length = u32::try_from(piece.len()).unwrap_or(0);
        engine.receive_next = engine.receive_next.wrapping_add(length);
    }
    if has_fin {
        engine.replay_segment(synced, ACK | FIN, engine.receive_next, &[], now);
        engine.receive_next = engine.receive_next.wrapping_add(1);
    }
}

/// Returns the sequence number behind a segment's last byte.
fn end_of(segment: &Segment<'_>) -> u32 {
    segment.seq.wrapping_add(u32::try_from(segment.payload.len()).unwrap_or(0))
}

/// smoltcp's scale of a receive buffer, `tcp::Socket::new`.
fn engine_shift(synced: &Synced, capacity: usize) -> u8 {
    if synced.peer_shift.is_none() {
        return 0;
    }
    let bits = usize::BITS - capacity.leading_zeros();
    u8::try_from(bits.saturating_sub(16)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Endpoint, Secrets};
    use crate::loopback::Lane;
    use crate::tcp::synced::OWN_SHIFT;

    fn synced(number: u32) -> Synced {
        let end = |port| Endpoint { address: "127.0.0.1".parse().unwrap(), port };
        Synced {
            flow: FlowKey { local: end(80), remote: end(81) },
            send_next: number,
            receive_next: number.wrapping_mul(3),
            receive_limit: number.wrapping_mul(3),
            send_limit: number.wrapping_add(1 << 20),
            peer_mss: 1460,
            peer_shift: Some(9),
            has_sack: true,
            mtu: 1500,
        }
    }

    fn engine(synced: &Synced, sizes: Sizes, stack: &Stack, now: Instant) -> Box<Engine> {
        let buffers = Buffers::of_up_to(sizes);
        Engine::new(synced, buffers, &Hop::Loopback, stack, Duration::from_millis(1), now)
    }

    fn output<'a>(stack: &'a Stack, synced: &Synced) -> Output<'a> {
        Output {
            stack,
            hop: &Hop::Loopback,
            own_shift: OWN_SHIFT,
            send_limit: synced.send_limit,
            ip_header: 20,
            lane: Lane::of(&synced.flow),
            is_starved: false,
        }
    }

    #[test]
    fn a_window_that_the_peer_took_back_is_probed() {
        let stack = Stack::new(Secrets([1, 2, 3, 4]), 1 << 20);
        let now = Instant::default();
        let synced = synced(7);
        let sizes = Sizes { receive: 4096, send: 4096 };
        let mut engine = engine(&synced, sizes, &stack, now);
        assert_eq!(engine.socket().send_slice(b"hello"), Ok(5));
        let mut output = output(&stack, &synced);
        assert!(engine.output_one(&mut output, now));
        let closed = Synced { send_limit: 7, ..synced };
        engine.remind_of_window(&closed, now);
        let late = now + Duration::from_secs(2);
        assert!(!engine.output_one(&mut output, late));
        assert_eq!(engine.deadline(late), None);
        engine.remind_of_window(&closed, late);
        assert!(engine.deadline(late).is_some());
    }

    #[test]
    fn the_first_timeout_follows_from_the_round_trip() {
        let stack = Stack::new(Secrets([1, 2, 3, 4]), 1 << 20);
        let now = Instant::from_nanos(3_000_000_000);
        let sizes = Sizes { receive: 4096, send: 4096 };
        for (round_trip, timeout) in [(0, 200), (20, 200), (100, 300), (500, 1500)] {
            let synced = synced(7);
            let round_trip = Duration::from_millis(round_trip);
            let buffers = Buffers::of_up_to(sizes);
            let mut engine = Engine::new(&synced, buffers, &Hop::Loopback, &stack, round_trip, now);
            assert_eq!(engine.socket().send_slice(b"hello"), Ok(5));
            let mut output = output(&stack, &synced);
            assert!(engine.output_one(&mut output, now));
            let wait = engine.deadline(now).map(|at| at.since(now));
            assert_eq!(wait, Some(Duration::from_millis(timeout)), "{round_trip:?}");
            assert!(engine.output_one(&mut output, now + Duration::from_millis(timeout)));
            assert_eq!(engine.sent.repeated, 1);
        }
    }

    #[test]
    fn the_replayed_handshake_ends_at_the_wanted_numbers() {
        let stack = Stack::new(Secrets([1, 2, 3, 4]), 1 << 20);
        for (number, receive) in
            [(0, 4096), (1, 65_535), (0x7fff_ffff, 65_536), (u32::MAX, 1 << 20)]
        {
            let synced = synced(number);
            let sizes = Sizes { receive, send: 4096 };
            let now = Instant::default();
            let mut engine = engine(&synced, sizes, &stack, now);
            assert_eq!(engine.state(), State::Established);
            refill(&mut engine, &synced, &[7; 100], false, now);
            assert_eq!(engine.received().as_deref(), Ok([7; 100].as_slice()));
            assert_eq!(engine.socket().send_slice(b"hello"), Ok(5));
            engine.send_end = engine.send_end.wrapping_add(5);
            let mut output = output(&stack, &synced);
            assert!(engine.output_one(&mut output, now));
            assert_eq!(engine.sent.next, number.wrapping_add(5));
            assert_eq!(engine.sent.acknowledged, synced.receive_next.wrapping_add(100));
            let shift = engine.engine_shift;
            let told =
                usize::from(crate::tcp::port::scaled_window(receive - 100, shift, OWN_SHIFT))
                    << OWN_SHIFT;
            assert_eq!(engine.window_left(), told);
            assert_eq!(engine.unsent(), 0);
        }
    }
}
