//! What an open file can do.

use alloc::sync::Arc;
use core::any::Any;
use core::fmt::Debug;

use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::{Errno, Result};
use sync::Waiters;

/// The object behind an open file description: a regular file, a pipe's end, a socket, an epoll.
///
/// Operations never block: what would have to wait returns `EAGAIN` whatever `O_NONBLOCK` says,
/// and the caller sleeps on [`waiters`](Self::waiters) and tries again. The defaults are those of
/// an object that can do nothing.
pub trait File: Any + Debug + Send + Sync {
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

    /// Returns what the file is ready for now.
    fn poll(&self) -> Events {
        Events::BOTH
    }

    /// Returns the queue that is told of changes of [`poll`](Self::poll); `None` if it never
    /// changes, which also makes `epoll_ctl(2)` answer `EPERM`.
    fn waiters(&self) -> Option<&Waiters> {
        None
    }

    /// Returns the file as its own type's `Any`, for calls that work on one kind of file only.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}
