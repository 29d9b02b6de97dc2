//! One mapping of the address space, and what is behind it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Debug;
use core::ops::Range;

use abi::mman::{Prot, SyncFlags};
use bitflags::bitflags;

use crate::addr::{PAGE_SIZE, PhysAddr};
use crate::space::STACK_GUARD;

bitflags! {
    /// What a mapping is, beyond its protection.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Attributes: u32 {
        /// Writes are seen by everyone (`MAP_SHARED`).
        const SHARED = 1;
        /// It grows down when the page below it is touched (`MAP_GROWSDOWN`, the stack).
        const GROWSDOWN = 1 << 1;
        /// No memory was set aside for it (`MAP_NORESERVE`).
        const NORESERVE = 1 << 2;
        /// Huge pages are asked for (`MADV_HUGEPAGE`).
        const HUGE = 1 << 3;
        /// Huge pages are not wanted (`MADV_NOHUGEPAGE`).
        const NO_HUGE = 1 << 4;
        /// Its pages stay in memory (`mlock(2)`).
        const LOCKED = 1 << 5;
        /// It is not copied by fork (`MADV_DONTFORK`).
        const DONT_FORK = 1 << 6;
        /// It is empty after fork (`MADV_WIPEONFORK`).
        const WIPE_ON_FORK = 1 << 7;
        /// It is left out of core dumps (`MADV_DONTDUMP`).
        const DONT_DUMP = 1 << 8;
    }
}

/// What a mapping is for, as `/proc/pid/maps` names it; see `proc_pid_maps(5)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Role {
    /// Nothing that has a name.
    #[default]
    Plain,
    /// `[heap]`.
    Heap,
    /// `[stack]`.
    Stack,
    /// `[vdso]`.
    Vdso,
    /// `[vvar]`.
    Vvar,
}

/// How memory is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An instruction fetch.
    Execute,
}

impl Access {
    /// Returns whether a mapping allows it; on x86-64 whatever can be used can be read.
    pub const fn is_allowed_by(self, prot: Prot) -> bool {
        match self {
            Self::Read => !prot.is_empty(),
            Self::Write => prot.contains(Prot::WRITE),
            Self::Execute => prot.contains(Prot::EXEC),
        }
    }
}

/// Why a file gives no frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BackingError {
    /// The page is not in memory; [`Backing::fetch`] brings it.
    Absent,
    /// The page lies wholly beyond the end of the file.
    BeyondEnd,
    /// It cannot be read or written.
    Failed,
    /// There is no memory for it.
    OutOfMemory,
}

/// What `/proc/pid/maps` says of a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Identity {
    /// Device number, as in `st_dev`.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Path.
    pub path: Vec<u8>,
}

/// A file as the memory it is mapped from. A frame that it gave stays the file's page as long as
/// the mapping holds on to the backing.
///
/// All but [`fetch`](Self::fetch) and [`sync`](Self::sync) are called with the address space locked and never sleep.
pub trait Backing: Send + Sync + Debug {
    /// Returns the frame of page number `page` of the file; for [`Access::Write`] one that is about
    /// to be written through a shared mapping.
    ///
    /// # Errors
    /// As [`BackingError`] says.
    fn frame(&self, page: u64, access: Access) -> Result<PhysAddr, BackingError>;

    /// Fills in the frames of the pages from `first` on, as far as they are in memory.
    fn resident(&self, first: u64, frames: &mut [Option<PhysAddr>]) {
        let _ = first;
        frames.fill(None);
    }

    /// Brings a page into memory. May sleep; the address space is not locked.
    ///
    /// # Errors
    /// As [`BackingError`] says, but not [`Absent`](BackingError::Absent).
    fn fetch(&self, page: u64) -> Result<(), BackingError> {
        let _ = page;
        Ok(())
    }

    /// Brings what was written through shared mappings to the disk, as `msync(2)` asks. May sleep;
    /// the address space is not locked.
    ///
    /// # Errors
    /// As `msync(2)`.
    fn sync(&self, bytes: Range<u64>, flags: SyncFlags) -> abi::Result<()> {
        let _ = (bytes, flags);
        Ok(())
    }

    /// Makes a hole of whole pages, by number, as `MADV_REMOVE` asks; no mapping shows them any
    /// more.
    ///
    /// # Errors
    /// `EOPNOTSUPP` if the file cannot have holes.
    fn remove(&self, pages: Range<u64>) -> abi::Result<()> {
        let _ = pages;
        Err(abi::Errno::EOPNOTSUPP)
    }

    /// Returns what the file is called.
    fn identity(&self) -> Identity;
}

/// One mapping: a range of pages that share their properties.
#[derive(Clone, Debug)]
pub struct Vma {
    /// First address.
    pub start: u64,
    /// First address after it.
    pub end: u64,
    /// What it allows.
    pub prot: Prot,
    /// What `mprotect(2)` may make it allow.
    pub max: Prot,
    /// What else it is.
    pub attributes: Attributes,
    /// What it is for.
    pub role: Role,
    /// The file, `None` for anonymous memory.
    pub backing: Option<Arc<dyn Backing>>,
    /// Where in the file it starts, in bytes; 0 for anonymous memory.
    pub offset: u64,
}

impl Vma {
    /// Returns the size in bytes.
    pub const fn length(&self) -> u64 {
        self.end - self.start
    }

    /// Returns the number of pages.
    pub const fn pages(&self) -> u64 {
        self.length() / PAGE_SIZE
    }

    /// Returns the range of addresses.
    pub const fn range(&self) -> Range<u64> {
        self.start..self.end
    }

    /// Returns where what is given out below it has to end: mappings that grow down keep a distance.
    pub(crate) const fn guarded_start(&self) -> u64 {
        let grows = self.attributes.contains(Attributes::GROWSDOWN);
        if grows { self.start.saturating_sub(STACK_GUARD) } else { self.start }
    }

    /// Returns whether writes are seen by everyone.
    pub const fn is_shared(&self) -> bool {
        self.attributes.contains(Attributes::SHARED)
    }

    /// Returns whether its pages are kept in memory.
    pub const fn is_locked(&self) -> bool {
        self.attributes.contains(Attributes::LOCKED)
    }

    /// Returns whether it is private memory that may be written: what counts as a program's data.
    pub const fn is_data(&self) -> bool {
        self.prot.contains(Prot::WRITE) && !self.is_shared()
    }

    /// Returns whether memory has to be there for all of it.
    pub const fn is_charged(&self) -> bool {
        self.is_data() && !self.attributes.contains(Attributes::NORESERVE)
    }

    /// Returns the number of the file's page that is at `address`.
    pub const fn file_page(&self, address: u64) -> u64 {
        (self.offset + (address - self.start)) / PAGE_SIZE
    }

    /// Returns whether `next`, which starts where this ends, can be part of it.
    pub(crate) fn continues_in(&self, next: &Self) -> bool {
        let is_same_file = match (&self.backing, &next.backing) {
            (None, None) => true,
            (Some(this), Some(other)) => {
                Arc::ptr_eq(this, other) && self.offset + self.length() == next.offset
            }
            _ => false,
        };
        is_same_file
            && self.end == next.start
            && self.prot == next.prot
            && self.max == next.max
            && self.attributes == next.attributes
            && self.role == next.role
    }

    /// Splits it at `address`, which lies inside; returns the upper part.
    pub(crate) fn split_off(&mut self, address: u64) -> Self {
        let mut upper = self.clone();
        if upper.backing.is_some() {
            upper.offset += address - self.start;
        }
        upper.start = address;
        self.end = address;
        upper
    }
}
