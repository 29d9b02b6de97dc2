//! Tests of the machine's frames.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::testing;

const MIB: u64 = 1 << 20;

/// Frames of 4 MiB.
fn frames() -> Frames {
    let words = FrameAllocator::metadata_words(PhysAddr::new(8 * MIB));
    let frames = Frames::new(testing::processor);
    frames.init(vec![0; words].leak());
    frames.add(PhysAddr::new(4 * MIB), PhysAddr::new(8 * MIB));
    frames
}

#[test]
fn reserve_is_left_to_the_kernel() {
    let frames = frames();
    while frames.allocate_above(0, 100).is_some() {}
    assert_eq!(frames.statistics().free, 100);
    assert!(frames.has_free(100) && !frames.has_free(101));
}

#[test]
fn what_is_at_hand_elsewhere_serves_a_run_and_the_last_frame() {
    let frames = frames();
    for processor in 0..PROCESSORS / 8 {
        testing::run_on(processor);
        let held: Vec<_> = (0..MOST).filter_map(|_| frames.allocate(0)).collect();
        held.iter().for_each(|frame| frames.free(*frame, 0));
        assert_eq!(frames.at_hand[processor].0.lock().len, MOST);
        assert_eq!(frames.statistics().free, frames.total());
    }
    let run = frames.allocate_run(1024).unwrap();
    assert_eq!(frames.allocate(0), None);
    frames.free_run(run, 1024);
    let all: Vec<_> = core::iter::from_fn(|| frames.allocate(0)).collect();
    assert_eq!(all.len(), 1024);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn processors_share_all_frames_and_none_twice(
        steps in prop::collection::vec(
            (0..3_u8, 0..4_usize, 0..2_u32, 0..200_u64, any::<prop::sample::Index>()), 1..100)
    ) {
        let frames = frames();
        let mut held: Vec<(PhysAddr, u32)> = Vec::new();
        let mut used = BTreeSet::new();
        for (action, processor, order, count, which) in steps {
            testing::run_on(processor);
            let number = |block: PhysAddr, order: u32| block.frame()..block.frame() + (1 << order);
            if action < 2 {
                for _ in 0..count {
                    let taken = match action {
                        0 => frames.allocate(order),
                        _ => frames.allocate_above(order, 50),
                    };
                    let Some(block) = taken else { break };
                    for frame in number(block, order) {
                        prop_assert!(used.insert(frame));
                    }
                    held.push((block, order));
                }
            } else {
                let from = which.index(held.len() + 1);
                let blocks: Vec<_> = held.drain(from..).collect();
                for (block, order) in &blocks {
                    number(*block, *order).for_each(|frame| { used.remove(&frame); });
                }
                frames.free_all(&blocks);
            }
            prop_assert_eq!(frames.statistics().free, frames.total() - used.len() as u64);
        }
        frames.free_all(&held);
        prop_assert!(frames.allocate(10).is_some());
    }
}
