//! Memory that several mappings share and no file holds: `MAP_SHARED | MAP_ANONYMOUS`.

use alloc::collections::BTreeMap;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::Result;
use sync::SpinLock;

use crate::addr::{PhysAddr, PhysMem};
use crate::frames::Frames;
use crate::page_table;
use crate::vma::{Access, Backing, BackingError, Identity};

/// Frames by page number, made when they are first asked for and freed with the object.
///
/// **Lock:** one, and inside it those of the frames and of the heap.
#[derive(Debug)]
pub struct SharedMemory<M: PhysMem> {
    mem: M,
    frames: &'static Frames,
    /// Frames that are left to the kernel.
    reserve: u64,
    pages: SpinLock<BTreeMap<u64, PhysAddr>>,
    /// What tells it from others, as the number of an inode does.
    number: u64,
}

/// How many there have been.
static COUNT: AtomicU64 = AtomicU64::new(0);
/// The device number that Linux gives such memory: the first without a device.
const DEVICE: u64 = 1;

impl<M: PhysMem> SharedMemory<M> {
    /// Returns memory that is all zero and takes no frame yet.
    pub fn new(mem: M, frames: &'static Frames, reserve: u64) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
        Self { mem, frames, reserve, pages: SpinLock::new(BTreeMap::new()), number }
    }
}

impl<M: PhysMem + core::fmt::Debug> Backing for SharedMemory<M> {
    fn frame(&self, page: u64, _: Access) -> Result<PhysAddr, BackingError> {
        let mut pages = self.pages.lock();
        if let Some(frame) = pages.get(&page) {
            return Ok(*frame);
        }
        let frame = self.frames.allocate_above(0, self.reserve).ok_or(BackingError::OutOfMemory)?;
        page_table::clear(&self.mem, frame, 0);
        pages.insert(page, frame);
        Ok(frame)
    }

    fn resident(&self, first: u64, frames: &mut [Option<PhysAddr>]) {
        let pages = self.pages.lock();
        for (page, frame) in (first..).zip(frames) {
            *frame = pages.get(&page).copied();
        }
    }

    fn remove(&self, pages: Range<u64>) -> Result<()> {
        let mut held = self.pages.lock();
        let mut removed = held.split_off(&pages.start);
        held.append(&mut removed.split_off(&pages.end));
        drop(held);
        for frame in removed.values() {
            self.frames.free(*frame, 0);
        }
        Ok(())
    }

    fn identity(&self) -> Identity {
        Identity { device: DEVICE, inode: self.number, path: b"/dev/zero (deleted)".to_vec() }
    }
}

impl<M: PhysMem> Drop for SharedMemory<M> {
    fn drop(&mut self) {
        // No mapping has the memory any more: each holds on to it while it is mapped.
        for frame in self.pages.get_mut().values() {
            self.frames.free(*frame, 0);
        }
    }
}
