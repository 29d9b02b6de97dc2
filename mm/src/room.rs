//! Whether there is room for a mapping: limits, the number of mappings, the machine's memory.

use abi::{Errno, Result};

use crate::addr::{PAGE_SIZE, PhysMem};
use crate::space::AddressSpace;
use crate::vma::Vma;

impl<M: PhysMem> AddressSpace<M> {
    /// Checks the limits for a mapping to be added where `replaced` pages go, `replaced_data` of
    /// which are data.
    pub(crate) fn check_growth(&self, vma: &Vma, replaced: u64, replaced_data: u64) -> Result<()> {
        let total = (self.usage.total + vma.pages()).saturating_sub(replaced);
        if total > self.limits.address_space / PAGE_SIZE {
            return Err(Errno::ENOMEM);
        }
        let locked = self.usage.locked + vma.pages();
        if vma.is_locked() && locked > self.limits.locked / PAGE_SIZE {
            return Err(Errno::EAGAIN);
        }
        let data = (self.usage.data + vma.pages()).saturating_sub(replaced_data);
        if vma.is_data() && data > self.limits.data / PAGE_SIZE {
            return Err(Errno::ENOMEM);
        }
        self.check_charge(vma.is_charged(), vma.pages())
    }

    /// As [`check_room`](Self::check_room) for mappings that are split; those that are not need none.
    pub(crate) fn check_splits(&self, splits: usize) -> Result<()> {
        if splits == 0 { Ok(()) } else { self.check_room(splits) }
    }

    /// Refuses mappings beyond the number that there can be, and where the kernel would take its last
    /// memory for them.
    pub(crate) fn check_room(&self, more: usize) -> Result<()> {
        let is_full = (self.areas.len() + more) as u64 > self.policy.most_mappings;
        if is_full || self.frames().is_short() { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// Refuses what can never be there, as Linux does with `vm.overcommit_memory` 0.
    pub(crate) fn check_charge(&self, is_charged: bool, pages: u64) -> Result<()> {
        if is_charged && pages > self.frames().total() {
            return Err(Errno::ENOMEM);
        }
        Ok(())
    }
}
