//! Reading and writing: `read(2)`, `readv(2)`, `pread(2)`, `lseek(2)`, `fsync(2)`.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::slice;

use abi::fcntl::{OpenFlags, Whence};
use abi::stat::FileType;
use abi::{Errno, Result};
use vfs::{Appending, OpenFile, Synchronise};

use super::Context;
use crate::arch::index;
use crate::file;
use crate::file::transfer::{self, Manner, Position};
use crate::memory::user::{self, IoVec, UserBuffers, UserPtr};

/// The most that one call transfers, in bytes (`MAX_RW_COUNT`).
pub(super) const MOST: usize = 0x7fff_f000;
/// The most parts of a vector, and messages of one call (`UIO_MAXIOV`).
pub(super) const MOST_PARTS: usize = 1024;

/// What `read(2)` and `write(2)` and their relatives do.
trait Transfer {
    /// Checks that a description was opened for it, and that it is ever done with files of this
    /// kind.
    ///
    /// # Errors
    /// `EBADF`, `EINVAL`.
    fn check(file: &OpenFile) -> Result<()>;

    /// Returns a program's buffers.
    ///
    /// # Errors
    /// `EFAULT` if a part lies outside the application's half.
    fn buffers(parts: &[IoVec]) -> Result<UserBuffers<'_>>;

    /// Transfers to or from a program's buffers.
    fn run(
        file: &OpenFile,
        buffers: &mut UserBuffers<'_>,
        position: Position,
        manner: Manner,
    ) -> Result<usize>;

    /// Returns whether a file takes each part of a vector by itself.
    ///
    /// # Errors
    /// `EBADF` as [`OpenFile::file`].
    fn is_by_part(_file: &OpenFile) -> Result<bool> {
        Ok(false)
    }
}

/// From a file.
struct Reading;

impl Transfer for Reading {
    fn check(file: &OpenFile) -> Result<()> {
        file.readable()?;
        if file.can_be_read() { Ok(()) } else { Err(Errno::EINVAL) }
    }

    #[expect(clippy::inline_always, reason = "the result is large, and mostly of one part")]
    #[inline(always)]
    fn buffers(parts: &[IoVec]) -> Result<UserBuffers<'_>> {
        UserBuffers::target(parts)
    }

    fn run(
        file: &OpenFile,
        buffers: &mut UserBuffers<'_>,
        position: Position,
        manner: Manner,
    ) -> Result<usize> {
        transfer::read(file, buffers, position, manner)
    }
}

/// To a file.
struct Writing;

impl Transfer for Writing {
    fn check(file: &OpenFile) -> Result<()> {
        file.writable()?;
        if file.can_be_written() { Ok(()) } else { Err(Errno::EINVAL) }
    }

    #[expect(clippy::inline_always, reason = "the result is large, and mostly of one part")]
    #[inline(always)]
    fn buffers(parts: &[IoVec]) -> Result<UserBuffers<'_>> {
        UserBuffers::origin(parts)
    }

    fn run(
        file: &OpenFile,
        buffers: &mut UserBuffers<'_>,
        position: Position,
        manner: Manner,
    ) -> Result<usize> {
        transfer::write(file, buffers, position, manner)
    }

    fn is_by_part(file: &OpenFile) -> Result<bool> {
        Ok(file.file()?.is_written_by_part())
    }
}

/// Transfers to or from the parts of a vector.
fn run_parts<T: Transfer>(
    file: &OpenFile,
    parts: &[IoVec],
    position: Position,
    manner: Manner,
) -> Result<usize> {
    if parts.len() > 1 && T::is_by_part(file)? {
        return run_each::<T>(file, parts, position, manner);
    }
    T::run(file, &mut T::buffers(parts)?, position, manner)
}

/// Transfers each part by itself, as far as none fails.
fn run_each<T: Transfer>(
    file: &OpenFile,
    parts: &[IoVec],
    position: Position,
    manner: Manner,
) -> Result<usize> {
    let mut done = 0;
    // Linux passes over parts of no bytes, but for the first one.
    let has_bytes = |&(place, part): &(usize, &IoVec)| place == 0 || part.length > 0;
    for (_, part) in parts.iter().enumerate().filter(has_bytes) {
        let buffers = &mut T::buffers(slice::from_ref(part))?;
        match T::run(file, buffers, position, manner) {
            Ok(count) => done += count,
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// Returns the file that a transfer at a position is with.
///
/// # Errors
/// `EBADF`; `ESPIPE` where there are no positions; `EINVAL` if it is of a kind that is never read, or
/// written.
#[expect(clippy::inline_always, reason = "of the calls that are made most, each for two handlers")]
#[inline(always)]
fn find<T: Transfer>(fd: u32, position: Position) -> Result<Arc<OpenFile>> {
    let file = file::current().get(fd)?;
    if position != Position::Offset {
        file.check_positions()?;
    }
    T::check(&file)?;
    Ok(file)
}

/// Fails with `EBADF` if the file was opened for something else; this comes before `EFAULT`.
pub(super) fn check_access(file: &OpenFile, allows: fn(OpenFlags) -> bool) -> Result<()> {
    if allows(file.flags()) { Ok(()) } else { Err(Errno::EBADF) }
}

/// Carries out a transfer by one buffer, all of which must be the program's before it is cut to
/// what one call transfers.
#[expect(clippy::inline_always, reason = "of the calls that are made most, each for two handlers")]
#[inline(always)]
fn one<T: Transfer>(fd: u32, (base, length): (u64, usize), position: Position) -> Result<usize> {
    let file = find::<T>(fd, position)?;
    let parts = [IoVec { base, length: length as u64 }];
    let mut buffers = T::buffers(&parts)?;
    check_end(&file, position, length)?;
    buffers.truncate(MOST);
    T::run(&file, &mut buffers, position, Manner::default())
}

/// Fails with `EINVAL` if a transfer would go beyond the greatest offset; this comes before the limit
/// of the size of files.
fn check_end(file: &OpenFile, position: Position, length: usize) -> Result<()> {
    match position {
        Position::At(at) => vfs::check_end(at, length),
        Position::Offset if file.is_seekable() => vfs::check_end(file.offset(), length),
        Position::Offset => Ok(()),
    }
}

fn position(offset: i64) -> Result<Position> {
    u64::try_from(offset).map(Position::At).map_err(|_| Errno::EINVAL)
}

/// `read(2)`.
pub(super) fn read(_cx: &mut Context<'_>, fd: u32, buffer: u64, count: usize) -> Result<usize> {
    one::<Reading>(fd, (buffer, count), Position::Offset)
}

/// `write(2)`.
pub(super) fn write(_cx: &mut Context<'_>, fd: u32, buffer: u64, count: usize) -> Result<usize> {
    one::<Writing>(fd, (buffer, count), Position::Offset)
}

/// `pread(2)`.
pub(super) fn pread64(
    _cx: &mut Context<'_>,
    fd: u32,
    buffer: u64,
    count: usize,
    offset: i64,
) -> Result<usize> {
    one::<Reading>(fd, (buffer, count), position(offset)?)
}

/// `pwrite(2)`.
pub(super) fn pwrite64(
    _cx: &mut Context<'_>,
    fd: u32,
    buffer: u64,
    count: usize,
    offset: i64,
) -> Result<usize> {
    one::<Writing>(fd, (buffer, count), position(offset)?)
}

/// As many parts as are kept without memory of the heap (`UIO_FASTIOV`).
const FEW: usize = 8;

/// Where the parts of a vector are copied to.
#[derive(Debug, Default)]
pub(super) struct Parts {
    few: [IoVec; FEW],
    many: Vec<IoVec>,
}

/// Copies a vector of parts in, wherever they may be.
///
/// # Errors
/// `EINVAL` for more than 1024 parts or a negative length, `EFAULT`.
pub(super) fn copy_vector(
    vector: UserPtr<IoVec>,
    count: usize,
    parts: &mut Parts,
) -> Result<&mut [IoVec]> {
    if count > MOST_PARTS {
        return Err(Errno::EINVAL);
    }
    let check = |part: &IoVec| match i64::try_from(part.length) {
        Ok(_) => Ok(()),
        Err(_) => Err(Errno::EINVAL),
    };
    if let Some(few) = parts.few.get_mut(..count)
        && vector.read_slice(few).is_ok()
    {
        few.iter().try_for_each(check)?;
        return Ok(few);
    }
    parts.many = vector.read_each(count, check)?;
    Ok(&mut parts.many)
}

/// Copies a vector of the program's own parts in, cut to what one call transfers.
///
/// # Errors
/// As [`copy_vector`]; `EFAULT` also for a part that is not the program's, the whole of it unless
/// it is the only one.
pub(super) fn read_vector(
    vector: UserPtr<IoVec>,
    count: usize,
    parts: &mut Parts,
) -> Result<&[IoVec]> {
    let parts = copy_vector(vector, count, parts)?;
    let is_only = parts.len() == 1;
    let mut left = MOST as u64;
    for part in &mut *parts {
        let checked = if is_only { part.length.min(left) } else { part.length };
        user::check(part.base, index(checked))?;
        part.length = part.length.min(left);
        left -= part.length;
    }
    Ok(parts)
}

/// A program's vector: where it is and how many parts it has, of which Linux takes the low half.
type Vector = (UserPtr<IoVec>, u32);

/// Carries out a transfer by a vector.
fn vector<T: Transfer>(fd: u32, vector: Vector, position: Position) -> Result<usize> {
    let file = find::<T>(fd, position)?;
    let mut space = Parts::default();
    let parts = read_vector(vector.0, index(vector.1.into()), &mut space)?;
    // Unlike a buffer of no bytes, such a vector never comes to the file.
    if is_empty(parts) {
        return Ok(0);
    }
    check_end(&file, position, total(parts))?;
    run_parts::<T>(&file, parts, position, Manner::default())
}

/// Returns whether parts have no bytes.
pub(super) fn is_empty(parts: &[IoVec]) -> bool {
    parts.iter().all(|part| part.length == 0)
}

/// Returns how many bytes parts have together, which have been cut to what one call transfers.
fn total(parts: &[IoVec]) -> usize {
    index(parts.iter().map(|part| part.length).sum())
}

/// `readv(2)`.
pub(super) fn readv(
    _cx: &mut Context<'_>,
    fd: u32,
    parts: UserPtr<IoVec>,
    count: u32,
) -> Result<usize> {
    vector::<Reading>(fd, (parts, count), Position::Offset)
}

/// `writev(2)`.
pub(super) fn writev(
    _cx: &mut Context<'_>,
    fd: u32,
    parts: UserPtr<IoVec>,
    count: u32,
) -> Result<usize> {
    vector::<Writing>(fd, (parts, count), Position::Offset)
}

/// `preadv(2)`.
pub(super) fn preadv(
    _cx: &mut Context<'_>,
    fd: u32,
    parts: UserPtr<IoVec>,
    count: u32,
    offset: i64,
) -> Result<usize> {
    vector::<Reading>(fd, (parts, count), position(offset)?)
}

/// `pwritev(2)`.
pub(super) fn pwritev(
    _cx: &mut Context<'_>,
    fd: u32,
    parts: UserPtr<IoVec>,
    count: u32,
    offset: i64,
) -> Result<usize> {
    vector::<Writing>(fd, (parts, count), position(offset)?)
}

/// `RWF_HIPRI`: a hint that this kernel has no use for.
const RWF_HIPRI: u32 = 0x1;
/// `RWF_DSYNC` and `RWF_SYNC`: as if the file were opened with `O_DSYNC` or `O_SYNC`.
const RWF_SYNCS: u32 = 0x2 | 0x4;
/// `RWF_NOWAIT`: do not wait.
const RWF_NOWAIT: u32 = 0x8;
/// `RWF_APPEND`: as if the file were opened with `O_APPEND`.
const RWF_APPEND: u32 = 0x10;
/// `RWF_NOAPPEND`: as if it were opened without.
const RWF_NOAPPEND: u32 = 0x20;
/// `RWF_NOSIGNAL`: no SIGPIPE.
const RWF_NOSIGNAL: u32 = 0x100;

// RWF_ATOMIC and RWF_DONTCACHE are EOPNOTSUPP, as on Linux for files in memory.

/// Carries out `preadv2(2)` or `pwritev2(2)`; offset -1 means the description's.
fn vector_with_flags<T: Transfer>(
    fd: u32,
    (parts, count): Vector,
    offset: i64,
    flags: u32,
) -> Result<usize> {
    let known = RWF_HIPRI | RWF_SYNCS | RWF_NOWAIT | RWF_APPEND | RWF_NOAPPEND | RWF_NOSIGNAL;
    let position = if offset == -1 { Position::Offset } else { position(offset)? };
    let file = find::<T>(fd, position)?;
    let mut space = Parts::default();
    let parts = read_vector(parts, index(count.into()), &mut space)?;
    if is_empty(parts) {
        return Ok(0);
    }
    check_end(&file, position, total(parts))?;
    // Files in memory cannot promise not to wait; pipes and sockets can.
    let is_file = file.metadata().kind == FileType::Regular;
    if flags & !known != 0 || (flags & RWF_NOWAIT != 0 && is_file) {
        return Err(Errno::EOPNOTSUPP);
    }
    let appending = match flags & (RWF_APPEND | RWF_NOAPPEND) {
        0 => None,
        RWF_APPEND => Some(Appending::Yes),
        RWF_NOAPPEND => Some(Appending::No),
        _ => return Err(Errno::EINVAL),
    };
    let manner = Manner {
        is_immediate: flags & RWF_NOWAIT != 0,
        is_silent: flags & RWF_NOSIGNAL != 0,
        appending,
    };
    let count = run_parts::<T>(&file, parts, position, manner)?;
    if flags & RWF_SYNCS != 0 && is_file {
        file.file()?.sync(Synchronise::All)?;
    }
    Ok(count)
}

/// `preadv2(2)`.
pub(super) fn preadv2(
    _cx: &mut Context<'_>,
    fd: u32,
    parts: UserPtr<IoVec>,
    count: u32,
    offset: i64,
    _offset_high: u64,
    flags: u32,
) -> Result<usize> {
    vector_with_flags::<Reading>(fd, (parts, count), offset, flags & !RWF_SYNCS)
}

/// `pwritev2(2)`.
pub(super) fn pwritev2(
    _cx: &mut Context<'_>,
    fd: u32,
    parts: UserPtr<IoVec>,
    count: u32,
    offset: i64,
    _offset_high: u64,
    flags: u32,
) -> Result<usize> {
    vector_with_flags::<Writing>(fd, (parts, count), offset, flags)
}

/// `lseek(2)`.
pub(super) fn lseek(_cx: &mut Context<'_>, fd: u32, offset: i64, whence: u32) -> Result<u64> {
    let file = file::current().get(fd)?;
    let whence = Whence::from_raw(whence).ok_or(Errno::EINVAL)?;
    transfer::claim(&file)?.seek(offset, whence)
}

/// `fsync(2)`.
pub(super) fn fsync(_cx: &mut Context<'_>, fd: u32) -> Result<()> {
    synchronise(fd, Synchronise::All)
}

/// `fdatasync(2)`.
pub(super) fn fdatasync(_cx: &mut Context<'_>, fd: u32) -> Result<()> {
    synchronise(fd, Synchronise::Data)
}

fn synchronise(fd: u32, what: Synchronise) -> Result<()> {
    file::current().get(fd)?.file()?.sync(what)
}

/// `sync(2)`.
pub(super) fn sync(_cx: &mut Context<'_>) -> Result<()> {
    // It cannot fail; what a file system has to say comes out at fsync(2).
    let _ = file::current().names.root().mount.file_system().sync();
    Ok(())
}

/// `syncfs(2)`.
pub(super) fn syncfs(_cx: &mut Context<'_>, fd: u32) -> Result<()> {
    let file = file::current().get(fd)?;
    file.found().map_or(Ok(()), |found| found.location.mount.file_system().sync())
}

/// `sync_file_range(2)`.
pub(super) fn sync_file_range(
    _cx: &mut Context<'_>,
    fd: u32,
    offset: i64,
    length: i64,
    flags: u32,
) -> Result<()> {
    let is_negative = offset < 0 || length < 0 || offset.checked_add(length).is_none();
    let file = file::current().get(fd)?;
    if is_negative || flags & !7 != 0 {
        return Err(Errno::EINVAL);
    }
    match file.metadata().kind {
        FileType::Regular | FileType::Directory | FileType::BlockDevice => {
            // What is in no tree has nothing that could be written.
            file.found().map_or(Ok(()), |_| file.file()?.sync(Synchronise::Data))
        }
        _ => Err(Errno::ESPIPE),
    }
}

/// `posix_fadvise(2)`: the advice is checked, and needless where all files are in memory.
pub(super) fn fadvise64(
    _cx: &mut Context<'_>,
    fd: u32,
    _offset: i64,
    length: i64,
    advice: u32,
) -> Result<()> {
    /// `POSIX_FADV_NOREUSE`, the greatest.
    const LAST: u32 = 5;
    let file = file::current().get(fd)?;
    if file.metadata().kind == FileType::Fifo {
        return Err(Errno::ESPIPE);
    }
    if length < 0 || advice > LAST { Err(Errno::EINVAL) } else { Ok(()) }
}

/// `readahead(2)`.
pub(super) fn readahead(_cx: &mut Context<'_>, fd: u32, _offset: i64, count: i64) -> Result<()> {
    let file = file::current().get(fd)?;
    check_access(&file, OpenFlags::is_readable)?;
    let is_right = file.metadata().kind == FileType::Regular && count >= 0;
    if is_right { Ok(()) } else { Err(Errno::EINVAL) }
}
