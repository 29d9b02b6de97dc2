//! Physical memory for host tests: a buffer.

use alloc::vec;
use core::cell::Cell;
use core::ptr;

use crate::addr::{PhysAddr, PhysMem, index};
use crate::frame::FrameAllocator;
use crate::frames::Frames;

std::thread_local! {
    static PROCESSOR: Cell<usize> = const { Cell::new(0) };
}

/// Returns the processor that a test's thread plays.
pub(crate) fn processor() -> usize {
    PROCESSOR.get()
}

/// Goes on as if on another processor.
pub(crate) fn run_on(processor: usize) {
    PROCESSOR.set(processor);
}

/// A machine's memory, physical address 0 first. It is leaked: tests touch little of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostMemory {
    base: usize,
}

impl HostMemory {
    /// Makes memory of `bytes` and frames over all of it.
    pub(crate) fn with_frames(bytes: u64) -> (Self, &'static Frames) {
        // Aligned to the largest alignment that a test asks of the heap, 4 MiB.
        let spare = 4 << 20;
        let buffer = vec![0_u8; index(bytes + spare)].leak();
        let base = buffer.as_mut_ptr().expose_provenance().next_multiple_of(index(spare));
        let frames = alloc::boxed::Box::leak(alloc::boxed::Box::new(Frames::new(processor)));
        let end = PhysAddr::new(bytes);
        frames.init(vec![0; FrameAllocator::metadata_words(end)].leak());
        frames.add(PhysAddr::new(0), end);
        (Self { base }, frames)
    }
}

#[expect(unsafe_code, reason = "tests look at the memory as the processor would")]
impl HostMemory {
    /// Returns the byte at a physical address.
    pub(crate) fn get(self, address: PhysAddr) -> u8 {
        // SAFETY: the address is inside the buffer, which lives for ever.
        unsafe { self.virt(address).read() }
    }

    /// Writes the byte at a physical address.
    pub(crate) fn put(self, address: PhysAddr, value: u8) {
        // SAFETY: as in `get`.
        unsafe { self.virt(address).write(value) };
    }
}

impl PhysMem for HostMemory {
    fn virt(&self, address: PhysAddr) -> *mut u8 {
        ptr::with_exposed_provenance_mut(self.base + index(address.as_u64()))
    }

    fn phys(&self, pointer: *const u8) -> PhysAddr {
        PhysAddr::new((pointer.addr() - self.base) as u64)
    }
}
