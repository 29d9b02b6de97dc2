//! Entries of page tables: flags, sizes, leaves.

use bitflags::bitflags;

use crate::addr::{HUGE_ORDER, HUGE_SIZE, PAGE_SIZE, PhysAddr, VirtAddr};

bitflags! {
    /// Bits of an entry, "Intel SDM" volume 3 §4.5.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Flags: u64 {
        /// The processor uses the entry.
        const PRESENT = 1;
        /// Writes are allowed.
        const WRITE = 1 << 1;
        /// Writes go to memory at once.
        const WRITE_THROUGH = 1 << 3;
        /// The memory is not cached: device registers.
        const NO_CACHE = 1 << 4;
        /// The processor used the page.
        const ACCESSED = 1 << 5;
        /// The processor wrote to the page.
        const DIRTY = 1 << 6;
        /// The leaf is a page of 2 MiB.
        const HUGE = 1 << 7;
        /// The translation survives a change of tables.
        const GLOBAL = 1 << 8;
        /// Software: the frame belongs to the mapping and is freed with it.
        const OWNED = 1 << 9;
        /// Software, in a table's entry: the table was made here and its entries are counted.
        const COUNTED = 1 << 10;
        /// Instructions cannot be fetched.
        const NO_EXECUTE = 1 << 63;
    }
}

/// The bits of an entry that are an address.
pub(crate) const ADDRESS_MASK: u64 = 0x000f_ffff_ffff_f000;
/// One used entry in the count that a table's entry carries.
pub(crate) const COUNT_ONE: u64 = 1 << 52;
/// The bits of a table's entry that count the used entries below.
pub(crate) const COUNT_MASK: u64 = 0x3ff * COUNT_ONE;

/// Size of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// 4 KiB.
    Small,
    /// 2 MiB.
    Huge,
}

impl Size {
    /// Returns the size in bytes.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Small => PAGE_SIZE,
            Self::Huge => HUGE_SIZE,
        }
    }

    /// Returns the buddy order of the page's frames.
    pub const fn order(self) -> u32 {
        match self {
            Self::Small => 0,
            Self::Huge => HUGE_ORDER,
        }
    }
}

/// A leaf entry: a frame and flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry(u64);

impl Entry {
    /// Makes an entry.
    pub const fn new(frame: PhysAddr, flags: Flags) -> Self {
        Self((frame.as_u64() & ADDRESS_MASK) | flags.bits())
    }

    /// Makes an entry of the bits that a table holds.
    pub(crate) const fn from_raw(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the bits that a table holds.
    pub(crate) const fn raw(self) -> u64 {
        self.0
    }

    /// Returns the page's first frame.
    pub const fn frame(self) -> PhysAddr {
        PhysAddr::new(self.0 & ADDRESS_MASK)
    }

    /// Returns the flags.
    pub const fn flags(self) -> Flags {
        Flags::from_bits_truncate(self.0)
    }

    /// Returns the entry with other flags.
    #[must_use]
    pub const fn with_flags(self, flags: Flags) -> Self {
        Self::new(self.frame(), flags)
    }
}

/// A mapped page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leaf {
    /// First address of the page.
    pub start: VirtAddr,
    /// What is mapped there.
    pub entry: Entry,
    /// Size of the page.
    pub size: Size,
}
