use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::fake::{Bell, FakeQueue, HostMemory};
use crate::{Queue, Slots, TooSmall};

const SIZE: u16 = 8;
const SLOT: usize = 64;

fn parts(count: u16) -> (Queue<HostMemory>, Slots<HostMemory>, FakeQueue) {
    let memory = HostMemory::new(Queue::<HostMemory>::bytes(SIZE));
    let device = FakeQueue::new(memory.clone(), SIZE, true);
    let queue = Queue::new(memory, SIZE, true).unwrap();
    let slots = Slots::new(HostMemory::new(SLOT * usize::from(count)), count, SLOT).unwrap();
    (queue, slots, device)
}

fn receiver(bell: &Bell) -> (Receiver<HostMemory, &Bell>, FakeQueue) {
    let (queue, slots, device) = parts(SIZE);
    let mut receiver = Receiver::new(queue, slots, 150, true, bell).unwrap();
    receiver.start();
    (receiver, device)
}

/// Writes a frame in `pieces` with a header that claims `buffers` of them.
fn deliver(device: &mut FakeQueue, flags: u8, buffers: u16, pieces: &[&[u8]]) {
    for (index, piece) in pieces.iter().enumerate() {
        let chain = device.take().expect("a buffer");
        let mut bytes = Vec::new();
        if index == 0 {
            bytes.extend([flags, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            bytes.extend(buffers.to_le_bytes());
        }
        bytes.extend(*piece);
        chain.pieces[0].write(&bytes);
        device.put(chain.head.into(), u32::try_from(bytes.len()).unwrap());
    }
    device.complete();
}

fn received(receiver: &mut Receiver<HostMemory, &Bell>, budget: usize) -> Vec<(Vec<u8>, bool)> {
    let mut frames = Vec::new();
    let count = receiver
        .receive(budget, |frame| frames.push((frame.bytes.to_vec(), frame.is_checksum_good)));
    assert_eq!(count, frames.len());
    frames
}

#[test]
fn buffers_go_round() {
    let bell = Bell::default();
    let (mut receiver, mut device) = receiver(&bell);
    assert_eq!(bell.0.get(), 1);
    for round in 0..100u8 {
        assert!(!receiver.is_pending());
        deliver(&mut device, 0, 1, &[&[round; 20]]);
        deliver(&mut device, 2, 1, &[&[round; 52]]);
        assert!(receiver.is_pending());
        assert_eq!(received(&mut receiver, 1), [(vec![round; 20], false)]);
        assert_eq!(received(&mut receiver, 9), [(vec![round; 52], true)]);
    }
    assert_eq!(receiver.dropped(), 0);
}

#[test]
fn a_frame_across_buffers_is_put_together() {
    let bell = Bell::default();
    let (mut receiver, mut device) = receiver(&bell);
    for _ in 0..10 {
        deliver(&mut device, 1, 3, &[&[1; 52], &[2; 64], &[3; 5]]);
        deliver(&mut device, 0, 1, &[&[4; 5]]);
        let frames = received(&mut receiver, 10);
        let whole = [&[1u8; 52][..], &[2; 64], &[3; 5]].concat();
        assert_eq!(frames, [(whole, true), (vec![4; 5], false)]);
    }
}

#[test]
fn nonsense_is_dropped_and_its_buffers_are_reused() {
    let bell = Bell::default();
    let (mut receiver, mut device) = receiver(&bell);
    for _ in 0..20 {
        // A frame of no buffers, one that is too long, one cut short, and a header cut short.
        deliver(&mut device, 0, 0, &[&[1; 20]]);
        deliver(&mut device, 0, 3, &[&[1; 52], &[2; 64], &[3; 64]]);
        let chain = device.take().unwrap();
        device.put(chain.head.into(), 11);
        deliver(&mut device, 0, 9, &[&[1; 52], &[2; 2]]);
        assert!(received(&mut receiver, 10).is_empty());
    }
    assert_eq!(receiver.dropped(), 80);
    assert!(!receiver.is_broken());
    deliver(&mut device, 0, 1, &[b"frame"]);
    assert_eq!(received(&mut receiver, 1).len(), 1);
}

#[test]
fn frames_go_out_behind_their_header_at_one_notification_a_batch() {
    let bell = Bell::default();
    let (queue, slots, mut device) = parts(SIZE);
    let mut transmitter = Transmitter::new(queue, slots, None, &bell).unwrap();
    let segment = Segment { is_ipv6: true, header_length: 74, payload_size: 0x1234 };
    let offload = Offload { checksum: Some((34, 16)), segment: Some(segment) };
    assert_eq!(transmitter.longest(), 52);
    transmitter.transmit(3, offload, |bytes| bytes.copy_from_slice(b"abc")).unwrap();
    assert!(device.take().is_none());
    transmitter.flush();
    transmitter.flush();
    assert_eq!(bell.0.get(), 1);
    let chain = device.take().unwrap();
    assert_eq!(chain.pieces.len(), 1);
    let header = [1, 4, 74, 0, 0x34, 0x12, 34, 0, 16, 0, 0, 0];
    assert_eq!(chain.pieces[0].read(), [&header[..], b"abc"].concat());
}

#[test]
fn a_full_ring_takes_nothing_until_the_device_gives_back() {
    let bell = Bell::default();
    let (queue, slots, mut device) = parts(SIZE);
    let mut transmitter = Transmitter::new(queue, slots, None, &bell).unwrap();
    let send = |transmitter: &mut Transmitter<_, _>| {
        transmitter.transmit(52, Offload::default(), |bytes| bytes.fill(7))
    };
    for left in (0..usize::from(SIZE)).rev() {
        send(&mut transmitter).unwrap();
        assert_eq!(transmitter.room(), left);
    }
    assert_eq!(send(&mut transmitter), Err(Full));
    transmitter.flush();
    let chain = device.take().unwrap();
    device.put(chain.head.into(), 0);
    assert!(!device.complete(), "sending does not interrupt");
    assert_eq!(transmitter.room(), 1);
    send(&mut transmitter).unwrap();
    assert_eq!(transmitter.transmit(53, Offload::default(), |_| ()), Err(Full));
}

#[test]
fn large_frames_have_buffers_of_their_own() {
    let bell = Bell::default();
    let (queue, slots, mut device) = parts(SIZE - 2);
    let large = Slots::new(HostMemory::new(400), 2, 200).unwrap();
    let mut transmitter = Transmitter::new(queue, slots, Some(large), &bell).unwrap();
    assert_eq!(transmitter.longest(), 188);
    for round in 0..20 {
        assert_eq!(transmitter.room(), 2);
        for length in [52, 188, 53] {
            let fill = |bytes: &mut [u8]| bytes.fill(round);
            transmitter.transmit(length, Offload::default(), fill).unwrap();
        }
        assert_eq!(transmitter.room(), 0, "for a large frame");
        transmitter.flush();
        for length in [52, 188, 53] {
            let chain = device.take().unwrap();
            assert_eq!(chain.pieces[0].read()[HEADER_BYTES..], vec![round; length]);
            device.put(chain.head.into(), 0);
        }
        device.complete();
    }
}

#[test]
fn more_buffers_than_descriptors_are_refused() {
    let bell = Bell::default();
    let (queue, slots, _) = parts(SIZE + 1);
    assert_eq!(Transmitter::new(queue, slots, None, &bell).unwrap_err(), TooSmall);
    let (queue, slots, _) = parts(SIZE + 1);
    assert_eq!(Receiver::new(queue, slots, 1, true, &bell).unwrap_err(), TooSmall);
    assert_eq!(Slots::new(HostMemory::new(64), 0, 1).unwrap_err(), TooSmall);
}

proptest! {
    #[test]
    fn whatever_the_device_writes_is_survived(
        writes in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..64), 0..70u32, 0..20u32),
            0..60,
        ),
        merged: bool,
    ) {
        let bell = Bell::default();
        let (queue, slots, mut device) = parts(SIZE);
        let mut receiver = Receiver::new(queue, slots, 150, merged, &bell).unwrap();
        receiver.start();
        for (bytes, len, lie) in writes {
            let Some(chain) = device.take() else { break };
            chain.pieces[0].write(&bytes);
            let id = if lie == 0 { 5 } else { chain.head.into() };
            device.put(id, len);
            device.complete();
            receiver.receive(3, |frame| assert!(frame.bytes.len() <= 150));
        }
    }
}

/// Has a device that answers so be told of 3 pairs of queues; returns what comes of it.
fn tell_pairs(answer: Option<u8>) -> bool {
    let bell = Bell::default();
    let (mut queue, mut buffer, mut device) = parts(1);
    let mut patience = 3;
    let is_set = set_pairs(&mut queue, &mut buffer, &&bell, 3, || {
        if let (Some(answer), Some(chain)) = (answer, device.take()) {
            assert_eq!(chain.pieces[0].read(), [4, 0, 3, 0]);
            chain.pieces[1].write(&[answer]);
            device.put(chain.head.into(), 1);
            device.complete();
        }
        patience -= 1;
        patience > 0
    });
    assert_eq!(bell.0.get(), 1);
    is_set
}

#[test]
fn pairs_are_used_only_if_the_device_says_so_in_time() {
    assert!(tell_pairs(Some(0)));
    assert!(!tell_pairs(Some(1)));
    assert!(!tell_pairs(None));
    let bell = Bell::default();
    let (mut queue, _, _) = parts(1);
    let mut short = Slots::new(HostMemory::new(SLOT), 1, 4).unwrap();
    assert!(!set_pairs(&mut queue, &mut short, &&bell, 3, || panic!(
        "there is nothing to wait for"
    )));
}
