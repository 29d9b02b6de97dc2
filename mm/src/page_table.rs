//! Page tables of x86-64: four levels, pages of 4 KiB and 2 MiB.
//!
//! [`PageTable`] edits tables through a [`PhysMem`]; it does not know whether a processor uses
//! them. Every page is a supervisor page, since the application runs in ring 0. A leaf that is not
//! [`PRESENT`](Flags::PRESENT) but not empty keeps its frame out of reach (`PROT_NONE`).
//!
//! A table entry that was made here carries the number of used entries of the table below, so
//! that an empty table is noticed and freed without looking through it.
//!
//! Invariant: a frame or table taken out of the tables is freed only after [`Tlb::invalidate`](crate::tlb::Tlb::invalidate) was
//! called for its addresses; [`Batch`] sees to it.

#![expect(unsafe_code, reason = "tables and frames are raw memory behind physical addresses")]

use core::sync::atomic::{AtomicU64, Ordering};

use crate::addr::{HUGE_ORDER, HUGE_SIZE, PAGE_SIZE, PhysAddr, PhysMem, VirtAddr, index};
use crate::entry::{ADDRESS_MASK, COUNT_MASK, COUNT_ONE, Entry, Flags, Leaf, Size};
use crate::frames::Frames;
use crate::tlb::Batch;

const LEVELS: u32 = 4;

/// Why a page was not mapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapError {
    /// There is no memory for a table.
    OutOfMemory,
    /// Something is mapped there.
    Occupied,
}

/// What [`PageTable::update`] does with a leaf.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Leaves it as it is.
    Keep,
    /// Gives it these flags; whether it is `HUGE` stays.
    Flags(Flags),
    /// Unmaps it, and frees its frame if it is `OWNED`.
    Free,
    /// Unmaps it; the frame is the caller's.
    Take,
}

/// What [`PageTable::update`] does with tables that become empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tables {
    /// They are freed.
    Free,
    /// They stay: pages will be mapped there again. An update that frees tables finds them.
    Keep,
}

type Table = [AtomicU64; 512];

/// A tree of page tables.
#[derive(Debug)]
pub struct PageTable<M: PhysMem> {
    mem: M,
    frames: &'static Frames,
    root: PhysAddr,
    tables: u64,
}

/// One pass of [`PageTable::update`].
struct Update<'a, 'b, F: FnMut(Leaf) -> Change> {
    batch: &'a mut Batch<'b>,
    visit: F,
    tables: Tables,
}

/// Returns which entry of a table of `level` (4 the root's) translates `address`.
const fn slot(address: u64, level: u32) -> usize {
    index(address >> (12 + 9 * (level - 1)) & 511)
}

/// Returns how many bytes one entry of a table of `level` translates.
const fn span(level: u32) -> u64 {
    1 << (12 + 9 * (level - 1))
}

/// Returns the leaf that `value` is in a table of `level`, at `start`, or `None` if it is a table.
const fn as_leaf(value: u64, level: u32, start: u64) -> Option<Leaf> {
    let size = match level {
        1 => Size::Small,
        2 if value & Flags::HUGE.bits() != 0 => Size::Huge,
        _ => return None,
    };
    let start = VirtAddr::new(start & !(size.bytes() - 1));
    Some(Leaf { start, entry: Entry::from_raw(value), size })
}

/// Fills a block that is in nobody's use with zeros.
pub(crate) fn clear<M: PhysMem>(mem: &M, block: PhysAddr, order: u32) {
    let bytes = mem.virt(block);
    // SAFETY: the caller's block is memory of 2^order frames that nobody else uses.
    unsafe { bytes.write_bytes(0, index(PAGE_SIZE << order)) };
}

const TABLE_FLAGS: u64 = Flags::PRESENT.bits() | Flags::WRITE.bits() | Flags::COUNTED.bits();

impl<M: PhysMem> PageTable<M> {
    /// Makes an empty tree; `None` if there is no memory for its root.
    pub fn new(mem: M, frames: &'static Frames) -> Option<Self> {
        let root = frames.allocate(0)?;
        let table = Self { mem, frames, root, tables: 1 };
        table.clear(root, 0);
        Some(table)
    }

    /// Takes over a tree that exists. Its tables are used but never freed.
    ///
    /// # Safety
    /// `root` is a well-formed tree in memory that `mem` reaches, and nobody else edits it while
    /// the result is in use. Whoever maps through the result answers for what becomes reachable.
    pub const unsafe fn from_root(mem: M, frames: &'static Frames, root: PhysAddr) -> Self {
        Self { mem, frames, root, tables: 0 }
    }

    /// Returns the root's address, which goes into CR3.
    pub const fn root(&self) -> PhysAddr {
        self.root
    }

    /// Returns how many frames hold tables that were made here.
    pub const fn tables(&self) -> u64 {
        self.tables
    }

    /// Returns the frames that tables come from.
    pub const fn frames(&self) -> &'static Frames {
        self.frames
    }

    fn table(&self, address: PhysAddr) -> &Table {
        let table = self.mem.virt(address).cast::<Table>();
        // SAFETY: the address is the root's or from a table's entry, so it is a live table of this
        // tree; the lifetime is bounded by `self`, and entries are atomic, so shared access is fine.
        unsafe { &*table }
    }

    /// Fills a block that is in nobody's use with zeros.
    pub fn clear(&self, block: PhysAddr, order: u32) {
        clear(&self.mem, block, order);
    }

    /// Copies a frame to one that is in nobody's use.
    pub fn copy(&self, from: PhysAddr, to: PhysAddr) {
        let (from, to) = (self.mem.virt(from), self.mem.virt(to));
        // SAFETY: both are whole frames, `to` is used by nobody else and so differs from `from`.
        unsafe { core::ptr::copy_nonoverlapping(from, to, index(PAGE_SIZE)) };
    }

    /// Maps a page that is not mapped.
    ///
    /// # Errors
    /// As [`MapError`] says; nothing is changed then.
    pub fn map(
        &mut self,
        address: VirtAddr,
        frame: PhysAddr,
        size: Size,
        flags: Flags,
    ) -> Result<(), MapError> {
        let bottom = if size == Size::Huge { 2 } else { 1 };
        let entry = if size == Size::Huge { flags | Flags::HUGE } else { flags };
        let at = address.as_u64();
        let mut table = self.root;
        let mut parent: Option<(PhysAddr, usize)> = None;
        for level in (bottom + 1..=LEVELS).rev() {
            let slot = slot(at, level);
            let value = self.table(table)[slot].load(Ordering::Relaxed);
            if value != 0 && as_leaf(value, level, at).is_some() {
                return Err(MapError::Occupied);
            }
            let below = if value == 0 {
                let Some(below) = self.take_table() else {
                    return Err(self.undo_map(at, MapError::OutOfMemory));
                };
                self.clear(below, 0);
                self.tables += 1;
                self.table(table)[slot].store(below.as_u64() | TABLE_FLAGS, Ordering::Release);
                self.count_used(parent);
                below
            } else {
                PhysAddr::new(value & ADDRESS_MASK)
            };
            parent = Some((table, slot));
            table = below;
        }
        let target = &self.table(table)[slot(at, bottom)];
        if target.load(Ordering::Relaxed) != 0 {
            return Err(MapError::Occupied);
        }
        target.store(Entry::new(frame, entry).raw(), Ordering::Release);
        self.count_used(parent);
        Ok(())
    }

    /// Frees the empty tables that a failed [`map`](Self::map) made on the way down.
    fn undo_map(&mut self, at: u64, error: MapError) -> MapError {
        let mut path = [(self.root, 0); LEVELS as usize];
        let mut depth = 0;
        let mut table = self.root;
        for level in (2..=LEVELS).rev() {
            let slot = slot(at, level);
            let value = self.table(table)[slot].load(Ordering::Relaxed);
            if value == 0 {
                break;
            }
            path[depth] = (table, slot);
            depth += 1;
            table = PhysAddr::new(value & ADDRESS_MASK);
        }
        for step in (0..depth).rev() {
            let (table, slot) = path[step];
            let entry = &self.table(table)[slot];
            let value = entry.load(Ordering::Relaxed);
            if value & COUNT_MASK != 0 || value & Flags::COUNTED.bits() == 0 {
                break;
            }
            entry.store(0, Ordering::Release);
            // The table was never reachable with anything in it: no processor remembers it.
            self.frames.free(PhysAddr::new(value & ADDRESS_MASK), 0);
            self.tables -= 1;
            if let Some(above) = step.checked_sub(1) {
                let (table, slot) = path[above];
                self.table(table)[slot].fetch_sub(COUNT_ONE, Ordering::Relaxed);
            }
        }
        error
    }

    /// Counts one more used entry in the table below the entry `parent`.
    fn count_used(&self, parent: Option<(PhysAddr, usize)>) {
        if let Some((table, slot)) = parent {
            let entry = &self.table(table)[slot];
            let value = entry.load(Ordering::Relaxed);
            if value & Flags::COUNTED.bits() != 0 {
                entry.store(value + COUNT_ONE, Ordering::Relaxed);
            }
        }
    }

    /// Returns the page that `address` is in, present or not.
    pub fn leaf(&self, address: VirtAddr) -> Option<Leaf> {
        let at = address.as_u64();
        let mut table = self.root;
        for level in (1..=LEVELS).rev() {
            let value = self.table(table)[slot(at, level)].load(Ordering::Relaxed);
            if value == 0 {
                return None;
            }
            let leaf = as_leaf(value, level, at);
            if leaf.is_some() {
                return leaf;
            }
            table = PhysAddr::new(value & ADDRESS_MASK);
        }
        None
    }

    /// Returns the first page at or after `from` and before `end`; skips what is not mapped a table
    /// at a time.
    pub fn next_leaf(&self, from: VirtAddr, end: VirtAddr) -> Option<Leaf> {
        let mut at = from.as_u64();
        while at < end.as_u64() {
            let mut table = self.root;
            for level in (1..=LEVELS).rev() {
                let value = self.table(table)[slot(at, level)].load(Ordering::Relaxed);
                if value == 0 {
                    at = (at & !(span(level) - 1)).checked_add(span(level))?;
                    break;
                }
                let leaf = as_leaf(value, level, at);
                if leaf.is_some() {
                    return leaf;
                }
                table = PhysAddr::new(value & ADDRESS_MASK);
            }
        }
        None
    }

    /// Returns the physical address behind `address`, if a present page is there.
    pub fn translate(&self, address: VirtAddr) -> Option<PhysAddr> {
        let leaf = self.leaf(address)?;
        let offset = address.as_u64() & (leaf.size.bytes() - 1);
        leaf.entry.flags().contains(Flags::PRESENT).then(|| leaf.entry.frame().offset(offset))
    }

    /// Replaces the entry of the page that `address` is in, which exists. The caller invalidates,
    /// and frees a frame that is no longer mapped.
    pub fn replace(&mut self, address: VirtAddr, entry: Entry) {
        let at = address.as_u64();
        let mut table = self.root;
        for level in (1..=LEVELS).rev() {
            let place = &self.table(table)[slot(at, level)];
            let value = place.load(Ordering::Relaxed);
            if value == 0 {
                return;
            }
            if as_leaf(value, level, at).is_some() {
                place.store(entry.raw() | (value & Flags::HUGE.bits()), Ordering::Release);
                return;
            }
            table = PhysAddr::new(value & ADDRESS_MASK);
        }
    }

    /// Splits the huge page that `address` lies inside of, if any, so that a page starts there.
    ///
    /// # Errors
    /// [`MapError::OutOfMemory`] if there is none for a table.
    pub fn split_at(&mut self, address: VirtAddr, batch: &mut Batch<'_>) -> Result<(), MapError> {
        match self.leaf(address) {
            Some(leaf) if leaf.size == Size::Huge && leaf.start != address => {
                self.split(leaf, batch)
            }
            _ => Ok(()),
        }
    }

    /// Returns a frame for a table, if more than the last reserve is left.
    fn take_table(&self) -> Option<PhysAddr> {
        self.frames.allocate_run_above_reserve(1)
    }

    /// Turns a huge page into 512 small ones with the same frames and flags.
    ///
    /// # Errors
    /// [`MapError::OutOfMemory`] if there is none for a table.
    pub fn split(&mut self, leaf: Leaf, batch: &mut Batch<'_>) -> Result<(), MapError> {
        let below = self.take_table().ok_or(MapError::OutOfMemory)?;
        let flags = leaf.entry.flags().difference(Flags::HUGE);
        let mut frame = leaf.entry.frame();
        for entry in self.table(below) {
            entry.store(Entry::new(frame, flags).raw(), Ordering::Relaxed);
            frame = frame.offset(PAGE_SIZE);
        }
        if flags.contains(Flags::OWNED) {
            self.frames.split(leaf.entry.frame(), HUGE_ORDER);
        }
        self.tables += 1;
        let value = below.as_u64() | TABLE_FLAGS | (512 * COUNT_ONE);
        let at = leaf.start.as_u64();
        let mut table = self.root;
        for level in (3..=LEVELS).rev() {
            let value = self.table(table)[slot(at, level)].load(Ordering::Relaxed);
            table = PhysAddr::new(value & ADDRESS_MASK);
        }
        self.table(table)[slot(at, 2)].store(value, Ordering::Release);
        batch.note(at, HUGE_SIZE);
        Ok(())
    }

    /// Visits every page that starts in `start..end` and changes it as `visit` says. A huge page that reaches beyond `end` is visited as a whole, see
    /// [`split_at`](Self::split_at).
    pub fn update(
        &mut self,
        start: VirtAddr,
        end: VirtAddr,
        tables: Tables,
        batch: &mut Batch<'_>,
        visit: impl FnMut(Leaf) -> Change,
    ) {
        let (start, end) = (start.as_u64(), end.as_u64());
        if start < end {
            let mut update = Update { batch, visit, tables };
            self.update_table(self.root, LEVELS, start..end, &mut update);
        }
    }

    /// Updates one table and those below; returns how many of its entries became empty.
    fn update_table(
        &mut self,
        table: PhysAddr,
        level: u32,
        range: core::ops::Range<u64>,
        update: &mut Update<'_, '_, impl FnMut(Leaf) -> Change>,
    ) -> u64 {
        let mut emptied = 0;
        let mut at = range.start;
        while at < range.end {
            let next = (at & !(span(level) - 1)) + span(level);
            let slot = slot(at, level);
            let value = self.table(table)[slot].load(Ordering::Relaxed);
            let is_emptied = match as_leaf(value, level, at) {
                _ if value == 0 => false,
                Some(leaf) => {
                    let change = (update.visit)(leaf);
                    self.change(table, slot, leaf, update.batch, change)
                }
                None => {
                    let below = PhysAddr::new(value & ADDRESS_MASK);
                    let range = at..next.min(range.end);
                    let gone = self.update_table(below, level - 1, range, update);
                    self.uncount(table, slot, gone, update.tables, update.batch)
                        && update.batch.note_table(at)
                }
            };
            emptied += u64::from(is_emptied);
            at = next;
        }
        emptied
    }

    /// Changes one leaf; returns whether it is gone.
    fn change(
        &self,
        table: PhysAddr,
        slot: usize,
        leaf: Leaf,
        batch: &mut Batch<'_>,
        change: Change,
    ) -> bool {
        let place = &self.table(table)[slot];
        let old = leaf.entry.flags();
        if let Change::Keep = change {
            return false;
        }
        if old.contains(Flags::PRESENT) {
            batch.note(leaf.start.as_u64(), leaf.size.bytes());
        }
        if let Change::Flags(flags) = change {
            let flags = flags.difference(Flags::HUGE) | (old & Flags::HUGE);
            place.store(leaf.entry.with_flags(flags).raw(), Ordering::Release);
            return false;
        }
        place.store(0, Ordering::Release);
        if change == Change::Free && old.contains(Flags::OWNED) {
            batch.hold(leaf.entry.frame(), leaf.size.order());
        }
        true
    }

    /// Counts `gone` fewer used entries in the table below an entry, and frees it if it is empty
    /// and not to be kept. Returns whether it did.
    fn uncount(
        &mut self,
        table: PhysAddr,
        slot: usize,
        gone: u64,
        tables: Tables,
        batch: &mut Batch<'_>,
    ) -> bool {
        let place = &self.table(table)[slot];
        let value = place.load(Ordering::Relaxed);
        if value & Flags::COUNTED.bits() == 0 {
            return false;
        }
        let left = value - gone * COUNT_ONE;
        if left & COUNT_MASK != 0 || tables == Tables::Keep {
            place.store(left, Ordering::Relaxed);
            return false;
        }
        place.store(0, Ordering::Release);
        batch.hold(PhysAddr::new(value & ADDRESS_MASK), 0);
        self.tables -= 1;
        true
    }
}

#[cfg(test)]
#[path = "page_table_tests.rs"]
mod tests;
