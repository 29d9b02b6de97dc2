//! `mprotect(2)`.

use core::ops::Range;

use abi::mman::Prot;
use abi::{Errno, Result};

use crate::addr::{PAGE_SIZE, PhysMem};
use crate::entry::{Flags, Leaf};
use crate::page_table::{Change, Tables};
use crate::space::{AddressSpace, is_page_aligned, page_align, page_flags};
use crate::vma::{Attributes, Vma};

/// Checks what `mprotect(2)` is given before what is mapped counts; returns where the range ends
/// and the protection, `None` if there is nothing to do.
///
/// # Errors
/// `EINVAL`; `ENOMEM` for a range that ends nowhere.
pub fn check(address: u64, length: u64, prot: u64) -> Result<Option<(u64, Prot)>> {
    let both = u64::from((Prot::GROWSDOWN | Prot::GROWSUP).bits());
    if prot & both == both || !is_page_aligned(address) {
        return Err(Errno::EINVAL);
    }
    if length == 0 {
        return Ok(None);
    }
    let end = page_align(length)
        .and_then(|length| address.checked_add(length))
        .filter(|end| *end > address)
        .ok_or(Errno::ENOMEM)?;
    let prot = u32::try_from(prot).ok().and_then(Prot::from_bits).ok_or(Errno::EINVAL)?;
    Ok(Some((end, prot)))
}

impl<M: PhysMem> AddressSpace<M> {
    /// Carries out `mprotect(2)`. `prot` is as the program gave it.
    ///
    /// # Errors
    /// As `mprotect(2)`. What comes before the place of the error is changed, as in Linux.
    pub fn mprotect(&mut self, address: u64, length: u64, prot: u64) -> Result<()> {
        let Some((end, prot)) = check(address, length, prot)? else { return Ok(()) };
        let grows = prot & (Prot::GROWSDOWN | Prot::GROWSUP);
        let mut start = address;
        let first = match self.areas.get(start) {
            Some(first) => first,
            None => self.areas.after(start).filter(|vma| vma.start < end).ok_or(Errno::ENOMEM)?,
        };
        if grows == Prot::GROWSDOWN {
            if !first.attributes.contains(Attributes::GROWSDOWN) {
                return Err(Errno::EINVAL);
            }
            start = first.start;
        } else if first.start > start {
            return Err(Errno::ENOMEM);
        } else if grows == Prot::GROWSUP {
            // Nothing grows up on x86-64.
            return Err(Errno::EINVAL);
        }
        self.protect(start..end, prot & Prot::ACCESS)
    }

    /// Changes the protection of `range`, up to the first hole or mapping that must not have it.
    fn protect(&mut self, range: Range<u64>, prot: Prot) -> Result<()> {
        let mut at = range.start;
        while at < range.end {
            let vma = self.areas.get(at).ok_or(Errno::ENOMEM)?;
            let part = at..vma.end.min(range.end);
            let (old, is_shared) = (vma.prot, vma.is_shared());
            at = part.end;
            if old == prot {
                continue;
            }
            if !vma.max.contains(prot) {
                return Err(Errno::EACCES);
            }
            self.check_protect(vma, &part, prot)?;
            self.update_pages(&part, Tables::Keep, |leaf| reprotect(leaf, prot))?;
            let pages = (part.end - part.start) / PAGE_SIZE;
            let was_data = u64::from(!is_shared && old.contains(Prot::WRITE));
            let is_data = u64::from(!is_shared && prot.contains(Prot::WRITE));
            self.usage.data = self.usage.data + is_data * pages - was_data * pages;
            self.areas.update(&part, |vma| vma.prot = prot);
        }
        Ok(())
    }

    /// Checks the limits for a new protection of `part` of `vma`.
    fn check_protect(&self, vma: &Vma, part: &Range<u64>, prot: Prot) -> Result<()> {
        let splits = usize::from(vma.start < part.start) + usize::from(part.end < vma.end);
        self.check_splits(splits)?;
        let becomes_data = prot.contains(Prot::WRITE) && !vma.is_shared() && !vma.is_data();
        if !becomes_data {
            return Ok(());
        }
        let pages = (part.end - part.start) / PAGE_SIZE;
        if self.usage.data + pages > self.limits.data / PAGE_SIZE {
            return Err(Errno::ENOMEM);
        }
        self.check_charge(!vma.attributes.contains(Attributes::NORESERVE), pages)
    }
}

/// Gives a page a new protection. A page that is not the mapping's own becomes writable only by a
/// fault: it may have to be copied, or its file told.
fn reprotect(leaf: Leaf, prot: Prot) -> Change {
    const PROTECTION: Flags = Flags::PRESENT.union(Flags::WRITE).union(Flags::NO_EXECUTE);
    let old = leaf.entry.flags();
    let mut new = old.difference(PROTECTION) | page_flags(prot);
    if !old.contains(Flags::OWNED) {
        new.remove(Flags::WRITE);
    }
    if old == new { Change::Keep } else { Change::Flags(new) }
}
