//! Signals as a file, `signalfd(2)`.
//!
//! A read takes those that are pending for the thread that reads, and whether there are any
//! depends on the thread that asks.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::io::Sink;
use abi::poll::Events;
use abi::signal::SignalSet;
use abi::signalfd::SignalFdInfo;
use abi::{Errno, Result};
use sync::Waiters;
use vfs::File;
use zerocopy::IntoBytes;

use crate::process::signal;
use crate::process::thread::Thread;

/// A file of signals.
#[derive(Debug)]
pub(crate) struct SignalFd {
    /// Which signals it gives.
    wanted: AtomicU64,
}

impl SignalFd {
    /// Returns a file that gives the signals of a set.
    pub(crate) fn new(wanted: SignalSet) -> Arc<Self> {
        let file = Self { wanted: AtomicU64::new(0) };
        file.set(wanted);
        Arc::new(file)
    }

    /// Sets which signals it gives.
    pub(crate) fn set(&self, wanted: SignalSet) {
        self.wanted.store((wanted & !SignalSet::UNBLOCKABLE).bits(), Ordering::Relaxed);
        signal::arrivals().wake(Events::IN);
    }

    fn wanted(&self) -> SignalSet {
        SignalSet::from_bits(self.wanted.load(Ordering::Relaxed))
    }
}

impl File for SignalFd {
    fn can_be_written(&self) -> bool {
        false
    }

    fn read(&self, _at: u64, sink: &mut dyn Sink) -> Result<usize> {
        const SIZE: usize = size_of::<SignalFdInfo>();
        if sink.room() < SIZE {
            return Err(Errno::EINVAL);
        }
        let signals = &Thread::current().signals;
        let mut done = 0;
        while sink.room() >= SIZE {
            let Some(info) = signals.take(self.wanted()) else { break };
            done += sink.put(SignalFdInfo::from(&info).as_bytes())?;
        }
        if done == 0 { Err(Errno::EAGAIN) } else { Ok(done) }
    }

    fn poll(&self) -> Events {
        let pending = Thread::current().signals.pending() & self.wanted();
        if pending.is_empty() { Events::empty() } else { Events::IN }
    }

    fn waiters(&self) -> Option<&Waiters> {
        Some(signal::arrivals())
    }

    fn ignores_seeks(&self) -> bool {
        true
    }

    fn label(&self) -> Vec<u8> {
        b"anon_inode:[signalfd]".to_vec()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
