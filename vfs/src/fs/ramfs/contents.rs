//! The bytes of a regular file in memory: pages, holes and memory lent by the boot image.

use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;

use abi::io::{Sink, Source};
use abi::{Errno, Result};

use super::Volume;
use crate::Region;
use crate::page::{PAGE_SIZE, Page};

/// Bytes in a page, as files count.
const PAGE: u64 = 4096;
/// The greatest size of a file, Linux's `MAX_LFS_FILESIZE`, in bytes.
const MAX_SIZE: u64 = i64::MAX.unsigned_abs();
/// What is read from a hole.
static ZEROS: [u8; PAGE_SIZE] = [0; PAGE_SIZE];

/// The contents of a file. Pages that are in neither map are holes.
#[derive(Default)]
pub(super) struct Contents {
    size: u64,
    pages: BTreeMap<u64, Page>,
    /// Which of the pages only take room, `fallocate(2)`: to who looks for holes they are some.
    unwritten: BTreeSet<u64>,
    /// Memory that pages are made of at first use, by the index of its first page. Only the last
    /// page of a piece may be less than whole.
    lent: BTreeMap<u64, &'static mut [u8]>,
    lent_pages: u64,
}

impl Contents {
    /// Returns the contents `bytes`, which become pages in place as far as they are aligned.
    pub(super) fn lent(bytes: &'static mut [u8]) -> Self {
        let size = as_offset(bytes.len());
        let mut contents = Self { size, ..Self::default() };
        contents.lend(0, bytes);
        contents
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the number of pages that take memory.
    pub(super) fn allocated(&self) -> u64 {
        as_offset(self.pages.len()) + self.lent_pages
    }

    /// Returns how far a read from `at` with room for `room` bytes goes.
    pub(super) fn readable(&self, at: u64, room: usize) -> u64 {
        self.size.min(at.saturating_add(as_offset(room)))
    }

    /// Copies the part of `[at, end)` that is in one page to `sink`; `page` is the page there,
    /// `None` for a hole.
    pub(super) fn copy_out(
        page: Option<&Page>,
        at: u64,
        end: u64,
        sink: &mut dyn Sink,
    ) -> Result<usize> {
        let (start, stop) = within_page(at, end);
        match page {
            Some(page) => page.read(start, stop, sink),
            None => sink.put(&ZEROS[start..stop]),
        }
    }

    /// Returns the page at `index`; `None` for a hole.
    pub(super) fn existing(&mut self, index: u64, volume: &Volume) -> Result<Option<Page>> {
        if let Some(page) = self.pages.get(&index) {
            return Ok(Some(page.clone()));
        }
        self.take_lent(index, volume)
    }

    /// Fills in the pages from `first` on that take memory, but for those that lent memory would
    /// have to be copied for. The file's size bounds them, since nothing lies behind it.
    pub(super) fn resident(&mut self, first: u64, pages: &mut [Option<Page>]) {
        let end = first.saturating_add(as_offset(pages.len()));
        self.use_lent(first, end);
        pages.fill(None);
        for (&index, page) in self.pages.range(first..end) {
            if let Some(slot) = usize::try_from(index - first).ok().and_then(|at| pages.get_mut(at))
            {
                *slot = Some(page.clone());
            }
        }
    }

    /// Makes pages of the lent memory at `[start, end)` as far as it is in whole, aligned pages.
    fn use_lent(&mut self, start: u64, end: u64) {
        let mut from = start;
        while let Some(first) = self.next_lent(from).filter(|&first| first < end) {
            let Some((&piece, bytes)) = self.lent.range(..=first).next_back() else { return };
            let whole = piece + as_offset(bytes.len() / PAGE_SIZE);
            let is_aligned = bytes.as_ptr().addr().is_multiple_of(PAGE_SIZE);
            from = piece + page_count(bytes);
            if !is_aligned || whole <= first {
                continue;
            }
            let cut = self.cut_lent(first, whole.min(end)).unwrap_or_default();
            let (chunks, _) = cut.as_chunks_mut::<PAGE_SIZE>();
            let lent = (first..).zip(chunks);
            self.pages.extend(lent.filter_map(|(index, bytes)| Some((index, Page::lent(bytes)?))));
        }
    }

    /// Returns the page at `index` for writing, filling a hole.
    pub(super) fn page(&mut self, index: u64, volume: &Volume) -> Result<Page> {
        if !self.unwritten.is_empty() {
            self.unwritten.remove(&index);
        }
        if let Some(page) = self.existing(index, volume)? {
            return Ok(page);
        }
        let page = volume.new_page()?;
        self.pages.insert(index, page.clone());
        Ok(page)
    }

    /// Writes from `source` to byte `at` on and returns how many bytes it gave.
    pub(super) fn write(
        &mut self,
        at: u64,
        source: &mut dyn Source,
        volume: &Volume,
    ) -> Result<usize> {
        let wanted = as_offset(source.left());
        let end = at.saturating_add(wanted).min(MAX_SIZE);
        if wanted != 0 && at >= end {
            return Err(Errno::EFBIG);
        }
        let mut here = at;
        while here < end {
            let (start, stop) = within_page(here, end);
            let step =
                self.page(here / PAGE, volume).and_then(|page| page.write(start, stop, source));
            let count = match step {
                Ok(count) => count,
                Err(errno) if here == at => return Err(errno),
                Err(_) => break,
            };
            here += as_offset(count);
            self.size = self.size.max(here);
            if count < stop - start {
                break;
            }
        }
        usize::try_from(here - at).map_err(|_| Errno::EFBIG)
    }

    /// Cuts the file to `size` or lets it grow by a hole.
    pub(super) fn truncate(&mut self, size: u64, volume: &Volume) -> Result<()> {
        if size > MAX_SIZE {
            return Err(Errno::EFBIG);
        }
        if size < self.size {
            self.clear(size, u64::MAX, volume)?;
        }
        self.size = size;
        Ok(())
    }

    /// Gives memory to the holes of `[start, end)`.
    pub(super) fn reserve(&mut self, start: u64, end: u64, volume: &Volume) -> Result<()> {
        if end > MAX_SIZE {
            return Err(Errno::EFBIG);
        }
        let pages = start / PAGE..end.div_ceil(PAGE);
        if pages.end - pages.start > volume.free_pages().saturating_add(self.allocated()) {
            return Err(Errno::ENOSPC);
        }
        pages.into_iter().try_for_each(|index| self.reserve_page(index, volume))
    }

    fn reserve_page(&mut self, index: u64, volume: &Volume) -> Result<()> {
        if self.existing(index, volume)?.is_none() {
            self.page(index, volume)?;
            self.unwritten.insert(index);
        }
        Ok(())
    }

    /// Lets the file end at `size` at least.
    pub(super) fn grow(&mut self, size: u64) {
        self.size = self.size.max(size);
    }

    /// Makes `[start, end)` read as zeros and frees the pages that lie wholly in it.
    pub(super) fn clear(&mut self, start: u64, end: u64, volume: &Volume) -> Result<()> {
        // What lies behind the end of the file in its last page is zero already.
        let whole_pages = end.checked_next_multiple_of(PAGE).unwrap_or(u64::MAX);
        let end = if end < self.size { end } else { whole_pages };
        for edge in [start, end] {
            if !edge.is_multiple_of(PAGE)
                && edge < self.size
                && let Some(page) = self.existing(edge / PAGE, volume)?
            {
                let base = edge / PAGE * PAGE;
                let from = offset_in_page(start.max(base) - base);
                let to = offset_in_page((end - base).min(PAGE));
                page.clear(from, to);
            }
        }
        let whole = start.div_ceil(PAGE)..end / PAGE;
        if whole.start < whole.end {
            self.free_lent(whole.start, whole.end);
            let mut tail = self.pages.split_off(&whole.start);
            self.pages.append(&mut tail.split_off(&whole.end));
            for (index, page) in tail {
                self.unwritten.remove(&index);
                release(&page, volume);
            }
        }
        Ok(())
    }

    /// Returns the next byte from `from` on that is in data or a hole.
    pub(super) fn seek(&self, from: u64, region: Region) -> Result<u64> {
        if from >= self.size {
            return Err(Errno::ENXIO);
        }
        let mut index = from / PAGE;
        match region {
            Region::Data => index = self.next_allocated(index).ok_or(Errno::ENXIO)?,
            Region::Hole => {
                while self.next_allocated(index) == Some(index) {
                    index += 1;
                }
            }
        }
        match region {
            Region::Data if index * PAGE >= self.size => Err(Errno::ENXIO),
            _ => Ok((index * PAGE).clamp(from, self.size)),
        }
    }

    /// Gives back all pages, when the file goes.
    pub(super) fn release_all(&mut self, volume: &Volume) {
        let owned = self.pages.values().filter(|page| !page.is_lent()).count();
        volume.give_pages(as_offset(owned));
    }

    fn next_allocated(&self, index: u64) -> Option<u64> {
        let is_written = |index: &u64| !self.unwritten.contains(index);
        let page = self.pages.range(index..).map(|(&index, _)| index).find(is_written);
        page.into_iter().chain(self.next_lent(index)).min()
    }

    fn lend(&mut self, index: u64, bytes: &'static mut [u8]) {
        if !bytes.is_empty() {
            self.lent_pages += page_count(bytes);
            self.lent.insert(index, bytes);
        }
    }

    /// Makes a page of the lent memory at `index`, if there is any.
    fn take_lent(&mut self, index: u64, volume: &Volume) -> Result<Option<Page>> {
        let Some(bytes) = self.cut_lent(index, index + 1) else {
            return Ok(None);
        };
        if bytes.as_array::<PAGE_SIZE>().is_some_and(Page::is_aligned) {
            let page = bytes.as_mut_array().and_then(Page::lent);
            self.pages.extend(page.clone().map(|page| (index, page)));
            return Ok(page);
        }
        let page = match volume.new_page() {
            Ok(page) => page,
            Err(errno) => {
                self.lend(index, bytes);
                return Err(errno);
            }
        };
        page.with(|copy| copy[..bytes.len()].copy_from_slice(bytes));
        self.pages.insert(index, page.clone());
        Ok(Some(page))
    }

    fn free_lent(&mut self, start: u64, end: u64) {
        loop {
            let first = match self.next_lent(start) {
                Some(first) if first < end => first,
                _ => return,
            };
            self.cut_lent(first, end);
        }
    }

    fn next_lent(&self, index: u64) -> Option<u64> {
        match self.lent.range(..=index).next_back() {
            Some((&first, bytes)) if index < first + page_count(bytes) => Some(index),
            _ => self.lent.range(index..).next().map(|(&first, _)| first),
        }
    }

    /// Takes the lent memory of the pages `[start, end)` out of the piece that covers `start`.
    fn cut_lent(&mut self, start: u64, end: u64) -> Option<&'static mut [u8]> {
        let (&first, bytes) = self.lent.range(..=start).next_back()?;
        if start >= first + page_count(bytes) {
            return None;
        }
        let bytes = self.lent.remove(&first)?;
        self.lent_pages -= page_count(bytes);
        let (before, rest) = bytes.split_at_mut(bytes_of(start - first)?.min(bytes.len()));
        self.lend(first, before);
        let wanted = bytes_of(end - start).unwrap_or(usize::MAX).min(rest.len());
        let (cut, after) = rest.split_at_mut(wanted);
        self.lend(end, after);
        Some(cut)
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contents({} bytes)", self.size)
    }
}

/// Gives back what freeing a file's page frees; a page that is still mapped reads as zeros.
fn release(page: &Page, volume: &Volume) {
    if page.is_shared() {
        page.clear(0, PAGE_SIZE);
    }
    if !page.is_lent() {
        volume.give_pages(1);
    }
}

fn as_offset(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn offset_in_page(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(PAGE_SIZE).min(PAGE_SIZE)
}

fn within_page(at: u64, end: u64) -> (usize, usize) {
    let base = at / PAGE * PAGE;
    (offset_in_page(at - base), offset_in_page((end - base).min(PAGE)))
}

fn page_count(bytes: &[u8]) -> u64 {
    as_offset(bytes.len()).div_ceil(PAGE)
}

fn bytes_of(pages: u64) -> Option<usize> {
    usize::try_from(pages).ok()?.checked_mul(PAGE_SIZE)
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    use abi::fcntl::{FallocateMode, OpenFlags};

    use super::*;
    use crate::fs::conformance::Noon;
    use crate::fs::ramfs::RamFs;

    #[repr(align(4096))]
    struct Aligned([u8; 3 * PAGE_SIZE + 10]);

    fn found(contents: &mut Contents, first: u64) -> Vec<bool> {
        let mut pages = [const { None }; 4];
        contents.resident(first, &mut pages);
        pages.iter().map(Option::is_some).collect()
    }

    #[test]
    fn whole_aligned_lent_pages_are_resident_and_the_tail_is_not() {
        let memory = Box::leak(Box::new(Aligned([7; 3 * PAGE_SIZE + 10])));
        let mut contents = Contents::lent(&mut memory.0);
        assert_eq!(found(&mut contents, 1), [true, true, false, false]);
        assert_eq!(contents.allocated(), 4);
        assert_eq!(found(&mut contents, 0), [true, true, true, false]);
        assert_eq!(found(&mut contents, 40), [false; 4]);
    }

    #[test]
    fn pages_that_only_take_room_are_holes() {
        let memory = RamFs::new(79, Arc::new(Noon), 9);
        let file = memory.unnamed(0o600).open(OpenFlags::RDWR).unwrap();
        file.allocate(FallocateMode::empty(), 0, 8192).unwrap();
        assert_eq!(file.size(), 8192);
        assert_eq!(file.seek_region(0, Region::Data), Err(Errno::ENXIO));
        assert_eq!(file.seek_region(0, Region::Hole), Ok(0));
        file.write(5000, &mut b"x".as_slice()).unwrap();
        assert_eq!(file.seek_region(0, Region::Data), Ok(4096));
        assert_eq!(file.allocate(FallocateMode::empty(), 0, 1 << 20), Err(Errno::ENOSPC));
    }

    #[test]
    fn crooked_lent_memory_is_left_alone() {
        let memory = Box::leak(Box::new(Aligned([7; 3 * PAGE_SIZE + 10])));
        let mut contents = Contents::lent(&mut memory.0[1..]);
        assert_eq!(found(&mut contents, 0), [false; 4]);
        assert_eq!(contents.allocated(), 4);
    }
}
