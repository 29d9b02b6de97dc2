//! Tests of the heap.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::testing::{self, HostMemory};

fn heap(bytes: u64) -> Heap<HostMemory> {
    let (memory, frames) = HostMemory::with_frames(bytes);
    Heap::new(memory, frames)
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// Allocates and checks the alignment.
fn take(heap: &Heap<HostMemory>, layout: Layout) -> *mut u8 {
    // SAFETY: the tests' layouts have no zero size.
    let pointer = unsafe { heap.alloc(layout) };
    assert_eq!(pointer.addr() % layout.align(), 0, "{layout:?}");
    pointer
}

fn give(heap: &Heap<HostMemory>, pointer: *mut u8, layout: Layout) {
    // SAFETY: the tests give back what they took, with its layout, once.
    unsafe { heap.dealloc(pointer, layout) };
}

#[test]
fn classes_fit_size_and_alignment() {
    for size in 1..=LARGEST {
        for align in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048] {
            let class = class_of(layout(size, align)).unwrap();
            assert!(SIZES[class] >= size);
            assert!(first_object(class).is_multiple_of(align));
            assert!(SIZES[class].is_multiple_of(align));
        }
    }
    assert_eq!(class_of(layout(2049, 1)), None);
    assert_eq!(class_of(layout(1, 4096)), None);
    assert_eq!(class_of(layout(1, 1 << 40)), None);
}

#[test]
fn page_is_one_frame_without_header() {
    let heap = heap(16 << 20);
    let free = heap.frames.statistics().free;
    let page = take(&heap, layout(4096, 4096));
    assert_eq!(heap.frames.statistics().free, free - 1);
    give(&heap, page, layout(4096, 4096));
    assert_eq!(heap.frames.statistics().free, free);
}

#[test]
fn one_empty_slab_is_kept_and_others_go_back() {
    let heap = heap(16 << 20);
    let free = heap.frames.statistics().free;
    let objects: Vec<_> = (0..10_000).map(|_| take(&heap, layout(64, 8))).collect();
    assert!(heap.frames.statistics().free <= free - 10_000 * 64 / 4096);
    for object in objects {
        give(&heap, object, layout(64, 8));
    }
    heap.give_back();
    assert_eq!(heap.frames.statistics().free, free - 1);
    assert!(heap.statistics().all(|class| class.used == 0 && class.slab_bytes <= 4096));
}

#[test]
fn exhausted_memory_gives_null_and_recovers() {
    let heap = heap(8 << 20);
    let mut held = Vec::new();
    loop {
        let pointer = take(&heap, layout(2000, 8));
        if pointer.is_null() {
            break;
        }
        held.push(pointer);
    }
    assert!(held.len() > 3000);
    for pointer in held {
        give(&heap, pointer, layout(2000, 8));
    }
    assert!(!take(&heap, layout(1 << 20, 8)).is_null());
}

#[test]
fn realloc_keeps_the_contents_and_the_place_within_a_class() {
    let heap = heap(16 << 20);
    let first = take(&heap, layout(500, 8));
    // SAFETY: 500 bytes were allocated.
    unsafe { first.write_bytes(7, 500) };
    // SAFETY: `first` came from this heap with this layout.
    let same = unsafe { heap.realloc(first, layout(500, 8), 512) };
    assert_eq!(first, same);
    // SAFETY: as before, with the size it was changed to.
    let moved = unsafe { heap.realloc(same, layout(512, 8), 100_000) };
    // SAFETY: the block has 100,000 bytes, the first 500 were written.
    let bytes = unsafe { core::slice::from_raw_parts(moved, 500) };
    assert!(bytes.iter().all(|byte| *byte == 7));
}

#[test]
fn what_processors_have_at_hand_is_bounded_and_serves_others_at_need() {
    let heap = heap(8 << 20);
    let mut held = Vec::new();
    for processor in 0..PROCESSORS {
        testing::run_on(processor);
        let objects: Vec<_> = (0..100).map(|_| take(&heap, layout(128, 8))).collect();
        objects.iter().for_each(|object| give(&heap, *object, layout(128, 8)));
        let at_hand = &heap.at_hand[processor].0.lock()[class_of(layout(128, 8)).unwrap()];
        assert!((1..=AT_HAND[8]).contains(&at_hand.len()));
    }
    loop {
        let object = take(&heap, layout(128, 8));
        if object.is_null() {
            break;
        }
        held.push(object);
    }
    assert!(heap.at_hand.iter().all(|magazines| magazines.0.lock().iter().all(|m| m.len() == 0)));
    assert_eq!(heap.statistics().map(|class| class.used).sum::<usize>(), held.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn objects_keep_their_contents_until_freed(
        steps in prop::collection::vec(
            (any::<bool>(), 0usize..3, 1usize..9000, 0u32..13, any::<prop::sample::Index>()),
            1..400)
    ) {
        let heap = heap(32 << 20);
        let mut held: Vec<(*mut u8, Layout, u8)> = Vec::new();
        let check = |(pointer, layout, mark): (*mut u8, Layout, u8)| {
            // SAFETY: the block is held, and was filled when it was taken.
            let bytes = unsafe { core::slice::from_raw_parts(pointer, layout.size()) };
            assert!(bytes.iter().all(|byte| *byte == mark));
            give(&heap, pointer, layout);
        };
        for (step, (allocate, processor, size, align, which)) in steps.into_iter().enumerate() {
            testing::run_on(processor);
            if allocate || held.is_empty() {
                let layout = layout(size, 1 << align);
                let pointer = take(&heap, layout);
                prop_assert!(!pointer.is_null());
                let mark = u8::try_from(step % 256).unwrap();
                // SAFETY: the block was just taken with this size.
                unsafe { pointer.write_bytes(mark, size) };
                held.push((pointer, layout, mark));
            } else {
                check(held.swap_remove(which.index(held.len())));
            }
        }
        held.into_iter().for_each(check);
        prop_assert!(heap.statistics().all(|class| class.used == 0));
        prop_assert!(heap.statistics().all(|class| class.slab_bytes <= 8 * 4096));
    }
}
