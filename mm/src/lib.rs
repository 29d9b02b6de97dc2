//! Memory logic without a machine: frames, page tables, address space, heap.
//!
//! - [`addr`]: physical and virtual addresses, and [`PhysMem`], through which physical memory is
//!   reached; the kernel implements it by its direct map, tests by a buffer.
//! - [`frame`]: the buddy allocator of physical frames; [`frames`]: the machine's, and what each
//!   processor has of them at hand.
//! - [`heap`]: the kernel's heap over the frames.
//! - [`page_table`], [`entry`], [`tlb`]: page tables of x86-64, and who hears of their changes.
//! - [`space`], with [`map`], [`fault`], [`remap`], [`advise`], [`lock`], [`usage`]: a program's
//!   address space; [`vma`]: its mappings, and [`Backing`](vma::Backing), which the kernel implements
//!   for files; [`shared`]: memory that mappings share without a file.
//!
//! **Locks**, outermost first: the address space (the kernel's), a processor's objects at hand, a class of the
//! heap, a processor's frames at hand, the frames. The frames' lock is a leaf.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod addr;
pub mod advise;
mod areas;
mod collapse;
pub mod entry;
pub mod fault;
pub mod frame;
pub mod frames;
mod gaps;
pub mod heap;
pub mod lock;
mod magazine;
pub mod map;
pub mod page_table;
pub mod protect;
pub mod remap;
mod room;
pub mod shared;
pub mod space;
#[cfg(test)]
mod testing;
pub mod tlb;
pub mod usage;
pub mod vma;

pub use addr::{HUGE_SIZE, PAGE_SIZE, PROCESSORS, PhysAddr, PhysMem, VirtAddr};
pub use frames::Frames;
pub use heap::Heap;
pub use map::{FileMapping, MapRequest};
pub use space::{AddressSpace, TASK_SIZE};
