//! What an open file can do.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt::Debug;
use core::time::Duration;

use abi::fcntl::{FallocateMode, OpenFlags};
use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::stat::FileType;
use abi::{Errno, Result};
use sync::Waiters;

use crate::{Changes, Metadata, Page};

/// What [`File::seek_region`] looks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Region {
    /// Bytes that are not in a hole.
    Data,
    /// A hole; the end of the file counts as one.
    Hole,
}

/// How much [`File::sync`] brings to the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Synchronise {
    /// Contents and size, `fdatasync(2)`.
    Data,
    /// Everything, `fsync(2)`.
    All,
}

/// What a mapping of a file shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mapping {
    /// The file's pages, see [`File::page`].
    Pages,
    /// Zeros of its own, as without a file: `/dev/zero`.
    Anonymous,
}

/// The object behind an open file description: a regular file, a pipe's end, a socket, an epoll.
///
/// Operations never block: what would have to wait returns `EAGAIN` whatever `O_NONBLOCK` says,
/// and the caller sleeps on [`waiters`](Self::waiters) and tries again. The defaults are those of
/// an object that can do nothing.
pub trait File: Any + Debug + Send + Sync {
    /// Returns whether files of this kind are ever read; if not, `read(2)` looks at nothing else.
    fn can_be_read(&self) -> bool {
        true
    }

    /// Returns whether files of this kind are ever written.
    fn can_be_written(&self) -> bool {
        true
    }

    /// Returns whether `splice(2)` and `sendfile(2)` can take something from the file.
    fn can_be_spliced(&self) -> bool {
        true
    }

    /// Reads into `sink`, from byte `at` where the file is seekable; 0 bytes is the end of file.
    ///
    /// # Errors
    /// As `read(2)`; `EAGAIN` where it would wait.
    fn read(&self, at: u64, sink: &mut dyn Sink) -> Result<usize> {
        let _ = (at, sink);
        Err(Errno::EINVAL)
    }

    /// Writes from `source`, to byte `at` where the file is seekable.
    ///
    /// # Errors
    /// As `write(2)`; `EAGAIN` where it would wait.
    fn write(&self, at: u64, source: &mut dyn Source) -> Result<usize> {
        let _ = (at, source);
        Err(Errno::EINVAL)
    }

    /// Returns whether `lseek(2)`, `pread(2)` and `pwrite(2)` work; if not they fail with `ESPIPE`.
    fn is_seekable(&self) -> bool {
        false
    }

    /// Returns whether `pread(2)` and `pwrite(2)` get as far as to ask whether the file can be read or
    /// written at all.
    fn has_positions(&self) -> bool {
        self.is_seekable()
    }

    /// Returns whether `lseek(2)` changes nothing and answers 0, as for an eventfd or `/dev/null`.
    fn ignores_seeks(&self) -> bool {
        false
    }

    /// Takes notice of the status flags that its description has, first and whenever they change.
    ///
    /// # Errors
    /// `EINVAL` for flags that do not go with the file.
    fn note_flags(&self, flags: OpenFlags) -> Result<()> {
        let _ = flags;
        Ok(())
    }

    /// Returns whether a write that waits goes on until all its bytes are taken, as for a pipe or
    /// a connection; other files take what they take at once.
    fn is_stream(&self) -> bool {
        false
    }

    /// Returns how long a call waits at most for what it is interested in, `SO_RCVTIMEO` and
    /// `SO_SNDTIMEO` of `socket(7)`; `None` without end.
    fn patience(&self, interest: Events) -> Option<Duration> {
        let _ = interest;
        None
    }

    /// Returns whether a write of several parts, `writev(2)`, is as many writes.
    fn is_written_by_part(&self) -> bool {
        false
    }

    /// Returns what the file is ready for now.
    fn poll(&self) -> Events {
        Events::BOTH
    }

    /// Returns the queue that is told of changes of [`poll`](Self::poll); `None` if it never
    /// changes, which also makes `epoll_ctl(2)` answer `EPERM`.
    fn waiters(&self) -> Option<&Waiters> {
        None
    }

    /// Returns whether its readiness can be told by signal, `O_ASYNC`.
    fn tells_by_signal(&self) -> bool {
        false
    }

    /// Writes from `source` to the end of the file, as one step, and returns the end afterwards
    /// with the number of bytes.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn append(&self, source: &mut dyn Source) -> Result<(u64, usize)> {
        Ok((0, self.write(0, source)?))
    }

    /// Returns the end of the file, which `SEEK_END` counts from, in bytes.
    fn size(&self) -> u64 {
        0
    }

    /// Returns the next byte from `from` on that is in a hole or is not.
    ///
    /// # Errors
    /// `ENXIO` if `from` is at or behind the end, or no data follow.
    fn seek_region(&self, from: u64, region: Region) -> Result<u64> {
        let size = self.size();
        match region {
            _ if from >= size => Err(Errno::ENXIO),
            Region::Data => Ok(from),
            Region::Hole => Ok(size),
        }
    }

    /// Sets the size, `ftruncate(2)`.
    ///
    /// # Errors
    /// `EINVAL` if it is no regular file, `EFBIG`.
    fn truncate(&self, size: u64) -> Result<()> {
        let _ = size;
        Err(Errno::EINVAL)
    }

    /// Allocates, zeroes or frees a range, `fallocate(2)`; `len` is not 0.
    ///
    /// # Errors
    /// `ENODEV` if it is no regular file, `EOPNOTSUPP` for a mode that the file system lacks,
    /// `ENOSPC`, `EFBIG`.
    fn allocate(&self, mode: FallocateMode, start: u64, len: u64) -> Result<()> {
        let _ = (mode, start, len);
        Err(Errno::ENODEV)
    }

    /// Returns once what was written before is on the disk, `fsync(2)`.
    ///
    /// # Errors
    /// `EINVAL` for what cannot be synchronised: pipes, sockets; `EIO`.
    fn sync(&self, what: Synchronise) -> Result<()> {
        let _ = what;
        Err(Errno::EINVAL)
    }

    /// Returns what a mapping of the file shows.
    ///
    /// # Errors
    /// `ENODEV` if it cannot be mapped.
    fn mapping(&self) -> Result<Mapping> {
        Err(Errno::ENODEV)
    }

    /// Returns the page with the bytes from `index` times 4096 on, for a mapping.
    ///
    /// # Errors
    /// `EFAULT` if the page lies wholly behind the end of the file (the program gets `SIGBUS`),
    /// `ENOSPC`, `EIO`, `ENODEV` if the file cannot be mapped.
    fn page(&self, index: u64) -> Result<Page> {
        let _ = index;
        Err(Errno::ENODEV)
    }

    /// Fills in the pages from `first` on that are in memory already; nothing is allocated. What is
    /// given may be less than there is.
    fn resident_pages(&self, first: u64, pages: &mut [Option<Page>]) {
        let _ = first;
        pages.fill(None);
    }

    /// Returns how many bytes can be read at once now, `ioctl(FIONREAD)`.
    ///
    /// # Errors
    /// `ENOTTY` if the file does not know.
    fn readable_bytes(&self) -> Result<usize> {
        Err(Errno::ENOTTY)
    }

    /// Returns what `fstat(2)` says of a file that has no inode: pipes, sockets, epolls.
    fn metadata(&self) -> Metadata {
        Metadata::anonymous(FileType::Anonymous, 1)
    }

    /// Changes what [`metadata`](Self::metadata) says.
    ///
    /// # Errors
    /// `EOPNOTSUPP` for a file that has nothing of its own to change.
    fn change_metadata(&self, changes: &Changes) -> Result<()> {
        let _ = changes;
        Err(Errno::EOPNOTSUPP)
    }

    /// Returns what `/proc/self/fd` shows of a file that has no path: `pipe:[17]`,
    /// `anon_inode:[eventfd]`.
    fn label(&self) -> Vec<u8> {
        b"anon_inode:[file]".to_vec()
    }

    /// Returns the file as its own type's `Any`, for calls that work on one kind of file only.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}
