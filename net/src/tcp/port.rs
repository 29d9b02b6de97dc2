//! Between smoltcp and the network: what smoltcp takes for its network card.
//!
//! The window scale that was negotiated is Scull's: windows are rewritten on their way out from the
//! scale that smoltcp derives from its buffer.

use alloc::vec;

use smoltcp::phy::{Device, DeviceCapabilities, PacketMeta, RxToken, TxToken};

use crate::interface::{Outgoing, tcp_checksum};
use crate::loopback::Lane;
use crate::output::Hop;
use crate::stack::Stack;
use crate::wire::tcp::{FIN, WINDOW, is_before};
use crate::wire::{ip, put_u16, put_u32, u16_at, u32_at};

/// Where an engine's segments go.
pub(super) struct Output<'a> {
    pub(super) stack: &'a Stack,
    pub(super) hop: &'a Hop,
    pub(super) own_shift: u8,
    /// Sequence number behind the last byte that the peer has said it has room for.
    pub(super) send_limit: u32,
    /// Length of the IP header of what goes there.
    pub(super) ip_header: usize,
    /// Which way they take if they are for this machine.
    pub(super) lane: Lane,
    /// Set if a segment could not be sent for want of room.
    pub(super) is_starved: bool,
}

/// What was sent so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Sent {
    /// Segments.
    pub(super) count: u64,
    /// Sequence number behind the last one.
    pub(super) next: u32,
    /// The highest that was: smoltcp goes back in order to retransmit.
    pub(super) highest: u32,
    /// Segments that were sent again, in part at least.
    pub(super) repeated: u32,
    /// What was acknowledged last.
    pub(super) acknowledged: u32,
    /// Where the window that was advertised last ends.
    pub(super) limit: u32,
}

/// What smoltcp takes for its network card.
pub(super) struct Port<'a, 'b> {
    pub(super) received: Option<&'a [u8]>,
    /// Given while the engine is built only.
    pub(super) capabilities: Option<DeviceCapabilities>,
    /// `None` discards.
    pub(super) sender: Option<Sender<'a, 'b>>,
}

/// What becomes of segments that smoltcp sends.
pub(super) struct Sender<'a, 'b> {
    pub(super) output: &'a mut Output<'b>,
    pub(super) sent: &'a mut Sent,
    /// The scale that smoltcp applies.
    pub(super) engine_shift: u8,
    /// Where smoltcp takes the peer's window to end.
    pub(super) peer_limit: u32,
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
            && !sender.output.stack.has_room(sender.output.hop, sender.output.lane)
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

/// A segment for smoltcp.
pub(super) struct Received<'a>(&'a [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Leave for smoltcp to send one segment.
pub(super) struct Token<'a, 'b> {
    sender: Option<Sender<'a, 'b>>,
    segment: Option<u16>,
}

impl<'a, 'b> Token<'a, 'b> {
    fn new(sender: Option<&'a mut Sender<'_, 'b>>) -> Self {
        let sender = sender.map(|sender| Sender {
            output: &mut *sender.output,
            sent: &mut *sender.sent,
            ..*sender
        });
        Self { sender, segment: None }
    }
}

impl TxToken for Token<'_, '_> {
    fn set_meta(&mut self, meta: PacketMeta) {
        self.segment = meta.segmentation_offload_size.map(core::num::NonZeroU16::get);
    }

    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let Some(mut sender) = self.sender else {
            return f(&mut vec![0; len]);
        };
        let (stack, hop) = (sender.output.stack, sender.output.hop);
        let checksum = Some(tcp_checksum(sender.output.ip_header));
        let lane = sender.output.lane;
        let outgoing = Outgoing { length: len, checksum, segment: self.segment, lane };
        let mut f = Some(f);
        let mut result = None;
        let mut fill = |packet: &mut [u8]| {
            if let Some(f) = f.take() {
                result = Some(f(packet));
                sender.note(packet);
            }
        };
        if stack.send(hop, &outgoing, &mut fill).is_err() {
            // The ring filled up since it was asked: the packet is lost, as on any link.
            stack.lose(len, &mut fill);
        }
        match (result, f) {
            (Some(result), _) => result,
            (None, Some(f)) => stack.lose(len, f),
            (None, None) => unreachable!("whoever takes the closure stores its result"),
        }
    }
}

impl Sender<'_, '_> {
    /// Rewrites a segment on its way out and notes what it says.
    fn note(&mut self, packet: &mut [u8]) {
        let is_v4 = self.output.ip_header == ip::V4_HEADER;
        if is_v4 && *self.output.hop != Hop::Loopback {
            ip::fill_checksum(packet);
        }
        let tcp = &mut packet[self.output.ip_header..];
        let header = usize::from(tcp[12] >> 4) * 4;
        let control = u32::from(tcp[13] & FIN != 0);
        let length = u32::try_from(tcp.len() - header).unwrap_or(0);
        let seq = u32_at(tcp, 4).unwrap_or(0);
        let acknowledged = u32_at(tcp, 8).unwrap_or(0);
        let own_shift = self.output.own_shift;
        let sent = &mut *self.sent;
        sent.count += 1;
        if length > 0 && !is_before(seq, self.peer_limit) {
            // A probe of a closed window. The peer may discard all of it, what it acknowledges
            // included, and smoltcp forgets that it sent it: so it repeats the last window.
            let left = sent.limit.wrapping_sub(acknowledged).cast_signed().max(0) >> own_shift;
            put_u16(tcp, WINDOW, u16::try_from(left).unwrap_or(u16::MAX));
            return;
        }
        let window = usize::from(u16_at(tcp, WINDOW).unwrap_or(0)) << self.engine_shift;
        let window = scaled_window(window, self.engine_shift, own_shift);
        put_u16(tcp, WINDOW, window);
        sent.next = seq.wrapping_add(length).wrapping_add(control);
        if length + control > 0 && is_before(seq, sent.highest) {
            sent.repeated = sent.repeated.wrapping_add(1);
        }
        if is_before(sent.highest, sent.next) {
            sent.highest = sent.next;
        } else if length + control == 0 {
            put_u32(tcp, 4, sent.acceptable(self.output.send_limit));
        }
        sent.acknowledged = acknowledged;
        sent.limit = acknowledged.wrapping_add(u32::from(window) << own_shift);
    }
}

impl Sent {
    /// Returns the sequence number for segments without data, `limit` being where the peer's window
    /// ends: the peer ignores those from before its window and from behind it
    /// (RFC 9293 §3.10.7.4). While both sides retransmit that would be all of them, so they bear
    /// the highest number that the window has room for.
    pub(super) fn acceptable(&self, limit: u32) -> u32 {
        if is_before(limit, self.highest) { limit } else { self.highest }
    }
}

/// Returns a window as segments bear it. smoltcp rounds its windows and takes nothing behind the
/// last one: as acknowledgements move, that may end `2^engine_shift - 1` before the buffer does, so
/// the peer is not told of those bytes (RFC 7323 §2.4).
pub(super) fn scaled_window(bytes: usize, engine_shift: u8, own_shift: u8) -> u16 {
    let certain = bytes.saturating_sub((1 << engine_shift) - 1);
    u16::try_from(certain >> own_shift).unwrap_or(u16::MAX)
}
