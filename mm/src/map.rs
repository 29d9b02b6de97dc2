//! `mmap(2)`: what it is asked for, where the mapping goes and what it may do.

use alloc::sync::Arc;
use core::ops::Range;

use abi::mman::{MapFlags, MapType, Prot};
use abi::{Errno, Result};

use crate::addr::{HUGE_SIZE, PAGE_SIZE, PhysMem};
use crate::gaps::Wanted;
use crate::space::{AddressSpace, MIN_ADDRESS, TASK_SIZE, is_page_aligned, page_align};
use crate::vma::{Attributes, Backing, Role, Vma};

/// A file to be mapped, as the open file description allows.
#[derive(Clone, Debug)]
pub struct FileMapping {
    /// The file.
    pub backing: Arc<dyn Backing>,
    /// Where to start, in bytes.
    pub offset: u64,
    /// Whether the description can write: a shared mapping may then too.
    pub is_writable: bool,
}

/// What `mmap(2)` is asked for.
#[derive(Clone, Debug)]
pub struct MapRequest {
    /// Where, or a hint.
    pub address: u64,
    /// How much, in bytes.
    pub length: u64,
    /// `PROT_*`.
    pub prot: Prot,
    /// `MAP_*`.
    pub flags: MapFlags,
    /// The file; `None` for anonymous memory.
    pub file: Option<FileMapping>,
    /// What the mapping is for.
    pub role: Role,
}

impl<M: PhysMem> AddressSpace<M> {
    /// Carries out `mmap(2)` and returns the address. `MAP_POPULATE` and `MAP_LOCKED` are the
    /// caller's to follow up with [`populate`](Self::populate).
    ///
    /// # Errors
    /// As `mmap(2)`.
    pub fn mmap(&mut self, request: MapRequest) -> Result<u64> {
        let length = self.check_place(request.address, request.length, request.flags)?;
        if let Some(file) = &request.file {
            if !is_page_aligned(file.offset) {
                return Err(Errno::EINVAL);
            }
            let end = file.offset.checked_add(length).ok_or(Errno::EOVERFLOW)?;
            i64::try_from(end).map_err(|_| Errno::EOVERFLOW)?;
        }
        self.check_room(0)?;
        let address = self.choose_address(&request, length)?;
        if request.flags.contains(MapFlags::LOCKED) && self.limits.locked == 0 {
            return Err(Errno::EPERM);
        }
        // Only a fixed address can be one where something is mapped.
        let replaces = request.flags.contains(MapFlags::FIXED);
        let vma = self.plan(request, address..address + length)?;
        if replaces {
            let replaced = self.pages_where(&vma.range(), |_| true);
            let replaced_data = self.pages_where(&vma.range(), Vma::is_data);
            self.check_growth(&vma, replaced, replaced_data)?;
            self.unmap(&vma.range())?;
        } else {
            self.check_growth(&vma, 0, 0)?;
        }
        self.add(vma);
        Ok(address)
    }

    /// Checks whether a mapping can be where `mmap(2)` wants it, if it says so; returns its length
    /// in whole pages.
    ///
    /// # Errors
    /// `EINVAL`, `ENOMEM`, `EPERM`, `EEXIST`.
    pub fn check_place(&self, address: u64, length: u64, flags: MapFlags) -> Result<u64> {
        if length == 0 {
            return Err(Errno::EINVAL);
        }
        let length = page_align(length).filter(|length| *length <= TASK_SIZE);
        let length = length.ok_or(Errno::ENOMEM)?;
        if flags.intersects(MapFlags::FIXED | MapFlags::FIXED_NOREPLACE) {
            if address > TASK_SIZE - length {
                return Err(Errno::ENOMEM);
            }
            if !is_page_aligned(address) {
                return Err(Errno::EINVAL);
            }
            if address < MIN_ADDRESS {
                return Err(Errno::EPERM);
            }
            let must_be_free = flags.contains(MapFlags::FIXED_NOREPLACE);
            if must_be_free && !self.areas.is_free(address..address + length) {
                return Err(Errno::EEXIST);
            }
        }
        Ok(length)
    }

    /// Returns where the mapping goes, whose place was [checked](Self::check_place).
    fn choose_address(&self, request: &MapRequest, length: u64) -> Result<u64> {
        let hint = request.address;
        if request.flags.intersects(MapFlags::FIXED | MapFlags::FIXED_NOREPLACE) {
            return Ok(hint);
        }
        if hint != 0 {
            // A hint may be any number: it is rounded down and tried.
            let hint = (hint & !(PAGE_SIZE - 1)).max(MIN_ADDRESS);
            if hint <= TASK_SIZE - length && self.areas.is_open(hint..hint + length) {
                return Ok(hint);
            }
        }
        let is_low = request.flags.contains(MapFlags::LOW_2G);
        let is_file = request.file.is_some();
        self.find_free(length, is_file, is_low).ok_or(Errno::ENOMEM)
    }

    /// Returns where `length` bytes are free, high addresses first.
    pub(crate) fn find_free(&self, length: u64, is_file: bool, is_low: bool) -> Option<u64> {
        // Whole huge pages are aligned so that huge pages can be used, as Linux does since 6.7.
        let is_huge = !is_file && self.policy.huge_pages && length.is_multiple_of(HUGE_SIZE);
        let top = if is_low { 1 << 31 } else { self.policy.mmap_base };
        let wanted = |align, end| Wanted { length, align, within: MIN_ADDRESS..end };
        is_huge
            .then(|| self.areas.find_gap(&wanted(HUGE_SIZE, top)))
            .flatten()
            .or_else(|| self.areas.find_gap(&wanted(PAGE_SIZE, top)))
            .or_else(|| self.areas.find_gap(&wanted(PAGE_SIZE, TASK_SIZE)).filter(|_| !is_low))
    }

    /// Makes the mapping that a request is for.
    fn plan(&self, request: MapRequest, range: Range<u64>) -> Result<Vma> {
        const KNOWN: MapFlags = MapFlags::SHARED
            .union(MapFlags::PRIVATE)
            .union(MapFlags::FIXED)
            .union(MapFlags::ANONYMOUS)
            .union(MapFlags::LOW_2G)
            .union(MapFlags::GROWSDOWN)
            .union(MapFlags::DENYWRITE)
            .union(MapFlags::EXECUTABLE)
            .union(MapFlags::LOCKED)
            .union(MapFlags::NORESERVE)
            .union(MapFlags::POPULATE)
            .union(MapFlags::NONBLOCK)
            .union(MapFlags::STACK)
            .union(MapFlags::HUGETLB)
            .union(MapFlags::FIXED_NOREPLACE)
            .union(MapFlags::HUGE_SIZE);
        let flags = request.flags;
        let map_type = flags.map_type().ok_or(Errno::EINVAL)?;
        let is_shared = map_type != MapType::Private;
        let is_file = request.file.is_some();
        if map_type == MapType::SharedValidate && !is_file {
            return Err(Errno::EINVAL);
        }
        if map_type == MapType::SharedValidate && !KNOWN.contains(flags) {
            return Err(Errno::EOPNOTSUPP);
        }
        if flags.contains(MapFlags::HUGETLB) {
            // As Linux without huge pages set aside, which is how it starts.
            return Err(if is_file { Errno::EINVAL } else { Errno::ENOMEM });
        }
        if flags.contains(MapFlags::GROWSDOWN) && (is_shared || is_file) {
            return Err(Errno::EINVAL);
        }
        let max = match &request.file {
            Some(file) if is_shared && !file.is_writable => Prot::READ | Prot::EXEC,
            _ => Prot::ACCESS,
        };
        let prot = request.prot & Prot::ACCESS;
        if !max.contains(prot) {
            return Err(Errno::EACCES);
        }
        let mut attributes = self.future;
        attributes.set(Attributes::SHARED, is_shared);
        attributes.set(Attributes::GROWSDOWN, flags.contains(MapFlags::GROWSDOWN));
        attributes.set(Attributes::NORESERVE, flags.contains(MapFlags::NORESERVE));
        attributes.set(Attributes::NO_HUGE, flags.contains(MapFlags::STACK));
        if flags.contains(MapFlags::LOCKED) {
            attributes |= Attributes::LOCKED;
        }
        let (backing, offset) = match request.file {
            Some(file) => (Some(file.backing), file.offset),
            None => (None, 0),
        };
        let Range { start, end } = range;
        Ok(Vma { start, end, prot, max, attributes, role: request.role, backing, offset })
    }
}
