//! A process as a file, `pidfd_open(2)`: the program itself, the only one there is.
//!
//! It becomes readable when its process ends, which the program never sees of itself.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use abi::poll::Events;
use abi::stat::FileType;
use sync::Waiters;
use vfs::{File, Metadata};

/// The program as a file.
#[derive(Debug, Default)]
pub(crate) struct PidFd {
    /// Nobody is ever told.
    waiters: Waiters,
}

impl File for PidFd {
    fn can_be_read(&self) -> bool {
        false
    }

    fn can_be_written(&self) -> bool {
        false
    }

    fn has_positions(&self) -> bool {
        true
    }

    fn poll(&self) -> Events {
        Events::empty()
    }

    fn waiters(&self) -> Option<&Waiters> {
        Some(&self.waiters)
    }

    fn metadata(&self) -> Metadata {
        // Since Linux 6.9 the file system of processes has files like others.
        Metadata { permissions: 0o700, ..Metadata::anonymous(FileType::Regular, 1) }
    }

    fn label(&self) -> Vec<u8> {
        b"anon_inode:[pidfd]".to_vec()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
