//! Kernel stacks: each in a slot of its own with a guard below, mapped as far down as it was used.
//!
//! Most threads sleep most of the time and need a page or two. What is below is mapped by the page
//! fault of the first that comes there ([`grow`]). Whatever is locked then, the frame comes out of
//! a reserve of the processor's own, which is [filled](refill) before another stack is switched to.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use abi::{Errno, Result};
use mm::{PAGE_SIZE, PhysAddr};
use sync::SpinLock;

use crate::arch::cpu::{Cpu, MAX_CPUS};
use crate::arch::paging::{self, STACKS_BASE};
use crate::memory::{FRAMES, check_room};

/// Address space of a slot; the lower part, never mapped, is the guard.
const SLOT: u64 = 64 * 1024;
/// Bytes of a stack.
const SIZE: u64 = 32 * 1024;
/// Bytes of a stack that are mapped from the start; entries need that much to be there.
pub(super) const MAPPED: u64 = PAGE_SIZE;
/// How many pages a stack can grow by.
const GROWTH: usize = ((SIZE - MAPPED) / PAGE_SIZE) as usize;

/// Slots that were used: what was mapped there still is.
static FREE: SpinLock<Vec<u64>> = SpinLock::new(Vec::new());
/// Where the slots end that were ever used; changed under the lock of [`FREE`].
static END: AtomicU64 = AtomicU64::new(STACKS_BASE);
/// Pages of all stacks.
static PAGES: AtomicU64 = AtomicU64::new(0);

/// Frames that one processor keeps for the stack it runs on; 0 where one was taken.
struct Reserve {
    frames: [AtomicU64; GROWTH],
    missing: AtomicUsize,
}

static RESERVES: [Reserve; MAX_CPUS] = [const {
    Reserve { frames: [const { AtomicU64::new(0) }; GROWTH], missing: AtomicUsize::new(GROWTH) }
}; MAX_CPUS];

impl Reserve {
    fn take(&self) -> Option<PhysAddr> {
        let mut frames = self.frames.iter().map(|frame| frame.swap(0, Ordering::Relaxed));
        let frame = frames.find(|frame| *frame != 0)?;
        self.missing.fetch_add(1, Ordering::Relaxed);
        Some(PhysAddr::new(frame))
    }

    #[cold]
    fn fill(&self) {
        for place in &self.frames {
            if place.load(Ordering::Relaxed) != 0 {
                continue;
            }
            let Some(frame) = FRAMES.allocate(0) else { return };
            place.store(frame.as_u64(), Ordering::Relaxed);
            self.missing.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Fills the reserve of this processor, as far as there is memory.
#[inline]
pub(super) fn refill() {
    let reserve = &RESERVES[Cpu::current().id];
    if reserve.missing.load(Ordering::Relaxed) > 0 {
        reserve.fill();
    }
}

/// Maps the page at `address`, which the kernel touched, if that is where a stack can grow to;
/// returns whether it is there now. Takes no lock: what was interrupted may hold any.
pub(crate) fn grow(address: u64) -> bool {
    let is_in_slot = (STACKS_BASE..END.load(Ordering::Relaxed)).contains(&address);
    if !is_in_slot || address % SLOT < SLOT - SIZE {
        return false;
    }
    let Some(frame) = RESERVES[Cpu::current().id].take() else { return false };
    PAGES.fetch_add(1, Ordering::Relaxed);
    paging::fill_stack_page(address, frame)
}

/// A kernel stack; its slot, memory included, is used again after it is dropped.
#[derive(Debug)]
pub(crate) struct KernelStack {
    slot: u64,
}

/// Returns how many stacks are in use, which is how many threads have not been dropped.
pub(super) fn in_use() -> u64 {
    let free = FREE.lock();
    (END.load(Ordering::Relaxed) - STACKS_BASE) / SLOT - free.len() as u64
}

/// Returns the pages of all stacks.
pub(crate) fn pages() -> u64 {
    PAGES.load(Ordering::Relaxed)
}

impl KernelStack {
    /// Makes a stack.
    ///
    /// # Errors
    /// `EAGAIN` if there is no memory for one, as `clone(2)` answers.
    pub(crate) fn new() -> Result<Self> {
        let mut free = FREE.lock();
        match free.pop() {
            Some(slot) => Ok(Self { slot }),
            None => Self::map(MAPPED),
        }
    }

    /// Makes a stack all of which is mapped, for a processor that cannot serve faults yet.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn whole() -> Result<Self> {
        let _free = FREE.lock();
        Self::map(SIZE)
    }

    /// Makes a stack in a slot that was never used; the list of free ones is locked.
    fn map(size: u64) -> Result<Self> {
        check_room().map_err(|_| Errno::EAGAIN)?;
        let slot = END.load(Ordering::Relaxed);
        let mut at = slot + SLOT - size;
        while at < slot + SLOT {
            let frame = FRAMES.allocate(0).ok_or(Errno::EAGAIN)?;
            if paging::map_stack_page(&FRAMES, at, frame).is_none() {
                FRAMES.free(frame, 0);
                return Err(Errno::EAGAIN);
            }
            PAGES.fetch_add(1, Ordering::Relaxed);
            at += PAGE_SIZE;
        }
        END.store(slot + SLOT, Ordering::Relaxed);
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
        FREE.lock().push(self.slot);
    }
}
