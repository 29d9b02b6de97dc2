//! A connection at rest.

use crate::flow::FlowKey;
use crate::wire::ip::header_length;
use crate::wire::tcp::HEADER;

/// A connection that has nothing under way: all that an engine can be built from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Synced {
    pub(super) flow: FlowKey,
    /// Next sequence number of this side.
    pub(super) send_next: u32,
    /// Next sequence number of the peer.
    pub(super) receive_next: u32,
    /// Sequence number behind the last byte that the peer has said it has room for.
    pub(super) send_limit: u32,
    /// Sequence number behind the last byte that the peer was told there is room for.
    pub(super) receive_limit: u32,
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

    /// Returns how many bytes the peer takes.
    pub(super) fn peer_window(&self) -> u32 {
        u32::try_from(self.send_limit.wrapping_sub(self.send_next).cast_signed()).unwrap_or(0)
    }

    /// Returns the longest payload of a segment.
    pub(super) fn mss(&self) -> usize {
        let own = self.mtu.saturating_sub(header_length(&self.flow.local.address) + HEADER);
        own.min(usize::from(self.peer_mss)).max(1)
    }
}
