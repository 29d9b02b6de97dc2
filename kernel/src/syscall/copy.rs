//! Copying from file to file: `sendfile(2)`, `copy_file_range(2)`.

use abi::fcntl::{OpenFlags, Whence};
use abi::stat::FileType;
use abi::{Errno, Result};
use vfs::OpenFile;

use super::Context;
use super::io::{MOST, check_access};
use crate::arch::index;
use crate::file;
use crate::file::transfer::{self, Position};
use crate::memory;
use crate::memory::user::UserPtr;

/// Bytes that the calls between two files move at a time.
const CHUNK: usize = 64 << 10;

/// Where the calls between two files read or write: at a place of their own, or at the offset.
struct Cursor<'a> {
    file: &'a OpenFile,
    at: u64,
    pointer: Option<UserPtr<i64>>,
}

impl<'a> Cursor<'a> {
    fn new(file: &'a OpenFile, pointer: UserPtr<i64>) -> Result<Self> {
        Self::at(file, pointer, place(file, pointer)?)
    }

    /// Returns a cursor at the place that `pointer` was found to give.
    fn at(file: &'a OpenFile, pointer: UserPtr<i64>, at: i64) -> Result<Self> {
        let at = u64::try_from(at).map_err(|_| Errno::EINVAL)?;
        Ok(Self { file, at, pointer: pointer.non_null() })
    }

    /// Leaves the place behind what was transferred where it belongs.
    fn finish(&self) -> Result<()> {
        let at = i64::try_from(self.at).map_err(|_| Errno::EOVERFLOW)?;
        match self.pointer {
            Some(pointer) => pointer.write(&at),
            None if self.file.is_seekable() => {
                transfer::claim(self.file)?.seek(at, Whence::Set).map(drop)
            }
            None => Ok(()),
        }
    }
}

/// Returns the place that a program gives, or the offset.
fn place(file: &OpenFile, pointer: UserPtr<i64>) -> Result<i64> {
    let offset = || file.offset().cast_signed();
    pointer.non_null().map_or_else(|| Ok(offset()), UserPtr::read)
}

/// Copies up to `count` bytes from `from` by `write`, which may take a part.
fn pump(
    from: &mut Cursor<'_>,
    count: usize,
    mut write: impl FnMut(&[u8]) -> Result<usize>,
) -> Result<usize> {
    let mut buffer = memory::buffer(CHUNK.min(count))?;
    let mut done = 0;
    while done < count {
        let piece = buffer.len().min(count - done);
        let step = from
            .file
            .read_at(from.at, &mut &mut buffer[..piece])
            .and_then(|got| if got == 0 { Ok(0) } else { write(&buffer[..got]) });
        match step {
            Ok(0) => break,
            Ok(written) => {
                from.at += written as u64;
                done += written;
            }
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// `sendfile(2)`.
pub(super) fn sendfile(
    _cx: &mut Context<'_>,
    to: u32,
    from: u32,
    offset: UserPtr<i64>,
    count: usize,
) -> Result<usize> {
    // A bad pointer comes before bad descriptors.
    offset.non_null().map(UserPtr::read).transpose()?;
    let files = file::current();
    let from = files.get(from)?;
    check_access(&from, OpenFlags::is_readable)?;
    if !offset.is_null() {
        from.check_positions()?;
    }
    let mut source = Cursor::new(&from, offset)?;
    if i64::try_from(count).is_err() {
        return Err(Errno::EINVAL);
    }
    let to = files.get(to)?;
    check_access(&to, OpenFlags::is_writable)?;
    let can_be_read = from.is_seekable() && (count == 0 || from.file()?.can_be_spliced());
    if !can_be_read || to.flags().contains(OpenFlags::APPEND) {
        return Err(Errno::EINVAL);
    }
    let done = pump(&mut source, count.min(MOST), |bytes| {
        transfer::write_bytes(&to, bytes, Position::Offset)
    })?;
    source.finish()?;
    Ok(done)
}

/// Returns whether two descriptions are of one file.
fn is_same(one: &OpenFile, other: &OpenFile) -> bool {
    let (one, other) = (one.metadata(), other.metadata());
    (one.dev, one.ino) == (other.dev, other.ino)
}

/// Checks that `copy_file_range(2)` can be carried out between two files.
fn check_files(from: &OpenFile, to: &OpenFile) -> Result<()> {
    let (source, target) = (from.metadata(), to.metadata());
    if source.kind == FileType::Directory || target.kind == FileType::Directory {
        return Err(Errno::EISDIR);
    }
    if source.kind != FileType::Regular || target.kind != FileType::Regular {
        return Err(Errno::EINVAL);
    }
    check_access(from, OpenFlags::is_readable)?;
    check_access(to, OpenFlags::is_writable)?;
    if to.flags().contains(OpenFlags::APPEND) {
        return Err(Errno::EBADF);
    }
    if source.dev == target.dev { Ok(()) } else { Err(Errno::EXDEV) }
}

/// `copy_file_range(2)`.
pub(super) fn copy_file_range(
    _cx: &mut Context<'_>,
    from: u32,
    from_offset: UserPtr<i64>,
    to: u32,
    to_offset: UserPtr<i64>,
    count: usize,
    flags: u32,
) -> Result<usize> {
    let files = file::current();
    let (from, to) = (files.get(from)?, files.get(to)?);
    let (from_at, to_at) = (place(&from, from_offset)?, place(&to, to_offset)?);
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    check_files(&from, &to)?;
    // As in Linux the sums are unsigned, so a negative place is one error or the other.
    let ends_somewhere = |at: i64| at.cast_unsigned().checked_add(count as u64).is_some();
    if !ends_somewhere(from_at) || !ends_somewhere(to_at) {
        return Err(Errno::EOVERFLOW);
    }
    let mut source = Cursor::at(&from, from_offset, from_at)?;
    let mut target = Cursor::at(&to, to_offset, to_at)?;
    let size = from.metadata().size;
    let count = count.min(MOST).min(index(size.saturating_sub(source.at)));
    if to_at == i64::MAX {
        return Err(Errno::EFBIG);
    }
    let distance = source.at.abs_diff(target.at);
    if is_same(&from, &to) && distance < count as u64 {
        return Err(Errno::EINVAL);
    }
    let at = target.at;
    let mut written = 0;
    let done = pump(&mut source, count, |bytes| {
        let step = transfer::write_bytes(&to, bytes, Position::At(at + written))?;
        written += step as u64;
        Ok(step)
    })?;
    target.at += done as u64;
    source.finish()?;
    target.finish()?;
    Ok(done)
}
