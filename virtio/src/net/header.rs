//! `struct virtio_net_hdr`, which precedes every frame (§5.1.6).

/// Size of the header in bytes.
pub const HEADER_BYTES: usize = 12;

/// `VIRTIO_NET_HDR_F_NEEDS_CSUM`: the checksum is partial.
const NEEDS_CSUM: u8 = 1;
/// `VIRTIO_NET_HDR_F_DATA_VALID`: the checksum was verified.
const DATA_VALID: u8 = 2;
/// `VIRTIO_NET_HDR_GSO_TCPV4`.
const GSO_TCPV4: u8 = 1;
/// `VIRTIO_NET_HDR_GSO_TCPV6`.
const GSO_TCPV6: u8 = 4;

/// What the device is to do to a frame on its way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offload {
    /// Where the bytes to sum begin, from the start of the frame, and where the checksum field is
    /// from there. The field holds the sum of the pseudo-header.
    pub checksum: Option<(u16, u16)>,
    /// How to cut the frame; needs `checksum`.
    pub segment: Option<Segment>,
}

/// How a TCP frame is to be cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Whether the frame is IPv6.
    pub is_ipv6: bool,
    /// Bytes of headers that each segment repeats.
    pub header_length: u16,
    /// Bytes of payload in each segment but the last.
    pub payload_size: u16,
}

/// Returns the header that asks for `offload`.
pub(super) fn encode(offload: Offload) -> [u8; HEADER_BYTES] {
    let (flags, start, offset) =
        offload.checksum.map_or((0, 0, 0), |(start, offset)| (NEEDS_CSUM, start, offset));
    let (kind, header_length, payload_size) = offload.segment.map_or((0, 0, 0), |segment| {
        let kind = if segment.is_ipv6 { GSO_TCPV6 } else { GSO_TCPV4 };
        (kind, segment.header_length, segment.payload_size)
    });
    let [header_low, header_high] = header_length.to_le_bytes();
    let [payload_low, payload_high] = payload_size.to_le_bytes();
    let ([start_low, start_high], [offset_low, offset_high]) =
        (start.to_le_bytes(), offset.to_le_bytes());
    [
        flags,
        kind,
        header_low,
        header_high,
        payload_low,
        payload_high,
        start_low,
        start_high,
        offset_low,
        offset_high,
        0,
        0,
    ]
}

/// What a received header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Received {
    /// How many buffers the frame spans; 0 is a lie.
    pub(super) buffers: u16,
    /// Whether the checksum was verified, or is partial because the frame never left the host.
    pub(super) is_checksum_good: bool,
}

/// Splits a received buffer into its header and the frame's bytes; `None` if it is too short.
pub(super) fn decode(buffer: &[u8]) -> Option<(Received, &[u8])> {
    let (header, frame) = buffer.split_first_chunk::<HEADER_BYTES>()?;
    let buffers = u16::from_le_bytes([header[10], header[11]]);
    let is_checksum_good = header[0] & (NEEDS_CSUM | DATA_VALID) != 0;
    Some((Received { buffers, is_checksum_good }, frame))
}
