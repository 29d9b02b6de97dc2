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
        let pointer = pointer.non_null();
        let at = match pointer {
            Some(pointer) => u64::try_from(pointer.read()?).map_err(|_| Errno::EINVAL)?,
            None => file.offset(),
        };
        Ok(Self { file, at, pointer })
    }

    /// Leaves the place behind what was transferred where it belongs.
    fn finish(&self) -> Result<()> {
        let at = i64::try_from(self.at).map_err(|_| Errno::EOVERFLOW)?;
        match self.pointer {
            Some(pointer) => pointer.write(&at),
            None if self.file.file()?.is_seekable() => {
                transfer::claim(self.file)?.seek(at, Whence::Set).map(drop)
            }
            None => Ok(()),
        }
    }
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
    if !offset.is_null() && !from.file()?.is_seekable() {
        return Err(Errno::ESPIPE);
    }
    let mut source = Cursor::new(&from, offset)?;
    let to = files.get(to)?;
    check_access(&to, OpenFlags::is_writable)?;
    if !from.file()?.is_seekable() || to.flags().contains(OpenFlags::APPEND) {
        return Err(Errno::EINVAL);
    }
    let done = pump(&mut source, count.min(MOST), |bytes| {
        transfer::write_bytes(&to, bytes, Position::Offset)
    })?;
    source.finish()?;
    Ok(done)
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
    let overflow = |errno| if errno == Errno::EINVAL { Errno::EOVERFLOW } else { errno };
    let mut source = Cursor::new(&from, from_offset).map_err(overflow)?;
    let mut target = Cursor::new(&to, to_offset).map_err(overflow)?;
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let (from_kind, to_kind) = (from.metadata(), to.metadata());
    if from_kind.kind == FileType::Directory || to_kind.kind == FileType::Directory {
        return Err(Errno::EISDIR);
    }
    if from_kind.kind != FileType::Regular || to_kind.kind != FileType::Regular {
        return Err(Errno::EINVAL);
    }
    check_access(&from, OpenFlags::is_readable)?;
    check_access(&to, OpenFlags::is_writable)?;
    if to.flags().contains(OpenFlags::APPEND) {
        return Err(Errno::EBADF);
    }
    let count = count.min(MOST);
    for cursor in [&source, &target] {
        let end = cursor.at.checked_add(count as u64).and_then(|end| i64::try_from(end).ok());
        end.ok_or(Errno::EOVERFLOW)?;
    }
    let count = count.min(index(from_kind.size.saturating_sub(source.at)));
    let distance = source.at.abs_diff(target.at);
    let is_same = (from_kind.dev, from_kind.ino) == (to_kind.dev, to_kind.ino);
    if is_same && distance < count as u64 {
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
