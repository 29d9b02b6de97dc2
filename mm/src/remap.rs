//! `mremap(2)`: mappings that change size and place, with their pages.

use alloc::vec::Vec;
use core::ops::Range;

use abi::mman::RemapFlags;
use abi::{Errno, Result};

use crate::addr::{HUGE_SIZE, PhysMem, VirtAddr};
use crate::entry::Size;
use crate::page_table::{Change, MapError, Tables};
use crate::space::{AddressSpace, TASK_SIZE, is_page_aligned, page_align};
use crate::tlb::Batch;
use crate::vma::Vma;

/// What `mremap(2)` is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RemapRequest {
    /// Where the mapping is.
    pub old_address: u64,
    /// How much of it, in bytes.
    pub old_length: u64,
    /// How large it is to be, in bytes.
    pub new_length: u64,
    /// `MREMAP_*`, as the program gave them.
    pub flags: u32,
    /// Where it is to be, with `MREMAP_FIXED`; with `MREMAP_DONTUNMAP`, a hint.
    pub new_address: u64,
}

impl<M: PhysMem> AddressSpace<M> {
    /// Carries out `mremap(2)` and returns the mapping's address. What a locked mapping gained is
    /// the caller's to populate.
    ///
    /// # Errors
    /// As `mremap(2)`.
    pub fn mremap(&mut self, request: RemapRequest) -> Result<u64> {
        let flags = RemapFlags::from_bits(request.flags).ok_or(Errno::EINVAL)?;
        let may_move = flags.contains(RemapFlags::MAYMOVE);
        let must_move = flags.intersects(RemapFlags::FIXED | RemapFlags::DONTUNMAP);
        let is_same_size = request.old_length == request.new_length;
        if (must_move && !may_move)
            || (flags.contains(RemapFlags::DONTUNMAP) && !is_same_size)
            || !is_page_aligned(request.old_address)
        {
            return Err(Errno::EINVAL);
        }
        // As in Linux, a length that overflows becomes 0.
        let old_length = page_align(request.old_length).unwrap_or(0);
        let new_length = page_align(request.new_length).unwrap_or(0);
        if new_length == 0 || new_length > TASK_SIZE {
            return Err(Errno::EINVAL);
        }
        let old = request.old_address;
        if must_move {
            return self.remap_to(&request, flags, old_length, new_length);
        }
        self.areas.get(old).ok_or(Errno::EFAULT)?;
        if old_length >= new_length {
            let end = old.checked_add(old_length).filter(|end| *end <= TASK_SIZE);
            self.unmap(&(old + new_length..end.ok_or(Errno::EINVAL)?))?;
            return Ok(old);
        }
        let vma = self.resizable(old, old_length, new_length)?;
        if self.grow_in_place(&vma, old, old_length, new_length)? {
            return Ok(old);
        }
        if !may_move {
            return Err(Errno::ENOMEM);
        }
        let is_file = vma.backing.is_some();
        let new = self.find_free(new_length, is_file, false).ok_or(Errno::ENOMEM)?;
        self.relocate(&vma, old..old + old_length, new..new + new_length, flags)?;
        Ok(new)
    }

    /// Moves a mapping to a place that the program names, or anywhere with a copy left behind.
    fn remap_to(
        &mut self,
        request: &RemapRequest,
        flags: RemapFlags,
        old_length: u64,
        new_length: u64,
    ) -> Result<u64> {
        let (old, new) = (request.old_address, request.new_address);
        let is_fixed = flags.contains(RemapFlags::FIXED);
        let is_same_size = old_length == new_length;
        if !is_page_aligned(new) || new > TASK_SIZE - new_length {
            return Err(Errno::EINVAL);
        }
        let old_end = old.saturating_add(old_length);
        if old_end > new && new + new_length > old {
            return Err(Errno::EINVAL);
        }
        if is_fixed && is_same_size {
            return self.move_all(&(old..old_end), new, flags);
        }
        self.move_one(old..old_end, new..new + new_length, flags)
    }

    /// Moves all that is mapped in `from` to `to` and on, at the distances that it has; all of one
    /// size, as Linux does it since 6.17.
    fn move_all(&mut self, from: &Range<u64>, to: u64, flags: RemapFlags) -> Result<u64> {
        self.areas.get(from.start).ok_or(Errno::EFAULT)?;
        let parts: Vec<Range<u64>> = self
            .areas
            .overlapping(from.clone())
            .map(|vma| vma.start.max(from.start)..vma.end.min(from.end))
            .collect();
        for part in parts {
            let new = to + (part.start - from.start);
            self.move_one(part.clone(), new..new + (part.end - part.start), flags)?;
        }
        Ok(to)
    }

    /// Moves a part of one mapping.
    fn move_one(&mut self, from: Range<u64>, to: Range<u64>, flags: RemapFlags) -> Result<u64> {
        let is_fixed = flags.contains(RemapFlags::FIXED);
        let new_length = to.end - to.start;
        let (old, mut old_length) = (from.start, from.end - from.start);
        self.areas.get(old).ok_or(Errno::EFAULT)?;
        self.check_room(3)?;
        // Nothing is taken away before it is known that the rest works, but for what is cut off.
        self.resizable(old, old_length.min(new_length), new_length)?;
        if is_fixed {
            self.unmap(&to)?;
        }
        if old_length > new_length {
            self.munmap(old + new_length, old_length - new_length)?;
            old_length = new_length;
        }
        // It may be another part now: something of it was in the way.
        let vma = self.areas.get(old).ok_or(Errno::EFAULT)?.clone();
        let new = if is_fixed || (to.start != 0 && self.areas.is_open(to.clone())) {
            to.start
        } else {
            let is_file = vma.backing.is_some();
            self.find_free(new_length, is_file, false).ok_or(Errno::ENOMEM)?
        };
        self.relocate(&vma, old..old + old_length, new..new + new_length, flags)?;
        Ok(new)
    }

    /// Returns the mapping at `old`, checked that it can become of `new_length`.
    fn resizable(&self, old: u64, old_length: u64, new_length: u64) -> Result<Vma> {
        let vma = self.areas.get(old).ok_or(Errno::EFAULT)?;
        if old_length == 0 && !(vma.is_shared() && vma.backing.is_some()) {
            // Size 0 means a second mapping of the same object, which private memory has not.
            return Err(Errno::EINVAL);
        }
        if old_length > vma.end - old {
            return Err(Errno::EFAULT);
        }
        let growth = new_length.saturating_sub(old_length);
        let offset = vma.offset + (old - vma.start);
        if vma.backing.is_some() && offset.checked_add(new_length).is_none() {
            return Err(Errno::EINVAL);
        }
        let grown = Vma { start: 0, end: growth, ..vma.clone() };
        self.check_growth(&grown, 0, 0)?;
        Ok(vma.clone())
    }

    /// Extends the mapping if it ends at `old + old_length` and what follows is free.
    fn grow_in_place(
        &mut self,
        vma: &Vma,
        old: u64,
        old_length: u64,
        new_length: u64,
    ) -> Result<bool> {
        let end = old + old_length;
        let Some(new_end) = old.checked_add(new_length).filter(|end| *end <= TASK_SIZE) else {
            return Ok(false);
        };
        if vma.end != end || old_length == 0 || !self.areas.is_free(end..new_end) {
            return Ok(false);
        }
        let offset = vma.backing.as_ref().map_or(0, |_| vma.offset + vma.length());
        self.add(Vma { start: end, end: new_end, offset, ..vma.clone() });
        Ok(true)
    }

    /// Makes the mapping `to`, which is free, out of `from`, a part of `vma`; moves the pages.
    fn relocate(
        &mut self,
        vma: &Vma,
        from: Range<u64>,
        to: Range<u64>,
        flags: RemapFlags,
    ) -> Result<()> {
        self.check_room(4)?;
        self.move_pages(&from, to.start)?;
        let offset = vma.backing.as_ref().map_or(0, |_| vma.offset + (from.start - vma.start));
        let Range { start, end } = to;
        self.add(Vma { start, end, offset, ..vma.clone() });
        if flags.contains(RemapFlags::DONTUNMAP) || from.is_empty() {
            return Ok(());
        }
        // The pages are gone from here already, so no page has to be split.
        self.unmap(&from)
    }

    /// Moves the pages of `from` to `to`, where nothing is mapped.
    ///
    /// # Errors
    /// `ENOMEM` if there is no memory for tables; everything is where it was then.
    fn move_pages(&mut self, from: &Range<u64>, to: u64) -> Result<()> {
        let length = from.end - from.start;
        let mut batch = Batch::new(self.tlb, self.table.frames());
        for edge in [from.start, from.end] {
            self.table.split_at(VirtAddr::new(edge), &mut batch).map_err(|_| Errno::ENOMEM)?;
        }
        let mut at = from.start;
        let moved = loop {
            let Some(leaf) = self.table.next_leaf(VirtAddr::new(at), VirtAddr::new(from.end))
            else {
                break Ok(());
            };
            let target = VirtAddr::new(leaf.start.as_u64() - from.start + to);
            let result = if leaf.size == Size::Huge && !target.is_aligned(HUGE_SIZE) {
                self.table.split(leaf, &mut batch).map(|()| 0)
            } else {
                let flags = leaf.entry.flags();
                let mapped = self.table.map(target, leaf.entry.frame(), leaf.size, flags);
                mapped.map(|()| leaf.size.bytes())
            };
            match result {
                Ok(bytes) => at = leaf.start.as_u64() + bytes,
                Err(error) => break Err(error),
            }
        };
        // Both places have the pages now. Take them from the old one, or undo.
        let gone = if moved.is_ok() { from.clone() } else { to..to + length };
        let (start, end) = (VirtAddr::new(gone.start), VirtAddr::new(gone.end));
        self.table.update(start, end, Tables::Free, &mut batch, |_| Change::Take);
        moved.map_err(|_: MapError| Errno::ENOMEM)
    }
}
