//! `MADV_COLLAPSE` of `madvise(2)`: pages made into huge ones.

use core::ops::Range;

use abi::{Errno, Result};

use crate::addr::{HUGE_SIZE, PAGE_SIZE, PhysMem, VirtAddr, index};
use crate::areas::Facts;
use crate::entry::{Flags, Size};
use crate::page_table::{Change, Tables};
use crate::space::{AddressSpace, page_flags};
use crate::vma::Attributes;

/// Tables above the one of small pages.
const TABLES: u64 = 3;

impl<M: PhysMem> AddressSpace<M> {
    /// Makes huge pages of the whole ones in `part` of a mapping, now, whatever the policy is.
    ///
    /// # Errors
    /// `EINVAL` for memory that has no huge pages, or where nothing is yet; `ENOMEM`.
    pub(crate) fn collapse(&mut self, facts: &Facts, part: &Range<u64>) -> Result<()> {
        let inside = |range: &Range<u64>| {
            range.start.next_multiple_of(HUGE_SIZE)..range.end & !(HUGE_SIZE - 1)
        };
        let has_huge = !facts.is_file
            && !facts.prot.is_empty()
            && !facts.attributes.intersects(Attributes::SHARED | Attributes::NO_HUGE)
            && !self.policy.no_huge_pages
            && !inside(&(facts.start..facts.end)).is_empty();
        let blocks = inside(part);
        if !has_huge || blocks.start > blocks.end {
            return Err(Errno::EINVAL);
        }
        let mut outcome = Ok(());
        for start in blocks.step_by(index(HUGE_SIZE)) {
            match self.collapse_block(VirtAddr::new(start), page_flags(facts.prot)) {
                Err(Errno::EINVAL) => outcome = Err(Errno::EINVAL),
                result => result?,
            }
        }
        outcome
    }

    /// Makes one huge page of what is at `start`.
    fn collapse_block(&mut self, start: VirtAddr, flags: Flags) -> Result<()> {
        let end = start.offset(HUGE_SIZE);
        let first = self.table.next_leaf(start, end).ok_or(Errno::EINVAL)?;
        if first.size == Size::Huge {
            return Ok(());
        }
        let order = Size::Huge.order();
        // The tables that go with the small pages may be needed again, and must be there then.
        let reserve = self.policy.reserve + TABLES;
        let block = self.frames().allocate_above(order, reserve).ok_or(Errno::ENOMEM)?;
        self.table.clear(block, order);
        let range = start.as_u64()..end.as_u64();
        // Nobody writes to the pages any more once this is done, for who tries waits for the lock.
        // With no huge page at the ends nothing has to be split, and nothing can fail.
        self.update_pages(&range, Tables::Keep, |leaf| {
            Change::Flags(leaf.entry.flags().difference(Flags::WRITE))
        })?;
        let mut at = start;
        while let Some(leaf) = self.table.next_leaf(at, end) {
            at = leaf.start.offset(PAGE_SIZE);
            if leaf.entry.frame() != self.zero {
                let place = leaf.start.as_u64() - start.as_u64();
                self.table.copy(leaf.entry.frame(), block.offset(place));
            }
        }
        self.drop_pages(&range)?;
        self.map_owned(start, block, Size::Huge, flags).map_err(|_| Errno::ENOMEM)
    }
}
