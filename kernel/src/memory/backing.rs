//! Files as memory: what is behind a mapping of a file.
//!
//! A mapping shows the very pages that `read(2)` and `write(2)` use. Whoever maps a file shares one
//! [`FilePages`] with all others that map it, so that a change of the file reaches every mapping.
//!
//! **Locks:** the table of mapped files, and inside it nothing; a file's table of pages, and inside
//! it those of the file.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::ops::Range;

use abi::mman::SyncFlags;
use abi::{Errno, Result};
use mm::PhysAddr;
use mm::fault::Copies;
use mm::shared::SharedMemory;
use mm::space::Policy;
use mm::vma::{Access, Backing, BackingError, Identity};
use sync::SpinLock;
use vfs::{File, OpenFile, PAGE_SIZE, Page, Region};

use super::heap::DirectMap;
use super::{FRAMES, space};
use crate::arch::paging;

/// The pages of a file that is mapped.
#[derive(Debug)]
struct FilePages {
    file: Arc<dyn File>,
    identity: Identity,
    /// The pages that mappings have; held so that their memory stays theirs, whatever becomes of
    /// the file.
    mapped: SpinLock<BTreeMap<u64, Page>>,
}

/// The files that are mapped, by the address of the file.
static MAPPED: SpinLock<BTreeMap<usize, Weak<FilePages>>> = SpinLock::new(BTreeMap::new());

fn key(file: &Arc<dyn File>) -> usize {
    Arc::as_ptr(file).addr()
}

impl FilePages {
    fn take(&self, page: u64) -> Result<PhysAddr, BackingError> {
        let mut mapped = self.mapped.lock();
        let found = self.file.page(page).map_err(|errno| match errno {
            Errno::EFAULT => BackingError::BeyondEnd,
            Errno::ENOMEM => BackingError::OutOfMemory,
            _ => BackingError::Failed,
        })?;
        let address = paging::physical(found.address() as u64);
        mapped.insert(page, found);
        Ok(PhysAddr::new(address))
    }

    /// Returns the page if the file has memory for it already.
    fn take_if_there(&self, page: u64) -> Option<PhysAddr> {
        let start = page.checked_mul(PAGE_SIZE as u64)?;
        let is_there = self.file.seek_region(start, Region::Data) == Ok(start);
        is_there.then(|| self.take(page).ok()).flatten()
    }
}

impl Backing for FilePages {
    fn frame(&self, page: u64, _access: Access) -> Result<PhysAddr, BackingError> {
        self.take(page)
    }

    fn resident(&self, first: u64, frames: &mut [Option<PhysAddr>]) {
        for (page, frame) in (first..).zip(frames) {
            *frame = self.take_if_there(page);
        }
    }

    fn sync(&self, _bytes: Range<u64>, flags: SyncFlags) -> Result<()> {
        if !flags.contains(SyncFlags::SYNC) {
            return Ok(());
        }
        self.file.sync(vfs::Synchronise::All)
    }

    fn identity(&self) -> Identity {
        self.identity.clone()
    }
}

impl Drop for FilePages {
    fn drop(&mut self) {
        let mut mapped = MAPPED.lock();
        let key = key(&self.file);
        // Another may have taken its place between its last use and now.
        if mapped.get(&key).is_some_and(|own| own.strong_count() == 0) {
            mapped.remove(&key);
        }
    }
}

/// Returns what stands behind mappings of a file.
///
/// # Errors
/// `EBADF` if it was opened with `O_PATH`.
pub(crate) fn file_backing(open: &Arc<OpenFile>) -> Result<Arc<dyn Backing>> {
    let file = open.file()?;
    let key = key(file);
    if let Some(pages) = MAPPED.lock().get(&key).and_then(Weak::upgrade) {
        return Ok(pages);
    }
    let metadata = open.metadata();
    let identity = Identity { device: metadata.dev, inode: metadata.ino, path: open.path() };
    let mapped = SpinLock::new(BTreeMap::new());
    let pages = Arc::new(FilePages { file: file.clone(), identity, mapped });
    MAPPED.lock().insert(key, Arc::downgrade(&pages));
    Ok(pages)
}

/// Returns what stands behind shared memory without a file.
pub(crate) fn shared_memory() -> Arc<dyn Backing> {
    let reserve = Policy::new(FRAMES.statistics().total, 0).reserve;
    Arc::new(SharedMemory::new(DirectMap, &FRAMES, reserve))
}

/// Makes mappings of a file look at it again, after it was cut to `size` bytes: what is mapped
/// behind the end is gone, private copies too.
pub(crate) fn cut(file: &Arc<dyn File>, size: u64) {
    forget(file, size.div_ceil(PAGE_SIZE as u64)..u64::MAX, Copies::Drop);
}

/// Makes mappings of a file look at it again, after bytes of it became a hole; private copies stay.
pub(crate) fn punch(file: &Arc<dyn File>, bytes: Range<u64>) {
    let size = PAGE_SIZE as u64;
    forget(file, bytes.start.div_ceil(size)..bytes.end / size, Copies::Keep);
}

fn forget(file: &Arc<dyn File>, numbers: Range<u64>, copies: Copies) {
    let Some(pages) = MAPPED.lock().get(&key(file)).and_then(Weak::upgrade) else {
        return;
    };
    if numbers.start < numbers.end {
        space::lock().forget(&*pages, numbers.clone(), copies);
        pages.mapped.lock().retain(|number, _| !numbers.contains(number));
    }
}
