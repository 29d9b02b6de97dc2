//! Memory logic without a machine: frames, page tables, address space, heap.
//!
//! - [`addr`]: physical and virtual addresses, and [`PhysMem`], through which physical memory is
//!   reached; the kernel implements it by its direct map, tests by a buffer.
//! - [`frame`]: the buddy allocator of physical frames.
//! - [`heap`]: the kernel's heap over the frames.
//! - [`page_table`], [`entry`], [`tlb`]: page tables of x86-64, and who hears of their changes.
//!
//! **Locks**, outermost first: a class of the heap, the frames. The frames' lock is a leaf.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod addr;
pub mod entry;
pub mod frame;
pub mod heap;
pub mod page_table;
#[cfg(test)]
mod testing;
pub mod tlb;

pub use addr::{HUGE_SIZE, PAGE_SIZE, PhysAddr, PhysMem, VirtAddr};
pub use frame::Frames;
pub use heap::Heap;
