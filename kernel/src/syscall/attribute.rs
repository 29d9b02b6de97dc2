//! Changing files: `chmod(2)`, `chown(2)`, `utimensat(2)`, `truncate(2)`, `fallocate(2)`.

use abi::fcntl::{AT_FDCWD, AtFlags, FallocateMode, OpenFlags};
use abi::stat::{FileType, S_IALLUGO, UTIME_NOW, UTIME_OMIT};
use abi::time::Timespec;
use abi::{Errno, Result};
use vfs::{Changes, Clock};

use super::Context;
use super::file::{Subject, at_flags, read_path};
use crate::file::{self, limit};
use crate::memory::backing;
use crate::memory::user::UserPtr;
use crate::time::RealTime;

impl Subject {
    /// Changes metadata.
    ///
    /// # Errors
    /// As [`vfs::Inode::change`].
    fn change(&self, changes: &Changes) -> Result<()> {
        match self {
            Self::Found(found) => found.change(changes),
            Self::Open(file) => file.change(changes),
        }
    }
}

/// `chmod(2)`.
pub(super) fn chmod(_cx: &mut Context<'_>, path: u64, mode: u32) -> Result<()> {
    change_mode(&Subject::at(AT_FDCWD, path, AtFlags::empty())?, mode)
}

/// `fchmod(2)`.
pub(super) fn fchmod(_cx: &mut Context<'_>, fd: u32, mode: u32) -> Result<()> {
    change_mode(&Subject::Open(file::current().get(fd)?), mode)
}

/// `fchmodat(2)` as the kernel has it, without flags.
pub(super) fn fchmodat(_cx: &mut Context<'_>, fd: i32, path: u64, mode: u32) -> Result<()> {
    change_mode(&Subject::at(fd, path, AtFlags::empty())?, mode)
}

/// `fchmodat2(2)`.
pub(super) fn fchmodat2(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    mode: u32,
    flags: u32,
) -> Result<()> {
    let allowed = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    change_mode(&Subject::at(fd, path, at_flags(flags, allowed)?)?, mode)
}

fn change_mode(subject: &Subject, mode: u32) -> Result<()> {
    if subject.found().is_some_and(|found| found.location.inode.kind() == FileType::Symlink) {
        return Err(Errno::EOPNOTSUPP);
    }
    subject.change(&Changes { permissions: Some(mode & S_IALLUGO), ..Changes::default() })
}

/// `chown(2)`.
pub(super) fn chown(_cx: &mut Context<'_>, path: u64, uid: u32, gid: u32) -> Result<()> {
    change_owner(&Subject::at(AT_FDCWD, path, AtFlags::empty())?, uid, gid)
}

/// `lchown(2)`.
pub(super) fn lchown(_cx: &mut Context<'_>, path: u64, uid: u32, gid: u32) -> Result<()> {
    change_owner(&Subject::at(AT_FDCWD, path, AtFlags::SYMLINK_NOFOLLOW)?, uid, gid)
}

/// `fchown(2)`.
pub(super) fn fchown(_cx: &mut Context<'_>, fd: u32, uid: u32, gid: u32) -> Result<()> {
    change_owner(&Subject::Open(file::current().get(fd)?), uid, gid)
}

/// `fchownat(2)`.
pub(super) fn fchownat(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    uid: u32,
    gid: u32,
    flags: u32,
) -> Result<()> {
    let allowed = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    change_owner(&Subject::at(fd, path, at_flags(flags, allowed)?)?, uid, gid)
}

/// Sets owner and group; -1 leaves them.
fn change_owner(subject: &Subject, uid: u32, gid: u32) -> Result<()> {
    let given = |id| if id == u32::MAX { None } else { Some(id) };
    subject.change(&Changes { uid: given(uid), gid: given(gid), ..Changes::default() })
}

/// `utimensat(2)`.
pub(super) fn utimensat(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    times: UserPtr<[Timespec; 2]>,
    flags: u32,
) -> Result<()> {
    let allowed = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    let times = times.non_null().map(UserPtr::read).transpose()?;
    if times.is_some_and(|times| times.iter().all(|time| time.tv_nsec == UTIME_OMIT)) {
        return Ok(());
    }
    let flags = at_flags(flags, allowed)?;
    change_times(&subject_of_times(fd, path, flags)?, times)
}

/// Returns whose times a call changes: without a path, those of the descriptor.
fn subject_of_times(fd: i32, path: u64, flags: AtFlags) -> Result<Subject> {
    if path != 0 || fd == AT_FDCWD {
        return Subject::at(fd, path, flags);
    }
    if !flags.is_empty() {
        return Err(Errno::EINVAL);
    }
    file::current().get(fd.cast_unsigned()).map(Subject::Open)
}

/// `struct timeval` as it lies in memory: seconds and microseconds.
type Timeval = [i64; 2];

/// `utimes(2)`.
pub(super) fn utimes(_cx: &mut Context<'_>, path: u64, times: UserPtr<[Timeval; 2]>) -> Result<()> {
    change_times_micros(AT_FDCWD, path, times)
}

/// `futimesat(2)`.
pub(super) fn futimesat(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    times: UserPtr<[Timeval; 2]>,
) -> Result<()> {
    change_times_micros(fd, path, times)
}

/// `utime(2)`.
pub(super) fn utime(_cx: &mut Context<'_>, path: u64, times: UserPtr<[i64; 2]>) -> Result<()> {
    let whole = |seconds| Timespec { tv_sec: seconds, tv_nsec: 0 };
    let times = times.non_null().map(UserPtr::read).transpose()?.map(|times| times.map(whole));
    change_times(&Subject::at(AT_FDCWD, path, AtFlags::empty())?, times)
}

fn change_times_micros(fd: i32, path: u64, times: UserPtr<[Timeval; 2]>) -> Result<()> {
    let times = times.non_null().map(UserPtr::read).transpose()?;
    let is_valid = |[_, micros]: &Timeval| (0..1_000_000).contains(micros);
    if times.is_some_and(|times| !times.iter().all(is_valid)) {
        return Err(Errno::EINVAL);
    }
    let convert = |[seconds, micros]: Timeval| Timespec { tv_sec: seconds, tv_nsec: micros * 1000 };
    let times = times.map(|times| times.map(convert));
    change_times(&subject_of_times(fd, path, AtFlags::empty())?, times)
}

/// Sets the times of access and change; `None` means now.
fn change_times(subject: &Subject, times: Option<[Timespec; 2]>) -> Result<()> {
    let now = RealTime.now();
    let choose = |time: Timespec| match time.tv_nsec {
        UTIME_NOW => Ok(Some(now)),
        UTIME_OMIT => Ok(None),
        0..1_000_000_000 => Ok(Some(time)),
        _ => Err(Errno::EINVAL),
    };
    let [atime, mtime] = times.unwrap_or([now; 2]);
    let (atime, mtime) = (choose(atime)?, choose(mtime)?);
    subject.change(&Changes { atime, mtime, ..Changes::default() })
}

/// `umask(2)`.
pub(super) fn umask(_cx: &mut Context<'_>, mask: u32) -> Result<u32> {
    Ok(file::current().set_umask(mask))
}

/// `truncate(2)`.
pub(super) fn truncate(_cx: &mut Context<'_>, path: u64, length: i64) -> Result<()> {
    let size = u64::try_from(length).map_err(|_| Errno::EINVAL)?;
    let found = file::current().find(&read_path(path)?)?;
    let inode = found.location.inode.clone();
    match inode.kind() {
        FileType::Regular => {
            limit::check_size(size)?;
            found.change(&Changes { size: Some(size), ..Changes::default() })?;
            backing::cut(&inode.open(OpenFlags::RDONLY)?, size);
            Ok(())
        }
        FileType::Directory => Err(Errno::EISDIR),
        _ => Err(Errno::EINVAL),
    }
}

/// `ftruncate(2)`.
pub(super) fn ftruncate(_cx: &mut Context<'_>, fd: u32, length: i64) -> Result<()> {
    let size = u64::try_from(length).map_err(|_| Errno::EINVAL)?;
    let file = file::current().get(fd)?;
    if file.flags().is_writable() && file.metadata().kind == FileType::Regular {
        limit::check_size(size)?;
    }
    file.truncate(size)?;
    backing::cut(file.file()?, size);
    Ok(())
}

/// `fallocate(2)`.
pub(super) fn fallocate(
    _cx: &mut Context<'_>,
    fd: u32,
    mode: u32,
    offset: i64,
    length: i64,
) -> Result<()> {
    let file = file::current().get(fd)?;
    let object = file.file()?;
    let start = u64::try_from(offset).map_err(|_| Errno::EINVAL)?;
    let length = u64::try_from(length).map_err(|_| Errno::EINVAL)?;
    if length == 0 {
        return Err(Errno::EINVAL);
    }
    let mode = FallocateMode::from_bits(mode).filter(|mode| mode.is_valid());
    let mode = mode.ok_or(Errno::EOPNOTSUPP)?;
    if !file.flags().is_writable() {
        return Err(Errno::EBADF);
    }
    match file.metadata().kind {
        FileType::Fifo => Err(Errno::ESPIPE),
        FileType::Directory => Err(Errno::EISDIR),
        FileType::Regular => {
            if mode.is_empty() {
                limit::check_size(start.saturating_add(length))?;
            }
            object.allocate(mode, start, length)?;
            if mode.contains(FallocateMode::PUNCH_HOLE) {
                backing::punch(object, start..start.saturating_add(length));
            }
            Ok(())
        }
        _ => Err(Errno::ENODEV),
    }
}
