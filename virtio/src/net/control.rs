//! The control queue: commands to the device (virtio 1.3 §5.1.6.5).

use crate::Notify;
use crate::memory::{DmaMemory, Slots};
use crate::queue::{Direction, Queue, Segment};

/// `VIRTIO_NET_CTRL_MQ` and its command `VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET` (§5.1.6.5.6).
const SET_PAIRS: [u8; 2] = [4, 0];
/// Bytes of the command with what it sets.
const COMMAND: u32 = 4;
/// `VIRTIO_NET_OK`.
const OK: u8 = 0;
/// What is no answer.
const NONE: u8 = 0xff;

/// Has the device use so many of its pairs of queues, the first ones, once it is live
/// (`DRIVER_OK`). `buffer` is for the command. Waits for the answer for as long as `is_patient`,
/// and returns whether it was that they are used.
pub fn set_pairs<M: DmaMemory>(
    queue: &mut Queue<M>,
    buffer: &mut Slots<M>,
    bell: &impl Notify,
    pairs: u16,
    mut is_patient: impl FnMut() -> bool,
) -> bool {
    let Some((command, [answer, ..])) = buffer.bytes_mut(0).split_first_chunk_mut() else {
        return false;
    };
    let [low, high] = pairs.to_le_bytes();
    *command = [SET_PAIRS[0], SET_PAIRS[1], low, high];
    *answer = NONE;
    let address = buffer.device_address(0);
    let segments = [
        Segment { address, len: COMMAND, direction: Direction::ToDevice },
        Segment { address: address + u64::from(COMMAND), len: 1, direction: Direction::FromDevice },
    ];
    if !queue.add(&segments, 0) {
        return false;
    }
    if queue.publish() {
        bell.notify();
    }
    while queue.take_used().is_none() {
        if queue.is_broken() || !is_patient() {
            return false;
        }
    }
    buffer.bytes(0).get(COMMAND as usize) == Some(&OK)
}
