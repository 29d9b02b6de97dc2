//! File handles: `name_to_handle_at(2)`, `open_by_handle_at(2)`. No file system has them.

use abi::fcntl::{AT_FDCWD, AtFlags};
use abi::{Errno, Result};

use super::Context;
use super::file::{Subject, at_flags};
use crate::file;
use crate::memory::user::UserPtr;

/// The longest handle, in bytes (`MAX_HANDLE_SZ`).
const LONGEST: u32 = 128;

/// `name_to_handle_at(2)`: `EOPNOTSUPP` for every file.
pub(super) fn name_to_handle_at(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    _handle: u64,
    _mount: u64,
    flags: u32,
) -> Result<()> {
    let mut flags = at_flags(flags, AtFlags::SYMLINK_FOLLOW | AtFlags::EMPTY_PATH)?;
    if !flags.contains(AtFlags::SYMLINK_FOLLOW) {
        flags |= AtFlags::SYMLINK_NOFOLLOW;
    }
    Subject::at(fd, path, flags)?;
    Err(Errno::EOPNOTSUPP)
}

/// `open_by_handle_at(2)`: every handle is of a file that is gone.
pub(super) fn open_by_handle_at(
    _cx: &mut Context<'_>,
    fd: i32,
    handle: UserPtr<[u32; 2]>,
    _flags: u32,
) -> Result<()> {
    let [bytes, _kind] = handle.read()?;
    if bytes == 0 || bytes > LONGEST {
        return Err(Errno::EINVAL);
    }
    if fd != AT_FDCWD {
        file::current().get_any(fd.cast_unsigned())?;
    }
    Err(Errno::ESTALE)
}
