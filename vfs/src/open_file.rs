//! Open file descriptions: what a descriptor stands for, `open(2)` "Open file descriptions".

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use core::task::Waker;

use abi::fcntl::{OpenFlags, Whence};
use abi::inotify::WatchMask;
use abi::io::{Sink, Source};
use abi::{Errno, Result};
use bitflags::bitflags;
use sync::{SpinLock, Waiters};

use crate::lock::{FileKey, Locks};
use crate::notice::{Addressee, Notices};
use crate::offset::{Claim, Offset};
use crate::{Changes, File, Found, Metadata, watch};

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// Whether a write goes to the end of the file, whatever place it names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Appending {
    /// To the end.
    Yes,
    /// To its place.
    No,
}

bitflags! {
    /// What never changes of a description, and what almost every call asks for.
    #[derive(Clone, Copy, Debug)]
    struct Traits: u8 {
        /// Its file can be sought ([`File::is_seekable`]).
        const SEEKABLE = 1;
        /// It has an offset that calls claim.
        const OFFSET = 1 << 1;
        /// It was opened to be read.
        const OPEN_TO_READ = 1 << 2;
        /// It was opened to be written.
        const OPEN_TO_WRITE = 1 << 3;
        /// Its kind of file is ever read ([`File::can_be_read`]).
        const CAN_BE_READ = 1 << 4;
        /// Its kind of file is ever written ([`File::can_be_written`]).
        const CAN_BE_WRITTEN = 1 << 5;
    }
}

impl Traits {
    fn new(file: &dyn File, found: Option<&Found>, flags: OpenFlags) -> Self {
        let is_seekable = file.is_seekable();
        let is_directory = found.is_some_and(|found| found.location.is_directory());
        let is_for_path = flags.contains(OpenFlags::PATH);
        let mut traits = Self::empty();
        traits.set(Self::SEEKABLE, is_seekable);
        traits.set(Self::OFFSET, is_seekable || is_directory);
        traits.set(Self::OPEN_TO_READ, flags.is_readable() && !is_for_path);
        traits.set(Self::OPEN_TO_WRITE, flags.is_writable() && !is_for_path);
        traits.set(Self::CAN_BE_READ, file.can_be_read());
        traits.set(Self::CAN_BE_WRITTEN, file.can_be_written());
        traits
    }
}

/// An open file description: the file, the offset and the status flags that all its descriptors
/// share.
#[derive(Debug)]
pub struct OpenFile {
    id: u64,
    file: Arc<dyn File>,
    found: Option<Found>,
    flags: AtomicU32,
    was_created: AtomicBool,
    traits: Traits,
    pub(crate) offset: Offset,
    /// Where locks of this description may be.
    locked: SpinLock<Option<(Arc<Locks>, FileKey)>>,
    notices: Notices,
}

impl OpenFile {
    /// Returns a description of a file without a place in the tree: a pipe, a socket, an epoll.
    pub fn anonymous(file: Arc<dyn File>, flags: OpenFlags) -> Arc<Self> {
        Self::new(file, None, flags)
    }

    /// Returns a description of a file that was found by a path.
    pub fn named(file: Arc<dyn File>, found: Found, flags: OpenFlags) -> Arc<Self> {
        if !flags.contains(OpenFlags::PATH) {
            watch::notify_file(&found, WatchMask::OPEN);
        }
        Self::new(file, Some(found), flags)
    }

    fn new(file: Arc<dyn File>, found: Option<Found>, flags: OpenFlags) -> Arc<Self> {
        // What the file cannot take was refused by its own open.
        let _ = file.note_flags(flags);
        Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            traits: Traits::new(&*file, found.as_ref(), flags),
            file,
            found,
            flags: AtomicU32::new((flags - OpenFlags::CREATION).bits()),
            was_created: AtomicBool::new(false),
            offset: Offset::default(),
            locked: SpinLock::new(None),
            notices: Notices::default(),
        })
    }

    /// Notes that the file was made to be opened.
    pub(crate) fn note_created(&self) {
        self.was_created.store(true, Ordering::Relaxed);
    }

    /// Returns whether the file was made when it was opened, `F_CREATED_QUERY`.
    pub fn was_created(&self) -> bool {
        self.was_created.load(Ordering::Relaxed)
    }

    /// Returns a number that no other description has had, which owns locks.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the file.
    ///
    /// # Errors
    /// `EBADF` if it was opened with `O_PATH`.
    #[inline]
    pub fn file(&self) -> Result<&Arc<dyn File>> {
        if self.flags().contains(OpenFlags::PATH) { Err(Errno::EBADF) } else { Ok(&self.file) }
    }

    /// Returns whether the file has places that can be sought ([`File::is_seekable`]).
    #[inline]
    pub fn is_seekable(&self) -> bool {
        self.traits.contains(Traits::SEEKABLE)
    }

    /// Returns whether its kind is ever read ([`File::can_be_read`]).
    #[inline]
    pub fn can_be_read(&self) -> bool {
        self.traits.contains(Traits::CAN_BE_READ)
    }

    /// Returns whether its kind is ever written ([`File::can_be_written`]).
    #[inline]
    pub fn can_be_written(&self) -> bool {
        self.traits.contains(Traits::CAN_BE_WRITTEN)
    }

    /// Returns whether it has an offset that calls claim: not that of a pipe, a socket or the like.
    #[inline]
    pub fn has_offset(&self) -> bool {
        self.traits.contains(Traits::OFFSET)
    }

    /// Returns the file as a `T`, for the calls that work on one kind of file only.
    pub fn downcast<T: File>(&self) -> Option<Arc<T>> {
        self.file().ok()?.clone().into_any().downcast().ok()
    }

    /// Returns the file as a `T` for as long as the description is at hand.
    pub fn downcast_ref<T: File>(&self) -> Option<&T> {
        let any: &dyn Any = &**self.file().ok()?;
        any.downcast_ref()
    }

    /// Returns where the file is in the tree, if it is there.
    pub fn found(&self) -> Option<&Found> {
        self.found.as_ref()
    }

    /// Returns the path of the file, or its label if it has none, as `/proc/self/fd` shows it.
    pub fn path(&self) -> Vec<u8> {
        self.found.as_ref().map_or_else(|| self.file.label(), Found::path)
    }

    /// Returns access mode and status flags, as `F_GETFL` does.
    #[inline]
    pub fn flags(&self) -> OpenFlags {
        OpenFlags::from_bits_retain(self.flags.load(Ordering::Relaxed))
    }

    /// Sets the status flags that `F_SETFL` can set; the others stay.
    ///
    /// # Errors
    /// As [`File::note_flags`].
    pub fn set_flags(&self, flags: OpenFlags) -> Result<()> {
        self.file.note_flags(flags)?;
        let new = (flags & OpenFlags::SETTABLE).bits();
        let keep = !OpenFlags::SETTABLE.bits();
        let update = |old: u32| Some((old & keep) | new);
        // The closure never answers `None`, so this cannot fail.
        let _ = self.flags.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        Ok(())
    }

    /// Returns to whom it sends which signal when it becomes ready, `F_SETOWN` and `F_SETSIG`.
    pub fn addressee(&self) -> Addressee {
        *self.notices.addressee.lock()
    }

    /// Changes to whom it sends which signal.
    pub fn set_addressee(&self, change: impl FnOnce(&mut Addressee)) {
        change(&mut self.notices.addressee.lock());
    }

    /// Lets wakers be called when it becomes readable and writable, or no more: `O_ASYNC`.
    /// Returns false if the kind of file never tells.
    pub fn set_notices(&self, wakers: Option<&[Waker; 2]>) -> bool {
        if !self.file.tells_by_signal() {
            return false;
        }
        self.notices.register(&*self.file, wakers);
        let bit = OpenFlags::ASYNC.bits();
        match wakers {
            Some(_) => self.flags.fetch_or(bit, Ordering::Relaxed),
            None => self.flags.fetch_and(!bit, Ordering::Relaxed),
        };
        true
    }

    /// Returns what `fstat(2)` says.
    pub fn metadata(&self) -> Metadata {
        self.found.as_ref().map_or_else(|| self.file.metadata(), |f| f.location.inode.metadata())
    }

    /// Changes metadata, as `fchmod(2)` and its kin do.
    ///
    /// # Errors
    /// As [`Inode::change`](crate::Inode::change), or without an inode [`File::change_metadata`].
    pub fn change(&self, changes: &Changes) -> Result<()> {
        match &self.found {
            Some(found) => found.change(changes),
            None => self.file.change_metadata(changes),
        }
    }

    /// Claims the offset, for a call that reads, writes, lists or seeks there.
    ///
    /// # Errors
    /// `EAGAIN` while another has it; [`offset_waiters`](Self::offset_waiters) are told when it
    /// is free.
    #[inline]
    pub fn claim(&self) -> Result<Claim<'_>> {
        Claim::new(self, self.has_offset())
    }

    /// Returns the queue that is told when the offset is free to be claimed.
    pub fn offset_waiters(&self) -> &Waiters {
        &self.offset.waiters
    }

    /// Reads from the offset and moves it on, `read(2)`.
    ///
    /// # Errors
    /// As [`claim`](Self::claim) and [`Claim::read`].
    pub fn read(&self, sink: &mut dyn Sink) -> Result<usize> {
        self.claim()?.read(sink)
    }

    /// Reads from byte `at` and leaves the offset alone, `pread(2)`.
    ///
    /// # Errors
    /// `ESPIPE` if the file is not seekable; as [`read`](Self::read).
    pub fn read_at(&self, at: u64, sink: &mut dyn Sink) -> Result<usize> {
        self.check_positions()?;
        check_end(at, sink.room())?;
        let count = self.readable()?.read(at, sink)?;
        self.tell(WatchMask::ACCESS);
        Ok(count)
    }

    /// Writes to the offset, or with `O_APPEND` to the end, and moves the offset on, `write(2)`.
    ///
    /// # Errors
    /// As [`claim`](Self::claim) and [`Claim::write`].
    pub fn write(&self, source: &mut dyn Source) -> Result<usize> {
        self.claim()?.write(self.appending(), source)
    }

    /// Writes to byte `at`, or with `O_APPEND` to the end, as Linux's `pwrite(2)` does; leaves the
    /// offset alone.
    ///
    /// # Errors
    /// `ESPIPE` if the file is not seekable; as [`write`](Self::write).
    pub fn write_at(&self, at: u64, source: &mut dyn Source) -> Result<usize> {
        self.write_at_by(at, self.appending(), source)
    }

    /// As [`write_at`](Self::write_at), but to the end or not as `appending` says.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at).
    pub fn write_at_by(
        &self,
        at: u64,
        appending: Appending,
        source: &mut dyn Source,
    ) -> Result<usize> {
        self.check_positions()?;
        let file = self.writable()?;
        let count = match appending {
            Appending::Yes => file.append(source)?.1,
            Appending::No => {
                check_end(at, source.left())?;
                file.write(at, source)?
            }
        };
        self.tell(WatchMask::MODIFY);
        Ok(count)
    }

    /// Fails with `ESPIPE` where nothing can be read or written at a place of its own. In a directory
    /// it can, as far as this goes; what comes of it is another error.
    ///
    /// # Errors
    /// `ESPIPE`; `EBADF` as [`file`](Self::file).
    pub fn check_positions(&self) -> Result<()> {
        let has_positions = self.file()?.has_positions() || self.is_directory();
        if has_positions { Ok(()) } else { Err(Errno::ESPIPE) }
    }

    /// Returns whether writes go to the end, `O_APPEND`.
    pub fn appending(&self) -> Appending {
        match self.flags().contains(OpenFlags::APPEND) {
            true => Appending::Yes,
            false => Appending::No,
        }
    }

    /// Returns the offset, in bytes; of a directory, the place of the next entry.
    pub fn offset(&self) -> u64 {
        self.offset.get()
    }

    /// Moves the offset and returns it, `lseek(2)`.
    ///
    /// # Errors
    /// As [`claim`](Self::claim) and [`Claim::seek`].
    pub fn seek(&self, distance: i64, whence: Whence) -> Result<u64> {
        self.claim()?.seek(distance, whence)
    }

    /// Sets the size, `ftruncate(2)`.
    ///
    /// # Errors
    /// `EINVAL` if it is not open for writing; as [`File::truncate`].
    pub fn truncate(&self, size: u64) -> Result<()> {
        let file = self.file()?;
        if !self.flags().is_writable() {
            return Err(Errno::EINVAL);
        }
        file.truncate(size)?;
        self.tell(WatchMask::MODIFY);
        Ok(())
    }

    /// Tells who watches the file.
    #[inline]
    pub(crate) fn tell(&self, mask: WatchMask) {
        if let Some(found) = &self.found
            && watch::is_active()
        {
            watch::notify_file(found, mask);
        }
    }

    /// Notes that the description may have locks in `locks`, which are given back when it goes.
    pub fn note_lock(&self, locks: &Arc<Locks>, key: FileKey) {
        *self.locked.lock() = Some((locks.clone(), key));
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.location.is_directory())
    }

    /// Returns the file if it was opened to be read.
    ///
    /// # Errors
    /// `EBADF` if it was not.
    #[inline]
    pub fn readable(&self) -> Result<&dyn File> {
        if self.traits.contains(Traits::OPEN_TO_READ) { Ok(&*self.file) } else { Err(Errno::EBADF) }
    }

    /// Returns the file if it was opened to be written.
    ///
    /// # Errors
    /// `EBADF` if it was not.
    #[inline]
    pub fn writable(&self) -> Result<&dyn File> {
        if self.traits.contains(Traits::OPEN_TO_WRITE) {
            Ok(&*self.file)
        } else {
            Err(Errno::EBADF)
        }
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        let flags = self.flags();
        if !flags.contains(OpenFlags::PATH) {
            let wrote = flags.is_writable();
            self.tell(if wrote { WatchMask::CLOSE_WRITE } else { WatchMask::CLOSE_NOWRITE });
        }
        if flags.contains(OpenFlags::ASYNC) {
            self.notices.register(&*self.file, None);
        }
        if let Some((locks, key)) = self.locked.get_mut().take() {
            locks.forget(key, self.id);
        }
    }
}

/// Checks that a transfer of `len` bytes at byte `at` does not go beyond the greatest offset.
///
/// # Errors
/// `EINVAL` if it does.
pub fn check_end(at: u64, len: usize) -> Result<()> {
    let end = at.checked_add(u64::try_from(len).map_err(|_| Errno::EINVAL)?);
    let is_valid = end.is_some_and(|end| i64::try_from(end).is_ok());
    if is_valid { Ok(()) } else { Err(Errno::EINVAL) }
}
