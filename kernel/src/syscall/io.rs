//! Reading and writing: `read(2)`, `readv(2)`, `pread(2)`, `lseek(2)`, `fsync(2)`.

use alloc::vec::Vec;

use abi::fcntl::{OpenFlags, Whence};
use abi::stat::FileType;
use abi::{Errno, Result};
use vfs::{OpenFile, Synchronise};

use super::Context;
use crate::file;
use crate::file::transfer::{self, Position};
use crate::memory::user::{IoVec, UserBuffers, UserPtr};

/// The most that one call transfers, in bytes (`MAX_RW_COUNT`).
pub(super) const MOST: usize = 0x7fff_f000;
/// The most parts that a vector may have (`UIO_MAXIOV`).
const MOST_PARTS: usize = 1024;

fn read_into(fd: u32, parts: &[IoVec], position: Position) -> Result<usize> {
    let file = file::current().get(fd)?;
    check_access(&file, OpenFlags::is_readable)?;
    transfer::read(&file, &mut UserBuffers::target(parts)?, position)
}

fn write_from(fd: u32, parts: &[IoVec], position: Position) -> Result<usize> {
    let file = file::current().get(fd)?;
    check_access(&file, OpenFlags::is_writable)?;
    transfer::write(&file, &mut UserBuffers::origin(parts)?, position)
}

/// Fails with `EBADF` if the file was opened for something else; this comes before `EFAULT`.
pub(super) fn check_access(file: &OpenFile, allows: fn(OpenFlags) -> bool) -> Result<()> {
    file.file()?;
    if allows(file.flags()) { Ok(()) } else { Err(Errno::EBADF) }
}

fn one(base: u64, length: usize) -> [IoVec; 1] {
    [IoVec { base, length: length.min(MOST) as u64 }]
}

fn position(offset: i64) -> Result<Position> {
    u64::try_from(offset).map(Position::At).map_err(|_| Errno::EINVAL)
}

/// `read(2)`.
pub(super) fn read(_cx: &mut Context<'_>, fd: u32, buffer: u64, count: usize) -> Result<usize> {
    read_into(fd, &one(buffer, count), Position::Offset)
}

/// `write(2)`.
pub(super) fn write(_cx: &mut Context<'_>, fd: u32, buffer: u64, count: usize) -> Result<usize> {
    write_from(fd, &one(buffer, count), Position::Offset)
}

/// `pread(2)`.
pub(super) fn pread64(
    _cx: &mut Context<'_>,
    fd: u32,
    buffer: u64,
    count: usize,
    offset: i64,
) -> Result<usize> {
    read_into(fd, &one(buffer, count), position(offset)?)
}

/// `pwrite(2)`.
pub(super) fn pwrite64(
    _cx: &mut Context<'_>,
    fd: u32,
    buffer: u64,
    count: usize,
    offset: i64,
) -> Result<usize> {
    write_from(fd, &one(buffer, count), position(offset)?)
}

/// Copies a vector of parts in, cut to what one call transfers.
///
/// # Errors
/// `EINVAL` for more than 1024 parts or a negative length, `EFAULT`.
pub(super) fn read_vector(vector: UserPtr<IoVec>, count: usize) -> Result<Vec<IoVec>> {
    if count > MOST_PARTS {
        return Err(Errno::EINVAL);
    }
    let mut parts = vector.read_array(count)?;
    let mut left = MOST as u64;
    for part in &mut parts {
        if part.length > i64::MAX.unsigned_abs() {
            return Err(Errno::EINVAL);
        }
        part.length = part.length.min(left);
        left -= part.length;
    }
    Ok(parts)
}

/// `readv(2)`.
pub(super) fn readv(
    _cx: &mut Context<'_>,
    fd: u32,
    vector: UserPtr<IoVec>,
    count: usize,
) -> Result<usize> {
    file::current().get(fd)?;
    read_into(fd, &read_vector(vector, count)?, Position::Offset)
}

/// `writev(2)`.
pub(super) fn writev(
    _cx: &mut Context<'_>,
    fd: u32,
    vector: UserPtr<IoVec>,
    count: usize,
) -> Result<usize> {
    file::current().get(fd)?;
    write_from(fd, &read_vector(vector, count)?, Position::Offset)
}

/// `preadv(2)`.
pub(super) fn preadv(
    _cx: &mut Context<'_>,
    fd: u32,
    vector: UserPtr<IoVec>,
    count: usize,
    offset: i64,
) -> Result<usize> {
    let position = position(offset)?;
    read_into(fd, &read_vector(vector, count)?, position)
}

/// `pwritev(2)`.
pub(super) fn pwritev(
    _cx: &mut Context<'_>,
    fd: u32,
    vector: UserPtr<IoVec>,
    count: usize,
    offset: i64,
) -> Result<usize> {
    let position = position(offset)?;
    write_from(fd, &read_vector(vector, count)?, position)
}

/// `RWF_HIPRI`: a hint that this kernel has no use for.
const RWF_HIPRI: u32 = 0x1;
/// `RWF_DSYNC` and `RWF_SYNC`: as if the file were opened with `O_DSYNC` or `O_SYNC`.
const RWF_SYNCS: u32 = 0x2 | 0x4;

/// Carries out `preadv2(2)` or `pwritev2(2)`; offset -1 means the description's.
fn vector_with_flags(
    fd: u32,
    parts: (UserPtr<IoVec>, usize),
    offset: i64,
    flags: u32,
    transfer: fn(u32, &[IoVec], Position) -> Result<usize>,
) -> Result<usize> {
    if flags & !(RWF_HIPRI | RWF_SYNCS) != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    let position = if offset == -1 { Position::Offset } else { position(offset)? };
    let count = transfer(fd, &read_vector(parts.0, parts.1)?, position)?;
    if flags & RWF_SYNCS != 0 {
        file::current().get(fd)?.file()?.sync(Synchronise::All)?;
    }
    Ok(count)
}

/// `preadv2(2)`.
pub(super) fn preadv2(
    _cx: &mut Context<'_>,
    fd: u32,
    vector: UserPtr<IoVec>,
    count: usize,
    offset: i64,
    _offset_high: u64,
    flags: u32,
) -> Result<usize> {
    vector_with_flags(fd, (vector, count), offset, flags & !RWF_SYNCS, read_into)
}

/// `pwritev2(2)`.
pub(super) fn pwritev2(
    _cx: &mut Context<'_>,
    fd: u32,
    vector: UserPtr<IoVec>,
    count: usize,
    offset: i64,
    _offset_high: u64,
    flags: u32,
) -> Result<usize> {
    vector_with_flags(fd, (vector, count), offset, flags, write_from)
}

/// `lseek(2)`.
pub(super) fn lseek(_cx: &mut Context<'_>, fd: u32, offset: i64, whence: u32) -> Result<u64> {
    let file = file::current().get(fd)?;
    file.seek(offset, Whence::from_raw(whence).ok_or(Errno::EINVAL)?)
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
    file.file()?;
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
            file.file()?.sync(Synchronise::Data)
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
    file.file()?;
    if file.metadata().kind == FileType::Fifo {
        return Err(Errno::ESPIPE);
    }
    if length < 0 || advice > LAST { Err(Errno::EINVAL) } else { Ok(()) }
}

/// `readahead(2)`.
pub(super) fn readahead(_cx: &mut Context<'_>, fd: u32, _offset: i64, _count: usize) -> Result<()> {
    let file = file::current().get(fd)?;
    check_access(&file, OpenFlags::is_readable)?;
    if file.metadata().kind == FileType::Regular { Ok(()) } else { Err(Errno::EINVAL) }
}
