//! Page faults: what is mapped when a program touches its memory.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use abi::mman::Prot;

use crate::addr::{HUGE_SIZE, PAGE_SIZE, PhysAddr, PhysMem, VirtAddr, index};
use crate::areas::Facts;
use crate::entry::{Entry, Flags, Leaf, Size};
use crate::page_table::{Change, MapError, Tables};
use crate::space::{AddressSpace, MIN_ADDRESS, STACK_GUARD, page_flags};
use crate::tlb::Scope;
use crate::vma::{Access, Attributes, Backing, BackingError, Role, Vma};

/// How many pages of a file are mapped at one fault, if they are in memory.
const AROUND: usize = 16;

/// Why an access cannot be.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing is mapped there: `SIGSEGV` with `SEGV_MAPERR`.
    Maperr,
    /// The mapping does not allow it: `SIGSEGV` with `SEGV_ACCERR`.
    Accerr,
    /// The file ends before it, or failed: `SIGBUS` with `BUS_ADRERR`.
    Buserr,
    /// Memory is exhausted.
    OutOfMemory,
    /// The page has to be brought in first, with [`Backing::fetch`].
    Absent {
        /// The file.
        backing: Arc<dyn Backing>,
        /// The number of the page.
        page: u64,
    },
}

/// What becomes of the private copies of pages that are forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Copies {
    /// They stay: the file changed, but not what was copied from it.
    Keep,
    /// They go too: the file ends before them now.
    Drop,
}

impl From<MapError> for Fault {
    fn from(_: MapError) -> Self {
        // `Occupied` cannot come here: the space is locked, and the page was looked for.
        Self::OutOfMemory
    }
}

impl<M: PhysMem> AddressSpace<M> {
    /// Makes `access` to `address` possible, if the mapping allows it.
    ///
    /// # Errors
    /// As [`Fault`] says.
    pub fn fault(&mut self, address: u64, access: Access) -> Result<(), Fault> {
        let facts = match self.areas.facts(address) {
            Some(facts) => facts,
            None => {
                self.grow_stack(address)?;
                self.areas.facts(address).ok_or(Fault::Maperr)?
            }
        };
        if !access.is_allowed_by(facts.prot) {
            return Err(Fault::Accerr);
        }
        self.usage.faults += 1;
        let page = VirtAddr::new(address).align_down(PAGE_SIZE);
        match self.table.leaf(page) {
            Some(leaf) => self.fault_on_page(page, leaf, access),
            None if facts.is_file => self.fault_on_file(page, access),
            None => self.fault_on_nothing(&facts, page, access),
        }
    }

    /// Extends a mapping that grows down to `address`, below it.
    fn grow_stack(&mut self, address: u64) -> Result<(), Fault> {
        let above = self.areas.after(address).ok_or(Fault::Maperr)?;
        if !above.attributes.contains(Attributes::GROWSDOWN) || address < MIN_ADDRESS {
            return Err(Fault::Maperr);
        }
        let start = address & !(PAGE_SIZE - 1);
        let is_guarded = self.areas.before(address).is_none_or(|below| {
            start - below.end >= STACK_GUARD
                || below.prot.is_empty()
                || below.attributes.contains(Attributes::GROWSDOWN)
        });
        let limit = self.limits.stack;
        if !is_guarded || above.end - start > limit {
            return Err(Fault::Maperr);
        }
        let growth = Vma { start, end: above.start, ..above.clone() };
        self.check_growth(&growth, 0, 0).map_err(|_| Fault::Maperr)?;
        self.add(growth);
        Ok(())
    }

    /// Returns a frame for the program.
    fn take_frame(&self, order: u32) -> Option<PhysAddr> {
        self.frames().allocate_above(order, self.policy.reserve)
    }

    /// An access to a page that is mapped, but perhaps not for it.
    fn fault_on_page(&mut self, page: VirtAddr, leaf: Leaf, access: Access) -> Result<(), Fault> {
        let vma = self.areas.get(page.as_u64()).ok_or(Fault::Maperr)?;
        let old = leaf.entry.flags();
        let is_writable = old.contains(Flags::WRITE);
        if access != Access::Write || is_writable {
            // Another processor was faster, or this one remembered what was there before: it has
            // forgotten that with the fault (Intel SDM vol. 3 §4.10.4.1).
            return Ok(());
        }
        let prot = vma.prot;
        if old.contains(Flags::OWNED) {
            let flags = page_flags(prot) | Flags::OWNED;
            // Who remembers that less was permitted finds out by a fault.
            self.table.replace(page, leaf.entry.with_flags(flags));
            return Ok(());
        }
        if vma.is_shared() {
            let frame = backing_frame(vma, page, Access::Write)?;
            self.table.replace(page, Entry::new(frame, page_flags(prot)));
        } else {
            let frame = self.take_frame(0).ok_or(Fault::OutOfMemory)?;
            if leaf.entry.frame() == self.zero {
                self.table.clear(frame, 0);
            } else {
                self.table.copy(leaf.entry.frame(), frame);
                self.usage.resident_file -= 1;
            }
            self.table.replace(page, Entry::new(frame, page_flags(prot) | Flags::OWNED));
            self.usage.resident_anonymous += 1;
        }
        self.tlb.invalidate(page, page.offset(PAGE_SIZE), Scope::Pages);
        Ok(())
    }

    /// The first access to a page of anonymous memory.
    fn fault_on_nothing(
        &mut self,
        facts: &Facts,
        page: VirtAddr,
        access: Access,
    ) -> Result<(), Fault> {
        let flags = page_flags(facts.prot);
        if access != Access::Write && !facts.attributes.contains(Attributes::SHARED) {
            let flags = flags.difference(Flags::WRITE);
            self.table.map(page, self.zero, Size::Small, flags)?;
            return Ok(());
        }
        if self.wants_huge(facts, page) && self.map_huge(page, flags) {
            return Ok(());
        }
        let frame = self.take_frame(0).ok_or(Fault::OutOfMemory)?;
        self.table.clear(frame, 0);
        self.map_owned(page, frame, Size::Small, flags)
    }

    /// Maps a frame that belongs to the mapping from now on.
    pub(crate) fn map_owned(
        &mut self,
        page: VirtAddr,
        frame: PhysAddr,
        size: Size,
        flags: Flags,
    ) -> Result<(), Fault> {
        if let Err(error) = self.table.map(page, frame, size, flags | Flags::OWNED) {
            self.frames().free(frame, size.order());
            return Err(error.into());
        }
        self.usage.resident_anonymous += size.bytes() / PAGE_SIZE;
        Ok(())
    }

    fn wants_huge(&self, facts: &Facts, page: VirtAddr) -> bool {
        let start = page.align_down(HUGE_SIZE).as_u64();
        let is_plain = facts.role != Role::Stack
            && !facts.attributes.intersects(Attributes::NO_HUGE | Attributes::GROWSDOWN);
        let is_wanted = self.policy.huge_pages || facts.attributes.contains(Attributes::HUGE);
        let is_wanted = is_wanted && !self.policy.no_huge_pages;
        let is_inside = facts.start <= start && start + HUGE_SIZE <= facts.end;
        // A huge page must not be what exhausts memory: most of it may never be used.
        let is_plenty =
            || self.frames().has_free(self.policy.reserve + self.frames().total() / 4 + 1);
        is_plain && is_wanted && is_inside && is_plenty()
    }

    /// Maps a huge page around `page`; returns whether it could.
    fn map_huge(&mut self, page: VirtAddr, flags: Flags) -> bool {
        let start = page.align_down(HUGE_SIZE);
        let end = start.offset(HUGE_SIZE);
        if self.table.next_leaf(start, end).is_some() {
            return false;
        }
        let Some(block) = self.take_frame(Size::Huge.order()) else {
            return false;
        };
        self.table.clear(block, Size::Huge.order());
        self.map_owned(start, block, Size::Huge, flags).is_ok()
    }

    /// The first access to a page of a file.
    fn fault_on_file(&mut self, page: VirtAddr, access: Access) -> Result<(), Fault> {
        let vma = self.areas.get(page.as_u64()).ok_or(Fault::Maperr)?;
        let flags = page_flags(vma.prot);
        if access != Access::Write {
            let frame = backing_frame(vma, page, access)?;
            let vma = vma.clone();
            self.table.map(page, frame, Size::Small, flags.difference(Flags::WRITE))?;
            self.usage.resident_file += 1;
            self.map_around(&vma, page.as_u64());
            return Ok(());
        }
        if vma.is_shared() {
            let frame = backing_frame(vma, page, Access::Write)?;
            self.table.map(page, frame, Size::Small, flags)?;
            self.usage.resident_file += 1;
            return Ok(());
        }
        let original = backing_frame(vma, page, Access::Read)?;
        let frame = self.take_frame(0).ok_or(Fault::OutOfMemory)?;
        self.table.copy(original, frame);
        self.map_owned(page, frame, Size::Small, flags)
    }

    /// Maps the pages around `page` that the file has in memory. It is a favour: errors end it.
    fn map_around(&mut self, vma: &Vma, page: u64) {
        let Some(backing) = &vma.backing else { return };
        let bytes = AROUND as u64 * PAGE_SIZE;
        let start = (page & !(bytes - 1)).max(vma.start);
        let end = ((page & !(bytes - 1)) + bytes).min(vma.end);
        let mut frames = [None; AROUND];
        let frames = &mut frames[..index((end - start) / PAGE_SIZE)];
        backing.resident(vma.file_page(start), frames);
        let flags = page_flags(vma.prot).difference(Flags::WRITE);
        let addresses = (start..end).step_by(index(PAGE_SIZE));
        for (address, frame) in addresses.zip(frames.iter()) {
            let Some(frame) = frame else { continue };
            match self.table.map(VirtAddr::new(address), *frame, Size::Small, flags) {
                Ok(()) => self.usage.resident_file += 1,
                Err(MapError::Occupied) => {}
                Err(MapError::OutOfMemory) => return,
            }
        }
    }

    /// Brings the pages of `range` in as `access` would, and moves its start past what is there.
    ///
    /// # Errors
    /// As [`fault`](Self::fault), for the page at the range's start. After [`Fault::Absent`] it can
    /// be called again.
    pub fn populate(&mut self, range: &mut Range<u64>, access: Access) -> Result<(), Fault> {
        range.start &= !(PAGE_SIZE - 1);
        while range.start < range.end {
            let page = VirtAddr::new(range.start);
            let leaf = self.table.leaf(page).filter(|leaf| {
                let flags = leaf.entry.flags();
                flags.contains(Flags::PRESENT)
                    && (access != Access::Write || flags.contains(Flags::WRITE))
            });
            range.start = match leaf {
                Some(leaf) => leaf.start.offset(leaf.size.bytes()).as_u64(),
                None => {
                    self.fault(range.start, access)?;
                    range.start + PAGE_SIZE
                }
            };
        }
        Ok(())
    }

    /// Unmaps pages of a file, by number, wherever `backing` is mapped, so that they are asked for
    /// again: after the file was cut, or its pages moved.
    pub fn forget(&mut self, backing: &dyn Backing, pages: Range<u64>, copies: Copies) {
        let parts: Vec<Range<u64>> = self
            .areas
            .iter()
            .filter(|vma| vma.backing.as_ref().is_some_and(|own| is_same(&**own, backing)))
            .filter_map(|vma| {
                let first = vma.offset / PAGE_SIZE;
                let start = pages.start.max(first) - first;
                let end = pages.end.saturating_sub(first).min(vma.pages());
                (start < end).then(|| vma.start + start * PAGE_SIZE..vma.start + end * PAGE_SIZE)
            })
            .collect();
        for part in parts {
            // Pages of files are small, so there is nothing to split and nothing to fail.
            let _ = self.update_pages(&part, Tables::Keep, |leaf| {
                let is_copy = leaf.entry.flags().contains(Flags::OWNED);
                if is_copy && copies == Copies::Keep { Change::Keep } else { Change::Free }
            });
        }
    }
}

fn is_same(one: &dyn Backing, other: &dyn Backing) -> bool {
    core::ptr::addr_eq(one, other)
}

/// Returns the frame of the file behind `page`.
fn backing_frame(vma: &Vma, page: VirtAddr, access: Access) -> Result<PhysAddr, Fault> {
    let backing = vma.backing.as_ref().ok_or(Fault::Maperr)?;
    let number = vma.file_page(page.as_u64());
    backing.frame(number, access).map_err(|error| match error {
        BackingError::Absent => Fault::Absent { backing: backing.clone(), page: number },
        BackingError::BeyondEnd | BackingError::Failed => Fault::Buserr,
        BackingError::OutOfMemory => Fault::OutOfMemory,
    })
}

/// Returns the access that brings in what a mapping of that protection will need.
pub const fn populate_access(prot: Prot) -> Access {
    if prot.contains(Prot::WRITE) { Access::Write } else { Access::Read }
}
