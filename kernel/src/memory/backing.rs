//! Files as memory: what is behind a mapping of a file.
//!
//! A mapping shows the very pages that `read(2)` and `write(2)` use. Whoever maps a file shares one
//! [`FilePages`] with all others that map it, so that a change of the file reaches every mapping.
//!
//! **Locks:** the table of mapped files, and inside it nothing; a file's table of pages, and inside
//! it those of the file.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::ops::Range;

use abi::fcntl::FallocateMode;
use abi::mman::{Prot, SyncFlags};
use abi::{Errno, Result};
use mm::PhysAddr;
use mm::fault::Copies;
use mm::shared::SharedMemory;
use mm::space::Policy;
use mm::vma::{Access, Backing, BackingError, Identity, Vma};
use sync::SpinLock;
use vfs::{File, OpenFile, PAGE_SIZE, Page};

use super::heap::DirectMap;
use super::{FRAMES, space};
use crate::arch::{index, paging};

/// Pages a chunk: a chunk takes one frame.
const CHUNK: usize = 512;
const CHUNK_PAGES: u64 = CHUNK as u64;

/// Pages by their numbers.
#[derive(Debug, Default)]
struct Held(BTreeMap<u64, Box<[Option<Page>; CHUNK]>>);

impl Held {
    fn hold(&mut self, number: u64, page: Page) {
        let chunk =
            self.0.entry(number / CHUNK_PAGES).or_insert_with(|| Box::new([const { None }; CHUNK]));
        chunk[index(number % CHUNK_PAGES)] = Some(page);
    }

    fn release(&mut self, numbers: Range<u64>) {
        let last = numbers.end.saturating_sub(1) / CHUNK_PAGES;
        for (chunk, pages) in self.0.range_mut(numbers.start / CHUNK_PAGES..=last) {
            for (number, page) in (chunk * CHUNK_PAGES..).zip(pages.iter_mut()) {
                if numbers.contains(&number) {
                    *page = None;
                }
            }
        }
    }
}

/// The pages of a file that is mapped.
#[derive(Debug)]
struct FilePages {
    file: Arc<dyn File>,
    identity: Identity,
    /// The pages that mappings have; held so that their memory stays theirs, whatever becomes of
    /// the file.
    mapped: SpinLock<Held>,
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
        mapped.hold(page, found);
        Ok(PhysAddr::new(address))
    }
}

impl Backing for FilePages {
    fn frame(&self, page: u64, _access: Access) -> Result<PhysAddr, BackingError> {
        self.take(page)
    }

    fn resident(&self, first: u64, frames: &mut [Option<PhysAddr>]) {
        const STEP: usize = 16;
        for (number, part) in (first..).step_by(STEP).zip(frames.chunks_mut(STEP)) {
            let mut pages = [const { None }; STEP];
            let pages = &mut pages[..part.len()];
            self.file.resident_pages(number, pages);
            let mut mapped = self.mapped.lock();
            for ((number, page), frame) in (number..).zip(pages).zip(part) {
                *frame = page.take().map(|page| {
                    let address = paging::physical(page.address() as u64);
                    mapped.hold(number, page);
                    PhysAddr::new(address)
                });
            }
        }
    }

    fn sync(&self, _bytes: Range<u64>, flags: SyncFlags) -> Result<()> {
        if !flags.contains(SyncFlags::SYNC) {
            return Ok(());
        }
        self.file.sync(vfs::Synchronise::All)
    }

    fn remove(&self, pages: Range<u64>) -> Result<()> {
        let size = PAGE_SIZE as u64;
        let mode = FallocateMode::PUNCH_HOLE | FallocateMode::KEEP_SIZE;
        self.file.allocate(mode, pages.start * size, (pages.end - pages.start) * size)?;
        self.mapped.lock().release(pages);
        Ok(())
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
    let mapped = SpinLock::new(Held::default());
    let pages = Arc::new(FilePages { file: file.clone(), identity, mapped });
    MAPPED.lock().insert(key, Arc::downgrade(&pages));
    Ok(pages)
}

/// Returns whether a shared mapping of the file exists that may be written, or made so.
pub(crate) fn is_mapped_writable(file: &Arc<dyn File>) -> bool {
    let pages = MAPPED.lock().get(&key(file)).and_then(Weak::upgrade);
    let is_own = |vma: &Vma| match (&vma.backing, &pages) {
        (Some(backing), Some(pages)) => {
            core::ptr::addr_eq(&raw const **backing, &raw const **pages)
        }
        _ => false,
    };
    let is_writable = |vma: &Vma| vma.is_shared() && vma.max.contains(Prot::WRITE) && is_own(vma);
    pages.is_some() && space::lock().mappings().any(is_writable)
}

/// Returns what stands behind shared memory without a file.
pub(crate) fn shared_memory() -> Arc<dyn Backing> {
    let reserve = Policy::new(FRAMES.total(), 0).reserve;
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
        pages.mapped.lock().release(numbers);
    }
}
