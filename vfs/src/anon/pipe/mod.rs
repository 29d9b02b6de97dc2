//! Pipes and FIFOs, `pipe(7)`.
//!
//! A [`Pipe`] is the queue, a [`PipeEnd`] what a descriptor stands for; the ends are counted, and
//! the last one of a kind to go tells the other side. A write of at most [`PIPE_BUF`] bytes goes in
//! whole or not at all.

mod queue;
mod ring;
mod splice;

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use abi::fcntl::OpenFlags;
use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::stat::FileType;
use abi::{Errno, Result};
use sync::{SpinLock, Waiters};

use self::queue::{Kind, Queue};
pub use self::splice::Leave;
use crate::metadata::Changed;
use crate::{Changes, File, Metadata};

/// How many bytes a write may have to be atomic.
pub const PIPE_BUF: usize = 4096;
/// The capacity that a pipe has first.
const DEFAULT_CAPACITY: usize = 65536;
/// The largest capacity that a program may set, /proc/sys/fs/pipe-max-size.
const MAX_CAPACITY: usize = 1 << 20;

/// The number that the next pipe has, as `fstat(2)` and `/proc/self/fd` show it.
static NEXT_INO: AtomicU64 = AtomicU64::new(2);

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

#[derive(Debug)]
struct State {
    queue: Queue,
    readers: usize,
    writers: usize,
    /// How many ends for writing were ever opened.
    writers_ever: u64,
}

/// A queue of bytes between its ends.
#[derive(Debug)]
pub struct Pipe {
    ino: u64,
    changed: Changed,
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
        let queue = Queue::new(DEFAULT_CAPACITY);
        let state = State { queue, readers: 0, writers: 0, writers_ever: 0 };
        Arc::new(Self {
            ino: NEXT_INO.fetch_add(1, Ordering::Relaxed),
            changed: Changed::new(),
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
        Arc::new(PipeEnd {
            pipe: self.clone(),
            access,
            writers_before,
            makes_packets: AtomicBool::new(false),
        })
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
        self.state.lock().queue.len()
    }

    /// Returns how many bytes it can hold, `fcntl(F_GETPIPE_SZ)`.
    pub fn capacity(&self) -> usize {
        self.state.lock().queue.capacity()
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
        let was_writable = state.queue.is_writable();
        state.queue.set_capacity(capacity)?;
        let is_writable = state.queue.is_writable();
        drop(state);
        if is_writable && !was_writable {
            self.tell_writers();
        }
        Ok(capacity)
    }

    #[inline]
    fn read(&self, sink: &mut dyn Sink) -> Result<usize> {
        let room = sink.room();
        if room == 0 {
            return Ok(0);
        }
        let mut state = self.state.lock();
        if state.queue.len() == 0 {
            return if state.writers == 0 { Ok(0) } else { Err(Errno::EAGAIN) };
        }
        let was_writable = state.queue.is_writable();
        let count = state.queue.drain(sink, room)?;
        // A writer waits only while no page is free, so that is what it is told of.
        let is_news = !was_writable && state.queue.is_writable();
        drop(state);
        if is_news {
            self.tell_writers();
        }
        Ok(count)
    }

    fn write(&self, source: &mut dyn Source, kind: Kind) -> Result<usize> {
        let wanted = source.left();
        if wanted == 0 {
            return Ok(0);
        }
        let mut state = self.state.lock();
        if state.readers == 0 {
            return Err(Errno::EPIPE);
        }
        let count = state.queue.fill(source, wanted, kind)?;
        drop(state);
        self.to_read.wake(Events::READABLE);
        Ok(count)
    }

    fn tell_writers(&self) {
        self.to_write.wake(Events::WRITABLE);
        // Ends for both wait with the readers.
        self.to_read.wake(Events::WRITABLE);
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
    /// Whether each write is a packet, `O_DIRECT`.
    makes_packets: AtomicBool,
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
        let is_packet = self.makes_packets.load(Ordering::Relaxed);
        let kind = if is_packet { Kind::Packet } else { Kind::Stream };
        if self.access.writes() { self.pipe.write(source, kind) } else { Err(Errno::EBADF) }
    }

    fn note_flags(&self, flags: OpenFlags) -> Result<()> {
        self.makes_packets.store(flags.contains(OpenFlags::DIRECT), Ordering::Relaxed);
        Ok(())
    }

    fn poll(&self) -> Events {
        let state = self.pipe.state.lock();
        let mut events = Events::empty();
        if self.access.reads() {
            events.set(Events::READABLE, state.queue.len() > 0);
            let had_writers = state.writers_ever != self.writers_before;
            events.set(Events::HUP, state.writers == 0 && had_writers);
        }
        if self.access.writes() {
            events.set(Events::WRITABLE, state.queue.is_writable());
            events.set(Events::ERR, state.readers == 0);
        }
        events
    }

    fn tells_by_signal(&self) -> bool {
        true
    }

    fn waiters(&self) -> Option<&Waiters> {
        let pipe = &self.pipe;
        Some(if self.access.reads() { &pipe.to_read } else { &pipe.to_write })
    }

    fn readable_bytes(&self) -> Result<usize> {
        Ok(self.pipe.buffered())
    }

    fn metadata(&self) -> Metadata {
        self.pipe.changed.show(Metadata::anonymous(FileType::Fifo, self.pipe.ino))
    }

    fn change_metadata(&self, changes: &Changes) -> Result<()> {
        self.pipe.changed.add(changes);
        Ok(())
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
            state.queue = Queue::new(state.queue.capacity());
        }
        drop(state);
        if is_last_writer {
            self.pipe.to_read.wake(Events::READABLE | Events::HUP);
        }
        if is_last_reader {
            self.pipe.to_write.wake(Events::WRITABLE | Events::ERR);
        }
    }
}

#[cfg(test)]
mod tests;
