//! Tests of the page tables.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::Cell;

use proptest::prelude::*;
use sync::SpinLock;

use super::*;
use crate::testing::HostMemory;
use crate::tlb::{Scope, Tlb};

#[derive(Default, Debug)]
struct Log(SpinLock<Vec<(u64, u64)>>);

impl Tlb for Log {
    fn invalidate(&self, start: VirtAddr, end: VirtAddr, _: Scope) {
        self.0.lock().push((start.as_u64(), end.as_u64()));
    }
}

const READ: Flags = Flags::PRESENT.union(Flags::NO_EXECUTE);
const OWNED: Flags = READ.union(Flags::OWNED).union(Flags::WRITE);

fn tables(bytes: u64) -> PageTable<HostMemory> {
    let (memory, frames) = HostMemory::with_frames(bytes);
    PageTable::new(memory, frames).unwrap()
}

fn va(address: u64) -> VirtAddr {
    VirtAddr::new(address)
}

fn map_owned(table: &mut PageTable<HostMemory>, address: u64, size: Size) -> PhysAddr {
    let frame = table.frames.allocate(size.order()).unwrap();
    table.map(va(address), frame, size, OWNED).unwrap();
    frame
}

#[test]
fn mapped_pages_translate_and_others_do_not() {
    let mut table = tables(8 << 20);
    let frame = map_owned(&mut table, 0x7fff_0000_3000, Size::Small);
    assert_eq!(table.translate(va(0x7fff_0000_3123)), Some(frame.offset(0x123)));
    assert_eq!(table.translate(va(0x7fff_0000_4000)), None);
    let huge = map_owned(&mut table, 0x4000_0000, Size::Huge);
    assert_eq!(table.translate(va(0x4010_0123)), Some(huge.offset(0x10_0123)));
    let clash = table.map(va(0x4010_0000), frame, Size::Small, READ);
    assert_eq!(clash, Err(MapError::Occupied));
    let clash = table.map(va(0x7fff_0000_3000), frame, Size::Small, READ);
    assert_eq!(clash, Err(MapError::Occupied));
}

#[test]
fn unmapping_frees_frames_and_tables_after_invalidation() {
    let mut table = tables(16 << 20);
    let free = table.frames.statistics().free;
    for page in 0..600 {
        map_owned(&mut table, 0x1000_0000 + page * PAGE_SIZE, Size::Small);
    }
    map_owned(&mut table, 0x4000_0000_0000, Size::Huge);
    assert_eq!(table.tables(), 1 + 2 + 2 + 2);
    let log = Log::default();
    let mut batch = Batch::new(&log, table.frames);
    table.update(va(0), va(1 << 47), Tables::Free, &mut batch, |_| Change::Free);
    drop(batch);
    assert_eq!(table.tables(), 1);
    assert_eq!(table.frames.statistics().free, free);
    let invalidated: u64 = log.0.lock().iter().map(|range| range.1 - range.0).sum();
    assert!(invalidated >= 600 * PAGE_SIZE + HUGE_SIZE);
}

#[test]
fn untouched_space_is_neither_visited_nor_invalidated() {
    let mut table = tables(8 << 20);
    map_owned(&mut table, 0x1000, Size::Small);
    map_owned(&mut table, 0x7000_0000_0000, Size::Small);
    let log = Log::default();
    let mut batch = Batch::new(&log, table.frames);
    let visited = Cell::new(0);
    table.update(va(0x2000), va(0x7000_0000_0000), Tables::Free, &mut batch, |_| {
        visited.set(visited.get() + 1);
        Change::Free
    });
    drop(batch);
    assert_eq!(visited.get(), 0);
    assert!(log.0.lock().is_empty());
    let next = table.next_leaf(va(0x2000), va(1 << 47)).unwrap();
    assert_eq!(next.start, va(0x7000_0000_0000));
    assert_eq!(table.next_leaf(va(0x2000), va(0x7000_0000_0000)), None);
}

#[test]
fn huge_page_splits_into_frames_that_are_freed_one_by_one() {
    let mut table = tables(16 << 20);
    let free = table.frames.statistics().free;
    let frame = map_owned(&mut table, 0x4000_0000, Size::Huge);
    let log = Log::default();
    let mut batch = Batch::new(&log, table.frames);
    table.split_at(va(0x4000_0000), &mut batch).unwrap();
    assert_eq!(table.leaf(va(0x4000_0000)).unwrap().size, Size::Huge);
    table.split_at(va(0x4000_5000), &mut batch).unwrap();
    assert_eq!(table.translate(va(0x4000_5001)), Some(frame.offset(0x5001)));
    table.update(va(0x4000_5000), va(0x4000_6000), Tables::Free, &mut batch, |_| Change::Free);
    drop(batch);
    assert_eq!(table.translate(va(0x4000_5001)), None);
    assert_eq!(table.translate(va(0x4000_6000)), Some(frame.offset(0x6000)));
    let mut batch = Batch::new(&log, table.frames);
    table.update(va(0x4000_0000), va(0x4020_0000), Tables::Free, &mut batch, |_| Change::Free);
    drop(batch);
    assert_eq!(table.frames.statistics().free, free);
}

#[test]
fn hidden_pages_keep_their_frame() {
    let mut table = tables(8 << 20);
    let frame = map_owned(&mut table, 0x5000, Size::Small);
    let log = Log::default();
    let mut batch = Batch::new(&log, table.frames);
    let hide = |leaf: Leaf| Change::Flags(leaf.entry.flags().difference(Flags::PRESENT));
    table.update(va(0x5000), va(0x6000), Tables::Free, &mut batch, hide);
    assert_eq!(table.translate(va(0x5000)), None);
    assert_eq!(table.leaf(va(0x5000)).unwrap().entry.frame(), frame);
}

#[test]
fn failed_map_leaves_no_empty_tables() {
    let mut table = tables(8 << 20);
    let frame = table.frames.allocate(0).unwrap();
    while table.frames.statistics().free > 2 {
        table.frames.allocate(0).unwrap();
    }
    assert_eq!(table.map(va(0x5000), frame, Size::Small, OWNED), Err(MapError::OutOfMemory));
    assert_eq!(table.tables(), 1);
    assert_eq!(table.frames.statistics().free, 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tables_agree_with_a_map(
        steps in prop::collection::vec((0u8..4, 0u64..1500, 1u64..600), 1..100)
    ) {
        let mut table = tables(16 << 20);
        let free = table.frames.statistics().free;
        let log = Log::default();
        let mut model: BTreeMap<u64, PhysAddr> = BTreeMap::new();
        let base = 0x3f_ff00_0000;
        for (kind, page, count) in steps {
            let mut batch = Batch::new(&log, table.frames);
            let start = base + page * PAGE_SIZE;
            let end = start + count * PAGE_SIZE;
            match kind {
                0 | 1 => {
                    let size = if kind == 0 { Size::Small } else { Size::Huge };
                    let at = va(start).align_down(size.bytes());
                    let Some(frame) = table.frames.allocate(size.order()) else { continue };
                    let is_free = model.range(at.as_u64()..at.as_u64() + size.bytes()).next().is_none();
                    let result = table.map(at, frame, size, OWNED);
                    prop_assert_eq!(result.is_ok(), is_free);
                    if is_free {
                        for offset in (0..size.bytes()).step_by(4096) {
                            model.insert(at.as_u64() + offset, frame.offset(offset));
                        }
                    } else {
                        table.frames.free(frame, size.order());
                    }
                }
                2 => {
                    table.split_at(va(start), &mut batch).unwrap();
                    table.split_at(va(end), &mut batch).unwrap();
                    table.update(va(start), va(end), Tables::Free, &mut batch, |_| Change::Free);
                    model.retain(|address, _| !(start..end).contains(address));
                }
                _ => {
                    let expected = model.range(start..end).next().map(|(address, _)| *address);
                    let found = table.next_leaf(va(start), va(end)).map(|leaf| leaf.start.as_u64().max(start));
                    prop_assert_eq!(found, expected);
                }
            }
        }
        for (address, frame) in &model {
            prop_assert_eq!(table.translate(va(*address)), Some(*frame));
        }
        let mut batch = Batch::new(&log, table.frames);
        table.update(va(0), va(1 << 47), Tables::Free, &mut batch, |_| Change::Free);
        drop(batch);
        prop_assert_eq!(table.frames.statistics().free, free);
    }
}
