//! Tests of the frame allocator.

use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

const MIB: u64 = 1 << 20;

/// An allocator over `regions` whose metadata is rubbish, as memory at boot may be.
fn allocator(regions: &[(u64, u64)]) -> FrameAllocator {
    let end = regions.iter().map(|region| region.1).max().unwrap();
    let words = FrameAllocator::metadata_words(PhysAddr::new(end));
    let mut frames = FrameAllocator::new();
    frames.init(vec![0x5555_5555_5555_5555; words].leak());
    for (start, end) in regions {
        frames.add(PhysAddr::new(*start), PhysAddr::new(*end));
    }
    frames
}

#[test]
fn blocks_are_aligned_and_apart() {
    let mut frames = allocator(&[(0, 64 * MIB)]);
    let mut taken = Vec::new();
    for order in [0, 3, 10, 0, 9, 12, 1] {
        let block = frames.allocate(order).unwrap();
        assert!(block.is_aligned(PAGE_SIZE << order));
        taken.push((block.frame(), block.frame() + (1 << order)));
    }
    taken.sort_unstable();
    assert!(taken.windows(2).all(|pair| pair[0].1 <= pair[1].0));
    assert!(taken[0].0 > 0);
}

#[test]
fn freeing_everything_restores_the_largest_blocks() {
    let mut frames = allocator(&[(0, 64 * MIB)]);
    let all = frames.statistics().free;
    let blocks: Vec<_> = core::iter::from_fn(|| frames.allocate(0)).collect();
    assert_eq!(blocks.len() as u64, all);
    assert_eq!(frames.statistics(), Statistics { total: all, free: 0, peak: all });
    for block in blocks {
        frames.free(block, 0);
    }
    assert_eq!(frames.statistics().free, all);
    assert_eq!(frames.allocate(13), Some(PhysAddr::new(32 * MIB)));
}

#[test]
fn boot_and_first_use_write_little_metadata() {
    let end = PhysAddr::new(16 << 30);
    let words = FrameAllocator::metadata_words(end);
    let meta = vec![u64::MAX; words].leak();
    let start = meta.as_ptr();
    let mut frames = FrameAllocator::new();
    frames.init(meta);
    frames.add(PhysAddr::new(MIB), end);
    let untouched =
        |frames: &FrameAllocator| frames.meta.iter().filter(|word| **word == u64::MAX).count();
    assert_eq!(start, frames.meta.as_ptr());
    assert!(words - untouched(&frames) <= 64);
    frames.allocate(0).unwrap();
    assert!(words - untouched(&frames) <= 64 + 1024);
}

#[test]
fn runs_take_no_more_than_asked() {
    let mut frames = allocator(&[(MIB, 32 * MIB)]);
    let free = frames.statistics().free;
    let run = frames.allocate_run(1300).unwrap();
    assert_eq!(frames.statistics().free, free - 1300);
    frames.free_run(run, 1300);
    assert_eq!(frames.statistics().free, free);
    assert_eq!(frames.allocate_run(0), None);
    assert_eq!(frames.allocate_run(u64::MAX), None);
}

#[test]
fn regions_that_share_a_chunk_stay_apart() {
    let mut frames = allocator(&[(0x1000, 0x9_f000), (0x10_0000, 0x30_0000)]);
    let mut seen = Vec::new();
    while let Some(block) = frames.allocate(0) {
        seen.push(block.as_u64());
    }
    assert_eq!(seen.len(), 0x9e + 0x200);
    assert!(seen.iter().all(|addr| *addr < 0x9_f000 || (0x10_0000..0x30_0000).contains(addr)));
}

#[test]
#[should_panic(expected = "not handed out")]
fn double_free_is_noticed() {
    let mut frames = allocator(&[(0, 8 * MIB)]);
    let block = frames.allocate(2).unwrap();
    frames.free(block, 2);
    frames.free(block, 2);
}

proptest! {
    #[test]
    fn any_sequence_keeps_blocks_apart_and_counts_right(
        steps in prop::collection::vec((any::<bool>(), 1u64..3000, any::<prop::sample::Index>()), 1..200)
    ) {
        let mut frames = allocator(&[(0x1000, 0x9_f000), (MIB, 24 * MIB), (25 * MIB, 40 * MIB)]);
        let total = frames.statistics().total;
        let mut held: Vec<(u64, u64)> = Vec::new();
        for (take, count, which) in steps {
            if take {
                if let Some(run) = frames.allocate_run(count) {
                    let new = (run.frame(), run.frame() + count);
                    prop_assert!(held.iter().all(|old| old.1 <= new.0 || new.1 <= old.0));
                    held.push(new);
                }
            } else if !held.is_empty() {
                let (start, end) = held.swap_remove(which.index(held.len()));
                frames.free_run(PhysAddr::from_frame(start), end - start);
            }
            let used: u64 = held.iter().map(|run| run.1 - run.0).sum();
            prop_assert_eq!(frames.statistics().free, total - used);
        }
        for (start, end) in held {
            frames.free_run(PhysAddr::from_frame(start), end - start);
        }
        prop_assert_eq!(frames.statistics().free, total);
        prop_assert!(frames.allocate(CHUNK_ORDER + 1).is_some());
    }
}
