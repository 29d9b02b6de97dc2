//! A process as a file, `pidfd_open(2)`: the program itself, the only one there is.
//!
//! It becomes readable when its process ends, which the program never sees of itself.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use abi::poll::Events;
use sync::Waiters;
use vfs::File;

/// The program as a file.
#[derive(Debug, Default)]
pub(crate) struct PidFd {
    /// Nobody is ever told.
    waiters: Waiters,
}

impl File for PidFd {
    fn poll(&self) -> Events {
        Events::empty()
    }

    fn waiters(&self) -> Option<&Waiters> {
        Some(&self.waiters)
    }

    fn label(&self) -> Vec<u8> {
        b"anon_inode:[pidfd]".to_vec()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
