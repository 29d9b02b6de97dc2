//! What is in a pipe: bytes, and the pages that Linux counts for them.

use alloc::collections::VecDeque;

use abi::io::{Sink, Source};
use abi::{Errno, Result};

use super::PIPE_BUF;
use super::ring::Ring;

/// What becomes of a page besides being read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Later writes may join it.
    Stream,
    /// Nothing joins it: it was brought by `splice(2)` or `tee(2)`.
    Sealed,
    /// A packet: nothing joins it, and a read takes it alone and whole.
    Packet,
}

/// A page of a pipe, as Linux counts: its room is used up by what was written to it, even after
/// that was read, and the page is free again only when all of it was.
#[derive(Clone, Copy, Debug)]
struct Page {
    written: usize,
    left: usize,
    kind: Kind,
}

/// The bytes in a pipe.
#[derive(Debug)]
pub(super) struct Queue {
    ring: Ring,
    /// The pages in use, oldest first; their bytes are in the ring.
    pages: VecDeque<Page>,
    capacity: usize,
}

impl Queue {
    /// Returns an empty queue of `capacity` bytes, whole pages.
    pub(super) const fn new(capacity: usize) -> Self {
        Self { ring: Ring::new(), pages: VecDeque::new(), capacity }
    }

    pub(super) const fn len(&self) -> usize {
        self.ring.len()
    }

    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Sets the capacity, in bytes, to whole pages.
    ///
    /// # Errors
    /// `EBUSY` if more pages than that are in use.
    pub(super) fn set_capacity(&mut self, capacity: usize) -> Result<()> {
        if self.pages.len() > capacity / PIPE_BUF {
            return Err(Errno::EBUSY);
        }
        self.capacity = capacity;
        self.ring.shrink(capacity);
        Ok(())
    }

    /// Returns whether a write of one byte need not wait, as far as is promised: whether a page
    /// is free.
    pub(super) fn is_writable(&self) -> bool {
        self.free_pages() > 0
    }

    /// Returns how many pages are free, which a write can begin.
    pub(super) fn free_pages(&self) -> usize {
        (self.capacity / PIPE_BUF).saturating_sub(self.pages.len())
    }

    /// Returns how many bytes of a write of `wanted` go into the page written last: what is beyond
    /// whole pages, if it fits there.
    fn joining(&self, wanted: usize) -> usize {
        let odd = wanted % PIPE_BUF;
        match self.pages.back() {
            Some(last) if last.kind == Kind::Stream && last.written + odd <= PIPE_BUF => odd,
            _ => 0,
        }
    }

    /// Takes as much of a write of `wanted` bytes as there is room for, as pages of a kind.
    ///
    /// # Errors
    /// `EAGAIN` without room; as [`Source::take`], if not a single byte came.
    pub(super) fn fill(
        &mut self,
        source: &mut dyn Source,
        wanted: usize,
        kind: Kind,
    ) -> Result<usize> {
        let joining = self.joining(wanted);
        let room = joining + self.free_pages() * PIPE_BUF;
        if room == 0 {
            return Err(Errno::EAGAIN);
        }
        let count = self.ring.fill_from(source, wanted.min(room))?;
        let joined = count.min(joining);
        if let Some(last) = self.pages.back_mut() {
            last.written += joined;
            last.left += joined;
        }
        self.push_pages(count - joined, kind);
        Ok(count)
    }

    /// Takes bytes whether there is room or not.
    pub(super) fn append(&mut self, mut bytes: &[u8], kind: Kind) {
        let count = bytes.len();
        // A slice gives all it has.
        if self.ring.fill_from(&mut bytes, count).is_ok() {
            self.push_pages(count, kind);
        }
    }

    fn push_pages(&mut self, count: usize, kind: Kind) {
        let mut rest = count;
        while rest > 0 {
            let written = rest.min(PIPE_BUF);
            self.pages.push_back(Page { written, left: written, kind });
            rest -= written;
        }
    }

    /// Gives as much as a read has `room` for: up to the end of the first packet.
    ///
    /// # Errors
    /// As [`Sink::put`], if not a single byte went.
    pub(super) fn drain(&mut self, sink: &mut dyn Sink, room: usize) -> Result<usize> {
        if let Some(first) = self.pages.front_mut()
            && first.kind != Kind::Packet
            && first.left >= room
        {
            let count = self.ring.drain_to(sink, room)?;
            first.left -= count;
            if first.left == 0 {
                self.pages.pop_front();
            }
            return Ok(count);
        }
        let (mut before, mut packet) = (0, None);
        let mut index = 0;
        while before < room
            && packet.is_none()
            && let Some(page) = self.pages.get(index)
        {
            match page.kind {
                Kind::Packet => packet = Some(page.left),
                Kind::Stream | Kind::Sealed => before += page.left,
            }
            index += 1;
        }
        let most = before + packet.unwrap_or(0);
        let count = self.ring.drain_to(sink, most.min(room))?;
        // What a read leaves of a packet is lost.
        let lost = if packet.is_some() && count > before { most - count } else { 0 };
        self.ring.skip(lost);
        self.forget(count + lost);
        Ok(count)
    }

    /// Counts bytes as read that have left the ring.
    fn forget(&mut self, count: usize) {
        let mut rest = count;
        while let Some(first) = self.pages.front_mut() {
            let read = first.left.min(rest);
            first.left -= read;
            rest -= read;
            if first.left > 0 {
                break;
            }
            self.pages.pop_front();
        }
    }

    /// Puts bytes back that were read.
    pub(super) fn put_back(&mut self, bytes: &[u8]) {
        // What was taken out has left its room behind.
        if self.ring.put_back(bytes).is_err() {
            return;
        }
        for piece in bytes.rchunks(PIPE_BUF) {
            let (written, left) = (PIPE_BUF, piece.len());
            self.pages.push_front(Page { written, left, kind: Kind::Sealed });
        }
    }

    /// Copies up to `most` bytes to another queue, as far as it has free pages, and returns how
    /// many.
    pub(super) fn copy_to(&self, other: &mut Self, most: usize) -> usize {
        let mut done = 0;
        for page in &self.pages {
            let count = page.left.min(most - done);
            if count == 0 || !other.is_writable() || other.ring.reserve(count).is_err() {
                break;
            }
            let kind = if page.kind == Kind::Packet { Kind::Packet } else { Kind::Sealed };
            for mut part in self.ring.range(done, count) {
                // A slice gives all it has.
                let _ = other.ring.fill_from(&mut part, count);
            }
            other.push_pages(count, kind);
            done += count;
        }
        done
    }

    /// Drops the first `count` bytes.
    pub(super) fn skip(&mut self, count: usize) {
        self.ring.skip(count);
        self.forget(count);
    }
}
