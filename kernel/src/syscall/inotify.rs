//! Watching files: `inotify_init(2)`, `inotify_add_watch(2)`, `inotify_rm_watch(2)`.

use alloc::sync::Arc;

use abi::fcntl::OpenFlags;
use abi::inotify::WatchMask;
use abi::{Errno, Result};
use vfs::OpenFile;
use vfs::path::LastLink;
use vfs::watch::Inotify;

use super::Context;
use super::descriptor::on_exec;
use super::file::read_path;
use crate::file;
use crate::memory::check_room;

/// `inotify_init(2)`.
pub(super) fn inotify_init(cx: &mut Context<'_>) -> Result<u32> {
    inotify_init1(cx, 0)
}

/// `inotify_init1(2)`.
pub(super) fn inotify_init1(_cx: &mut Context<'_>, flags: u32) -> Result<u32> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !(OpenFlags::NONBLOCK | OpenFlags::CLOEXEC).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let kept = flags & OpenFlags::NONBLOCK;
    file::current().install(OpenFile::anonymous(Inotify::new(), kept), on_exec(flags))
}

fn get(fd: u32) -> Result<Arc<Inotify>> {
    file::current().get(fd)?.downcast().ok_or(Errno::EINVAL)
}

/// `IN_UNMOUNT`: told of whether asked for or not, and nothing is ever unmounted.
const UNMOUNT: u32 = 0x2000;

/// `inotify_add_watch(2)`.
pub(super) fn inotify_add_watch(
    _cx: &mut Context<'_>,
    fd: u32,
    path: u64,
    mask: u32,
) -> Result<i32> {
    let both = WatchMask::MASK_ADD | WatchMask::MASK_CREATE;
    if mask == 0 {
        return Err(Errno::EINVAL);
    }
    let mask = WatchMask::from_bits(mask & !UNMOUNT).ok_or(Errno::EINVAL)?;
    check_room()?;
    let files = file::current();
    files.get(fd)?;
    if mask.contains(both) {
        return Err(Errno::EINVAL);
    }
    let inotify = get(fd)?;
    let keeps = mask.contains(WatchMask::DONT_FOLLOW);
    let last = if keeps { LastLink::Keep } else { LastLink::Follow };
    let found = files.names.find(&files.working_directory(), &read_path(path)?, last)?;
    if mask.contains(WatchMask::ONLYDIR) && !found.location.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    inotify.watch(&*found.location.inode, mask)
}

/// `inotify_rm_watch(2)`.
pub(super) fn inotify_rm_watch(_cx: &mut Context<'_>, fd: u32, wd: i32) -> Result<()> {
    get(fd)?.unwatch(wd)
}
