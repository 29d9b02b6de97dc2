//! Memory logic without a machine: frames, page tables, address space, heap.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;
