//! Opening files and what `stat(2)` says of them: `open(2)`, `stat(2)`, `statx(2)`, `access(2)`.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::fcntl::{AT_FDCWD, AccessMode, AtFlags, OpenFlags, OpenHow, PATH_MAX, Resolve};
use abi::poll::Events;
use abi::stat::{
    FileType, S_IALLUGO, STATX_ATTR_MOUNT_ROOT, STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID,
    STATX_RESERVED, Stat, Statx, StatxTimestamp, device_major, device_minor,
};
use abi::statfs::{ANON_INODE_FS_MAGIC, PIPEFS_MAGIC, SOCKFS_MAGIC, Statfs};
use abi::time::Timespec;
use abi::{Errno, Result};
use vfs::anon::{Pipe, PipeAccess, PipeEnd};
use vfs::namespace::{Opening, check_flags};
use vfs::path::LastLink;
use vfs::{BLOCK_SIZE, File, Found, Location, Metadata, OpenFile};

use super::Context;
use super::descriptor::on_exec;
use crate::file;
use crate::memory::user::{self, UserPtr};
use crate::memory::{backing, check_room};
use crate::wait;

/// Copies a path in.
///
/// # Errors
/// `ENOENT` if it is empty, which comes before all that is wrong with where it begins; `EFAULT`,
/// `ENAMETOOLONG`.
pub(super) fn read_path(address: u64) -> Result<Vec<u8>> {
    let path = read_any_path(address)?;
    if path.is_empty() { Err(Errno::ENOENT) } else { Ok(path) }
}

/// Copies a path in that may be empty, `AT_EMPTY_PATH`.
///
/// # Errors
/// `EFAULT`, `ENAMETOOLONG`.
pub(super) fn read_any_path(address: u64) -> Result<Vec<u8>> {
    user::read_string(address, PATH_MAX - 1)
}

/// What a `*at` call is about: a path's end, or with an empty path a descriptor.
#[derive(Debug)]
pub(super) enum Subject {
    /// What a path led to.
    Found(Found),
    /// What a descriptor stands for.
    Open(Arc<OpenFile>),
}

impl Subject {
    /// Finds what a `*at` call is about.
    ///
    /// # Errors
    /// As [`vfs::Namespace::find`]; `EBADF`, `EFAULT`.
    pub(super) fn at(fd: i32, path: u64, flags: AtFlags) -> Result<Self> {
        let may_be_empty = flags.contains(AtFlags::EMPTY_PATH);
        let path = if may_be_empty { read_any_path(path) } else { read_path(path) }?;
        if path.is_empty() {
            return Self::of_descriptor(fd);
        }
        let files = file::current();
        let keeps = flags.contains(AtFlags::SYMLINK_NOFOLLOW);
        let last = if keeps { LastLink::Keep } else { LastLink::Follow };
        files.names.find(&files.start_of(fd, &path)?, &path, last).map(Self::Found)
    }

    /// Returns what a descriptor stands for.
    ///
    /// # Errors
    /// `EBADF`.
    fn of_descriptor(fd: i32) -> Result<Self> {
        let files = file::current();
        match fd {
            AT_FDCWD => Ok(Self::Found(Found::directory(files.working_directory()))),
            _ => files.get_any(fd.cast_unsigned()).map(Self::Open),
        }
    }

    /// Returns where the file is in the tree; `None` for pipes, sockets and the like.
    pub(super) fn found(&self) -> Option<&Found> {
        match self {
            Self::Found(found) => Some(found),
            Self::Open(file) => file.found(),
        }
    }

    /// Returns what `stat(2)` says.
    pub(super) fn metadata(&self) -> Metadata {
        match self {
            Self::Found(found) => found.location.inode.metadata(),
            Self::Open(file) => file.metadata(),
        }
    }
}

/// Takes flags apart that may only be of a kind.
///
/// # Errors
/// `EINVAL` for others.
pub(super) fn at_flags(flags: u32, allowed: AtFlags) -> Result<AtFlags> {
    let flags = AtFlags::from_bits_retain(flags);
    if allowed.contains(flags) { Ok(flags) } else { Err(Errno::EINVAL) }
}

/// `open(2)`.
pub(super) fn open(_cx: &mut Context<'_>, path: u64, flags: u32, mode: u32) -> Result<u32> {
    open_at(AT_FDCWD, path, flags, mode)
}

/// `openat(2)`.
pub(super) fn openat(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    flags: u32,
    mode: u32,
) -> Result<u32> {
    open_at(fd, path, flags, mode)
}

/// `creat(2)`.
pub(super) fn creat(_cx: &mut Context<'_>, path: u64, mode: u32) -> Result<u32> {
    let flags = OpenFlags::CREAT | OpenFlags::WRONLY | OpenFlags::TRUNC;
    open_at(AT_FDCWD, path, flags.bits(), mode)
}

fn open_at(fd: i32, path: u64, flags: u32, mode: u32) -> Result<u32> {
    let flags = OpenFlags::from_bits_truncate(flags);
    check_flags(flags)?;
    let path = read_path(path)?;
    // Before there is a new file that nobody could have opened.
    check_room()?;
    let start = file::current().start_of(fd, &path)?;
    open_by(&start, &path, flags, mode & S_IALLUGO, Resolve::empty())
}

/// `openat2(2)`.
pub(super) fn openat2(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    how: UserPtr<OpenHow>,
    size: usize,
) -> Result<u32> {
    let how = how.read_sized(size)?;
    let (flags, mode, resolve) = check_how(&how)?;
    let path = read_path(path)?;
    check_room()?;
    // There even an absolute path starts in the directory.
    let from = if resolve.contains(Resolve::IN_ROOT) { b"." } else { &path[..] };
    let start = file::current().start_of(fd, from)?;
    open_by(&start, &path, flags, mode, resolve)
}

/// Checks what `openat2(2)` checks and `openat(2)` ignores.
fn check_how(how: &OpenHow) -> Result<(OpenFlags, u32, Resolve)> {
    let flags = u32::try_from(how.flags).ok().and_then(OpenFlags::from_bits);
    let flags = flags.ok_or(Errno::EINVAL)?;
    let resolve = Resolve::from_bits(how.resolve).ok_or(Errno::EINVAL)?;
    let creates = flags.intersects(OpenFlags::CREAT | OpenFlags::TMPFILE_BIT);
    let allowed = if creates { S_IALLUGO } else { 0 };
    let mode = u32::try_from(how.mode).ok().filter(|mode| mode & !allowed == 0);
    let mode = mode.ok_or(Errno::EINVAL)?;
    let with_path =
        OpenFlags::PATH | OpenFlags::DIRECTORY | OpenFlags::NOFOLLOW | OpenFlags::CLOEXEC;
    let is_path = flags.contains(OpenFlags::PATH);
    if resolve.contains(Resolve::BENEATH | Resolve::IN_ROOT)
        || is_path && !with_path.contains(flags)
    {
        return Err(Errno::EINVAL);
    }
    check_flags(flags)?;
    if resolve.contains(Resolve::CACHED) && (creates || flags.contains(OpenFlags::TRUNC)) {
        return Err(Errno::EAGAIN);
    }
    Ok((flags, mode, resolve))
}

fn open_by(
    start: &Location,
    path: &[u8],
    flags: OpenFlags,
    mode: u32,
    resolve: Resolve,
) -> Result<u32> {
    let files = file::current();
    let creation = files.creation(FileType::Regular, mode);
    let is_path = flags.contains(OpenFlags::PATH);
    let shown = if is_path { flags } else { flags | OpenFlags::LARGEFILE };
    let opening = Opening { flags: shown, creation, resolve };
    let file = files.names.open_by(start, path, &opening)?;
    if flags.contains(OpenFlags::TRUNC) && !is_path {
        backing::cut(file.file()?, 0);
    }
    if !flags.contains(OpenFlags::NONBLOCK) && !is_path {
        wait_for_other_side(&file)?;
    }
    files.install(file, on_exec(flags))
}

/// Waits until the other side of a FIFO is open, `fifo(7)`; other files have none.
///
/// # Errors
/// As [`wait::until`].
fn wait_for_other_side(file: &OpenFile) -> Result<()> {
    if file.found().is_none_or(|found| found.location.inode.kind() != FileType::Fifo) {
        return Ok(());
    }
    let Some(end) = file.downcast::<PipeEnd>() else { return Ok(()) };
    let Some(waiters) = end.waiters() else { return Ok(()) };
    wait::until(waiters, Pipe::OPENED, None, || {
        let has_met = match end.access() {
            // A writer that came and went meanwhile has left a hang-up.
            PipeAccess::Read => end.pipe().has_writers() || end.poll().contains(Events::HUP),
            PipeAccess::Write => end.pipe().has_readers(),
            PipeAccess::Both => true,
        };
        if has_met { Ok(()) } else { Err(Errno::EAGAIN) }
    })
}

/// `stat(2)`.
pub(super) fn stat(_cx: &mut Context<'_>, path: u64, buffer: UserPtr<Stat>) -> Result<()> {
    stat_at(AT_FDCWD, path, buffer, AtFlags::empty())
}

/// `lstat(2)`.
pub(super) fn lstat(_cx: &mut Context<'_>, path: u64, buffer: UserPtr<Stat>) -> Result<()> {
    stat_at(AT_FDCWD, path, buffer, AtFlags::SYMLINK_NOFOLLOW)
}

/// `fstat(2)`.
pub(super) fn fstat(_cx: &mut Context<'_>, fd: u32, buffer: UserPtr<Stat>) -> Result<()> {
    let metadata = file::current().get_any(fd)?.metadata();
    buffer.write(&Stat::from(&metadata))
}

/// `fstatat(2)`.
pub(super) fn newfstatat(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    buffer: UserPtr<Stat>,
    flags: u32,
) -> Result<()> {
    let allowed = AtFlags::SYMLINK_NOFOLLOW
        | AtFlags::NO_AUTOMOUNT
        | AtFlags::EMPTY_PATH
        | AtFlags::STATX_FORCE_SYNC
        | AtFlags::STATX_DONT_SYNC;
    stat_at(fd, path, buffer, at_flags(flags, allowed)?)
}

/// As [`Subject::at`] for a call that takes no path at all for an empty one, where that may be.
fn subject_or_null(fd: i32, path: u64, flags: AtFlags) -> Result<Subject> {
    if path == 0 && flags.contains(AtFlags::EMPTY_PATH) {
        return Subject::of_descriptor(fd);
    }
    Subject::at(fd, path, flags)
}

fn stat_at(fd: i32, path: u64, buffer: UserPtr<Stat>, flags: AtFlags) -> Result<()> {
    let metadata = subject_or_null(fd, path, flags)?.metadata();
    buffer.write(&Stat::from(&metadata))
}

/// `statx(2)`.
pub(super) fn statx(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    flags: u32,
    mask: u32,
    buffer: UserPtr<Statx>,
) -> Result<()> {
    let both = AtFlags::STATX_FORCE_SYNC | AtFlags::STATX_DONT_SYNC;
    let allowed = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::EMPTY_PATH | both;
    if mask & STATX_RESERVED != 0 {
        return Err(Errno::EINVAL);
    }
    let flags = at_flags(flags, allowed)?;
    if flags.contains(both) {
        return Err(Errno::EINVAL);
    }
    let subject = subject_or_null(fd, path, flags)?;
    let location = subject.found().map(|found| &found.location);
    let is_root = location.is_some_and(Location::is_mount_root);
    let metadata = subject.metadata();
    buffer.write(&Statx {
        stx_mask: STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID,
        stx_blksize: BLOCK_SIZE,
        stx_attributes: if is_root { STATX_ATTR_MOUNT_ROOT } else { 0 },
        stx_nlink: metadata.nlink,
        stx_uid: metadata.uid,
        stx_gid: metadata.gid,
        stx_mode: u16::try_from(metadata.mode()).unwrap_or_default(),
        stx_ino: metadata.ino,
        stx_size: metadata.size,
        stx_blocks: metadata.blocks,
        stx_attributes_mask: STATX_ATTR_MOUNT_ROOT,
        stx_atime: timestamp(metadata.atime),
        stx_btime: timestamp(metadata.btime),
        stx_ctime: timestamp(metadata.ctime),
        stx_mtime: timestamp(metadata.mtime),
        stx_rdev_major: device_major(metadata.rdev),
        stx_rdev_minor: device_minor(metadata.rdev),
        stx_dev_major: device_major(metadata.dev),
        stx_dev_minor: device_minor(metadata.dev),
        stx_mnt_id: location.map_or(0, |location| location.mount.id()),
        ..Statx::default()
    })
}

fn timestamp(time: Timespec) -> StatxTimestamp {
    let tv_nsec = u32::try_from(time.tv_nsec).unwrap_or_default();
    StatxTimestamp { tv_sec: time.tv_sec, tv_nsec, reserved: 0 }
}

/// `access(2)`.
pub(super) fn access(_cx: &mut Context<'_>, path: u64, mode: u32) -> Result<()> {
    access_at(AT_FDCWD, path, mode, AtFlags::empty())
}

/// `faccessat(2)` as the kernel has it, without flags.
pub(super) fn faccessat(_cx: &mut Context<'_>, fd: i32, path: u64, mode: u32) -> Result<()> {
    access_at(fd, path, mode, AtFlags::empty())
}

/// `faccessat2(2)`.
pub(super) fn faccessat2(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    mode: u32,
    flags: u32,
) -> Result<()> {
    let allowed = AtFlags::EACCESS | AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    access_at(fd, path, mode, at_flags(flags, allowed)?)
}

/// Permissions are not enforced, so reading and writing are allowed; a file that nobody may
/// execute is not executable even for root.
fn access_at(fd: i32, path: u64, mode: u32, flags: AtFlags) -> Result<()> {
    let mode = AccessMode::from_bits(mode).ok_or(Errno::EINVAL)?;
    let metadata = Subject::at(fd, path, flags)?.metadata();
    let is_executable = metadata.kind == FileType::Directory || metadata.permissions & 0o111 != 0;
    if mode.contains(AccessMode::EXECUTE) && !is_executable {
        return Err(Errno::EACCES);
    }
    Ok(())
}

/// `statfs(2)`.
pub(super) fn statfs(_cx: &mut Context<'_>, path: u64, buffer: UserPtr<Statfs>) -> Result<()> {
    let found = file::current().find(&read_path(path)?)?;
    buffer.write(&found.location.mount.file_system().statistics())
}

/// `fstatfs(2)`.
pub(super) fn fstatfs(_cx: &mut Context<'_>, fd: u32, buffer: UserPtr<Statfs>) -> Result<()> {
    let file = file::current().get_any(fd)?;
    let statistics = match file.found() {
        Some(found) => found.location.mount.file_system().statistics(),
        None => anonymous_statistics(file.metadata().kind),
    };
    buffer.write(&statistics)
}

fn anonymous_statistics(kind: FileType) -> Statfs {
    let f_type = match kind {
        FileType::Fifo => PIPEFS_MAGIC,
        FileType::Socket => SOCKFS_MAGIC,
        _ => ANON_INODE_FS_MAGIC,
    };
    let f_bsize = i64::from(BLOCK_SIZE);
    Statfs { f_type, f_bsize, f_frsize: f_bsize, f_namelen: 255, ..Statfs::default() }
}
