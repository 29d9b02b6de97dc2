//! Counters to wait for, `eventfd(2)`.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use abi::io::{Sink, Source, take_array};
use abi::poll::Events;
use abi::{Errno, Result};
use sync::{SpinLock, Waiters};

use crate::File;

/// The largest value that a write may leave the counter at.
const MAX: u64 = u64::MAX - 1;

/// What a read takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventMode {
    /// The whole count.
    Counter,
    /// One, `EFD_SEMAPHORE`.
    Semaphore,
}

/// A counter that writes add to and reads take from.
#[derive(Debug)]
pub struct EventFd {
    count: SpinLock<u64>,
    mode: EventMode,
    waiters: Waiters,
}

impl EventFd {
    /// Returns a counter at `initial`.
    pub fn new(initial: u32, mode: EventMode) -> Arc<Self> {
        let count = SpinLock::new(u64::from(initial));
        Arc::new(Self { count, mode, waiters: Waiters::new() })
    }
}

impl File for EventFd {
    fn ignores_seeks(&self) -> bool {
        true
    }

    fn is_written_by_part(&self) -> bool {
        true
    }

    fn read(&self, _at: u64, sink: &mut dyn Sink) -> Result<usize> {
        if sink.room() < 8 {
            return Err(Errno::EINVAL);
        }
        let mut count = self.count.lock();
        let taken = match self.mode {
            _ if *count == 0 => return Err(Errno::EAGAIN),
            EventMode::Counter => *count,
            EventMode::Semaphore => 1,
        };
        *count -= taken;
        drop(count);
        self.waiters.wake(Events::OUT);
        // Linux, too, has taken the count when the copy fails.
        if sink.put(&taken.to_ne_bytes())? < 8 {
            return Err(Errno::EFAULT);
        }
        Ok(8)
    }

    fn write(&self, _at: u64, source: &mut dyn Source) -> Result<usize> {
        if source.left() != size_of::<u64>() {
            return Err(Errno::EINVAL);
        }
        let more = u64::from_ne_bytes(take_array(source)?);
        if more == u64::MAX {
            return Err(Errno::EINVAL);
        }
        let mut count = self.count.lock();
        match count.checked_add(more) {
            Some(sum) if sum <= MAX => *count = sum,
            _ => return Err(Errno::EAGAIN),
        }
        drop(count);
        if more > 0 {
            self.waiters.wake(Events::IN);
        }
        Ok(8)
    }

    fn poll(&self) -> Events {
        let count = *self.count.lock();
        let mut events = Events::empty();
        events.set(Events::IN, count > 0);
        events.set(Events::OUT, count < MAX);
        events
    }

    fn waiters(&self) -> Option<&Waiters> {
        Some(&self.waiters)
    }

    fn label(&self) -> Vec<u8> {
        b"anon_inode:[eventfd]".to_vec()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &EventFd) -> Result<u64> {
        let mut bytes = [0; 8];
        file.read(0, &mut bytes.as_mut_slice()).map(|_| u64::from_ne_bytes(bytes))
    }

    fn write(file: &EventFd, value: u64) -> Result<usize> {
        file.write(0, &mut value.to_ne_bytes().as_slice())
    }

    #[test]
    fn a_read_takes_the_whole_count() {
        let file = EventFd::new(3, EventMode::Counter);
        write(&file, 4).unwrap();
        assert_eq!(read(&file), Ok(7));
        assert_eq!(read(&file), Err(Errno::EAGAIN));
        assert_eq!(file.poll(), Events::OUT);
    }

    #[test]
    fn a_semaphore_gives_one_at_a_time() {
        let file = EventFd::new(2, EventMode::Semaphore);
        assert_eq!((read(&file), read(&file), read(&file)), (Ok(1), Ok(1), Err(Errno::EAGAIN)));
    }

    #[test]
    fn the_counter_does_not_overflow() {
        let file = EventFd::new(1, EventMode::Counter);
        assert_eq!(write(&file, u64::MAX), Err(Errno::EINVAL));
        assert_eq!(write(&file, u64::MAX - 1), Err(Errno::EAGAIN));
        assert_eq!(write(&file, u64::MAX - 2), Ok(8));
        assert_eq!(file.poll(), Events::IN);
        assert_eq!(read(&file), Ok(u64::MAX - 1));
    }

    #[test]
    fn eight_bytes_are_written_and_at_least_as_many_read() {
        let file = EventFd::new(1, EventMode::Counter);
        assert_eq!(file.read(0, &mut [0; 7].as_mut_slice()), Err(Errno::EINVAL));
        assert_eq!(file.write(0, &mut [0; 7].as_slice()), Err(Errno::EINVAL));
        assert_eq!(file.write(0, &mut [0; 9].as_slice()), Err(Errno::EINVAL));
        assert_eq!(file.write(0, &mut [0; 8].as_slice()), Ok(8));
    }
}
