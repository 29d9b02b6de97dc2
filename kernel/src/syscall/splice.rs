//! Moving bytes through pipes: `splice(2)`, `tee(2)`, `vmsplice(2)`.
//!
//! The bytes are copied, never lent: what a program does with its memory after `vmsplice(2)` does
//! not show in the pipe.

use alloc::sync::Arc;

use abi::fcntl::OpenFlags;
use abi::poll::Events;
use abi::signal::Signal;
use abi::stat::FileType;
use abi::{Errno, Result};
use vfs::anon::{Leave, Pipe, PipeEnd};
use vfs::{File, OpenFile};

use super::Context;
use super::io::{MOST, Parts, check_access, read_vector};
use crate::arch::index;
use crate::file;
use crate::file::transfer::{self, Position, Progress};
use crate::memory;
use crate::memory::user::{IoVec, UserBuffers, UserPtr};
use crate::process::signal;
use crate::wait;

/// `SPLICE_F_NONBLOCK`: do not wait for the pipe.
const NONBLOCK: u32 = 2;
/// All flags: `SPLICE_F_MOVE`, `NONBLOCK`, `MORE` and `GIFT`; the others are hints.
const ALL: u32 = 0xf;
/// The most that is taken out of a pipe at a time.
const CHUNK: usize = 64 << 10;

/// What a pipe tells its readers, its writers, and those who will never read or write again.
const TO_READ: Events = Events::IN.union(Events::HUP);
const TO_WRITE: Events = Events::OUT.union(Events::ERR);

/// Whether a call waits for a pipe.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Waits,
    Fails,
}

impl Patience {
    /// Returns what flags of the call and of the pipes' descriptions say together.
    fn new(flags: u32, pipes: &[&OpenFile]) -> Self {
        let is_nonblocking = |file: &&OpenFile| file.flags().contains(OpenFlags::NONBLOCK);
        match flags & NONBLOCK != 0 || pipes.iter().any(is_nonblocking) {
            true => Self::Fails,
            false => Self::Waits,
        }
    }

    /// Attempts something, waiting for an end of a pipe while it answers `EAGAIN`.
    fn attempt<T>(
        self,
        end: &PipeEnd,
        interest: Events,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        match (self, end.waiters()) {
            (Self::Waits, Some(waiters)) => wait::until(waiters, interest, None, attempt),
            _ => attempt(),
        }
    }
}

/// Raises the signal of a pipe that nobody reads.
fn tell_by_signal(errno: &Errno) {
    if *errno == Errno::EPIPE {
        signal::send_to_current(Signal::SIGPIPE);
    }
}

/// Checks that the two descriptions of a call are open for reading and for writing.
fn check_both(from: &OpenFile, to: &OpenFile) -> Result<()> {
    check_access(from, OpenFlags::is_readable)?;
    check_access(to, OpenFlags::is_writable)
}

/// `splice(2)`.
pub(super) fn splice(
    _cx: &mut Context<'_>,
    from: u32,
    from_offset: UserPtr<i64>,
    to: u32,
    to_offset: UserPtr<i64>,
    count: usize,
    flags: u32,
) -> Result<usize> {
    if count == 0 {
        return Ok(0);
    }
    if flags & !ALL != 0 {
        return Err(Errno::EINVAL);
    }
    let count = count.min(MOST);
    let files = file::current();
    let (from, to) = (files.get(from)?, files.get(to)?);
    let ends = (from.downcast::<PipeEnd>(), to.downcast::<PipeEnd>());
    let has_offset = |end: &Option<Arc<PipeEnd>>, at: UserPtr<i64>| end.is_some() && !at.is_null();
    if has_offset(&ends.0, from_offset) || has_offset(&ends.1, to_offset) {
        return Err(Errno::ESPIPE);
    }
    // The offset to write at is read first.
    let to_offset = Offset::read(to_offset)?;
    let from_offset = Offset::read(from_offset)?;
    check_both(&from, &to)?;
    match ends {
        (Some(source), Some(target)) => {
            let patience = Patience::new(flags, &[&from, &to]);
            pass(&source, &target, count, Leave::Rest, patience)
        }
        (Some(source), None) => {
            let patience = Patience::new(flags, &[&from]);
            to_file(&source, &to, to_offset, count, patience)
        }
        (None, Some(target)) => {
            let patience = Patience::new(flags, &[&to]);
            from_file(&from, from_offset, &target, count, patience)
        }
        (None, None) => Err(Errno::EINVAL),
    }
}

/// Moves or copies bytes from pipe to pipe.
fn pass(
    source: &PipeEnd,
    target: &PipeEnd,
    count: usize,
    leave: Leave,
    patience: Patience,
) -> Result<usize> {
    let (from, to) = (source.pipe(), target.pipe());
    loop {
        match from.pass(to, count, leave) {
            Err(Errno::EAGAIN) if patience == Patience::Waits => {}
            result => return result.inspect_err(tell_by_signal),
        }
        patience.attempt(source, TO_READ, || {
            if from.is_waited_for() { Err(Errno::EAGAIN) } else { Ok(()) }
        })?;
        patience.attempt(target, TO_WRITE, || to.room()).inspect_err(tell_by_signal)?;
    }
}

/// Returns whether a file can be spliced: what has a name, and sockets.
fn is_spliceable(file: &OpenFile) -> bool {
    let kind = file.metadata().kind;
    kind == FileType::Socket || (file.found().is_some() && kind != FileType::Directory)
}

/// An offset that a program gives by its address, and what it was.
#[derive(Clone, Copy)]
struct Offset(Option<(UserPtr<i64>, i64)>);

impl Offset {
    /// Copies the offset in, if there is one.
    fn read(pointer: UserPtr<i64>) -> Result<Self> {
        let given = pointer.non_null().map(|at| Ok::<_, Errno>((at, at.read()?)));
        given.transpose().map(Self)
    }

    /// Returns where in a file a call begins.
    fn position(self, file: &OpenFile) -> Result<Position> {
        if !is_spliceable(file) {
            return Err(Errno::EINVAL);
        }
        let Some((_, at)) = self.0 else { return Ok(Position::Offset) };
        if !file.is_seekable() {
            return Err(Errno::EINVAL);
        }
        u64::try_from(at).map(Position::At).map_err(|_| Errno::EINVAL)
    }

    /// Leaves the place behind `done` bytes where the program wants it.
    fn finish(self, done: usize) -> Result<usize> {
        if let Some((pointer, at)) = self.0 {
            pointer.write(&at.saturating_add_unsigned(done as u64))?;
        }
        Ok(done)
    }
}

/// Moves bytes from a pipe to a file.
fn to_file(
    source: &PipeEnd,
    to: &OpenFile,
    offset: Offset,
    count: usize,
    patience: Patience,
) -> Result<usize> {
    let position = offset.position(to)?;
    if to.flags().contains(OpenFlags::APPEND) {
        return Err(Errno::EINVAL);
    }
    let mut done = 0;
    while done < count {
        let most = CHUNK.min(count - done);
        let patience = if done == 0 { patience } else { Patience::Fails };
        let step = patience
            .attempt(source, TO_READ, || source.pipe().take(most))
            .and_then(|bytes| write_all(source.pipe(), to, &bytes, position.after(done)));
        match step {
            Ok(0) => break,
            Ok(written) => done += written,
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    offset.finish(done)
}

/// Writes bytes that were taken out of a pipe, and puts back what the file does not take.
fn write_all(pipe: &Pipe, to: &OpenFile, bytes: &[u8], position: Position) -> Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match transfer::write_bytes(to, &bytes[done..], position.after(done)) {
            Ok(written) if written > 0 => done += written,
            result => {
                pipe.put_back(&bytes[done..]);
                return if done == 0 { result } else { Ok(done) };
            }
        }
    }
    Ok(done)
}

/// Moves bytes from a file to a pipe.
fn from_file(
    from: &OpenFile,
    offset: Offset,
    target: &PipeEnd,
    count: usize,
    patience: Patience,
) -> Result<usize> {
    let position = offset.position(from)?;
    if !from.file()?.can_be_spliced() {
        return Err(Errno::EINVAL);
    }
    let pipe = target.pipe();
    let room = patience.attempt(target, TO_WRITE, || pipe.room()).inspect_err(tell_by_signal)?;
    let mut bytes = memory::buffer(count.min(room))?;
    let mut progress = Progress::new(from, position)?;
    let mut read = || progress.read(&mut bytes.as_mut_slice());
    let got = match patience {
        Patience::Waits => transfer::blocking(from, Events::IN | Events::RDHUP, read)?,
        Patience::Fails => read()?,
    };
    pipe.put(&bytes[..got]);
    offset.finish(got)
}

/// `tee(2)`.
pub(super) fn tee(
    _cx: &mut Context<'_>,
    from: u32,
    to: u32,
    count: usize,
    flags: u32,
) -> Result<usize> {
    if flags & !ALL != 0 {
        return Err(Errno::EINVAL);
    }
    if count == 0 {
        return Ok(0);
    }
    let files = file::current();
    let (from, to) = (files.get(from)?, files.get(to)?);
    check_both(&from, &to)?;
    let source: Arc<PipeEnd> = from.downcast().ok_or(Errno::EINVAL)?;
    let target: Arc<PipeEnd> = to.downcast().ok_or(Errno::EINVAL)?;
    let patience = Patience::new(flags, &[&from, &to]);
    pass(&source, &target, count.min(MOST), Leave::All, patience)
}

/// `vmsplice(2)`.
pub(super) fn vmsplice(
    _cx: &mut Context<'_>,
    fd: u32,
    vector: UserPtr<IoVec>,
    parts: u32,
    flags: u32,
) -> Result<usize> {
    if flags & !ALL != 0 {
        return Err(Errno::EINVAL);
    }
    let file = file::current().get(fd)?;
    let mut space = Parts::default();
    let parts = read_vector(vector, index(parts.into()), &mut space)?;
    let writes = file.flags().is_writable();
    let mut buffers = match writes {
        true => UserBuffers::origin(parts)?,
        false => UserBuffers::target(parts)?,
    };
    if buffers.remaining() == 0 {
        return Ok(0);
    }
    let end: Arc<PipeEnd> = file.downcast().ok_or(Errno::EBADF)?;
    let patience = Patience::new(flags, &[]);
    if !writes {
        return patience.attempt(&end, TO_READ, || end.read(0, &mut buffers));
    }
    let write = || {
        let before = buffers.clone();
        end.write(0, &mut buffers).inspect_err(|_| buffers = before)
    };
    patience.attempt(&end, TO_WRITE, write).inspect_err(tell_by_signal)
}
