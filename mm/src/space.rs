//! The address space of a program: its mappings and the page tables behind them.
//!
//! [`AddressSpace`] carries out `mmap(2)` and its relatives, errno by errno, and resolves page
//! faults. Addresses and lengths come in as the program gave them. Pages are mapped when they are
//! touched; a mapping that is not touched costs one entry in a tree.
//!
//! **Lock:** the kernel keeps it behind one lock of its own, under which it is called. Inside, it
//! takes the locks of the frames, of the heap and, through [`Backing`], of files. Nothing sleeps:
//! where a page has to be brought in, [`Fault::Absent`] says so, and the caller lets go of the lock
//! before [`Backing::fetch`].

use core::ops::Range;

use abi::mman::Prot;
use abi::{Errno, Result};

use crate::addr::{PAGE_SIZE, PhysAddr, PhysMem, VirtAddr};
use crate::areas::Areas;
use crate::entry::{Flags, Leaf, Size};
use crate::frames::Frames;
use crate::page_table::{Change, PageTable, Tables};
use crate::tlb::{Batch, Tlb};
use crate::usage::{Resident, Usage};
use crate::vma::{Attributes, Vma};

/// End of the addresses that a program can use.
pub const TASK_SIZE: u64 = 0x7fff_ffff_f000;
/// Lowest address that `mmap(2)` gives out (`vm.mmap_min_addr`).
pub const MIN_ADDRESS: u64 = 0x1_0000;
/// Most mappings a program can have (`vm.max_map_count`) where there is little memory, as Linux has
/// it, and where there is much, as distributions set it.
const MOST_MAPPINGS: [u64; 2] = [65530, 1 << 20];
/// What stays free below a mapping that grows down.
pub const STACK_GUARD: u64 = 256 * PAGE_SIZE;

/// The resource limits that concern memory, in bytes; see `getrlimit(2)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// `RLIMIT_AS`.
    pub address_space: u64,
    /// `RLIMIT_DATA`.
    pub data: u64,
    /// `RLIMIT_STACK`.
    pub stack: u64,
    /// `RLIMIT_MEMLOCK`; none for a program with `CAP_IPC_LOCK`.
    pub locked: u64,
}

impl Default for Limits {
    /// Linux's: 8 MiB of stack, and no others.
    fn default() -> Self {
        Self { address_space: u64::MAX, data: u64::MAX, stack: 8 << 20, locked: u64::MAX }
    }
}

/// How memory is given out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Large anonymous mappings get huge pages without asking.
    pub huge_pages: bool,
    /// No mapping gets huge pages, whoever asks (`PR_SET_THP_DISABLE`).
    pub no_huge_pages: bool,
    /// Frames that page faults leave to the kernel.
    pub reserve: u64,
    /// `mmap(2)` looks for free addresses below this one.
    pub mmap_base: u64,
    /// Most mappings that there can be.
    pub most_mappings: u64,
}

impl Policy {
    /// Returns the policy for a machine with `frames` frames. `random` shifts `mmap_base`; 0 puts
    /// it where Linux does without address space randomisation.
    pub fn new(frames: u64, random: u64) -> Self {
        // Linux leaves at least 128 MiB to the stack, and randomises 28 bits of page number.
        let gap = (128 << 20) + STACK_GUARD;
        let shift = (random & 0x0fff_ffff) * PAGE_SIZE;
        Self {
            huge_pages: frames * PAGE_SIZE >= 1 << 30,
            no_huge_pages: false,
            reserve: (frames / 64).clamp(64, 8192),
            mmap_base: TASK_SIZE - gap - shift,
            most_mappings: frames.clamp(MOST_MAPPINGS[0], MOST_MAPPINGS[1]),
        }
    }
}

/// A program's address space.
#[derive(Debug)]
pub struct AddressSpace<M: PhysMem> {
    pub(crate) areas: Areas,
    pub(crate) table: PageTable<M>,
    pub(crate) tlb: &'static dyn Tlb,
    /// The frame behind memory that was read but never written.
    pub(crate) zero: PhysAddr,
    pub(crate) policy: Policy,
    pub(crate) limits: Limits,
    pub(crate) usage: Usage,
    /// Attributes that `mlockall(2)` gives to mappings to come.
    pub(crate) future: Attributes,
    /// Start and end of what `brk(2)` manages.
    pub(crate) brk: Range<u64>,
}

/// Returns `length` rounded up to pages, `None` if that overflows.
pub(crate) fn page_align(length: u64) -> Option<u64> {
    length.checked_next_multiple_of(PAGE_SIZE)
}

/// Returns whether `address` is on a page boundary.
pub(crate) const fn is_page_aligned(address: u64) -> bool {
    address.is_multiple_of(PAGE_SIZE)
}

impl<M: PhysMem> AddressSpace<M> {
    /// Makes an empty address space over `table`, in whose lower half nothing is mapped.
    ///
    /// # Errors
    /// `ENOMEM` if there is no frame for the page of zeros.
    pub fn new(table: PageTable<M>, tlb: &'static dyn Tlb, policy: Policy) -> Result<Self> {
        let zero = table.frames().allocate(0).ok_or(Errno::ENOMEM)?;
        table.clear(zero, 0);
        Ok(Self {
            areas: Areas::new(PAGE_SIZE..TASK_SIZE),
            table,
            tlb,
            zero,
            policy,
            limits: Limits::default(),
            usage: Usage::default(),
            future: Attributes::empty(),
            brk: 0..0,
        })
    }

    /// Returns the sizes.
    pub fn usage(&self) -> Usage {
        let mut usage = Usage { tables: self.table.tables(), ..self.usage };
        usage.note_peaks();
        usage
    }

    /// Returns the limits.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Sets the limits; what exceeds them already stays.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Returns whether huge pages are refused to all mappings.
    pub const fn has_no_huge_pages(&self) -> bool {
        self.policy.no_huge_pages
    }

    /// Refuses huge pages to all mappings from now on, or gives them again.
    pub const fn set_no_huge_pages(&mut self, is_refused: bool) {
        self.policy.no_huge_pages = is_refused;
    }

    /// Returns how many mappings there can be (`vm.max_map_count`).
    pub const fn most_mappings(&self) -> u64 {
        self.policy.most_mappings
    }

    /// Returns the mappings in order of address, for `/proc/pid/maps`.
    pub fn mappings(&self) -> impl Iterator<Item = &Vma> {
        self.areas.iter()
    }

    /// Returns the mapping that `address` is in.
    pub fn mapping(&self, address: u64) -> Option<&Vma> {
        self.areas.get(address)
    }

    /// Returns the mappings that overlap `range`, in order.
    pub fn mappings_in(&self, range: Range<u64>) -> impl Iterator<Item = &Vma> {
        self.areas.overlapping(range)
    }

    /// Returns whether all of `range` is mapped.
    pub fn is_mapped(&self, range: Range<u64>) -> bool {
        self.areas.is_covered(range)
    }

    /// Returns whether the memory at `address` is the program's own: anonymous, or a private copy of a
    /// file's that has been written.
    pub fn is_own(&self, address: u64) -> bool {
        let is_file = self.mapping(address).is_some_and(|vma| vma.backing.is_some());
        let leaf = self.table.leaf(VirtAddr::new(address));
        !is_file || leaf.is_some_and(|leaf| leaf.entry.flags().contains(Flags::OWNED))
    }

    /// Returns what of `range` is in memory.
    pub fn resident(&self, range: Range<u64>) -> Resident {
        let mut resident = Resident::default();
        let (mut at, end) = (VirtAddr::new(range.start), VirtAddr::new(range.end));
        while let Some(leaf) = self.table.next_leaf(at, end) {
            at = leaf.start.offset(leaf.size.bytes());
            let pages = leaf.size.bytes() / PAGE_SIZE;
            if leaf.entry.flags().contains(Flags::OWNED) {
                resident.anonymous += pages;
            } else if leaf.entry.frame() != self.zero {
                resident.file += pages;
            }
            if leaf.size == Size::Huge {
                resident.huge += pages;
            }
        }
        resident
    }

    /// Returns the page tables.
    pub const fn table(&self) -> &PageTable<M> {
        &self.table
    }

    pub(crate) const fn frames(&self) -> &'static Frames {
        self.table.frames()
    }

    /// Returns how many pages of `range` are in mappings as asked.
    pub(crate) fn pages_where(&self, range: &Range<u64>, is: impl Fn(&Vma) -> bool) -> u64 {
        self.areas
            .overlapping(range.clone())
            .filter(|vma| is(vma))
            .map(|vma| (vma.end.min(range.end) - vma.start.max(range.start)) / PAGE_SIZE)
            .sum()
    }

    /// Adds a mapping where nothing is mapped.
    pub(crate) fn add(&mut self, vma: Vma) {
        self.usage.count(&vma, u64::wrapping_add);
        self.areas.insert(vma);
    }

    /// Carries out `munmap(2)`.
    ///
    /// # Errors
    /// As `munmap(2)`.
    pub fn munmap(&mut self, address: u64, length: u64) -> Result<()> {
        let length = page_align(length).filter(|length| *length > 0).ok_or(Errno::EINVAL)?;
        if !is_page_aligned(address) || length > TASK_SIZE || address > TASK_SIZE - length {
            return Err(Errno::EINVAL);
        }
        self.unmap(&(address..address + length))
    }

    /// Removes what is mapped in `range`.
    ///
    /// # Errors
    /// `ENOMEM` if that makes too many mappings, or there is no memory to split a page.
    pub(crate) fn unmap(&mut self, range: &Range<u64>) -> Result<()> {
        let last = self.areas.before(range.end).filter(|vma| vma.end > range.start);
        let Some(last) = last.filter(|_| !range.is_empty()) else {
            return Ok(());
        };
        // Only a hole inside one mapping makes the number grow.
        let is_hole = last.start < range.start && last.end > range.end;
        if is_hole {
            self.check_room(1)?;
        }
        self.drop_pages(range)?;
        let usage = &mut self.usage;
        usage.note_peaks();
        self.areas.remove(range, |vma| usage.count(&vma, u64::wrapping_sub));
        Ok(())
    }

    /// Unmaps the pages in `range`; what was there is lost.
    ///
    /// # Errors
    /// `ENOMEM` if there is no memory to split a huge page; nothing is changed then.
    pub(crate) fn drop_pages(&mut self, range: &Range<u64>) -> Result<()> {
        self.update_pages(range, Tables::Free, |_| Change::Free)
    }

    /// Changes the pages in `range` as `visit` says, and keeps the counts.
    ///
    /// # Errors
    /// `ENOMEM` if there is no memory to split a huge page; nothing is changed then.
    pub(crate) fn update_pages(
        &mut self,
        range: &Range<u64>,
        tables: Tables,
        mut visit: impl FnMut(Leaf) -> Change,
    ) -> Result<()> {
        let mut batch = Batch::new(self.tlb, self.table.frames());
        let (start, end) = (VirtAddr::new(range.start), VirtAddr::new(range.end));
        for edge in [start, end] {
            self.table.split_at(edge, &mut batch).map_err(|_| Errno::ENOMEM)?;
        }
        let (usage, zero) = (&mut self.usage, self.zero);
        usage.note_peaks();
        self.table.update(start, end, tables, &mut batch, |leaf| {
            let change = visit(leaf);
            if matches!(change, Change::Free | Change::Take) {
                let pages = leaf.size.bytes() / PAGE_SIZE;
                if leaf.entry.flags().contains(Flags::OWNED) {
                    usage.resident_anonymous -= pages;
                } else if leaf.entry.frame() != zero {
                    usage.resident_file -= pages;
                }
            }
            change
        });
        Ok(())
    }

    /// Unmaps everything, as `execve(2)` does.
    pub fn clear(&mut self) {
        // No page straddles the ends of the address space, so nothing has to be split.
        let everything = PAGE_SIZE..TASK_SIZE;
        if self.drop_pages(&everything).is_ok() {
            self.areas.remove(&everything, drop);
        }
        let Usage { peak_total, peak_resident, faults, .. } = self.usage;
        self.usage = Usage { peak_total, peak_resident, faults, ..Usage::default() };
        self.future = Attributes::empty();
        self.brk = 0..0;
    }

    /// Unmaps everything and forgets what was counted: the next program is no successor.
    pub fn restart(&mut self) {
        self.clear();
        self.usage = Usage::default();
    }
}

/// Returns the page flags that a protection gives, for a page that may be written as far as it is
/// concerned.
pub(crate) fn page_flags(prot: Prot) -> Flags {
    let mut flags = Flags::empty();
    flags.set(Flags::PRESENT, !prot.is_empty());
    flags.set(Flags::WRITE, prot.contains(Prot::WRITE));
    flags.set(Flags::NO_EXECUTE, !prot.contains(Prot::EXEC));
    flags
}

#[cfg(test)]
#[path = "space_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "model_tests.rs"]
mod model_tests;
