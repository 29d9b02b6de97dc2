//! Names: `mkdir(2)`, `unlink(2)`, `rename(2)`, `link(2)`, `getdents(2)`, `chdir(2)`.

use core::ops::Range;

use abi::dirent::{self, Dirent};
use abi::fcntl::{AT_FDCWD, AtFlags, F_SEAL_EXEC, OpenFlags, PATH_MAX, RenameFlags, Whence};
use abi::stat::{FileType, S_IFMT, S_ISVTX};
use abi::{Errno, Result};
use vfs::Creation;
use vfs::fs::ramfs::RamInode;

use super::Context;
use super::descriptor::on_exec;
use super::file::{Subject, at_flags, read_any_path, read_path};
use crate::file::{self, transfer};
use crate::memory::{self, check_room, user};

/// `mkdir(2)`.
pub(super) fn mkdir(_cx: &mut Context<'_>, path: u64, mode: u32) -> Result<()> {
    make(AT_FDCWD, path, FileType::Directory, mode & (0o777 | S_ISVTX), 0)
}

/// `mkdirat(2)`.
pub(super) fn mkdirat(_cx: &mut Context<'_>, fd: i32, path: u64, mode: u32) -> Result<()> {
    make(fd, path, FileType::Directory, mode & (0o777 | S_ISVTX), 0)
}

/// `mknod(2)`.
pub(super) fn mknod(_cx: &mut Context<'_>, path: u64, mode: u32, device: u32) -> Result<()> {
    make_node(AT_FDCWD, path, mode, device)
}

/// `mknodat(2)`.
pub(super) fn mknodat(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    mode: u32,
    device: u32,
) -> Result<()> {
    make_node(fd, path, mode, device)
}

fn make_node(fd: i32, path: u64, mode: u32, device: u32) -> Result<()> {
    let kind = match (mode & S_IFMT, FileType::from_mode(mode)) {
        (0, _) => FileType::Regular,
        (_, Some(FileType::Directory)) => return Err(Errno::EPERM),
        (_, Some(FileType::Symlink) | None) => return Err(Errno::EINVAL),
        (_, Some(kind)) => kind,
    };
    let is_device = matches!(kind, FileType::CharDevice | FileType::BlockDevice);
    make(fd, path, kind, mode & !S_IFMT, if is_device { device.into() } else { 0 })
}

fn make(fd: i32, path: u64, kind: FileType, mode: u32, rdev: u64) -> Result<()> {
    check_room()?;
    let path = read_path(path)?;
    let files = file::current();
    let creation = Creation { rdev, ..files.creation(kind, mode) };
    files.names.make(&files.start_of(fd, &path)?, &path, &creation).map(drop)
}

/// `symlink(2)`.
pub(super) fn symlink(_cx: &mut Context<'_>, target: u64, path: u64) -> Result<()> {
    make_link(target, AT_FDCWD, path)
}

/// `symlinkat(2)`.
pub(super) fn symlinkat(_cx: &mut Context<'_>, target: u64, fd: i32, path: u64) -> Result<()> {
    make_link(target, fd, path)
}

fn make_link(target: u64, fd: i32, path: u64) -> Result<()> {
    check_room()?;
    let (target, path) = (read_path(target)?, read_path(path)?);
    let files = file::current();
    let creation = Creation { permissions: 0o777, ..files.creation(FileType::Symlink, 0) };
    files.names.symlink(&target, &files.start_of(fd, &path)?, &path, &creation)
}

/// `readlink(2)`.
pub(super) fn readlink(_cx: &mut Context<'_>, path: u64, buffer: u64, size: i32) -> Result<usize> {
    read_link(AT_FDCWD, path, buffer, size)
}

/// `readlinkat(2)`.
pub(super) fn readlinkat(
    _cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    buffer: u64,
    size: i32,
) -> Result<usize> {
    read_link(fd, path, buffer, size)
}

fn read_link(fd: i32, path: u64, buffer: u64, size: i32) -> Result<usize> {
    let size = usize::try_from(size).ok().filter(|&size| size != 0).ok_or(Errno::EINVAL)?;
    let subject = Subject::at(fd, path, AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW)?;
    // An empty path means the descriptor itself, which only an O_PATH one can be.
    let no_link = if read_any_path(path)?.is_empty() { Errno::ENOENT } else { Errno::EINVAL };
    let found = subject.found().ok_or(no_link)?;
    if found.location.inode.kind() != FileType::Symlink {
        return Err(no_link);
    }
    let text = found.location.inode.read_link()?;
    let count = text.len().min(size);
    user::write_bytes(buffer, &text[..count])?;
    Ok(count)
}

/// `link(2)`.
pub(super) fn link(_cx: &mut Context<'_>, old: u64, new: u64) -> Result<()> {
    link_to(&Subject::at(AT_FDCWD, old, AtFlags::SYMLINK_NOFOLLOW)?, AT_FDCWD, new)
}

/// `linkat(2)`.
pub(super) fn linkat(
    _cx: &mut Context<'_>,
    old_fd: i32,
    old: u64,
    new_fd: i32,
    new: u64,
    flags: u32,
) -> Result<()> {
    let mut flags = at_flags(flags, AtFlags::SYMLINK_FOLLOW | AtFlags::EMPTY_PATH)?;
    if !flags.contains(AtFlags::SYMLINK_FOLLOW) {
        flags |= AtFlags::SYMLINK_NOFOLLOW;
    }
    link_to(&Subject::at(old_fd, old, flags)?, new_fd, new)
}

fn link_to(subject: &Subject, fd: i32, path: u64) -> Result<()> {
    check_room()?;
    let path = read_path(path)?;
    let files = file::current();
    let file = &subject.found().ok_or(Errno::EXDEV)?.location;
    files.names.link(file, &files.start_of(fd, &path)?, &path)
}

/// `unlink(2)`.
pub(super) fn unlink(_cx: &mut Context<'_>, path: u64) -> Result<()> {
    remove(AT_FDCWD, path, AtFlags::empty())
}

/// `rmdir(2)`.
pub(super) fn rmdir(_cx: &mut Context<'_>, path: u64) -> Result<()> {
    remove(AT_FDCWD, path, AtFlags::REMOVEDIR)
}

/// `unlinkat(2)`.
pub(super) fn unlinkat(_cx: &mut Context<'_>, fd: i32, path: u64, flags: u32) -> Result<()> {
    remove(fd, path, at_flags(flags, AtFlags::REMOVEDIR)?)
}

fn remove(fd: i32, path: u64, flags: AtFlags) -> Result<()> {
    let path = read_path(path)?;
    let files = file::current();
    let start = files.start_of(fd, &path)?;
    match flags.contains(AtFlags::REMOVEDIR) {
        true => files.names.remove_directory(&start, &path),
        false => files.names.unlink(&start, &path),
    }
}

/// `rename(2)`.
pub(super) fn rename(_cx: &mut Context<'_>, old: u64, new: u64) -> Result<()> {
    rename_at((AT_FDCWD, old), (AT_FDCWD, new), 0)
}

/// `renameat(2)`.
pub(super) fn renameat(
    _cx: &mut Context<'_>,
    old_fd: i32,
    old: u64,
    new_fd: i32,
    new: u64,
) -> Result<()> {
    rename_at((old_fd, old), (new_fd, new), 0)
}

/// `renameat2(2)`.
pub(super) fn renameat2(
    _cx: &mut Context<'_>,
    old_fd: i32,
    old: u64,
    new_fd: i32,
    new: u64,
    flags: u32,
) -> Result<()> {
    rename_at((old_fd, old), (new_fd, new), flags)
}

fn rename_at((old_fd, old): (i32, u64), (new_fd, new): (i32, u64), flags: u32) -> Result<()> {
    let flags = RenameFlags::from_bits(flags).filter(|flags| flags.is_valid());
    let flags = flags.ok_or(Errno::EINVAL)?;
    let files = file::current();
    let parent = |fd, path| {
        let path = read_path(path)?;
        files.names.parent(&files.start_of(fd, &path)?, &path)
    };
    // All that is wrong with the way to the old name comes before the new one is looked at.
    let (from, to) = (parent(old_fd, old)?, parent(new_fd, new)?);
    files.names.rename(from, to, flags)
}

/// The most that one reading of a directory gives, in bytes.
const LONGEST_READING: usize = 32 << 10;

type Put = fn(&mut [u8], &Dirent, &[u8]) -> Option<usize>;

/// `getdents64(2)`.
pub(super) fn getdents64(_cx: &mut Context<'_>, fd: u32, buffer: u64, size: u32) -> Result<usize> {
    read_directory(fd, buffer, size, dirent::put_dirent64)
}

/// `getdents(2)`.
pub(super) fn getdents(_cx: &mut Context<'_>, fd: u32, buffer: u64, size: u32) -> Result<usize> {
    read_directory(fd, buffer, size, dirent::put_dirent)
}

fn read_directory(fd: u32, buffer: u64, size: u32, put: Put) -> Result<usize> {
    let file = file::current().get(fd)?;
    // An int in the end: what is too much for one is no room.
    let size = i32::try_from(size).ok().and_then(|size| usize::try_from(size).ok());
    let size = size.unwrap_or(0).min(LONGEST_READING);
    let mut bytes = memory::buffer(size)?;
    let mut used = 0;
    let mut is_full = false;
    let mut claim = transfer::claim(&file)?;
    let start = file.offset();
    claim.read_directory(&mut |entry| {
        let header = Dirent { ino: entry.ino, next: entry.next, kind: entry.kind };
        match put(&mut bytes[used..], &header, entry.name) {
            Some(len) => used += len,
            None => is_full = true,
        }
        !is_full
    })?;
    if is_full && used == 0 {
        return Err(Errno::EINVAL);
    }
    let Err(errno) = user::write_bytes(buffer, &bytes[..used]) else { return Ok(used) };
    let given = give_whole(buffer, &bytes[..used]);
    let next = given.map_or(start, |(_, next)| next);
    claim.seek(next.cast_signed(), Whence::Set)?;
    given.map(|(count, _)| count).ok_or(errno)
}

/// Gives a program the entries before the first that cannot be written; returns their length, and
/// the place of that one. `None` if it is the first of all.
fn give_whole(buffer: u64, entries: &[u8]) -> Option<(usize, u64)> {
    /// Where an entry has the place of the next, and behind that its own length.
    const NEXT: Range<usize> = 8..16;
    const LENGTH: Range<usize> = 16..18;
    let (mut done, mut place) = (0, None);
    while let Some(entry) = entries.get(done..)
        && let (Some(next), Some(length)) = (entry.get(NEXT), entry.get(LENGTH))
    {
        let length = usize::from(u16::from_le_bytes(length.try_into().ok()?));
        let entry = entry.get(..length).filter(|entry| !entry.is_empty())?;
        if user::write_bytes(buffer + done as u64, entry).is_err() {
            break;
        }
        place = Some(u64::from_le_bytes(next.try_into().ok()?));
        done += length;
    }
    place.map(|place| (done, place))
}

/// `getcwd(2)`: returns the length with the closing NUL.
pub(super) fn getcwd(_cx: &mut Context<'_>, buffer: u64, size: usize) -> Result<usize> {
    let mut path = file::current().working_directory().directory_path()?;
    path.push(0);
    if path.len() > PATH_MAX {
        return Err(Errno::ENAMETOOLONG);
    }
    if path.len() > size {
        return Err(Errno::ERANGE);
    }
    user::write_bytes(buffer, &path)?;
    Ok(path.len())
}

/// `chdir(2)`.
pub(super) fn chdir(_cx: &mut Context<'_>, path: u64) -> Result<()> {
    let files = file::current();
    files.set_working_directory(files.find(&read_path(path)?)?.location)
}

/// `fchdir(2)`.
pub(super) fn fchdir(_cx: &mut Context<'_>, fd: u32) -> Result<()> {
    let files = file::current();
    let file = files.get_any(fd)?;
    files.set_working_directory(file.found().ok_or(Errno::ENOTDIR)?.location.clone())
}

/// Changes of the tree's shape, `chroot(2)`, `mount(2)`, `umount(2)`, `pivot_root(2)`: the tree is
/// fixed, which is what a program without the privilege is told.
pub(super) fn refuse(_cx: &mut Context<'_>) -> Result<()> {
    Err(Errno::EPERM)
}

/// `MFD_CLOEXEC`: close on exec.
const MFD_CLOEXEC: u32 = 1;
/// `MFD_ALLOW_SEALING`: seals can be added.
const MFD_ALLOW_SEALING: u32 = 2;
/// `MFD_NOEXEC_SEAL`: it cannot be executed, which is sealed.
const MFD_NOEXEC_SEAL: u32 = 8;
/// `MFD_EXEC`: it can be executed, as without a flag.
const MFD_EXEC: u32 = 16;
/// The longest name of a memfd, in bytes.
const LONGEST_MEMFD_NAME: usize = 249;

/// `memfd_create(2)`; huge pages are `EINVAL`.
pub(super) fn memfd_create(_cx: &mut Context<'_>, name: u64, flags: u32) -> Result<u32> {
    let known = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC;
    let both = MFD_NOEXEC_SEAL | MFD_EXEC;
    if flags & !known != 0 || flags & both == both {
        return Err(Errno::EINVAL);
    }
    let name = user::read_string(name, LONGEST_MEMFD_NAME).map_err(|errno| match errno {
        Errno::ENAMETOOLONG => Errno::EINVAL,
        errno => errno,
    })?;
    let (permissions, seals) = match flags & MFD_NOEXEC_SEAL {
        0 => (0o777, 0),
        _ => (0o666, F_SEAL_EXEC),
    };
    let file = file::current().unnamed_file(&name, permissions)?;
    if let Some(inode) = file.downcast::<RamInode>()
        && flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL) != 0
    {
        inode.allow_seals(seals);
    }
    let closes = flags & MFD_CLOEXEC != 0;
    let flags = if closes { OpenFlags::CLOEXEC } else { OpenFlags::empty() };
    file::current().install(file, on_exec(flags))
}
