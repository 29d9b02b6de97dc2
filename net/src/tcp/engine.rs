//! The protocol engine of one open connection: smoltcp, steered.
//!
//! smoltcp looks at every socket for every packet, so each connection has an interface and a set
//! of one socket to itself. smoltcp does no handshakes here: an engine is built for a connection
//! that is [`Synced`] already, by replaying a handshake whose initial sequence numbers are such
//! that it ends exactly where the connection is. So an idle connection needs no engine at all,
//! buffers can grow, and initial sequence numbers follow RFC 6528.
//!
//! The window scale that was negotiated is ours: windows are rewritten on their way out from the
//! scale that smoltcp derives from its buffer.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::num::NonZeroUsize;

use abi::time::Instant;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{
    Checksum, ChecksumCapabilities, Device, DeviceCapabilities, Medium, PacketMeta, RxToken,
    TxToken,
};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, IpListenEndpoint};

use crate::flow::FlowKey;
use crate::interface::{Outgoing, tcp_checksum};
use crate::output::Hop;
use crate::stack::Stack;
use crate::wire::ip::header_length;
use crate::wire::tcp::{
    ACK, CONTROL_MAX, Control, FIN, HEADER, SYN, SynOptions, WINDOW, is_before,
};
use crate::wire::{put_u16, put_u32, u16_at, u32_at};

/// A connection that has nothing under way: all that an engine can be built from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Synced {
    pub(super) flow: FlowKey,
    /// Next sequence number of this side.
    pub(super) send_next: u32,
    /// Next sequence number of the peer.
    pub(super) receive_next: u32,
    /// Bytes that the peer takes.
    pub(super) peer_window: usize,
    /// The longest segment that the peer takes.
    pub(super) peer_mss: u16,
    /// Scale of the peer's windows, if windows are scaled.
    pub(super) peer_shift: Option<u8>,
    /// Whether the peer understands selective acknowledgements.
    pub(super) has_sack: bool,
    /// The longest IP packet on the way.
    pub(super) mtu: usize,
}

/// The scale of own windows, where windows are scaled: enough for 8 MiB.
pub(super) const OWN_SHIFT: u8 = 7;

impl Synced {
    /// Returns the scale of the windows that are sent.
    pub(super) fn own_shift(&self) -> u8 {
        if self.peer_shift.is_some() { OWN_SHIFT } else { 0 }
    }

    /// Returns the longest payload of a segment.
    pub(super) fn mss(&self) -> usize {
        let own = self.mtu.saturating_sub(header_length(&self.flow.local.address) + HEADER);
        own.min(usize::from(self.peer_mss)).max(1)
    }
}

/// Sizes of the buffers of an engine in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sizes {
    pub(crate) receive: usize,
    pub(crate) send: usize,
}

/// What was last sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Sent {
    /// Segments so far.
    pub(super) count: u64,
    /// Sequence number behind the last one.
    pub(super) next: u32,
    /// The highest that was: smoltcp goes back in order to retransmit.
    pub(super) highest: u32,
    /// What it acknowledged.
    pub(super) acknowledged: u32,
    /// The window that it advertised in bytes.
    pub(super) window: usize,
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
    pub(super) sent: Sent,
    /// The scale that smoltcp applies.
    engine_shift: u8,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("sizes", &self.sizes).field("sent", &self.sent).finish()
    }
}

/// Where an engine's segments go.
pub(super) struct Output<'a> {
    pub(super) stack: &'a Stack,
    pub(super) hop: Hop,
    pub(super) own_shift: u8,
    /// Length of the IP header of what goes there.
    pub(super) ip_header: usize,
    /// Set if a segment could not be sent for want of room.
    pub(super) is_starved: bool,
}

impl Engine {
    /// Builds the engine of a connection.
    pub(super) fn new(
        synced: &Synced,
        sizes: Sizes,
        hop: &Hop,
        stack: &Stack,
        now: Instant,
    ) -> Box<Self> {
        let local = IpAddress::from(synced.flow.local.address);
        let mut socket = Socket::new(
            SocketBuffer::new(vec![0; sizes.receive]),
            SocketBuffer::new(vec![0; sizes.send]),
        );
        socket.set_ack_delay(None);
        socket.set_nagle_enabled(false);
        if !matches!(hop, Hop::Loopback) {
            socket.set_congestion_control(CongestionControl::Reno);
        }
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
            sent: Sent { highest: synced.send_next, ..Sent::default() },
            engine_shift: engine_shift(synced, sizes.receive),
        });
        engine.replay(synced, now);
        engine
    }

    /// Replays the handshake.
    fn replay(&mut self, synced: &Synced, now: Instant) {
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
        self.interface.poll_ingress_single(instant(now), &mut port, &mut self.sockets);
        self.interface.poll_egress(instant(now), &mut port, &mut self.sockets);
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
            acknowledged: synced.receive_next,
            window: self.sizes.receive.min(usize::from(u16::MAX)),
        };
    }

    /// Hands smoltcp a segment as the peer would have sent it; answers are discarded.
    fn replay_segment(&mut self, synced: &Synced, flags: u8, seq: u32, bytes: &[u8], now: Instant) {
        let flow = FlowKey { local: synced.flow.remote, remote: synced.flow.local };
        let window = synced.peer_window >> synced.peer_shift.unwrap_or(0);
        let window = u16::try_from(window).unwrap_or(u16::MAX);
        let control = Control::new(flow, flags, seq, synced.send_next);
        let packet = Control { window, ..control }.with_payload(bytes);
        let mut port = Port { received: Some(&packet), capabilities: None, sender: None };
        self.interface.poll_ingress_single(instant(now), &mut port, &mut self.sockets);
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

    /// Hands smoltcp a segment of this connection; answers to it alone go to `output`.
    pub(super) fn input(&mut self, packet: &[u8], output: &mut Output<'_>, now: Instant) {
        let mut port = Port {
            received: Some(packet),
            capabilities: None,
            sender: Some(Sender { output, sent: &mut self.sent, engine_shift: self.engine_shift }),
        };
        self.interface.poll_ingress_single(instant(now), &mut port, &mut self.sockets);
    }

    /// Returns how many bytes the program sent that have not gone out; a FIN counts as one.
    pub(super) fn unsent(&self) -> usize {
        let end = self.send_end.wrapping_add(u32::from(self.is_closing));
        usize::try_from(end.wrapping_sub(self.sent.next).cast_signed()).unwrap_or(0)
    }

    /// Sends one segment if there is reason to. Returns whether one was sent.
    pub(super) fn output_one(&mut self, output: &mut Output<'_>, now: Instant) -> bool {
        let before = self.sent.count;
        let mut port = Port {
            received: None,
            capabilities: None,
            sender: Some(Sender { output, sent: &mut self.sent, engine_shift: self.engine_shift }),
        };
        self.interface.poll_egress(instant(now), &mut port, &mut self.sockets);
        self.sent.count != before
    }

    /// Returns when smoltcp wants to be polled: retransmission, zero-window probe.
    pub(super) fn deadline(&mut self, now: Instant) -> Option<Instant> {
        let at = self.interface.poll_at(instant(now), &self.sockets)?;
        let micros = u64::try_from(at.total_micros()).unwrap_or(0);
        Some(Instant::from_nanos(micros.saturating_mul(1000)))
    }

    /// Takes another MTU into account.
    pub(super) fn set_mtu(&mut self, synced: &Synced, hop: &Hop, stack: &Stack, now: Instant) {
        self.interface = interface(synced, hop, stack, now);
    }

    /// Returns what the receive buffer holds, oldest byte first.
    pub(super) fn received(&mut self) -> Vec<u8> {
        let socket = self.socket();
        let mut bytes = vec![0; socket.recv_queue()];
        let count = socket.peek_slice(&mut bytes).unwrap_or(0);
        bytes.truncate(count);
        bytes
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

/// smoltcp's scale of a receive buffer, `tcp::Socket::new`.
fn engine_shift(synced: &Synced, capacity: usize) -> u8 {
    if synced.peer_shift.is_none() {
        return 0;
    }
    let bits = usize::BITS - capacity.leading_zeros();
    u8::try_from(bits.saturating_sub(16)).unwrap_or(0)
}

/// Returns smoltcp's form of a moment.
pub(super) fn instant(now: Instant) -> smoltcp::time::Instant {
    let micros = i64::try_from(now.as_nanos() / 1000).unwrap_or(i64::MAX);
    smoltcp::time::Instant::from_micros(micros)
}

/// Returns an interface for one connection.
fn interface(synced: &Synced, hop: &Hop, stack: &Stack, now: Instant) -> Interface {
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = seed_for(synced.send_next.wrapping_sub(1));
    let capabilities = Some(capabilities(synced, hop, stack));
    let mut port = Port { received: None, capabilities, sender: None };
    let mut interface = Interface::new(config, &mut port, instant(now));
    let local = match synced.flow.local.address {
        IpAddr::V4(address) => IpCidr::new(address.into(), 32),
        IpAddr::V6(address) => IpCidr::new(address.into(), 128),
    };
    interface.update_ip_addrs(|own| {
        // The list is empty and has room for one.
        let _ = own.push(local);
    });
    interface
}

fn capabilities(synced: &Synced, hop: &Hop, stack: &Stack) -> DeviceCapabilities {
    let mut capabilities = DeviceCapabilities::default();
    capabilities.medium = Medium::Ip;
    capabilities.max_transmission_unit = synced.mtu;
    // Checksums are verified before and filled in after smoltcp, but for IPv4's own.
    capabilities.checksum = ChecksumCapabilities::ignored();
    capabilities.checksum.ipv4 = Checksum::Tx;
    let number = match hop {
        Hop::Link { interface, .. } | Hop::Unresolved { interface, .. } => *interface,
        Hop::Loopback => 0,
    };
    if let Some(interface) = stack.interface(number)
        && interface.capabilities.checksum_transmit
    {
        // smoltcp drops IPv6 packets beyond the MTU, so only IPv4 is segmented.
        capabilities.segmentation.tcpv4 = NonZeroUsize::new(interface.capabilities.segment_v4)
            .filter(|longest| longest.get() > synced.mtu);
    }
    capabilities
}

/// What smoltcp takes for its network card.
struct Port<'a, 'b> {
    received: Option<&'a [u8]>,
    /// Given while the engine is built only.
    capabilities: Option<DeviceCapabilities>,
    /// `None` discards.
    sender: Option<Sender<'a, 'b>>,
}

struct Sender<'a, 'b> {
    output: &'a mut Output<'b>,
    sent: &'a mut Sent,
    engine_shift: u8,
}

impl<'b> Device for Port<'_, 'b> {
    type RxToken<'a>
        = Received<'a>
    where
        Self: 'a;
    type TxToken<'a>
        = Token<'a, 'b>
    where
        Self: 'a;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(Received<'_>, Token<'_, 'b>)> {
        let packet = self.received.take()?;
        Some((Received(packet), Token::new(self.sender.as_mut())))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<Token<'_, 'b>> {
        if let Some(sender) = &mut self.sender
            && !sender.output.stack.has_room(&sender.output.hop)
        {
            sender.output.is_starved = true;
            return None;
        }
        Some(Token::new(self.sender.as_mut()))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        // smoltcp asks in earnest only when an interface is made.
        self.capabilities.clone().unwrap_or_default()
    }
}

struct Received<'a>(&'a [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

struct Token<'a, 'b> {
    sender: Option<(&'a mut Output<'b>, &'a mut Sent, u8)>,
    segment: Option<u16>,
}

impl<'a, 'b> Token<'a, 'b> {
    fn new(sender: Option<&'a mut Sender<'_, 'b>>) -> Self {
        let sender =
            sender.map(|sender| (&mut *sender.output, &mut *sender.sent, sender.engine_shift));
        Self { sender, segment: None }
    }
}

impl TxToken for Token<'_, '_> {
    fn set_meta(&mut self, meta: PacketMeta) {
        self.segment = meta.segmentation_offload_size.map(core::num::NonZeroU16::get);
    }

    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let Some((output, sent, engine_shift)) = self.sender else {
            return f(&mut vec![0; len]);
        };
        let mut f = Some(f);
        let mut result = None;
        let shifts = (engine_shift, output.own_shift);
        let mut fill = |packet: &mut [u8]| {
            if let Some(f) = f.take() {
                result = Some(f(packet));
                note_sent(packet, shifts, sent);
            }
        };
        let checksum = Some(tcp_checksum(output.ip_header));
        let outgoing = Outgoing { length: len, checksum, segment: self.segment };
        if output.stack.send(&output.hop, &outgoing, &mut fill).is_err() {
            // The ring filled up since it was asked: the packet is lost, as on any link.
            fill(&mut vec![0; len]);
        }
        match (result, f) {
            (Some(result), _) => result,
            (None, Some(f)) => f(&mut vec![0; len]),
            (None, None) => unreachable!("whoever takes the closure stores its result"),
        }
    }
}

/// Rewrites the window of a segment on its way out and notes what the segment says.
fn note_sent(packet: &mut [u8], (engine_shift, own_shift): (u8, u8), sent: &mut Sent) {
    let start =
        if packet[0] >> 4 == 4 { crate::wire::ip::V4_HEADER } else { crate::wire::ip::V6_HEADER };
    let tcp = &mut packet[start..];
    let window = usize::from(u16_at(tcp, WINDOW).unwrap_or(0)) << engine_shift;
    let field = u16::try_from(window >> own_shift).unwrap_or(u16::MAX);
    put_u16(tcp, WINDOW, field);
    let header = usize::from(tcp[12] >> 4) * 4;
    let control = u32::from(tcp[13] & FIN != 0);
    let length = u32::try_from(tcp.len() - header).unwrap_or(0);
    let seq = u32_at(tcp, 4).unwrap_or(0);
    sent.count += 1;
    sent.next = seq.wrapping_add(length).wrapping_add(control);
    if is_before(sent.highest, sent.next) {
        sent.highest = sent.next;
    } else if length + control == 0 {
        // The peer ignores acknowledgements from before its window. While both sides retransmit
        // that would be all of them, so they bear the highest number (RFC 9293 §3.10.7.4).
        put_u32(tcp, 4, sent.highest);
    }
    sent.acknowledged = u32_at(tcp, 8).unwrap_or(0);
    sent.window = usize::from(field) << own_shift;
}

/// Returns the seed with which smoltcp's generator (sPCG32) yields `wanted` as a new socket's
/// initial sequence number: the second number it gives out, after the first IPv4 identification,
/// which must not be zero.
fn seed_for(wanted: u32) -> u64 {
    const MULTIPLIER: u64 = 0xbb2e_fcec_3c39_611d;
    const ADDEND: u64 = 0x7590_ef39;
    let inverse = inverse(MULTIPLIER);
    let back = |state: u64| state.wrapping_sub(ADDEND).wrapping_mul(inverse);
    let mut low = 0;
    loop {
        // With the top three bits clear the generator gives out the bits from 29 up.
        let first = back(u64::from(wanted) << 29 | low);
        let shift = 29 - (first >> 61);
        let number = first >> shift;
        if (number ^ number >> 16) & 0xffff != 0 {
            return back(first);
        }
        low += 1;
    }
}

/// Returns the inverse of an odd number modulo 2^64, by Newton's iteration.
const fn inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    let mut step = 0;
    while step < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
        step += 1;
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Endpoint, Secrets};

    #[test]
    fn the_replayed_handshake_ends_at_the_wanted_numbers() {
        let end = |port| Endpoint { address: "127.0.0.1".parse().unwrap(), port };
        let stack = Stack::new(Secrets([1, 2, 3, 4]), 1 << 20);
        for (number, receive) in
            [(0, 4096), (1, 65_535), (0x7fff_ffff, 65_536), (u32::MAX, 1 << 20)]
        {
            let synced = Synced {
                flow: FlowKey { local: end(80), remote: end(81) },
                send_next: number,
                receive_next: number.wrapping_mul(3),
                peer_window: 1 << 20,
                peer_mss: 1460,
                peer_shift: Some(9),
                has_sack: true,
                mtu: 1500,
            };
            let sizes = Sizes { receive, send: 4096 };
            let now = Instant::default();
            let mut engine = Engine::new(&synced, sizes, &Hop::Loopback, &stack, now);
            assert_eq!(engine.state(), State::Established);
            refill(&mut engine, &synced, &[7; 100], false, now);
            assert_eq!(engine.received(), [7; 100]);
            assert_eq!(engine.socket().send_slice(b"hello"), Ok(5));
            engine.send_end = engine.send_end.wrapping_add(5);
            let mut output = Output {
                stack: &stack,
                hop: Hop::Loopback,
                own_shift: OWN_SHIFT,
                ip_header: 20,
                is_starved: false,
            };
            assert!(engine.output_one(&mut output, now));
            assert_eq!(engine.sent.next, number.wrapping_add(5));
            assert_eq!(engine.sent.acknowledged, synced.receive_next.wrapping_add(100));
            assert_eq!(engine.sent.window, (receive - 100) >> OWN_SHIFT << OWN_SHIFT);
            assert_eq!(engine.unsent(), 0);
        }
    }
}
