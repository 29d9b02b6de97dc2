//! Physical and virtual addresses, and the page sizes of x86-64.
//!
//! The two kinds of address are kept apart by type; only a [`PhysMem`] turns one into the other.

use core::fmt;

/// Size of a page and of a frame, in bytes.
pub const PAGE_SIZE: u64 = 1 << PAGE_SHIFT;
/// Binary logarithm of [`PAGE_SIZE`].
pub const PAGE_SHIFT: u32 = 12;
/// Size of a huge page, in bytes.
pub const HUGE_SIZE: u64 = 1 << (PAGE_SHIFT + HUGE_ORDER);
/// Buddy order of the frames of a huge page.
pub const HUGE_ORDER: u32 = 9;

/// An address in physical memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct PhysAddr(u64);

/// An address that the processor translates through page tables.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct VirtAddr(u64);

macro_rules! address {
    ($name:ident) => {
        impl $name {
            /// Makes an address of its number.
            pub const fn new(address: u64) -> Self {
                Self(address)
            }

            /// Returns the number.
            pub const fn as_u64(self) -> u64 {
                self.0
            }

            /// Returns the address `bytes` further on, wrapping around at the end.
            #[must_use]
            pub const fn offset(self, bytes: u64) -> Self {
                Self(self.0.wrapping_add(bytes))
            }

            /// Returns whether the address is a multiple of `size`, a power of two.
            pub const fn is_aligned(self, size: u64) -> bool {
                self.0 & (size - 1) == 0
            }

            /// Returns the multiple of `size`, a power of two, at or below the address.
            #[must_use]
            pub const fn align_down(self, size: u64) -> Self {
                Self(self.0 & !(size - 1))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:#x})", stringify!($name), self.0)
            }
        }
    };
}

address!(PhysAddr);
address!(VirtAddr);

impl PhysAddr {
    /// Returns the address of frame number `frame`.
    pub const fn from_frame(frame: u64) -> Self {
        Self(frame << PAGE_SHIFT)
    }

    /// Returns the number of the frame that holds the address.
    pub const fn frame(self) -> u64 {
        self.0 >> PAGE_SHIFT
    }
}

/// How physical memory is reached: the kernel's direct map, or a buffer in a test.
///
/// Whoever implements it promises that, for all memory given to a
/// [`Frames`](crate::frame::Frames), [`virt`](Self::virt) returns a pointer that stays valid for
/// reads and writes up to the end of that memory, and that [`phys`](Self::phys) is its inverse.
pub trait PhysMem: Send + Sync {
    /// Returns where the processor finds the byte at `address`.
    fn virt(&self, address: PhysAddr) -> *mut u8;

    /// Returns the physical address of a byte that [`virt`](Self::virt) gave.
    fn phys(&self, pointer: *const u8) -> PhysAddr;
}

/// How many processors there may be.
pub const PROCESSORS: usize = 64;

/// Returns `number` as an index. Nothing is lost: the only target has 64-bit pointers.
#[inline]
pub(crate) const fn index(number: u64) -> usize {
    const { assert!(usize::BITS == 64) };
    #[expect(clippy::cast_possible_truncation, reason = "usize has 64 bits, asserted above")]
    let index = number as usize;
    index
}
