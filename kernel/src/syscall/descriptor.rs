//! Descriptors: `close(2)`, `dup(2)`, `fcntl(2)`, `ioctl(2)`.

use alloc::sync::Arc;

use abi::fcntl::{
    DN_MULTISHOT, F_ADD_SEALS, F_CREATED_QUERY, F_DUPFD, F_DUPFD_CLOEXEC, F_DUPFD_QUERY,
    F_GET_SEALS, F_GETFD, F_GETFL, F_GETLEASE, F_GETPIPE_SZ, F_NOTIFY, F_SEAL_EXEC,
    F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_WRITE, F_SETFD, F_SETFL,
    F_SETLEASE, F_SETPIPE_SZ, F_UNLCK, FD_CLOEXEC, OpenFlags,
};
use abi::stat::FileType;
use abi::{Errno, Result};
use vfs::anon::{Epoll, PipeEnd};
use vfs::fs::ramfs::RamInode;
use vfs::{BLOCK_SIZE, OnExec, OpenFile};

use super::{Context, lock, owner, socket};
use crate::file::socket::Lingering;
use crate::file::{self, descriptor_limit, notice};
use crate::memory::backing;
use crate::memory::user::UserPtr;

/// `close(2)`.
pub(super) fn close(_cx: &mut Context<'_>, fd: u32) -> Result<()> {
    file::current().descriptors.close(fd).map(release)
}

/// Closes all descriptors.
pub(super) fn close_all() {
    let all = file::current().descriptors.close_range(0, u32::MAX);
    all.iter().for_each(lock::release_closed);
}

/// Lets a description go that a descriptor stood for.
fn release(file: Arc<OpenFile>) {
    let lingering = Lingering::of(&file);
    lock::release_closed(&file);
    drop(file);
    if let Some(lingering) = lingering {
        lingering.wait();
    }
}

/// `CLOSE_RANGE_UNSHARE`: nothing is shared, there being one program.
const CLOSE_RANGE_UNSHARE: u32 = 2;
/// `CLOSE_RANGE_CLOEXEC`: mark instead of close.
const CLOSE_RANGE_CLOEXEC: u32 = 4;

/// `close_range(2)`.
pub(super) fn close_range(_cx: &mut Context<'_>, first: u32, last: u32, flags: u32) -> Result<()> {
    if flags & !(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) != 0 || first > last {
        return Err(Errno::EINVAL);
    }
    let descriptors = &file::current().descriptors;
    if flags & CLOSE_RANGE_CLOEXEC != 0 {
        descriptors.set_on_exec_range(first, last, OnExec::Close);
    } else {
        descriptors.close_range(first, last).into_iter().for_each(release);
    }
    Ok(())
}

/// `dup(2)`.
pub(super) fn dup(_cx: &mut Context<'_>, fd: u32) -> Result<u32> {
    let files = file::current();
    files.install(files.get_any(fd)?, OnExec::Keep)
}

/// `dup2(2)`.
pub(super) fn dup2(_cx: &mut Context<'_>, old: u32, new: u32) -> Result<u32> {
    let file = file::current().get_any(old)?;
    if old == new { Ok(new) } else { replace(file, new, OnExec::Keep) }
}

/// `dup3(2)`.
pub(super) fn dup3(_cx: &mut Context<'_>, old: u32, new: u32, flags: u32) -> Result<u32> {
    let flags = OpenFlags::from_bits_retain(flags);
    if old == new || !OpenFlags::CLOEXEC.contains(flags) {
        return Err(Errno::EINVAL);
    }
    if new >= descriptor_limit() {
        return Err(Errno::EBADF);
    }
    replace(file::current().get_any(old)?, new, on_exec(flags))
}

fn replace(file: Arc<OpenFile>, new: u32, on_exec: OnExec) -> Result<u32> {
    let limit = descriptor_limit();
    let closed = file::current().descriptors.replace(new, file, on_exec, limit)?;
    closed.into_iter().for_each(release);
    Ok(new)
}

/// Returns what `O_CLOEXEC` among `flags` asks for.
pub(super) fn on_exec(flags: OpenFlags) -> OnExec {
    if flags.contains(OpenFlags::CLOEXEC) { OnExec::Close } else { OnExec::Keep }
}

/// `fcntl(2)`.
pub(super) fn fcntl(_cx: &mut Context<'_>, fd: u32, command: u32, argument: u64) -> Result<u64> {
    let files = file::current();
    let file = files.get_any(fd)?;
    let number = || u32::try_from(argument & 0xffff_ffff).map_err(|_| Errno::EINVAL);
    let is_path = file.flags().contains(OpenFlags::PATH);
    let no_lease = u64::from(F_UNLCK.unsigned_abs());
    match command {
        F_DUPFD | F_DUPFD_CLOEXEC => {
            let on_exec = if command == F_DUPFD { OnExec::Keep } else { OnExec::Close };
            let (minimum, limit) = (number()?, descriptor_limit());
            if minimum >= limit {
                return Err(Errno::EINVAL);
            }
            files.descriptors.insert(file, on_exec, minimum, limit).map(u64::from)
        }
        F_GETFD => {
            let closes = files.descriptors.on_exec(fd)? == OnExec::Close;
            Ok(u64::from(if closes { FD_CLOEXEC } else { 0 }))
        }
        F_SETFD => {
            let closes = number()? & FD_CLOEXEC != 0;
            let on_exec = if closes { OnExec::Close } else { OnExec::Keep };
            files.descriptors.set_on_exec(fd, on_exec).map(|()| 0)
        }
        F_GETFL => Ok(u64::from(file.flags().bits())),
        _ if is_path => Err(Errno::EBADF),
        F_SETFL => set_flags(&file, fd, OpenFlags::from_bits_retain(number()?)).map(|()| 0),
        F_SETPIPE_SZ => {
            let end: Arc<PipeEnd> = file.downcast().ok_or(Errno::EBADF)?;
            end.pipe().set_capacity(number()?).map(|capacity| capacity as u64)
        }
        F_GETPIPE_SZ => {
            let end: Arc<PipeEnd> = file.downcast().ok_or(Errno::EBADF)?;
            Ok(end.pipe().capacity() as u64)
        }
        F_ADD_SEALS => add_seals(&file, number()?),
        F_GET_SEALS => {
            let inode: Arc<RamInode> = file.downcast().ok_or(Errno::EINVAL)?;
            Ok(u64::from(inode.seals()))
        }
        _ if lock::is_record_operation(command) => {
            lock::record(&file, command, UserPtr::new(argument)).map(|()| 0)
        }
        F_DUPFD_QUERY => {
            let other = files.get_any(number()?)?;
            Ok(u64::from(Arc::ptr_eq(&file, &other)))
        }
        F_CREATED_QUERY => Ok(u64::from(file.was_created())),
        // There are no leases, so a file has none, and no notices of directories but inotify's.
        F_GETLEASE => Ok(no_lease),
        F_SETLEASE if file.metadata().kind == FileType::Regular && argument == no_lease => {
            Err(Errno::EAGAIN)
        }
        F_NOTIFY if argument & !DN_MULTISHOT == 0 => Ok(0),
        F_NOTIFY if file.metadata().kind != FileType::Directory => Err(Errno::ENOTDIR),
        _ if owner::is_operation(command) => owner::operate(&file, command, argument),
        _ => Err(Errno::EINVAL),
    }
}

/// `fcntl(F_SETFL)`.
fn set_flags(file: &Arc<OpenFile>, fd: u32, flags: OpenFlags) -> Result<()> {
    file.set_flags(flags)?;
    let is_asked = flags.contains(OpenFlags::ASYNC);
    if is_asked != file.flags().contains(OpenFlags::ASYNC) {
        notice::set(file, fd, is_asked);
    }
    Ok(())
}

/// `fcntl(F_ADD_SEALS)`.
fn add_seals(file: &OpenFile, seals: u32) -> Result<u64> {
    let contents = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
    if !file.flags().is_writable() {
        return Err(Errno::EPERM);
    }
    let metadata = file.metadata();
    if seals & !(F_SEAL_SEAL | F_SEAL_EXEC | contents) != 0 || metadata.kind != FileType::Regular {
        return Err(Errno::EINVAL);
    }
    let inode: Arc<RamInode> = file.downcast().ok_or(Errno::EINVAL)?;
    if inode.seals() & F_SEAL_SEAL != 0 {
        return Err(Errno::EPERM);
    }
    // What stays executable must not be changed either.
    let is_code = seals & F_SEAL_EXEC != 0 && metadata.permissions & 0o111 != 0;
    let seals = if is_code { seals | contents } else { seals };
    if seals & F_SEAL_WRITE != 0 && backing::is_mapped_writable(file.file()?) {
        return Err(Errno::EBUSY);
    }
    inode.add_seals(seals).map(|()| 0)
}

/// `FIONCLEX`: keep on exec.
const FIONCLEX: u32 = 0x5450;
/// `FIOCLEX`: close on exec.
const FIOCLEX: u32 = 0x5451;
/// `FIONBIO`: set or clear `O_NONBLOCK`.
const FIONBIO: u32 = 0x5421;
/// `FIOASYNC`: set or clear `O_ASYNC`.
const FIOASYNC: u32 = 0x5452;
/// `FIONREAD`: how many bytes can be read.
const FIONREAD: u32 = 0x541b;
/// `FIGETBSZ`: how many bytes a block of the file system has.
const FIGETBSZ: u32 = 2;
/// `FIOQSIZE`: how many bytes of storage the file takes.
const FIOQSIZE: u32 = 0x5460;

/// `ioctl(2)`: what all files have, then what the kind of file has.
pub(super) fn ioctl(_cx: &mut Context<'_>, fd: u32, request: u32, argument: u64) -> Result<u64> {
    let files = file::current();
    let file = files.get(fd)?;
    let object = file.file()?;
    match request {
        FIOCLEX => files.descriptors.set_on_exec(fd, OnExec::Close)?,
        FIONCLEX => files.descriptors.set_on_exec(fd, OnExec::Keep)?,
        FIONBIO => {
            let is_set = UserPtr::<i32>::new(argument).read()? != 0;
            let mut flags = file.flags();
            flags.set(OpenFlags::NONBLOCK, is_set);
            file.set_flags(flags)?;
        }
        FIOASYNC => {
            let is_set = UserPtr::<i32>::new(argument).read()? != 0;
            let is_change = is_set != file.flags().contains(OpenFlags::ASYNC);
            if is_change && !notice::set(&file, fd, is_set) {
                return Err(Errno::ENOTTY);
            }
        }
        FIONREAD if !is_epoll(&file) => {
            let count = if file.metadata().kind == FileType::Regular {
                object.size().saturating_sub(file.offset())
            } else {
                object.readable_bytes()? as u64
            };
            let count = i32::try_from(count).unwrap_or(i32::MAX);
            UserPtr::<i32>::new(argument).write(&count)?;
        }
        FIOQSIZE => {
            let metadata = file.metadata();
            if !matches!(metadata.kind, FileType::Regular | FileType::Directory) {
                return Err(Errno::ENOTTY);
            }
            UserPtr::<u64>::new(argument).write(&(metadata.blocks * 512))?;
        }
        FIGETBSZ => UserPtr::<u32>::new(argument).write(&BLOCK_SIZE)?,
        _ if is_epoll(&file) => return Err(Errno::EINVAL),
        _ => socket::ioctl(&file, request, argument)?,
    }
    Ok(0)
}

/// Returns whether an open file is of `epoll_create(2)`, which knows requests of its own only.
fn is_epoll(file: &OpenFile) -> bool {
    file.downcast::<Epoll>().is_some()
}
