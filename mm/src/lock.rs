//! `mlock(2)`, `msync(2)` and `brk(2)`.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use abi::mman::{LockAllFlags, Prot, SyncFlags};
use abi::{Errno, Result};

use crate::addr::{PAGE_SIZE, PhysMem};
use crate::space::{AddressSpace, STACK_GUARD, TASK_SIZE, is_page_aligned, page_align};
use crate::vma::{Attributes, Backing, Role, Vma};

/// Part of a file that `msync(2)` has to write back, in bytes.
#[derive(Clone, Debug)]
pub struct Unsynced {
    /// The file.
    pub backing: Arc<dyn Backing>,
    /// What part of it was mapped.
    pub bytes: Range<u64>,
}

impl<M: PhysMem> AddressSpace<M> {
    /// Carries out `mlock(2)` and `munlock(2)`: marks the mappings of a range as locked or not.
    /// What was locked is the caller's to populate. Returns the whole pages of the range.
    ///
    /// # Errors
    /// As `mlock(2)`.
    pub fn lock(&mut self, address: u64, length: u64, lock: Locking) -> Result<Range<u64>> {
        if lock == Locking::Lock && self.limits.locked == 0 {
            return Err(Errno::EPERM);
        }
        let start = address & !(PAGE_SIZE - 1);
        // As in Linux, a length that overflows becomes 0.
        let length = page_align(length.wrapping_add(address - start)).unwrap_or(0);
        let end = start.checked_add(length).ok_or(Errno::EINVAL)?;
        if start == end {
            return Ok(start..end);
        }
        let pages = (end - start) / PAGE_SIZE;
        let new = || self.usage.locked + pages - self.pages_where(&(start..end), Vma::is_locked);
        if lock == Locking::Lock && new() > self.limits.locked / PAGE_SIZE {
            return Err(Errno::ENOMEM);
        }
        // As in Linux, what comes before a hole is locked nevertheless.
        let covered_to = self.areas.covered_to(start..end);
        self.mark_locked(&(start..covered_to), lock)?;
        if covered_to == end { Ok(start..end) } else { Err(Errno::ENOMEM) }
    }

    fn mark_locked(&mut self, range: &Range<u64>, lock: Locking) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        self.check_splits(self.areas.splits(range))?;
        let is_locked = lock == Locking::Lock;
        let before = self.pages_where(range, Vma::is_locked);
        self.areas.update(range, |vma| vma.attributes.set(Attributes::LOCKED, is_locked));
        self.usage.locked = self.usage.locked - before + self.pages_where(range, Vma::is_locked);
        Ok(())
    }

    /// Carries out `mlockall(2)`; with `MCL_CURRENT` the mappings are the caller's to populate.
    ///
    /// # Errors
    /// As `mlockall(2)`.
    pub fn lock_all(&mut self, flags: u32) -> Result<LockAllFlags> {
        let flags = LockAllFlags::from_bits(flags).ok_or(Errno::EINVAL)?;
        if flags.is_empty() || flags == LockAllFlags::ONFAULT {
            return Err(Errno::EINVAL);
        }
        if self.limits.locked == 0 {
            return Err(Errno::EPERM);
        }
        let is_too_much = self.usage.total > self.limits.locked / PAGE_SIZE;
        if flags.contains(LockAllFlags::CURRENT) && is_too_much {
            return Err(Errno::ENOMEM);
        }
        self.future.set(Attributes::LOCKED, flags.contains(LockAllFlags::FUTURE));
        if flags.contains(LockAllFlags::CURRENT) {
            self.mark_locked(&(PAGE_SIZE..TASK_SIZE), Locking::Lock)?;
        }
        Ok(flags)
    }

    /// Carries out `munlockall(2)`.
    pub fn unlock_all(&mut self) {
        self.future.remove(Attributes::LOCKED);
        // Nothing is split, so the number of mappings does not grow.
        let _ = self.mark_locked(&(PAGE_SIZE..TASK_SIZE), Locking::Unlock);
    }

    /// Carries out `msync(2)` up to the writing: returns what has to be written back, which the
    /// caller does without the lock, and whether there was a hole, which is `ENOMEM` afterwards.
    ///
    /// # Errors
    /// As `msync(2)`.
    pub fn msync(
        &self,
        address: u64,
        length: u64,
        flags: u32,
    ) -> Result<(Vec<Unsynced>, Result<()>)> {
        let flags = SyncFlags::from_bits(flags).ok_or(Errno::EINVAL)?;
        if !is_page_aligned(address) || flags.contains(SyncFlags::ASYNC | SyncFlags::SYNC) {
            return Err(Errno::EINVAL);
        }
        // As in Linux, a length that overflows becomes 0.
        let length = page_align(length).unwrap_or(0);
        let range = address..address.checked_add(length).ok_or(Errno::ENOMEM)?;
        if range.is_empty() {
            return Ok((Vec::new(), Ok(())));
        }
        let mut unsynced = Vec::new();
        for vma in self.areas.overlapping(range.clone()) {
            if flags.contains(SyncFlags::INVALIDATE) && vma.is_locked() {
                return Err(Errno::EBUSY);
            }
            if let Some(backing) = &vma.backing
                && vma.is_shared()
                && flags.contains(SyncFlags::SYNC)
            {
                let first = vma.offset + (range.start.max(vma.start) - vma.start);
                let last = vma.offset + (range.end.min(vma.end) - vma.start);
                unsynced.push(Unsynced { backing: backing.clone(), bytes: first..last });
            }
        }
        let is_covered = self.areas.is_covered(range);
        Ok((unsynced, if is_covered { Ok(()) } else { Err(Errno::ENOMEM) }))
    }

    /// Sets where the memory that `brk(2)` manages starts, on program start.
    pub const fn set_brk_start(&mut self, start: u64) {
        self.brk = start..start;
    }

    /// Carries out the system call `brk`: returns the new end of the program's data, which is the
    /// old one if it cannot be as asked.
    pub fn set_brk(&mut self, end: u64) -> u64 {
        if end >= self.brk.start && self.move_brk(end).is_ok() {
            self.brk.end = end;
        }
        self.brk.end
    }

    fn move_brk(&mut self, end: u64) -> Result<()> {
        let old = page_align(self.brk.end).ok_or(Errno::ENOMEM)?;
        let new = page_align(end).filter(|end| *end <= TASK_SIZE).ok_or(Errno::ENOMEM)?;
        if new <= old {
            return self.unmap(&(new..old));
        }
        if end - self.brk.start > self.limits.data {
            return Err(Errno::ENOMEM);
        }
        // The mapping that follows may be one that grows down.
        let guard = self.areas.after(old).map_or(0, |next| {
            if next.attributes.contains(Attributes::GROWSDOWN) { STACK_GUARD } else { 0 }
        });
        if !self.areas.is_free(old..new.saturating_add(guard)) {
            return Err(Errno::ENOMEM);
        }
        let vma = Vma {
            start: old,
            end: new,
            prot: Prot::READ | Prot::WRITE,
            max: Prot::ACCESS,
            attributes: self.future,
            role: Role::Heap,
            backing: None,
            offset: 0,
        };
        self.check_room(0)?;
        self.check_growth(&vma, 0, 0)?;
        self.add(vma);
        Ok(())
    }
}

/// Whether memory is to stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Locking {
    /// It is.
    Lock,
    /// It need not.
    Unlock,
}
