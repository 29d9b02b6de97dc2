//! The device's side of a queue, for tests: it may complete in any order, and lie.

#![expect(unsafe_code, reason = "a device reaches its driver's memory by address")]
#![expect(clippy::cast_possible_truncation, reason = "the host's pointers have 64 bits")]

use alloc::alloc::{alloc_zeroed, dealloc};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering, fence};

use crate::Notify;
use crate::memory::{DmaMemory, Ring, Word};

/// Memory on the host; the device's addresses are the processor's.
#[derive(Debug)]
struct Allocation(NonNull<u8>, usize);

// SAFETY: the memory belongs to the value; access is the users' concern.
unsafe impl Send for Allocation {}
// SAFETY: as above.
unsafe impl Sync for Allocation {}

impl Allocation {
    fn layout(&self) -> Layout {
        Layout::from_size_align(self.1, 4096).expect("a sane size")
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        let layout = self.layout();
        // SAFETY: allocated by `HostMemory::new` with this layout.
        unsafe { dealloc(self.0.as_ptr(), layout) }
    }
}

/// Memory that driver and fake device share.
#[derive(Clone, Debug)]
pub(crate) struct HostMemory(Arc<Allocation>);

impl HostMemory {
    /// Returns `len` zeroed bytes.
    pub(crate) fn new(len: usize) -> Self {
        let layout = Layout::from_size_align(len, 4096).expect("a sane size");
        // SAFETY: the tests ask for more than nothing.
        let pointer = unsafe { alloc_zeroed(layout) };
        Self(Arc::new(Allocation(NonNull::new(pointer).expect("memory"), len)))
    }
}

// SAFETY: the allocation lives as long as the value; tests share it with the fake device only.
unsafe impl DmaMemory for HostMemory {
    fn pointer(&self) -> NonNull<u8> {
        self.0.0
    }
    fn device_address(&self) -> u64 {
        self.0.0.as_ptr().expose_provenance() as u64
    }
    fn len(&self) -> usize {
        self.0.1
    }
}

/// A piece of a chain as the device sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    address: u64,
    /// Bytes.
    pub(crate) len: u32,
    /// Whether the device may write.
    pub(crate) is_writable: bool,
}

impl Piece {
    /// Returns what the driver wrote.
    pub(crate) fn read(&self) -> Vec<u8> {
        let start = core::ptr::with_exposed_provenance::<u8>(self.address as usize);
        // SAFETY: the driver gave the device this buffer.
        unsafe { core::slice::from_raw_parts(start, self.len as usize) }.to_vec()
    }

    /// Writes the beginning of the buffer.
    pub(crate) fn write(&self, bytes: &[u8]) {
        assert!(self.is_writable && bytes.len() <= self.len as usize);
        let start = core::ptr::with_exposed_provenance_mut::<u8>(self.address as usize);
        // SAFETY: the driver gave the device this buffer, and it is long enough.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) }
    }
}

/// A chain as the device sees it.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// The id to give back.
    pub(crate) head: u16,
    /// The pieces in order.
    pub(crate) pieces: Vec<Piece>,
}

/// The device's side of one queue.
#[derive(Debug)]
pub(crate) struct FakeQueue {
    ring: Ring<HostMemory>,
    size: u16,
    has_event_index: bool,
    available: u16,
    used: u16,
    signalled: u16,
}

impl FakeQueue {
    /// Returns the device's side of a queue of `size` in `memory`.
    pub(crate) fn new(memory: HostMemory, size: u16, has_event_index: bool) -> Self {
        let ring = Ring::new(memory, size).expect("enough memory");
        Self { ring, size, has_event_index, available: 0, used: 0, signalled: 0 }
    }

    /// Makes both sides' indices start at `index`; the driver's side must be as new and sees the
    /// same by `Queue::start_at`.
    pub(crate) fn start_at(&mut self, index: u16) {
        (self.available, self.used, self.signalled) = (index, index, index);
        self.ring.used_index().store(index, Ordering::Relaxed);
        self.ring.available_event().store(index, Ordering::Relaxed);
    }

    /// Takes the next chain that the driver has published.
    pub(crate) fn take(&mut self) -> Option<Chain> {
        if !self.has_available() {
            return None;
        }
        let head = self.ring.available_entry(self.available).load(Ordering::Relaxed);
        self.available = self.available.wrapping_add(1);
        let mut pieces = Vec::new();
        let mut index = head;
        loop {
            assert!(index < self.size && pieces.len() < usize::from(self.size));
            let address = self.load(index, Word::Address);
            let rest = self.load(index, Word::Rest);
            let flags = rest >> 32 & 0xffff;
            let len = (rest & 0xffff_ffff) as u32;
            pieces.push(Piece { address, len, is_writable: flags & 2 != 0 });
            if flags & 1 == 0 {
                return Some(Chain { head, pieces });
            }
            index = (rest >> 48) as u16;
        }
    }

    /// Returns whether a chain waits to be taken.
    pub(crate) fn has_available(&self) -> bool {
        self.ring.available_index().load(Ordering::Acquire) != self.available
    }

    fn load(&self, index: u16, word: Word) -> u64 {
        let word: &AtomicU64 = self.ring.descriptor(index, word);
        word.load(Ordering::Relaxed)
    }

    /// Asks for a notification at the next chain; without it, for none.
    pub(crate) fn want_notification(&self, is_wanted: bool) {
        if self.has_event_index {
            let event = if is_wanted { self.available } else { self.available.wrapping_sub(1) };
            self.ring.available_event().store(event, Ordering::Relaxed);
        } else {
            self.ring.used_flags().store(u16::from(!is_wanted), Ordering::Relaxed);
        }
    }

    /// Gives a chain back without making it visible.
    pub(crate) fn put(&mut self, id: u32, len: u32) {
        let entry = self.ring.used_entry(self.used);
        entry[0].store(id, Ordering::Relaxed);
        entry[1].store(len, Ordering::Relaxed);
        self.used = self.used.wrapping_add(1);
    }

    /// Makes what was put visible; returns whether it interrupts.
    pub(crate) fn complete(&mut self) -> bool {
        self.ring.used_index().store(self.used, Ordering::Release);
        // The driver writes its wish and looks at the index; so here the index has to be out
        // before the wish is read.
        fence(Ordering::SeqCst);
        let old = core::mem::replace(&mut self.signalled, self.used);
        if self.has_event_index {
            let event = self.ring.used_event().load(Ordering::Relaxed);
            (0..self.used.wrapping_sub(old)).any(|step| old.wrapping_add(step) == event)
        } else {
            self.ring.available_flags().load(Ordering::Relaxed) == 0
        }
    }

    /// Claims any used index at all.
    pub(crate) fn claim_used_index(&self, index: u16) {
        self.ring.used_index().store(index, Ordering::Release);
    }
}

/// A door bell that counts.
#[derive(Default, Debug)]
pub(crate) struct Bell(pub(crate) Cell<u32>);

impl Notify for &Bell {
    fn notify(&self) {
        self.0.set(self.0.get() + 1);
    }
}
