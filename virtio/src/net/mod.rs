//! A network device's queues (virtio 1.3 §5.1): packet buffers and the header before each frame,
//! and how many pairs of queues the device is to use.
//!
//! The receiving ring is kept full with buffers of equal size, the sending ring has a buffer for
//! each descriptor; a frame is copied once on either way. Rings of both kinds are polled: the
//! receiver interrupts only when asked to, the transmitter never.

mod control;
mod header;
mod receive;
mod transmit;

#[cfg(test)]
mod tests;

pub use control::set_pairs;
pub use header::{HEADER_BYTES, Offload, Segment};
pub use receive::{Frame, Receiver};
pub use transmit::{Full, Transmitter};

/// `VIRTIO_NET_F_CSUM`: the device completes checksums (§5.1.3, bit number).
pub const CSUM: u64 = 1 << 0;
/// `VIRTIO_NET_F_GUEST_CSUM`: the driver takes frames with partial checksums.
pub const GUEST_CSUM: u64 = 1 << 1;
/// `VIRTIO_NET_F_MTU`: the device says its largest packet.
pub const MTU: u64 = 1 << 3;
/// `VIRTIO_NET_F_MAC`: the device says its address.
pub const MAC: u64 = 1 << 5;
/// `VIRTIO_NET_F_HOST_TSO4`: the device cuts TCP over IPv4 into segments.
pub const HOST_TSO4: u64 = 1 << 11;
/// `VIRTIO_NET_F_HOST_TSO6`: the device cuts TCP over IPv6 into segments.
pub const HOST_TSO6: u64 = 1 << 12;
/// `VIRTIO_NET_F_MRG_RXBUF`: a received frame may span buffers.
pub const MRG_RXBUF: u64 = 1 << 15;
/// `VIRTIO_NET_F_STATUS`: the device says whether the link is up.
pub const STATUS: u64 = 1 << 16;
/// `VIRTIO_NET_F_CTRL_VQ`: the device has a control queue.
pub const CTRL_VQ: u64 = 1 << 17;
/// `VIRTIO_NET_F_MQ`: the device has several pairs of queues.
pub const MQ: u64 = 1 << 22;
/// `VIRTIO_F_EVENT_IDX` (§6): notifications are suppressed by index.
pub const EVENT_IDX: u64 = 1 << 29;
/// `VIRTIO_F_VERSION_1` (§6): the device is no legacy one.
pub const VERSION_1: u64 = 1 << 32;

/// Returns the receiving queue of a pair (§5.1.2).
pub const fn receive_queue(pair: u16) -> u16 {
    2 * pair
}

/// Returns the sending queue of a pair.
pub const fn transmit_queue(pair: u16) -> u16 {
    2 * pair + 1
}

/// Returns the control queue of a device that has so many pairs, however many are used.
pub const fn control_queue(pairs: u16) -> u16 {
    2 * pairs
}
