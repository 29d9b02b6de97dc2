//! Memory that several mappings share and no file holds: `MAP_SHARED | MAP_ANONYMOUS`.

use alloc::collections::BTreeMap;

use sync::SpinLock;

use crate::addr::{PhysAddr, PhysMem};
use crate::frame::Frames;
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
}

impl<M: PhysMem> SharedMemory<M> {
    /// Returns memory that is all zero and takes no frame yet.
    pub const fn new(mem: M, frames: &'static Frames, reserve: u64) -> Self {
        Self { mem, frames, reserve, pages: SpinLock::new(BTreeMap::new()) }
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

    fn identity(&self) -> Identity {
        Identity { path: b"/dev/zero (deleted)".to_vec(), ..Identity::default() }
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
