//! Kernel stacks: each in a slot of its own with a guard below.

use alloc::vec::Vec;

use abi::{Errno, Result};
use mm::PAGE_SIZE;
use sync::SpinLock;

use crate::arch::paging::{self, STACKS_BASE};
use crate::memory::{FRAMES, check_room};

/// Address space of a slot; the lower part, never mapped, is the guard.
const SLOT: u64 = 64 * 1024;
/// Bytes of a stack.
pub(super) const SIZE: u64 = 32 * 1024;

#[derive(Debug)]
struct Slots {
    /// Slots that were used and are mapped.
    free: Vec<u64>,
    next: u64,
}

static SLOTS: SpinLock<Slots> = SpinLock::new(Slots { free: Vec::new(), next: STACKS_BASE });

/// A kernel stack; its slot, memory included, is used again after it is dropped.
#[derive(Debug)]
pub(crate) struct KernelStack {
    slot: u64,
}

/// Returns how many stacks are in use, which is how many threads have not been dropped.
pub(super) fn in_use() -> u64 {
    let slots = SLOTS.lock();
    (slots.next - STACKS_BASE) / SLOT - slots.free.len() as u64
}

impl KernelStack {
    /// Makes a stack.
    ///
    /// # Errors
    /// `EAGAIN` if there is no memory for one, as `clone(2)` answers.
    pub(crate) fn new() -> Result<Self> {
        let mut slots = SLOTS.lock();
        if let Some(slot) = slots.free.pop() {
            return Ok(Self { slot });
        }
        check_room().map_err(|_| Errno::EAGAIN)?;
        let slot = slots.next;
        let mut at = slot + SLOT - SIZE;
        while at < slot + SLOT {
            let frame = FRAMES.allocate(0).ok_or(Errno::EAGAIN)?;
            paging::map_stack_page(&FRAMES, at, frame).ok_or(Errno::EAGAIN)?;
            at += PAGE_SIZE;
        }
        slots.next = slot + SLOT;
        Ok(Self { slot })
    }

    /// Returns the address of its first byte.
    pub(crate) const fn bottom(&self) -> u64 {
        self.slot + SLOT - SIZE
    }

    /// Returns the address behind its last byte.
    pub(crate) const fn top(&self) -> u64 {
        self.slot + SLOT
    }
}

impl Drop for KernelStack {
    fn drop(&mut self) {
        SLOTS.lock().free.push(self.slot);
    }
}
