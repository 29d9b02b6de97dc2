//! The kernel's heap and the direct map that it lives in.
#![expect(unsafe_code, reason = "hands out raw memory of the direct map")]

use mm::page_table::PageTable;
use mm::{Frames, Heap, PhysAddr, PhysMem};

use super::FRAMES;
use crate::arch::paging;

/// Physical memory as the kernel sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DirectMap;

impl PhysMem for DirectMap {
    #[inline]
    fn virt(&self, address: PhysAddr) -> *mut u8 {
        paging::direct(address.as_u64()) as *mut u8
    }

    #[inline]
    fn phys(&self, pointer: *const u8) -> PhysAddr {
        PhysAddr::new(paging::physical(pointer as u64))
    }
}

/// The kernel's heap.
#[global_allocator]
pub(crate) static HEAP: Heap<DirectMap> = Heap::new(DirectMap, frames());

const fn frames() -> &'static Frames {
    &FRAMES
}

/// Returns the memory at `start` as the frame allocator's metadata.
pub(super) fn metadata(start: PhysAddr, words: usize) -> &'static mut [u64] {
    // SAFETY: the caller, start-up, sets this memory aside right behind the kernel's image.
    unsafe { mm::heap::metadata(&DirectMap, start, words) }
}

/// Returns the machine's page tables, for their lower half.
pub(super) fn application_tables() -> PageTable<DirectMap> {
    // SAFETY: `arch::paging` made the tables and edits the upper half only. What is mapped below
    // are frames of the application, or of files.
    unsafe { PageTable::from_root(DirectMap, &FRAMES, paging::root()) }
}
