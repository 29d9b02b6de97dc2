//! Invalidation of translations, gathered over an operation.
//!
//! Invariant: a frame or table taken out of the tables is freed only after [`Tlb::invalidate`] was
//! called for its addresses; [`Batch`] sees to it.

use crate::addr::{PAGE_SIZE, PhysAddr, VirtAddr};
use crate::frames::Frames;

/// What an invalidation is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Pages only: a processor that does not touch the addresses may forget them later.
    Pages,
    /// Tables too, which a processor may read at any time, whether it touches the addresses or not.
    Tables,
}

/// Tells processors that translations changed.
pub trait Tlb: Send + Sync + core::fmt::Debug {
    /// Makes every processor that uses the tables forget translations of `start..end`, before it
    /// returns.
    fn invalidate(&self, start: VirtAddr, end: VirtAddr, scope: Scope);
}

const BATCH: usize = 32;

/// Invalidations and freed frames of one operation, gathered; dropping it carries them out.
#[expect(missing_debug_implementations, reason = "it lives for one operation")]
pub struct Batch<'a> {
    tlb: &'a dyn Tlb,
    frames: &'a Frames,
    start: u64,
    end: u64,
    scope: Scope,
    held: [(PhysAddr, u32); BATCH],
    count: usize,
}

impl<'a> Batch<'a> {
    /// Returns an empty batch.
    pub fn new(tlb: &'a dyn Tlb, frames: &'a Frames) -> Self {
        let held = [(PhysAddr::new(0), 0); BATCH];
        Self { tlb, frames, start: u64::MAX, end: 0, scope: Scope::Pages, held, count: 0 }
    }

    /// Notes that translations of the `bytes` from `start` on changed.
    pub(crate) fn note(&mut self, start: u64, bytes: u64) {
        self.start = self.start.min(start);
        self.end = self.end.max(start + bytes);
    }

    /// Notes that a table that translated `at` is gone, which processors may remember even if no
    /// page in it was present. Returns `true`.
    pub(crate) fn note_table(&mut self, at: u64) -> bool {
        self.note(at & !(PAGE_SIZE - 1), PAGE_SIZE);
        self.scope = Scope::Tables;
        true
    }

    /// Takes a block that is no longer mapped, to be freed after the invalidation.
    pub(crate) fn hold(&mut self, block: PhysAddr, order: u32) {
        if self.count == BATCH {
            self.carry_out();
        }
        self.held[self.count] = (block, order);
        self.count += 1;
    }

    fn carry_out(&mut self) {
        if self.start < self.end {
            let (start, end) = (VirtAddr::new(self.start), VirtAddr::new(self.end));
            self.tlb.invalidate(start, end, self.scope);
            (self.start, self.end, self.scope) = (u64::MAX, 0, Scope::Pages);
        }
        if self.count > 0 {
            self.frames.free_all(&self.held[..self.count]);
            self.count = 0;
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.carry_out();
    }
}
