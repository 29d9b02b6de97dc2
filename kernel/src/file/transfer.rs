//! Reading and writing as a program sees it: waiting, and going on after a part.

use abi::fcntl::OpenFlags;
use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::signal::Signal;
use abi::{Errno, Result};
use vfs::{Appending, Claim, File, OpenFile};

use super::limit;
use super::socket::SocketFile;
use crate::memory::user::UserBuffers;
use crate::process::signal;
use crate::wait;

/// Where in a file a transfer begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Position {
    /// At the description's offset, which moves on.
    Offset,
    /// At this byte; the offset stays.
    At(u64),
}

impl Position {
    /// Returns where a transfer goes on after `done` bytes.
    pub(crate) fn after(self, done: usize) -> Self {
        match self {
            Self::Offset => Self::Offset,
            Self::At(at) => Self::At(at.saturating_add(done as u64)),
        }
    }
}

/// Waits until no other call reads, writes, lists or seeks at a description's offset. A signal does
/// not end that wait, nor does `O_NONBLOCK` avoid it, as on Linux.
///
/// # Errors
/// None are left.
pub(crate) fn claim(file: &OpenFile) -> Result<Claim<'_>> {
    wait::until_free(file.offset_waiters(), || file.claim())
}

/// Where a transfer has come to.
#[derive(Debug)]
pub(crate) enum Progress<'a> {
    Offset(Claim<'a>),
    At(&'a OpenFile, u64),
    /// There are no places.
    Stream(&'a OpenFile),
}

impl<'a> Progress<'a> {
    /// Returns where a transfer begins; waits for the offset if it begins there.
    ///
    /// # Errors
    /// As [`claim`].
    pub(crate) fn new(file: &'a OpenFile, position: Position) -> Result<Self> {
        match position {
            Position::Offset if !file.has_offset() => Ok(Self::Stream(file)),
            Position::Offset => claim(file).map(Self::Offset),
            Position::At(at) => Ok(Self::At(file, at)),
        }
    }

    /// Reads what is next.
    ///
    /// # Errors
    /// As [`Claim::read`] and [`OpenFile::read_at`].
    #[inline]
    pub(crate) fn read(&mut self, sink: &mut dyn Sink) -> Result<usize> {
        match self {
            Self::Stream(file) => file.readable()?.read(0, sink),
            Self::Offset(claim) => claim.read(sink),
            Self::At(file, at) => {
                file.read_at(*at, sink).inspect(|&count| *at = at.saturating_add(count as u64))
            }
        }
    }

    #[inline]
    fn write(&mut self, appending: Appending, source: &mut dyn Source) -> Result<usize> {
        match self {
            Self::Stream(file) => file.writable()?.write(0, source),
            Self::Offset(claim) => claim.write(appending, source),
            Self::At(file, at) => {
                let written = file.write_at_by(*at, appending, source);
                written.inspect(|&count| *at = at.saturating_add(count as u64))
            }
        }
    }
}

/// How a transfer goes that `preadv2(2)` or `pwritev2(2)` has flags for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Manner {
    /// Do not wait, whatever `O_NONBLOCK` says.
    pub(crate) is_immediate: bool,
    /// Raise no signal where nobody reads.
    pub(crate) is_silent: bool,
    /// Write to the end or not, whatever `O_APPEND` says.
    pub(crate) appending: Option<Appending>,
}

/// Attempts an operation, waiting while it answers `EAGAIN` unless the description is
/// non-blocking.
///
/// # Errors
/// Those of the operation; as [`wait::until`].
pub(crate) fn blocking<T>(
    file: &OpenFile,
    interest: Events,
    attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    let manner = Manner::default();
    self::attempt(file, &**file.file()?, interest, manner, attempt)
}

/// As [`blocking`] of a description whose file is at hand, but without waiting where the call asks
/// for that.
#[inline]
fn attempt<T>(
    file: &OpenFile,
    object: &dyn File,
    interest: Events,
    manner: Manner,
    mut attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    if manner.is_immediate || file.flags().contains(OpenFlags::NONBLOCK) {
        return attempt();
    }
    let Some(waiters) = object.waiters() else { return attempt() };
    wait::until_within(waiters, interest, || object.patience(interest), attempt)
}

/// Reads as `read(2)` does: what is there, from a regular file all that was asked for.
///
/// # Errors
/// As [`OpenFile::read`] and [`blocking`].
pub(crate) fn read(
    file: &OpenFile,
    target: &mut UserBuffers<'_>,
    position: Position,
    manner: Manner,
) -> Result<usize> {
    let interest = Events::IN | Events::RDHUP;
    let object = file.readable()?;
    if position == Position::Offset && !file.has_offset() {
        return attempt(file, object, interest, manner, || object.read(0, target));
    }
    let (mut done, wanted) = (0, target.remaining());
    let mut progress = Progress::new(file, position)?;
    loop {
        let step = attempt(file, object, interest, manner, || progress.read(target));
        match step {
            Ok(count) => done += count,
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => return Ok(done),
        }
        // A file that can be sought gives less than asked for at its end, or where the next part
        // of the program's buffer is not present yet.
        if step == Ok(0) || done >= wanted || !file.is_seekable() {
            return Ok(done);
        }
        target.next_window();
    }
}

/// Writes as `write(2)` does: everything, or what could be written until an error or a signal.
/// A broken pipe raises SIGPIPE.
///
/// # Errors
/// As [`OpenFile::write`] and [`blocking`], if nothing was written.
pub(crate) fn write(
    file: &OpenFile,
    origin: &mut UserBuffers<'_>,
    position: Position,
    manner: Manner,
) -> Result<usize> {
    let object = file.writable()?;
    if position == Position::Offset && !file.has_offset() {
        return write_all(file, object, origin, manner, |origin| object.write(0, origin));
    }
    let appending = manner.appending.unwrap_or_else(|| file.appending());
    let mut progress = Progress::new(file, position)?;
    origin.truncate(room(file, origin.remaining(), position, appending)?);
    write_all(file, object, origin, manner, |origin| progress.write(appending, origin))
}

/// Writes by `write` until everything is written, or until an error or a signal.
#[inline]
fn write_all(
    file: &OpenFile,
    object: &dyn File,
    origin: &mut UserBuffers<'_>,
    manner: Manner,
    mut write: impl FnMut(&mut UserBuffers<'_>) -> Result<usize>,
) -> Result<usize> {
    let (mut done, wanted) = (0, origin.remaining());
    loop {
        let step = attempt(file, object, Events::OUT, manner, || {
            let before = origin.clone();
            // What was looked at but not written comes again at the next attempt.
            write(origin).inspect_err(|_| *origin = before)
        });
        match step {
            Ok(count) => done += count,
            Err(errno) => {
                if !manner.is_silent {
                    tell_by_signal(file, errno, done);
                }
                return if done == 0 { Err(errno) } else { Ok(done) };
            }
        }
        let goes_on = || file.is_seekable() || object.is_stream();
        if step == Ok(0) || done >= wanted || !goes_on() {
            return Ok(done);
        }
        origin.next_window();
    }
}

/// Writes bytes of the kernel's as far as the file takes them at once; waits while it takes none.
///
/// # Errors
/// As [`write`].
pub(crate) fn write_bytes(file: &OpenFile, bytes: &[u8], position: Position) -> Result<usize> {
    let appending = file.appending();
    let mut progress = Progress::new(file, position)?;
    let bytes = &bytes[..room(file, bytes.len(), position, appending)?];
    blocking(file, Events::OUT, || progress.write(appending, &mut &*bytes))
        .inspect_err(|&errno| tell_by_signal(file, errno, 0))
}

/// Returns how much of a write of `wanted` bytes the limit of the size of files allows.
///
/// # Errors
/// `EFBIG` if that is nothing.
fn room(file: &OpenFile, wanted: usize, position: Position, appending: Appending) -> Result<usize> {
    if !file.is_seekable() {
        return Ok(wanted);
    }
    let object = file.file()?;
    if object.ignores_seeks() || wanted == 0 {
        return Ok(wanted);
    }
    let room = limit::room_at(|| match position {
        _ if appending == Appending::Yes => object.size(),
        Position::Offset => file.offset(),
        Position::At(at) => at,
    })?;
    Ok(usize::try_from(room).unwrap_or(usize::MAX).min(wanted))
}

/// Raises the signal of a write that nobody will read, after `done` bytes: of a pipe always, of a
/// socket only if it is a stream's first error.
fn tell_by_signal(file: &OpenFile, errno: Errno, done: usize) {
    let is_told = || SocketFile::of(file).map_or(true, |socket| socket.is_stream() && done == 0);
    if errno == Errno::EPIPE && is_told() {
        signal::send_to_current(Signal::SIGPIPE);
    }
}
