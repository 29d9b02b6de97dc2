//! Open files in memory: reading, writing, seals, FIFOs.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::Ordering;

use abi::fcntl::{
    F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_WRITE, FallocateMode,
    OpenFlags,
};
use abi::io::{Sink, Source};
use abi::stat::FileType;
use abi::{Errno, Result};

use super::RamInode;
use super::contents::Contents;
use crate::anon::{Pipe, PipeAccess};
use crate::{BLOCK_SIZE, Changes, File, Inode, Mapping, Page, Region, Synchronise};

impl RamInode {
    /// Lets a new file be sealed, which others cannot be, and begins with some:
    /// `MFD_ALLOW_SEALING`, `MFD_NOEXEC_SEAL`.
    pub fn allow_seals(&self, first: u32) {
        self.seals.store(first, Ordering::Relaxed);
    }

    /// Returns what must not be done to the contents any more, `F_SEAL_*`.
    pub fn seals(&self) -> u32 {
        self.seals.load(Ordering::Relaxed)
    }

    /// Adds to [`seals`](Self::seals).
    ///
    /// # Errors
    /// `EPERM` if no more may be added.
    pub fn add_seals(&self, seals: u32) -> Result<()> {
        let add = |old: u32| (old & F_SEAL_SEAL == 0).then_some(old | seals);
        let added = self.seals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        added.map(drop).map_err(|_| Errno::EPERM)
    }

    /// Fails with `EPERM` if a seal forbids a write of `len` bytes to byte `at`.
    fn check_write(&self, size: u64, at: u64, len: usize) -> Result<()> {
        let seals = self.seals();
        let end = at.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        let is_sealed = seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) != 0
            || (seals & F_SEAL_GROW != 0 && end > size);
        if is_sealed { Err(Errno::EPERM) } else { Ok(()) }
    }

    /// Fails with `EPERM` if a seal forbids this change of the size.
    pub(super) fn check_size(&self, old: u64, new: u64) -> Result<()> {
        let seals = self.seals();
        let is_sealed =
            (new < old && seals & F_SEAL_SHRINK != 0) || (new > old && seals & F_SEAL_GROW != 0);
        if is_sealed { Err(Errno::EPERM) } else { Ok(()) }
    }
}

impl File for RamInode {
    fn read(&self, at: u64, sink: &mut dyn Sink) -> Result<usize> {
        let contents = self.contents()?;
        let mut here = at;
        loop {
            let mut locked = contents.lock();
            let end = locked.readable(here, sink.room());
            if here >= end {
                break;
            }
            let page = locked.existing(here / u64::from(BLOCK_SIZE), &self.volume)?;
            drop(locked);
            match Contents::copy_out(page.as_ref(), here, end, sink) {
                Ok(0) => break,
                Ok(count) => here += u64::try_from(count).unwrap_or(0),
                Err(errno) if here == at => return Err(errno),
                Err(_) => break,
            }
        }
        usize::try_from(here - at).map_err(|_| Errno::EINVAL)
    }

    fn write(&self, at: u64, source: &mut dyn Source) -> Result<usize> {
        let mut contents = self.contents()?.lock();
        self.check_write(contents.size(), at, source.left())?;
        let count = contents.write(at, source, &self.volume)?;
        drop(contents);
        self.touch();
        Ok(count)
    }

    fn append(&self, source: &mut dyn Source) -> Result<(u64, usize)> {
        let mut contents = self.contents()?.lock();
        let at = contents.size();
        self.check_write(at, at, source.left())?;
        let count = contents.write(at, source, &self.volume)?;
        drop(contents);
        self.touch();
        Ok((at + u64::try_from(count).unwrap_or(0), count))
    }

    fn is_seekable(&self) -> bool {
        self.kind == FileType::Regular
    }

    fn size(&self) -> u64 {
        self.size_and_pages().0
    }

    fn seek_region(&self, from: u64, region: Region) -> Result<u64> {
        self.contents()?.lock().seek(from, region)
    }

    fn truncate(&self, size: u64) -> Result<()> {
        let size = Some(size);
        self.contents().map_err(|_| Errno::EINVAL)?;
        self.change(&Changes { size, ..Changes::default() })
    }

    fn allocate(&self, mode: FallocateMode, start: u64, len: u64) -> Result<()> {
        if !(FallocateMode::KEEP_SIZE | FallocateMode::PUNCH_HOLE).contains(mode) {
            return Err(Errno::EOPNOTSUPP);
        }
        let end = start.checked_add(len).ok_or(Errno::EFBIG)?;
        let mut contents = self.contents().map_err(|_| Errno::ENODEV)?.lock();
        let keeps_size = mode.contains(FallocateMode::KEEP_SIZE);
        if mode.contains(FallocateMode::PUNCH_HOLE) {
            self.check_write(u64::MAX, start, 0)?;
        } else {
            // Even where the size stays.
            self.check_size(contents.size(), contents.size().max(end))?;
        }
        match mode - FallocateMode::KEEP_SIZE {
            FallocateMode::PUNCH_HOLE if keeps_size => {
                contents.clear(start, end, &self.volume)?;
            }
            rest if rest.is_empty() => {
                contents.reserve(start, end, &self.volume)?;
                if !keeps_size {
                    contents.grow(end);
                }
            }
            _ => return Err(Errno::EOPNOTSUPP),
        }
        drop(contents);
        self.touch();
        Ok(())
    }

    fn sync(&self, _what: Synchronise) -> Result<()> {
        Ok(())
    }

    fn mapping(&self) -> Result<Mapping> {
        self.contents().map(|_| Mapping::Pages).map_err(|_| Errno::ENODEV)
    }

    fn page(&self, index: u64) -> Result<Page> {
        let mut contents = self.contents().map_err(|_| Errno::ENODEV)?.lock();
        if index >= contents.size().div_ceil(u64::from(BLOCK_SIZE)) {
            return Err(Errno::EFAULT);
        }
        contents.page(index, &self.volume)
    }

    fn resident_pages(&self, first: u64, pages: &mut [Option<Page>]) {
        match self.contents() {
            Ok(contents) => contents.lock().resident(first, pages),
            Err(_) => pages.fill(None),
        }
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// Opens an end of a FIFO; whether its opener waits for the other side is the caller's business.
pub(super) fn open_fifo(pipe: &Arc<Pipe>, flags: OpenFlags) -> Result<Arc<dyn File>> {
    let access = match (flags.is_readable(), flags.is_writable()) {
        (true, true) => PipeAccess::Both,
        (true, false) => PipeAccess::Read,
        (false, true) => PipeAccess::Write,
        (false, false) => return Err(Errno::EINVAL),
    };
    let is_waiting = !flags.contains(OpenFlags::NONBLOCK);
    if access == PipeAccess::Write && !is_waiting && !pipe.has_readers() {
        return Err(Errno::ENXIO);
    }
    Ok(pipe.open(access))
}
