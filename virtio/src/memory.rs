//! Memory shared with a device: the one module of this crate that touches it.
//!
//! Ring fields are read and written as atomics, since the device does so at the same time. Packet
//! buffers are plain bytes: they belong to the device from publication until it returns them, and
//! to the driver otherwise.

#![expect(unsafe_code, reason = "memory shared with a device is reached through pointers")]

use core::ptr::NonNull;
use core::slice;
use core::sync::atomic::{AtomicU16, AtomicU32, AtomicU64};

/// Memory that a device can read and write.
///
/// # Safety
///
/// For as long as the value lives, `len()` bytes from `pointer()` are valid for reads and writes,
/// aligned to 4096, initialised, reached through nothing but this value and the device, and
/// contiguous from `device_address()` on as the device sees them. All three results are constant.
pub unsafe trait DmaMemory {
    /// Returns where the memory begins for the processor.
    fn pointer(&self) -> NonNull<u8>;
    /// Returns where the memory begins for the device.
    fn device_address(&self) -> u64;
    /// Returns the size in bytes.
    fn len(&self) -> usize;
    /// Returns whether there is no memory at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The memory given does not hold what is to live in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooSmall;

/// The three parts of a split virtqueue in memory (virtio 1.3 §2.7).
#[derive(Debug)]
pub(crate) struct Ring<M> {
    memory: M,
    size: u16,
}

/// Bytes of one descriptor.
const DESCRIPTOR: usize = 16;
/// Bytes before the entries of the available and the used ring.
const RING_HEADER: usize = 4;
/// Bytes of one entry of the used ring.
const USED_ELEMENT: usize = 8;
/// The rings start on cache lines of their own: the two sides write to different ones.
const CACHE_LINE: usize = 64;

/// Returns where the available ring begins, in bytes.
const fn available_offset(size: u16) -> usize {
    (DESCRIPTOR * size as usize).next_multiple_of(CACHE_LINE)
}

/// Returns where the used ring begins, in bytes.
const fn used_offset(size: u16) -> usize {
    (available_offset(size) + RING_HEADER + 2 * size as usize + 2).next_multiple_of(CACHE_LINE)
}

/// Returns how many bytes a queue of `size` descriptors takes.
pub(crate) const fn ring_bytes(size: u16) -> usize {
    (used_offset(size) + RING_HEADER + USED_ELEMENT * size as usize + 2)
        .next_multiple_of(CACHE_LINE)
}

impl<M: DmaMemory> Ring<M> {
    /// Returns a ring of `size` descriptors, a power of two, in `memory`.
    pub(crate) fn new(memory: M, size: u16) -> Result<Self, TooSmall> {
        if !size.is_power_of_two() || memory.len() < ring_bytes(size) {
            return Err(TooSmall);
        }
        Ok(Self { memory, size })
    }

    /// Returns where the device finds descriptors, available ring and used ring.
    pub(crate) fn addresses(&self) -> [u64; 3] {
        let base = self.memory.device_address();
        [0, available_offset(self.size), used_offset(self.size)].map(|part| base + part as u64)
    }

    /// Returns the `word`-th eight bytes of descriptor `index` (modulo the size): first the
    /// address, then length, flags and next.
    pub(crate) fn descriptor(&self, index: u16, word: Word) -> &AtomicU64 {
        self.word64(DESCRIPTOR * self.slot(index) + 8 * word as usize)
    }

    /// Returns the driver's flags.
    pub(crate) fn available_flags(&self) -> &AtomicU16 {
        self.word16(available_offset(self.size))
    }

    /// Returns the index at which the driver puts the next chain.
    pub(crate) fn available_index(&self) -> &AtomicU16 {
        self.word16(available_offset(self.size) + 2)
    }

    /// Returns the entry of the available ring for `index` (modulo the size).
    pub(crate) fn available_entry(&self, index: u16) -> &AtomicU16 {
        self.word16(available_offset(self.size) + RING_HEADER + 2 * self.slot(index))
    }

    /// Returns the used index at which the driver wants an interrupt.
    pub(crate) fn used_event(&self) -> &AtomicU16 {
        self.word16(available_offset(self.size) + RING_HEADER + 2 * usize::from(self.size))
    }

    /// Returns the device's flags.
    pub(crate) fn used_flags(&self) -> &AtomicU16 {
        self.word16(used_offset(self.size))
    }

    /// Returns the index at which the device puts the next completion.
    pub(crate) fn used_index(&self) -> &AtomicU16 {
        self.word16(used_offset(self.size) + 2)
    }

    /// Returns the entry of the used ring for `index` (modulo the size): the id and the length.
    pub(crate) fn used_entry(&self, index: u16) -> [&AtomicU32; 2] {
        let start = used_offset(self.size) + RING_HEADER + USED_ELEMENT * self.slot(index);
        [self.word32(start), self.word32(start + 4)]
    }

    /// Returns the available index at which the device wants to be notified.
    pub(crate) fn available_event(&self) -> &AtomicU16 {
        let size = usize::from(self.size);
        self.word16(used_offset(self.size) + RING_HEADER + USED_ELEMENT * size)
    }

    fn slot(&self, index: u16) -> usize {
        usize::from(index & (self.size - 1))
    }

    /// `offset` is even and within [`ring_bytes`]: every caller in this file adds a part's offset
    /// to an entry's, and an entry's index is below the size.
    fn word16(&self, offset: usize) -> &AtomicU16 {
        debug_assert!(offset.is_multiple_of(2) && offset + 2 <= ring_bytes(self.size));
        let word = self.memory.pointer().as_ptr().wrapping_add(offset);
        // SAFETY: in bounds and aligned as said above, since the memory is aligned and `new`
        // checked its length; every field is reached by atomics of its own width only.
        unsafe { AtomicU16::from_ptr(word.cast()) }
    }

    /// `offset` is a multiple of 4 within [`ring_bytes`].
    fn word32(&self, offset: usize) -> &AtomicU32 {
        debug_assert!(offset.is_multiple_of(4) && offset + 4 <= ring_bytes(self.size));
        let word = self.memory.pointer().as_ptr().wrapping_add(offset);
        // SAFETY: as in `word16`.
        unsafe { AtomicU32::from_ptr(word.cast()) }
    }

    /// `offset` is a multiple of 8 within the descriptor table.
    fn word64(&self, offset: usize) -> &AtomicU64 {
        debug_assert!(offset.is_multiple_of(8) && offset + 8 <= available_offset(self.size));
        let word = self.memory.pointer().as_ptr().wrapping_add(offset);
        // SAFETY: as in `word16`.
        unsafe { AtomicU64::from_ptr(word.cast()) }
    }
}

/// One half of a descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Word {
    /// The buffer's address.
    Address = 0,
    /// Length (bits 0-31), flags (32-47) and next (48-63).
    Rest = 1,
}

/// Packet buffers of equal size in memory that a device can reach.
#[derive(Debug)]
pub struct Slots<M> {
    memory: M,
    slot_bytes: usize,
    count: u16,
}

impl<M: DmaMemory> Slots<M> {
    /// Returns `count` buffers of `slot_bytes` each.
    ///
    /// # Errors
    ///
    /// [`TooSmall`] when `memory` does not hold that much, or there is to be no buffer at all.
    pub fn new(memory: M, count: u16, slot_bytes: usize) -> Result<Self, TooSmall> {
        match slot_bytes.checked_mul(usize::from(count)) {
            Some(bytes) if count > 0 && bytes <= memory.len() => {
                Ok(Self { memory, slot_bytes, count })
            }
            _ => Err(TooSmall),
        }
    }

    /// Returns how many buffers there are.
    pub const fn count(&self) -> u16 {
        self.count
    }

    /// Returns the size of a buffer in bytes.
    pub const fn slot_bytes(&self) -> usize {
        self.slot_bytes
    }

    /// Returns where the device finds buffer `slot` (modulo the count).
    pub fn device_address(&self, slot: u16) -> u64 {
        self.memory.device_address() + self.offset(slot) as u64
    }

    /// Returns buffer `slot` (modulo the count), which the device must not hold at the time.
    pub fn bytes(&self, slot: u16) -> &[u8] {
        let start = self.memory.pointer().as_ptr().wrapping_add(self.offset(slot));
        // SAFETY: `new` checked that all buffers lie in the memory; bytes are always valid; a
        // mutable slice would borrow `self` exclusively.
        unsafe { slice::from_raw_parts(start, self.slot_bytes) }
    }

    /// Returns buffer `slot` (modulo the count) for writing; the device must not hold it.
    pub fn bytes_mut(&mut self, slot: u16) -> &mut [u8] {
        let start = self.memory.pointer().as_ptr().wrapping_add(self.offset(slot));
        // SAFETY: as in `bytes`, and `self` is borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(start, self.slot_bytes) }
    }

    fn offset(&self, slot: u16) -> usize {
        usize::from(slot % self.count) * self.slot_bytes
    }
}
