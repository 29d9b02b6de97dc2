//! Memory that devices read and write: physically contiguous frames in the direct map.

#![expect(unsafe_code, reason = "vouches for memory that it hands to devices")]

use core::ptr::NonNull;

use mm::PhysAddr;
use virtio::DmaMemory;
use virtio_drivers::{BufferDirection, Hal};

use crate::arch::paging;
use crate::memory;

const PAGE_BYTES: usize = 4096;

/// Allocates contiguous zeroed pages; returns their physical address and where they are mapped.
fn zeroed(pages: usize) -> Option<(u64, NonNull<u8>)> {
    let start = memory::FRAMES.allocate_run(pages as u64)?.as_u64();
    let pointer = NonNull::new(paging::direct(start) as *mut u8)?;
    // SAFETY: the pages were just allocated, and the direct map covers all memory.
    unsafe { pointer.write_bytes(0, pages * PAGE_BYTES) };
    Some((start, pointer))
}

/// Zeroed frames for a device. They stay the device's for good: devices do not go away, and what
/// one was once told to write to must never become anything else.
#[derive(Debug)]
pub(super) struct Dma {
    start: u64,
    len: usize,
    pointer: NonNull<u8>,
}

// SAFETY: the frames belong to the value, whoever holds it.
unsafe impl Send for Dma {}
// SAFETY: a shared reference gives addresses only.
unsafe impl Sync for Dma {}

impl Dma {
    /// Returns at least `bytes` zeroed bytes; `None` when there are not so many in one piece.
    pub(super) fn new(bytes: usize) -> Option<Self> {
        let pages = bytes.div_ceil(PAGE_BYTES).max(1);
        let (start, pointer) = zeroed(pages)?;
        Some(Self { start, len: pages * PAGE_BYTES, pointer })
    }
}

// SAFETY: the frames are contiguous, page-aligned, zeroed, mapped for good, and nobody else's.
unsafe impl DmaMemory for Dma {
    fn pointer(&self) -> NonNull<u8> {
        self.pointer
    }

    fn device_address(&self) -> u64 {
        self.start
    }

    fn len(&self) -> usize {
        self.len
    }
}

/// The machine as virtio-drivers needs it: devices see physical memory as it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Machine {}

// SAFETY: memory comes from the frame allocator, zeroed, and through the direct map; registers are
// mapped for good where they do not overlap memory; what is shared is in the direct map, too.
unsafe impl Hal for Machine {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (u64, NonNull<u8>) {
        zeroed(pages).unwrap_or((0, NonNull::dangling()))
    }

    unsafe fn dma_dealloc(paddr: u64, _: NonNull<u8>, pages: usize) -> i32 {
        memory::FRAMES.free_run(PhysAddr::new(paddr), pages as u64);
        0
    }

    unsafe fn mmio_phys_to_virt(paddr: u64, size: usize) -> NonNull<u8> {
        let mapped = paging::map_device(&memory::FRAMES, paddr, size as u64);
        NonNull::new(mapped.unwrap_or_else(|| paging::direct(paddr)) as *mut u8)
            .expect("the direct map does not begin at 0")
    }

    /// `buffer` is in the kernel's heap or image, which are where physical memory is.
    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> u64 {
        paging::physical(buffer.cast::<u8>().as_ptr() as u64)
    }

    unsafe fn unshare(_: u64, _: NonNull<[u8]>, _: BufferDirection) {}
}
