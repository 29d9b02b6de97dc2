//! Bytes that move into pipes and out of them on whole: `splice(2)`, `tee(2)`.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;

use abi::poll::Events;
use abi::{Errno, Result};

use super::queue::Kind;
use super::{PIPE_BUF, Pipe};

/// What `tee(2)` and `splice(2)` between pipes leave in the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leave {
    /// All that is copied, `tee(2)`.
    All,
    /// What is not moved, `splice(2)`.
    Rest,
}

impl Pipe {
    /// Returns how many bytes can be spliced in now, whole free pages.
    ///
    /// # Errors
    /// `EAGAIN` if no page is free, `EPIPE` without a reader.
    pub fn room(&self) -> Result<usize> {
        let state = self.state.lock();
        if state.readers == 0 {
            return Err(Errno::EPIPE);
        }
        match state.queue.free_pages() {
            0 => Err(Errno::EAGAIN),
            pages => Ok(pages * PIPE_BUF),
        }
    }

    /// Takes up to `most` bytes out, to be spliced to a file; none once nobody writes any more.
    ///
    /// # Errors
    /// `EAGAIN` if there are none yet, `ENOMEM`.
    pub fn take(&self, most: usize) -> Result<Vec<u8>> {
        let room = most.min(self.buffered());
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(room).map_err(|_| Errno::ENOMEM)?;
        bytes.resize(room, 0);
        let mut state = self.state.lock();
        if state.queue.len() == 0 {
            return if state.writers == 0 { Ok(Vec::new()) } else { Err(Errno::EAGAIN) };
        }
        let was_writable = state.queue.is_writable();
        let count = state.queue.drain(&mut bytes.as_mut_slice(), room)?;
        let is_writable = state.queue.is_writable();
        drop(state);
        bytes.truncate(count);
        if is_writable && !was_writable {
            self.tell_writers();
        }
        Ok(bytes)
    }

    /// Puts bytes back that were taken and found no place.
    pub fn put_back(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.state.lock().queue.put_back(bytes);
            self.to_read.wake(Events::READABLE);
        }
    }

    /// Puts bytes in that were read from a file after [`room`](Self::room) was found: nobody can
    /// have them back, so they go in even if somebody else has used the room.
    pub fn put(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.state.lock().queue.append(bytes, Kind::Sealed);
            self.to_read.wake(Events::READABLE);
        }
    }

    /// Copies or moves up to `most` bytes to another pipe and returns how many; none once nobody
    /// writes to this one any more.
    ///
    /// # Errors
    /// `EINVAL` if both are one; `EAGAIN` if this one is empty or the other full, `EPIPE` if
    /// nobody reads the other.
    pub fn pass(self: &Arc<Self>, other: &Arc<Self>, most: usize, leave: Leave) -> Result<usize> {
        if Arc::ptr_eq(self, other) {
            return Err(Errno::EINVAL);
        }
        // Two pipes are locked in the order of their addresses.
        let (mut from, mut to) = match Arc::as_ptr(self).cmp(&Arc::as_ptr(other)) {
            Ordering::Less => {
                let from = self.state.lock();
                (from, other.state.lock())
            }
            _ => {
                let to = other.state.lock();
                (self.state.lock(), to)
            }
        };
        if from.queue.len() == 0 {
            return if from.writers == 0 { Ok(0) } else { Err(Errno::EAGAIN) };
        }
        if to.readers == 0 {
            return Err(Errno::EPIPE);
        }
        let was_writable = from.queue.is_writable();
        let count = from.queue.copy_to(&mut to.queue, most);
        if leave == Leave::Rest {
            from.queue.skip(count);
        }
        let is_writable = from.queue.is_writable();
        drop((from, to));
        if count == 0 {
            return Err(Errno::EAGAIN);
        }
        other.to_read.wake(Events::READABLE);
        if is_writable && !was_writable {
            self.tell_writers();
        }
        Ok(count)
    }

    /// Returns whether there is nothing to read yet, so that a [`pass`](Self::pass) which answered
    /// `EAGAIN` waits for this pipe rather than for the other.
    pub fn is_waited_for(&self) -> bool {
        self.buffered() == 0 && self.has_writers()
    }
}
