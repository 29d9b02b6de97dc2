//! The offset of an open file description, and the claim that a transfer has on it.
//!
//! Linux holds a lock (`f_pos_lock`) while a call reads, writes, lists or seeks at the offset, so
//! that two threads at one description get disjoint parts. A transfer may be long and may sleep,
//! so here it is no spin lock but a claim: who comes second is told `EAGAIN` and waits on
//! [`OpenFile::offset_waiters`]. Calls that name their place, `pread(2)`, take no claim.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use abi::fcntl::Whence;
use abi::inotify::WatchMask;
use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::stat::FileType;
use abi::{Errno, Result};
use sync::Waiters;

use crate::inode::{DirectoryEntry, FIRST_ENTRY};
use crate::{Appending, OpenFile, Region};

/// Nobody has the claim.
const FREE: u32 = 0;
/// Somebody has it.
const CLAIMED: u32 = 1;
/// Somebody has it, and others want to be told when it is free.
const WANTED: u32 = 2;

/// An offset in bytes; of a directory, the place of the next entry.
#[derive(Debug, Default)]
pub(crate) struct Offset {
    at: AtomicU64,
    claim: AtomicU32,
    pub(crate) waiters: Waiters,
}

impl Offset {
    /// Returns the offset as it is now, which a transfer may be about to change.
    pub(crate) fn get(&self) -> u64 {
        self.at.load(Ordering::Relaxed)
    }

    fn set(&self, at: u64) {
        self.at.store(at, Ordering::Relaxed);
    }

    /// Takes the claim, or has its holder tell the waiters when it is free.
    fn claim(&self) -> Result<()> {
        let take =
            |new| self.claim.compare_exchange(FREE, new, Ordering::Acquire, Ordering::Relaxed);
        while take(CLAIMED).is_err() {
            let ask = Ordering::Relaxed;
            match self.claim.compare_exchange(CLAIMED, WANTED, ask, ask) {
                Ok(_) | Err(WANTED) => return Err(Errno::EAGAIN),
                // It became free between the two.
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn release(&self) {
        if self.claim.swap(FREE, Ordering::Release) == WANTED {
            self.waiters.wake(Events::IN);
        }
    }
}

/// The right to read, write, list or seek at a description's offset; given back when dropped.
#[derive(Debug)]
pub struct Claim<'a> {
    opened: &'a OpenFile,
    /// Pipes, sockets and the like have no offset that could be claimed.
    is_held: bool,
}

impl<'a> Claim<'a> {
    /// Claims the offset of a description.
    ///
    /// # Errors
    /// `EAGAIN` while another has it.
    #[inline]
    pub(crate) fn new(opened: &'a OpenFile, has_offset: bool) -> Result<Self> {
        if has_offset {
            opened.offset.claim()?;
        }
        Ok(Self { opened, is_held: has_offset })
    }

    /// Reads from the offset and moves it on, `read(2)`.
    ///
    /// # Errors
    /// `EBADF` if it is not open for reading, `EISDIR`; as [`File::read`](crate::File::read).
    pub fn read(&mut self, sink: &mut dyn Sink) -> Result<usize> {
        if !self.opened.is_seekable() {
            return self.opened.readable()?.read(0, sink);
        }
        let file = self.opened.readable()?;
        let at = self.opened.offset();
        let count = file.read(at, sink)?;
        self.opened.offset.set(advance(at, count));
        self.opened.tell(WatchMask::ACCESS);
        Ok(count)
    }

    /// Writes to the offset, or to the end, and moves the offset on, `write(2)`.
    ///
    /// # Errors
    /// `EBADF` if it is not open for writing; as [`File::write`](crate::File::write).
    pub fn write(&mut self, appending: Appending, source: &mut dyn Source) -> Result<usize> {
        if !self.opened.is_seekable() {
            return self.opened.writable()?.write(0, source);
        }
        let file = self.opened.writable()?;
        let (end, count) = match appending {
            Appending::Yes => file.append(source)?,
            Appending::No => {
                let at = self.opened.offset();
                let count = file.write(at, source)?;
                (advance(at, count), count)
            }
        };
        self.opened.offset.set(end);
        self.opened.tell(WatchMask::MODIFY);
        Ok(count)
    }

    /// Moves the offset and returns it, `lseek(2)`.
    ///
    /// # Errors
    /// `ESPIPE` if the file is not seekable, `EINVAL` if the offset would be negative
    /// or too great, `ENXIO` as [`File::seek_region`](crate::File::seek_region).
    pub fn seek(&mut self, distance: i64, whence: Whence) -> Result<u64> {
        let file = self.opened.file()?;
        let is_directory = self.opened.is_directory();
        if file.ignores_seeks() {
            return Ok(0);
        }
        if !self.opened.is_seekable() && !is_directory {
            return Err(Errno::ESPIPE);
        }
        let region = |region| {
            let from = u64::try_from(distance).map_err(|_| Errno::ENXIO)?;
            file.seek_region(from, region)
        };
        let new = match whence {
            Whence::Set => from(0, distance)?,
            Whence::Current => from(self.opened.offset(), distance)?,
            Whence::End | Whence::Data | Whence::Hole if is_directory => return Err(Errno::EINVAL),
            Whence::End => from(file.size(), distance)?,
            Whence::Data => region(Region::Data)?,
            Whence::Hole => region(Region::Hole)?,
        };
        self.opened.offset.set(new);
        Ok(new)
    }

    /// Gives the entries of a directory from the offset on to `visit`, `.` and `..` included,
    /// until it returns false; moves the offset behind the last entry that it took.
    ///
    /// # Errors
    /// `ENOTDIR`; as [`Inode::read_directory`](crate::Inode::read_directory).
    pub fn read_directory(
        &mut self,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        let opened = self.opened;
        opened.file()?;
        let found = opened.found().ok_or(Errno::ENOTDIR)?;
        let here = &found.location;
        if !here.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        let mut take = |entry: &DirectoryEntry<'_>| {
            let is_taken = visit(entry);
            if is_taken {
                opened.offset.set(entry.next);
            }
            is_taken
        };
        let kind = FileType::Directory;
        if opened.offset() == 0 {
            let ino = here.inode.ino();
            if !take(&DirectoryEntry { name: b".", ino, kind, next: 1 }) {
                return Ok(());
            }
        }
        if opened.offset() == 1 {
            let ino = here.parent().unwrap_or_else(|_| here.clone()).inode.ino();
            if !take(&DirectoryEntry { name: b"..", ino, kind, next: FIRST_ENTRY }) {
                return Ok(());
            }
        }
        here.inode.read_directory(opened.offset(), &mut take)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if self.is_held {
            self.opened.offset.release();
        }
    }
}

fn advance(offset: u64, count: usize) -> u64 {
    offset.saturating_add(u64::try_from(count).unwrap_or(u64::MAX))
}

fn from(base: u64, distance: i64) -> Result<u64> {
    let base = i64::try_from(base).map_err(|_| Errno::EOVERFLOW)?;
    let new = base.checked_add(distance).ok_or(Errno::EINVAL)?;
    u64::try_from(new).map_err(|_| Errno::EINVAL)
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use core::task::Waker;

    use abi::fcntl::OpenFlags;
    use sync::Every;

    use super::*;
    use crate::fs::conformance::{Noon, Tree};
    use crate::fs::ramfs::RamFs;

    #[derive(Default)]
    struct Told(AtomicU32);

    impl Wake for Told {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_transfer_has_the_offset_and_tells_who_waits_when_it_ends() {
        let tree = Tree::new(RamFs::new(1, Arc::new(Noon), 100));
        let file = tree.create("/f");
        file.write(&mut b"abcdef".as_slice()).unwrap();
        file.seek(0, Whence::Set).unwrap();
        let mut bytes = [0; 3];
        let mut first = file.claim().unwrap();
        assert_eq!(first.read(&mut bytes.as_mut_slice()), Ok(3));
        assert_eq!(file.read(&mut bytes.as_mut_slice()), Err(Errno::EAGAIN));
        assert_eq!(file.seek(0, Whence::Set), Err(Errno::EAGAIN));
        // What names its place does not wait.
        assert_eq!(file.read_at(0, &mut bytes.as_mut_slice()), Ok(3));
        let told = Arc::new(Told::default());
        file.offset_waiters().register(Events::IN, Every::Once, &Waker::from(told.clone()));
        drop(first);
        assert_eq!(told.0.load(Ordering::Relaxed), 1);
        assert_eq!(file.read(&mut bytes.as_mut_slice()), Ok(3));
        assert_eq!(&bytes, b"def");
    }

    #[test]
    fn what_has_no_offset_is_never_claimed() {
        let (reader, writer) = crate::anon::Pipe::pair();
        let reader = OpenFile::anonymous(reader, OpenFlags::RDONLY);
        let writer = OpenFile::anonymous(writer, OpenFlags::WRONLY);
        let mut first = reader.claim().unwrap();
        assert_eq!(writer.write(&mut b"xy".as_slice()), Ok(2));
        let mut byte = [0];
        assert_eq!(reader.read(&mut byte.as_mut_slice()), Ok(1));
        assert_eq!(first.read(&mut byte.as_mut_slice()), Ok(1));
    }
}
