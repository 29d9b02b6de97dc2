//! Network cards as the stack sees them: what a driver implements.
//!
//! A card is handed to the stack as a [`Device`]: what it can do, and one or several pairs of a
//! receiving half and a sending half. The halves are locked apart, so that a packet can be answered
//! while the batch that it came in is still being received. Frames are Ethernet, without the frame
//! check sequence.
//!
//! Neither half blocks: a full sending ring is [`Full`], an empty receiving ring is no frame.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

/// Length of an Ethernet header in bytes.
pub const ETHERNET_HEADER: usize = 14;

/// A hardware (MAC) address.
pub type Mac = [u8; 6];

/// What a card is and can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities {
    /// The card's own address.
    pub mac: Mac,
    /// The longest IP packet in bytes, without the Ethernet header; 1500 as a rule.
    pub mtu: usize,
    /// The card completes TCP and UDP checksums as [`Offload::checksum`] asks.
    pub checksum_transmit: bool,
    /// The longest IPv4 packet in bytes that the card cuts into TCP segments, 0 if it cannot.
    /// Needs `checksum_transmit`.
    pub segment_v4: usize,
    /// The same for IPv6.
    pub segment_v6: usize,
}

/// A received frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The frame from its Ethernet header on, in one piece.
    pub bytes: &'a [u8],
    /// Whether the TCP or UDP checksum is known to be good (virtio-net's `DATA_VALID` or
    /// `NEEDS_CSUM`), so that the stack need not look at it.
    pub is_checksum_good: bool,
}

/// What the card is to do to a frame on its way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offload {
    /// The checksum to complete.
    pub checksum: Option<PartialChecksum>,
    /// The segments to cut the frame into.
    pub segment: Option<Segment>,
}

/// A checksum field that holds the pseudo-header's sum and is to be completed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartialChecksum {
    /// Where the summed bytes begin, from the start of the frame; they end with the frame.
    pub start: u16,
    /// Where the field is, from `start`.
    pub offset: u16,
}

/// How a frame is to be cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Which IP version the frame carries TCP over.
    pub is_ipv6: bool,
    /// Bytes of Ethernet, IP and TCP headers that each segment repeats.
    pub header_length: u16,
    /// Bytes of payload in each segment but the last.
    pub payload_size: u16,
}

/// The sending ring has no room; the frame was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

/// A receiving half of a card.
pub trait Receiver: Send {
    /// Hands at most `budget` received frames to `handle`, oldest first, and gives their buffers
    /// back to the card. Returns how many there were.
    fn receive(&mut self, budget: usize, handle: &mut dyn FnMut(Frame<'_>)) -> usize;

    /// Returns whether a frame is waiting to be received; cheap.
    fn is_pending(&mut self) -> bool;

    /// Asks for an interrupt at the next frame, or for none. Returns whether frames are waiting
    /// already: those that came before the interrupt was enabled give none.
    fn set_interrupts(&mut self, wanted: Interrupts) -> bool;
}

/// Whether the receiving half is to interrupt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interrupts {
    /// At the next frame.
    Enabled,
    /// Not at all: the ring is polled.
    Disabled,
}

/// A sending half of a card.
pub trait Transmitter: Send {
    /// Returns how many frames there is room for, after taking back buffers that the card is done
    /// with. While it is not 0, [`transmit`](Self::transmit) does not fail.
    fn room(&mut self) -> usize;

    /// Returns whether the card has frames that it is not done with yet.
    fn is_sending(&self) -> bool;

    /// Queues a frame of `length` bytes, which `fill` writes in place: it is called once with a
    /// buffer of exactly `length` bytes whose contents are arbitrary. The card need not be told
    /// before [`publish`](Self::publish). `length` is at most the device's MTU, or its segment size,
    /// and [`ETHERNET_HEADER`].
    ///
    /// # Errors
    /// [`Full`] if there is no room; `fill` was not called then.
    fn transmit(
        &mut self,
        length: usize,
        offload: Offload,
        fill: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), Full>;

    /// Shows the card the frames queued since the last time. Returns whether its [`Bell`] is to be
    /// rung for them.
    fn publish(&mut self) -> bool;

    /// Returns whether the bell is to be rung for frames that were shown before. Asked before the
    /// processor halts; for cards that can miss it.
    fn is_ringing_missed(&mut self) -> bool {
        false
    }
}

/// How a card is told that there are frames to be sent. That takes long, for the guest is left, so
/// it is apart from the sending half, which others may use meanwhile.
pub trait Bell: Send + Sync {
    /// Tells the card.
    fn ring(&self);
}

/// A card: what it can do, and its queues.
pub struct Device {
    /// What it can do.
    pub capabilities: Capabilities,
    /// At least one pair of queues. Of several each is a processor's: the frames of a flow come by
    /// the pair that the last one of the flow went out by, and interrupt that processor.
    pub pairs: Vec<QueuePair>,
}

/// A receiving and a sending half, and the bell of the latter.
pub struct QueuePair {
    /// Where frames come from.
    pub receiver: Box<dyn Receiver>,
    /// Where frames go.
    pub transmitter: Box<dyn Transmitter>,
    /// Tells the card of them.
    pub bell: Box<dyn Bell>,
}

impl fmt::Debug for QueuePair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuePair").finish_non_exhaustive()
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("capabilities", &self.capabilities)
            .field("pairs", &self.pairs.len())
            .finish()
    }
}
