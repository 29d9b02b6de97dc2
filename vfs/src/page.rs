//! Pages: the memory that holds the contents of files.
//!
//! A file is read and written through its pages and mapped by the same pages, so all views of it
//! agree without any copying to and fro. A page's memory never moves while the page lives, and it
//! lives as long as anybody holds it: a file, a mapping.
//!
//! The program that a page is mapped into may change it at any time; the lock orders the kernel's
//! own accesses only.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::{fmt, slice};

use abi::io::{Sink, Source};
use abi::{Errno, Result};
use sync::SpinLock;

/// PageBytes in a page.
pub const PAGE_SIZE: usize = 4096;

/// The contents of a page.
pub type PageBytes = [u8; PAGE_SIZE];

#[derive(Clone, Copy)]
#[repr(align(4096))]
struct Frame(PageBytes);

/// What new pages are copied from: made on the stack they would take two passes.
static ZERO_FRAME: Frame = Frame([0; PAGE_SIZE]);

enum Memory {
    /// One frame; a slice because only vectors can fail to get memory.
    Owned(Box<[Frame]>),
    Lent(&'static mut PageBytes),
}

impl Memory {
    fn bytes(&mut self) -> &mut PageBytes {
        match self {
            Self::Owned(frame) => &mut frame[0].0,
            Self::Lent(bytes) => bytes,
        }
    }
}

struct Shared {
    address: usize,
    memory: SpinLock<Memory>,
}

/// One page of a file; clones are the same page.
#[derive(Clone)]
pub struct Page(Arc<Shared>);

impl Page {
    /// Returns a new page of zeros.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn zeroed() -> Result<Self> {
        let mut frames = Vec::new();
        frames.try_reserve_exact(1).map_err(|_| Errno::ENOMEM)?;
        frames.extend_from_slice(slice::from_ref(&ZERO_FRAME));
        Ok(Self::new(Memory::Owned(frames.into_boxed_slice())))
    }

    /// Returns a page of memory that nobody else uses; `None` if it is not aligned to a page.
    pub fn lent(bytes: &'static mut PageBytes) -> Option<Self> {
        Self::is_aligned(bytes).then(|| Self::new(Memory::Lent(bytes)))
    }

    /// Returns whether `bytes` begin at a multiple of [`PAGE_SIZE`].
    pub fn is_aligned(bytes: &PageBytes) -> bool {
        bytes.as_ptr().addr().is_multiple_of(PAGE_SIZE)
    }

    /// Returns whether the memory was lent, see [`lent`](Self::lent).
    pub fn is_lent(&self) -> bool {
        matches!(*self.0.memory.lock(), Memory::Lent(_))
    }

    /// Returns whether anybody else holds this page.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    fn new(mut memory: Memory) -> Self {
        let address = memory.bytes().as_ptr().addr();
        Self(Arc::new(Shared { address, memory: SpinLock::new(memory) }))
    }

    /// Returns the address of the memory, a multiple of [`PAGE_SIZE`]; it stays the same.
    pub fn address(&self) -> usize {
        self.0.address
    }

    /// Lets `look` see the bytes; it must use no other page that could be this one.
    pub fn with<R>(&self, look: impl FnOnce(&mut PageBytes) -> R) -> R {
        look(self.0.memory.lock().bytes())
    }

    /// Copies `[start, end)` to `sink` and returns how many bytes it took.
    ///
    /// # Errors
    /// As [`Sink::put`].
    pub fn read(&self, start: usize, end: usize, sink: &mut dyn Sink) -> Result<usize> {
        self.with(|bytes| sink.put(&bytes[start..end]))
    }

    /// Fills `[start, end)` from `source` and returns how many bytes came.
    ///
    /// # Errors
    /// As [`Source::take`].
    pub fn write(&self, start: usize, end: usize, source: &mut dyn Source) -> Result<usize> {
        self.with(|bytes| source.take(&mut bytes[start..end]))
    }

    /// Sets `[start, end)` to zero.
    pub fn clear(&self, start: usize, end: usize) {
        self.with(|bytes| bytes[start..end].fill(0));
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Page({:#x})", self.0.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_aligned_and_clones_are_the_same() {
        let page = Page::zeroed().unwrap();
        assert!(page.address().is_multiple_of(PAGE_SIZE));
        let clone = page.clone();
        assert_eq!(clone.write(1, 3, &mut b"ab".as_slice()), Ok(2));
        let mut memory = [1; 4];
        assert_eq!(page.read(0, 4, &mut memory.as_mut_slice()), Ok(4));
        assert_eq!(&memory, b"\0ab\0");
        assert_eq!(page.address(), clone.address());
    }

    #[test]
    fn lent_memory_is_used_in_place_if_aligned() {
        let frame = Box::leak(Box::new([Frame([7; PAGE_SIZE]), Frame([8; PAGE_SIZE])]));
        let address = frame[0].0.as_ptr().addr();
        let page = Page::lent(&mut frame[0].0).unwrap();
        assert_eq!(page.address(), address);
        page.clear(0, 1);
        page.with(|bytes| assert_eq!(bytes[..2], [0, 7]));
        let crooked = Box::leak(Box::new([0; 3 * PAGE_SIZE]));
        let offset = if crooked.as_ptr().addr().is_multiple_of(PAGE_SIZE) { 1 } else { 0 };
        let bytes = crooked[offset..].first_chunk_mut::<PAGE_SIZE>().unwrap();
        assert!(Page::lent(bytes).is_none());
    }
}
