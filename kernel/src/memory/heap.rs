//! The kernel's heap and the direct map that it lives in.
#![expect(unsafe_code, reason = "hands out raw memory of the direct map")]

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
