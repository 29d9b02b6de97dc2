//! Device registers: windows of memory-mapped I/O.
//!
//! An access outside its window behaves as one to a bus address where nothing answers: a read
//! gives all ones, a write is lost. So an offset that a device names needs no further check.

#![expect(unsafe_code, reason = "registers are reached through pointers")]

use core::ptr;

use crate::arch::paging;
use crate::memory;

/// A window of device registers. Copies of it are for those who use different registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registers {
    /// Where the window is mapped.
    base: u64,
    /// Its size in bytes.
    len: u64,
}

/// A register's width.
///
/// Implemented for the unsigned integers that a bus access can carry.
pub(super) trait Width: Copy {
    /// What an absent register reads as.
    const ABSENT: Self;
}

impl Width for u8 {
    const ABSENT: Self = Self::MAX;
}

impl Width for u16 {
    const ABSENT: Self = Self::MAX;
}

impl Width for u32 {
    const ABSENT: Self = Self::MAX;
}

impl Registers {
    /// Maps `len` bytes of registers at physical address `start`; `None` when there is no memory
    /// for that.
    ///
    /// # Safety
    ///
    /// There are device registers, or nothing, but no memory.
    pub(super) unsafe fn map(start: u64, len: u64) -> Option<Self> {
        let base = paging::map_device(&memory::FRAMES, start, len)?;
        Some(Self { base, len })
    }

    /// Returns the part of the window from `offset` on, at most `len` bytes long.
    pub(super) fn part(self, offset: u64, len: u64) -> Self {
        let offset = offset.min(self.len);
        Self { base: self.base + offset, len: len.min(self.len - offset) }
    }

    /// Returns the window's size in bytes.
    pub(super) const fn len(self) -> u64 {
        self.len
    }

    /// Reads the register at `offset`.
    pub(super) fn read<T: Width>(self, offset: u64) -> T {
        self.pointer::<T>(offset).map_or(T::ABSENT, |register| {
            // SAFETY: the pointer is aligned and into a window that `map` mapped for good, whose
            // maker promised that there is no memory behind it; any value of a `T` is valid.
            unsafe { ptr::read_volatile(register) }
        })
    }

    /// Writes the register at `offset`.
    pub(super) fn write<T: Width>(self, offset: u64, value: T) {
        if let Some(register) = self.pointer::<T>(offset) {
            // SAFETY: as in `read`.
            unsafe { ptr::write_volatile(register, value) }
        }
    }

    /// Writes a 64-bit register in two halves (virtio 1.3 §4.1.3.1).
    pub(super) fn write_halves(self, offset: u64, value: u64) {
        let bytes = value.to_le_bytes();
        let [low, high] = [[0, 1, 2, 3], [4, 5, 6, 7]].map(|half| half.map(|at: usize| bytes[at]));
        self.write(offset, u32::from_le_bytes(low));
        self.write(offset + 4, u32::from_le_bytes(high));
    }

    fn pointer<T>(self, offset: u64) -> Option<*mut T> {
        let address = self.base.checked_add(offset)?;
        let is_inside = offset.checked_add(size_of::<T>() as u64)? <= self.len;
        let is_aligned = address.is_multiple_of(align_of::<T>() as u64);
        (is_inside && is_aligned).then_some(address as *mut T)
    }
}
