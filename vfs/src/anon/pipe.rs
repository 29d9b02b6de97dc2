//! Pipes and FIFOs, `pipe(7)`.
//!
//! A [`Pipe`] is the queue, a [`PipeEnd`] what a descriptor stands for; the ends are counted, and
//! the last one of a kind to go tells the other side. A write of at most [`PIPE_BUF`] bytes goes in
//! whole or not at all.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::stat::FileType;
use abi::{Errno, Result};
use sync::{SpinLock, Waiters};

use super::ring::Ring;
use crate::{File, Metadata};

/// How many bytes a write may have to be atomic.
pub const PIPE_BUF: usize = 4096;
/// The capacity that a pipe has first.
const DEFAULT_CAPACITY: usize = 65536;
/// The largest capacity that a program may set, /proc/sys/fs/pipe-max-size.
const MAX_CAPACITY: usize = 1 << 20;

/// The number that the next pipe has, as `fstat(2)` and `/proc/self/fd` show it.
static NEXT_INO: AtomicU64 = AtomicU64::new(2);

const READABLE: Events = Events::IN.union(Events::RDNORM);
const WRITABLE: Events = Events::OUT.union(Events::WRNORM);

/// What an end of a pipe is open for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PipeAccess {
    /// The end that is read.
    Read,
    /// The end that is written.
    Write,
    /// Both, which only a FIFO can be opened for, `fifo(7)`.
    Both,
}

impl PipeAccess {
    const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::Both)
    }

    const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Both)
    }
}

/// A page of a pipe, as Linux counts: its room is used up by what was written to it, even after
/// that was read, and the page is free again only when all of it was.
#[derive(Debug)]
struct Page {
    written: usize,
    left: usize,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    /// The pages in use, oldest first; their bytes are in the ring.
    pages: VecDeque<Page>,
    readers: usize,
    writers: usize,
    /// How many ends for writing were ever opened.
    writers_ever: u64,
}

impl State {
    /// Returns how many pages are free, which a write can begin.
    fn free_pages(&self) -> usize {
        (self.ring.capacity() / PIPE_BUF).saturating_sub(self.pages.len())
    }

    /// Returns whether a write of one byte need not wait, as far as is promised.
    fn is_writable(&self) -> bool {
        self.free_pages() > 0
    }

    /// Returns how many bytes of a write of `wanted` go into the page written last: what is beyond
    /// whole pages, if it fits there.
    fn joining(&self, wanted: usize) -> usize {
        let odd = wanted % PIPE_BUF;
        match self.pages.back() {
            Some(last) if last.written + odd <= PIPE_BUF => odd,
            _ => 0,
        }
    }

    /// Takes as much of a write as there is room for.
    fn fill(&mut self, source: &mut dyn Source) -> Result<usize> {
        let joining = self.joining(source.left());
        let room = joining + self.free_pages() * PIPE_BUF;
        if room == 0 {
            return Err(Errno::EAGAIN);
        }
        let count = self.ring.fill_from(source, room)?;
        let joined = count.min(joining);
        if let Some(last) = self.pages.back_mut() {
            last.written += joined;
            last.left += joined;
        }
        let mut rest = count - joined;
        while rest > 0 {
            let written = rest.min(PIPE_BUF);
            self.pages.push_back(Page { written, left: written });
            rest -= written;
        }
        Ok(count)
    }

    /// Gives as much as a read has room for.
    fn drain(&mut self, sink: &mut dyn Sink) -> Result<usize> {
        let count = self.ring.drain_to(sink)?;
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
        Ok(count)
    }
}

/// A queue of bytes between its ends.
#[derive(Debug)]
pub struct Pipe {
    ino: u64,
    state: SpinLock<State>,
    /// Told of `IN` and `HUP`: where ends for reading, or both, wait.
    to_read: Waiters,
    /// Told of `OUT` and `ERR`: where ends for writing wait.
    to_write: Waiters,
}

impl Pipe {
    /// What the waiters of either end are told when another end is opened, for the opener of a
    /// FIFO who waits for the other side.
    pub const OPENED: Events = Events::MSG;

    /// Returns a pipe without any end, as a FIFO has when nobody opened it.
    pub fn new() -> Arc<Self> {
        let ring = Ring::new(DEFAULT_CAPACITY);
        let pages = VecDeque::new();
        let state = State { ring, pages, readers: 0, writers: 0, writers_ever: 0 };
        Arc::new(Self {
            ino: NEXT_INO.fetch_add(1, Ordering::Relaxed),
            state: SpinLock::new(state),
            to_read: Waiters::new(),
            to_write: Waiters::new(),
        })
    }

    /// Returns both ends of a new pipe, that for reading first: `pipe(2)`.
    pub fn pair() -> (Arc<PipeEnd>, Arc<PipeEnd>) {
        let pipe = Self::new();
        (pipe.open(PipeAccess::Read), pipe.open(PipeAccess::Write))
    }

    /// Opens an end. Whether a FIFO's opener waits for the other side is the caller's business.
    pub fn open(self: &Arc<Self>, access: PipeAccess) -> Arc<PipeEnd> {
        let mut state = self.state.lock();
        let writers_before = state.writers_ever;
        if access.reads() {
            state.readers += 1;
        }
        if access.writes() {
            state.writers += 1;
            state.writers_ever += 1;
        }
        drop(state);
        self.to_read.wake(Self::OPENED);
        self.to_write.wake(Self::OPENED);
        Arc::new(PipeEnd { pipe: self.clone(), access, writers_before })
    }

    /// Returns whether an end for reading is open.
    pub fn has_readers(&self) -> bool {
        self.state.lock().readers > 0
    }

    /// Returns whether an end for writing is open.
    pub fn has_writers(&self) -> bool {
        self.state.lock().writers > 0
    }

    /// Returns how many bytes wait to be read, `ioctl(FIONREAD)`.
    pub fn buffered(&self) -> usize {
        self.state.lock().ring.len()
    }

    /// Returns how many bytes it can hold, `fcntl(F_GETPIPE_SZ)`.
    pub fn capacity(&self) -> usize {
        self.state.lock().ring.capacity()
    }

    /// Sets how many bytes it can hold, rounded up to a power of two of at least a page, and
    /// returns that: `fcntl(F_SETPIPE_SZ)`.
    ///
    /// # Errors
    /// `EINVAL` for a size without a power of two above it, `EPERM` above the limit, `EBUSY` if it
    /// holds more bytes than that.
    pub fn set_capacity(&self, bytes: u32) -> Result<usize> {
        if bytes > 1 << 31 {
            return Err(Errno::EINVAL);
        }
        let capacity = bytes.max(4096).next_power_of_two() as usize;
        if capacity > MAX_CAPACITY {
            return Err(Errno::EPERM);
        }
        let mut state = self.state.lock();
        if state.pages.len() > capacity / PIPE_BUF {
            return Err(Errno::EBUSY);
        }
        let was_writable = state.is_writable();
        state.ring.set_capacity(capacity);
        let is_writable = state.is_writable();
        drop(state);
        if is_writable && !was_writable {
            self.tell_writers();
        }
        Ok(capacity)
    }

    fn read(&self, sink: &mut dyn Sink) -> Result<usize> {
        if sink.room() == 0 {
            return Ok(0);
        }
        let mut state = self.state.lock();
        if state.ring.len() == 0 {
            return if state.writers == 0 { Ok(0) } else { Err(Errno::EAGAIN) };
        }
        let was_writable = state.is_writable();
        let count = state.drain(sink)?;
        let is_writable = state.is_writable();
        drop(state);
        // A writer waits only while no page is free, so that is what it is told of.
        if is_writable && !was_writable {
            self.tell_writers();
        }
        Ok(count)
    }

    fn write(&self, source: &mut dyn Source) -> Result<usize> {
        if source.left() == 0 {
            return Ok(0);
        }
        let mut state = self.state.lock();
        if state.readers == 0 {
            return Err(Errno::EPIPE);
        }
        let count = state.fill(source)?;
        drop(state);
        self.to_read.wake(READABLE);
        Ok(count)
    }

    fn tell_writers(&self) {
        self.to_write.wake(WRITABLE);
        // Ends for both wait with the readers.
        self.to_read.wake(WRITABLE);
    }
}

/// An end of a pipe.
#[derive(Debug)]
pub struct PipeEnd {
    pipe: Arc<Pipe>,
    access: PipeAccess,
    /// How many ends for writing were opened before: a FIFO's reader sees no hang-up before the
    /// first writer has come.
    writers_before: u64,
}

impl PipeEnd {
    /// Returns the pipe.
    pub const fn pipe(&self) -> &Arc<Pipe> {
        &self.pipe
    }

    /// Returns what the end is open for.
    pub const fn access(&self) -> PipeAccess {
        self.access
    }
}

impl File for PipeEnd {
    fn is_stream(&self) -> bool {
        true
    }

    fn read(&self, _at: u64, sink: &mut dyn Sink) -> Result<usize> {
        if self.access.reads() { self.pipe.read(sink) } else { Err(Errno::EBADF) }
    }

    fn write(&self, _at: u64, source: &mut dyn Source) -> Result<usize> {
        if self.access.writes() { self.pipe.write(source) } else { Err(Errno::EBADF) }
    }

    fn poll(&self) -> Events {
        let state = self.pipe.state.lock();
        let mut events = Events::empty();
        if self.access.reads() {
            events.set(READABLE, state.ring.len() > 0);
            let had_writers = state.writers_ever != self.writers_before;
            events.set(Events::HUP, state.writers == 0 && had_writers);
        }
        if self.access.writes() {
            events.set(WRITABLE, state.is_writable());
            events.set(Events::ERR, state.readers == 0);
        }
        events
    }

    fn waiters(&self) -> Option<&Waiters> {
        let pipe = &self.pipe;
        Some(if self.access.reads() { &pipe.to_read } else { &pipe.to_write })
    }

    fn readable_bytes(&self) -> Result<usize> {
        Ok(self.pipe.buffered())
    }

    fn metadata(&self) -> Metadata {
        Metadata::anonymous(FileType::Fifo, self.pipe.ino)
    }

    fn label(&self) -> Vec<u8> {
        format!("pipe:[{}]", self.pipe.ino).into_bytes()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        let mut state = self.pipe.state.lock();
        let mut is_last_reader = false;
        let mut is_last_writer = false;
        if self.access.reads() {
            state.readers -= 1;
            is_last_reader = state.readers == 0;
        }
        if self.access.writes() {
            state.writers -= 1;
            is_last_writer = state.writers == 0;
        }
        if state.readers == 0 && state.writers == 0 {
            // What nobody read is gone, also for those who open the FIFO next.
            let capacity = state.ring.capacity();
            state.ring = Ring::new(capacity);
            state.pages.clear();
        }
        drop(state);
        if is_last_writer {
            self.pipe.to_read.wake(READABLE | Events::HUP);
        }
        if is_last_reader {
            self.pipe.to_write.wake(WRITABLE | Events::ERR);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::task::Waker;

    use sync::Every;

    use super::*;

    fn write(end: &PipeEnd, bytes: &[u8]) -> Result<usize> {
        end.write(0, &mut &*bytes)
    }

    fn read(end: &PipeEnd, mut room: &mut [u8]) -> Result<usize> {
        end.read(0, &mut room)
    }

    #[test]
    fn small_writes_are_atomic_and_large_ones_partial() {
        let (reader, writer) = Pipe::pair();
        assert_eq!(write(&writer, &[1; 65000]), Ok(65000));
        assert_eq!(write(&writer, &[2; 600]), Err(Errno::EAGAIN));
        assert_eq!(write(&writer, &[2; 5000]), Err(Errno::EAGAIN));
        assert_eq!(write(&writer, &[2; 500]), Ok(500));
        assert_eq!(writer.poll(), Events::empty());
        assert_eq!(read(&reader, &mut [0; 4095]), Ok(4095));
        assert_eq!(writer.poll(), Events::empty());
        assert_eq!(write(&writer, &[2; 4096]), Err(Errno::EAGAIN));
        assert_eq!(read(&reader, &mut [0; 1]), Ok(1));
        assert_eq!(writer.poll(), WRITABLE);
        assert_eq!(write(&writer, &[3; 10000]), Ok(4096));
        assert_eq!(write(&writer, &[3; 1]), Err(Errno::EAGAIN));
    }

    #[test]
    fn small_writes_share_a_page() {
        let (reader, writer) = Pipe::pair();
        for _ in 0..65536 {
            assert_eq!(write(&writer, b"x"), Ok(1));
        }
        assert_eq!(write(&writer, b"x"), Err(Errno::EAGAIN));
        assert_eq!(read(&reader, &mut [0; 65536]), Ok(65536));
        assert_eq!(write(&writer, &[0; 70000]), Ok(65536));
    }

    #[test]
    fn the_reader_sees_data_then_the_end() {
        let (reader, writer) = Pipe::pair();
        assert_eq!(read(&reader, &mut [0; 4]), Err(Errno::EAGAIN));
        assert_eq!(read(&reader, &mut []), Ok(0));
        write(&writer, b"abc").unwrap();
        drop(writer);
        assert_eq!(reader.poll(), READABLE | Events::HUP);
        assert_eq!(read(&reader, &mut [0; 4]), Ok(3));
        assert_eq!(reader.poll(), Events::HUP);
        assert_eq!(read(&reader, &mut [0; 4]), Ok(0));
    }

    #[test]
    fn writing_without_a_reader_is_a_broken_pipe() {
        let (reader, writer) = Pipe::pair();
        drop(reader);
        assert_eq!(write(&writer, b"x"), Err(Errno::EPIPE));
        assert_eq!(write(&writer, b""), Ok(0));
        assert_eq!(writer.poll(), WRITABLE | Events::ERR);
    }

    #[test]
    fn ends_refuse_the_other_direction() {
        let (reader, writer) = Pipe::pair();
        assert_eq!(write(&reader, b"x"), Err(Errno::EBADF));
        assert_eq!(read(&writer, &mut [0; 1]), Err(Errno::EBADF));
    }

    #[test]
    fn both_ends_carry_one_number() {
        let (reader, writer) = Pipe::pair();
        assert_eq!(reader.label(), writer.label());
        assert_eq!(reader.metadata().kind, FileType::Fifo);
        write(&writer, b"abc").unwrap();
        assert_eq!(reader.readable_bytes(), Ok(3));
    }

    #[test]
    fn capacity_is_a_power_of_two_within_limits() {
        let (_reader, writer) = Pipe::pair();
        let pipe = writer.pipe();
        assert_eq!(pipe.capacity(), 65536);
        assert_eq!(pipe.set_capacity(5000), Ok(8192));
        write(&writer, &[0; 5000]).unwrap();
        assert_eq!(pipe.buffered(), 5000);
        assert_eq!(pipe.set_capacity(0), Err(Errno::EBUSY));
        assert_eq!(pipe.set_capacity((1 << 20) + 1), Err(Errno::EPERM));
        assert_eq!(pipe.set_capacity(u32::MAX), Err(Errno::EINVAL));
        assert_eq!(pipe.set_capacity(1 << 20), Ok(1 << 20));
    }

    #[test]
    fn a_fifo_hangs_up_only_after_its_first_writer() {
        let fifo = Pipe::new();
        let reader = fifo.open(PipeAccess::Read);
        assert_eq!(reader.poll(), Events::empty());
        assert_eq!(read(&reader, &mut [0; 1]), Ok(0));
        let both = fifo.open(PipeAccess::Both);
        assert_eq!(both.poll(), WRITABLE);
        write(&both, b"x").unwrap();
        drop(both);
        assert_eq!(reader.poll(), READABLE | Events::HUP);
        drop(reader);
        assert_eq!(fifo.buffered(), 0);
        assert!(!fifo.has_readers() && !fifo.has_writers());
    }

    #[test]
    fn waiters_are_told_of_the_change_they_wait_for() {
        let (reader, writer) = Pipe::pair();
        let waker = Waker::noop();
        let to_read = reader.waiters().unwrap();
        to_read.register(Events::IN, Every::Once, waker);
        write(&writer, &[0; 65536]).unwrap();
        assert!(to_read.is_empty());
        let to_write = writer.waiters().unwrap();
        to_write.register(Events::OUT, Every::Once, waker);
        read(&reader, &mut [0; 10]).unwrap();
        assert!(!to_write.is_empty());
        read(&reader, &mut [0; 5000]).unwrap();
        assert!(to_write.is_empty());
        to_write.register(Events::OUT, Every::Once, waker);
        drop(reader);
        assert!(to_write.is_empty());
    }
}
