//! Reading and writing as a program sees it: waiting, and going on after a part.

use abi::fcntl::OpenFlags;
use abi::poll::Events;
use abi::signal::Signal;
use abi::{Errno, Result};
use vfs::{File, OpenFile};

use super::limit;
use super::socket::{Direction, SocketFile};
use crate::arch::clock;
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
    fn after(self, done: usize) -> Self {
        match self {
            Self::Offset => Self::Offset,
            Self::At(at) => Self::At(at.saturating_add(done as u64)),
        }
    }
}

/// Attempts an operation, waiting while it answers `EAGAIN` unless the description is
/// non-blocking.
///
/// # Errors
/// Those of the operation; as [`wait::until`].
pub(crate) fn blocking<T>(
    file: &OpenFile,
    interest: Events,
    mut attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    match attempt() {
        Err(Errno::EAGAIN) if !file.flags().contains(OpenFlags::NONBLOCK) => {}
        result => return result,
    }
    let object = file.file()?.clone();
    let Some(waiters) = object.waiters() else { return Err(Errno::EAGAIN) };
    let timeout = SocketFile::of(file).ok().and_then(|socket| {
        let is_input = interest.contains(Events::IN);
        socket.timeout(if is_input { Direction::Receive } else { Direction::Send })
    });
    let deadline = timeout.map(|timeout| clock::now() + timeout);
    match wait::until(waiters, interest, deadline, attempt) {
        // A call with a timeout is not restarted (signal(7)).
        Err(wait::RESTART) if timeout.is_some() => Err(Errno::EINTR),
        result => result,
    }
}

/// Reads as `read(2)` does: what is there, from a regular file all that was asked for.
///
/// # Errors
/// As [`OpenFile::read`] and [`blocking`].
pub(crate) fn read(
    file: &OpenFile,
    target: &mut UserBuffers<'_>,
    position: Position,
) -> Result<usize> {
    let (mut done, wanted) = (0, target.remaining());
    loop {
        let step = blocking(file, Events::IN | Events::RDHUP, || match position.after(done) {
            Position::Offset => file.read(target),
            Position::At(at) => file.read_at(at, target),
        });
        match step {
            Ok(count) => done += count,
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => return Ok(done),
        }
        // A file that can be sought gives less than asked for at its end, or where the next part
        // of the program's buffer is not present yet.
        if step == Ok(0) || done >= wanted || !file.file()?.is_seekable() {
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
) -> Result<usize> {
    limit_size(file, origin, position)?;
    let (mut done, wanted) = (0, origin.remaining());
    loop {
        let step = blocking(file, Events::OUT, || {
            let before = origin.clone();
            let written = match position.after(done) {
                Position::Offset => file.write(origin),
                Position::At(at) => file.write_at(at, origin),
            };
            // What was looked at but not written comes again at the next attempt.
            written.inspect_err(|_| *origin = before)
        });
        match step {
            Ok(count) => done += count,
            Err(errno) => {
                if errno == Errno::EPIPE && is_told_by_signal(file, done) {
                    signal::send_to_current(Signal::SIGPIPE);
                }
                return if done == 0 { Err(errno) } else { Ok(done) };
            }
        }
        let object = file.file()?;
        let goes_on = object.is_stream() || object.is_seekable();
        if step == Ok(0) || done >= wanted || !goes_on {
            return Ok(done);
        }
        origin.next_window();
    }
}

/// Cuts a write to a file down to what the limit of the size of files allows.
///
/// # Errors
/// `EFBIG` if that is nothing.
fn limit_size(file: &OpenFile, origin: &mut UserBuffers<'_>, position: Position) -> Result<()> {
    let object = file.file()?;
    if !object.is_seekable() || object.ignores_seeks() || origin.remaining() == 0 {
        return Ok(());
    }
    let room = limit::room_at(|| match position {
        _ if file.flags().contains(OpenFlags::APPEND) => object.size(),
        Position::Offset => file.offset(),
        Position::At(at) => at,
    })?;
    origin.truncate(usize::try_from(room).unwrap_or(usize::MAX));
    Ok(())
}

/// Returns whether a write that nobody will read raises a signal after `done` bytes: of a pipe
/// always, of a socket only if it is a stream's first error.
fn is_told_by_signal(file: &OpenFile, done: usize) -> bool {
    SocketFile::of(file).map_or(true, |socket| socket.is_stream() && done == 0)
}
