//! `madvise(2)` and `mincore(2)`.

use core::ops::Range;

use abi::mman::{Advice, Prot};
use abi::{Errno, Result};

use crate::addr::{PAGE_SIZE, PhysMem, VirtAddr, index};
use crate::areas::Facts;
use crate::fault::{Copies, Fault};
use crate::page_table::{Change, Tables};
use crate::space::{AddressSpace, TASK_SIZE, is_page_aligned, page_align};
use crate::vma::{Access, Attributes, Vma};

/// What is left to do of `madvise(2)` once the address space did its part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Advised {
    /// Nothing.
    Done,
    /// The range is to be brought in for this access with [`AddressSpace::populate`]; see
    /// [`populate_errno`] for what a fault means.
    Populate(Range<u64>, Access),
}

/// Returns the errno that `MADV_POPULATE_READ` and `MADV_POPULATE_WRITE` give for a fault.
pub const fn populate_errno(fault: &Fault) -> Errno {
    match fault {
        Fault::Maperr | Fault::OutOfMemory => Errno::ENOMEM,
        Fault::Accerr => Errno::EINVAL,
        Fault::Buserr => Errno::EFAULT,
        Fault::Absent { .. } => Errno::EAGAIN,
    }
}

impl<M: PhysMem> AddressSpace<M> {
    /// Carries out `madvise(2)`.
    ///
    /// # Errors
    /// As `madvise(2)`. A hole gives `ENOMEM` after the rest was done, as in Linux.
    pub fn madvise(&mut self, address: u64, length: u64, advice: i32) -> Result<Advised> {
        let advice = Advice::from_raw(advice).ok_or(Errno::EINVAL)?;
        if !is_page_aligned(address) {
            return Err(Errno::EINVAL);
        }
        let range = page_align(length)
            .and_then(|length| address.checked_add(length))
            .map(|end| address..end)
            .ok_or(Errno::EINVAL)?;
        if range.is_empty() {
            return Ok(Advised::Done);
        }
        let access = match advice {
            Advice::PopulateRead => Some(Access::Read),
            Advice::PopulateWrite => Some(Access::Write),
            _ => None,
        };
        if let Some(access) = access {
            return Ok(Advised::Populate(range, access));
        }
        if advice == Advice::Remove {
            return self.remove(range).map(|()| Advised::Done);
        }
        let mut at = range.start;
        let mut outcome = Ok(Advised::Done);
        while at < range.end {
            let Some(facts) = self.areas.facts(at) else {
                outcome = Err(Errno::ENOMEM);
                at = self.areas.after(at).map_or(range.end, |vma| vma.start);
                continue;
            };
            let part = at..facts.end.min(range.end);
            at = part.end;
            self.advise_part(&facts, part, advice)?;
        }
        outcome
    }

    /// Advises about a part of one mapping.
    fn advise_part(&mut self, facts: &Facts, part: Range<u64>, advice: Advice) -> Result<()> {
        let is_anonymous = !facts.is_file;
        let is_shared = facts.attributes.contains(Attributes::SHARED);
        let is_private_anonymous = is_anonymous && !is_shared;
        let is_locked = facts.attributes.contains(Attributes::LOCKED);
        match advice {
            Advice::DontNeed | Advice::Free | Advice::PageOut | Advice::Cold if is_locked => {
                Err(Errno::EINVAL)
            }
            Advice::Free if !is_private_anonymous => Err(Errno::EINVAL),
            // Pages of shared memory without a file have no other copy.
            Advice::DontNeed | Advice::DontNeedLocked if is_anonymous && is_shared => Ok(()),
            Advice::DontNeed | Advice::DontNeedLocked | Advice::Free => {
                self.update_pages(&part, Tables::Keep, |_| Change::Free)
            }
            Advice::Collapse => self.collapse(facts, &part),
            Advice::WipeOnFork if !is_private_anonymous => Err(Errno::EINVAL),
            Advice::HugePage => self.mark(&part, Attributes::HUGE, Attributes::NO_HUGE),
            Advice::NoHugePage => self.mark(&part, Attributes::NO_HUGE, Attributes::HUGE),
            Advice::DontFork => self.mark(&part, Attributes::DONT_FORK, Attributes::empty()),
            Advice::DoFork => self.mark(&part, Attributes::empty(), Attributes::DONT_FORK),
            Advice::DontDump => self.mark(&part, Attributes::DONT_DUMP, Attributes::empty()),
            Advice::DoDump => self.mark(&part, Attributes::empty(), Attributes::DONT_DUMP),
            Advice::WipeOnFork => self.mark(&part, Attributes::WIPE_ON_FORK, Attributes::empty()),
            Advice::KeepOnFork => self.mark(&part, Attributes::empty(), Attributes::WIPE_ON_FORK),
            Advice::Normal
            | Advice::Random
            | Advice::Sequential
            | Advice::WillNeed
            | Advice::Mergeable
            | Advice::Unmergeable
            | Advice::Cold
            | Advice::PageOut
            | Advice::Remove
            | Advice::PopulateRead
            | Advice::PopulateWrite => Ok(()),
        }
    }

    /// Makes a hole of what is behind a range, `MADV_REMOVE`, up to the first mapping that it may
    /// not be done to. A hole in the range gives `ENOMEM` after the rest.
    fn remove(&mut self, range: Range<u64>) -> Result<()> {
        let mut at = range.start;
        while at < range.end {
            let next = self.areas.overlapping(at..range.end).next().cloned();
            let Some(vma) = next else { break };
            let is_locked = vma.is_locked();
            let backing = vma.backing.as_ref().filter(|_| !is_locked).ok_or(Errno::EINVAL)?;
            if !vma.is_shared() || !vma.prot.contains(Prot::WRITE) {
                return Err(Errno::EACCES);
            }
            let (start, end) = (at.max(vma.start), range.end.min(vma.end));
            let pages = vma.file_page(start)..vma.file_page(end);
            at = end;
            self.forget(&**backing, pages.clone(), Copies::Keep);
            backing.remove(pages)?;
        }
        if self.areas.is_covered(range) { Ok(()) } else { Err(Errno::ENOMEM) }
    }

    /// Sets and clears attributes of a part of one mapping.
    fn mark(&mut self, part: &Range<u64>, set: Attributes, clear: Attributes) -> Result<()> {
        let changed = |vma: &Vma| vma.attributes.difference(clear) | set;
        if self.areas.get(part.start).is_none_or(|vma| changed(vma) == vma.attributes) {
            return Ok(());
        }
        self.check_splits(self.areas.splits(part)).map_err(|_| Errno::EAGAIN)?;
        self.areas.update(part, |vma| vma.attributes = changed(vma));
        Ok(())
    }

    /// Carries out `mincore(2)` for the `resident.len()` pages from `address` on: sets bit 0 for
    /// those in memory.
    ///
    /// # Errors
    /// As `mincore(2)`.
    pub fn mincore(&self, address: u64, resident: &mut [u8]) -> Result<()> {
        if !is_page_aligned(address) {
            return Err(Errno::EINVAL);
        }
        let length = (resident.len() as u64).checked_mul(PAGE_SIZE).ok_or(Errno::ENOMEM)?;
        if length > TASK_SIZE || address > TASK_SIZE - length {
            return Err(Errno::ENOMEM);
        }
        let range = address..address + length;
        if !self.areas.is_covered(range.clone()) {
            return Err(Errno::ENOMEM);
        }
        resident.fill(0);
        for vma in self.areas.overlapping(range.clone()) {
            self.mark_cached(vma, &range, resident);
        }
        let (mut at, end) = (VirtAddr::new(range.start), VirtAddr::new(range.end));
        while let Some(leaf) = self.table.next_leaf(at, end) {
            at = leaf.start.offset(leaf.size.bytes());
            let first = leaf.start.as_u64().max(range.start);
            let last = at.as_u64().min(range.end);
            let pages = |address: u64| index((address - range.start) / PAGE_SIZE);
            resident[pages(first)..pages(last)].fill(1);
        }
        Ok(())
    }

    /// Marks the pages of a file that are in memory, mapped or not.
    fn mark_cached(&self, vma: &Vma, range: &Range<u64>, resident: &mut [u8]) {
        const STEP: usize = 16;
        let Some(backing) = &vma.backing else { return };
        let (start, end) = (vma.start.max(range.start), vma.end.min(range.end));
        for first in (start..end).step_by(STEP * index(PAGE_SIZE)) {
            let count = index((end - first) / PAGE_SIZE).min(STEP);
            let mut frames = [None; STEP];
            backing.resident(vma.file_page(first), &mut frames[..count]);
            let place = index((first - range.start) / PAGE_SIZE);
            for (byte, frame) in resident[place..].iter_mut().zip(&frames[..count]) {
                *byte |= u8::from(frame.is_some());
            }
        }
    }
}
