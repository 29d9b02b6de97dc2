//! Advisory locks: `flock(2)`, the record locks of `fcntl(2)`.

use alloc::sync::Arc;

use abi::fcntl::{
    F_GETLK, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_RDLCK, F_SETLK, F_SETLKW, F_UNLCK, F_WRLCK,
    Flock, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, Whence,
};
use abi::poll::Events;
use abi::{Errno, Result};
use vfs::OpenFile;
use vfs::lock::{self, Mode, Owner, Record};

use super::Context;
use crate::memory::user::UserPtr;
use crate::process::PID;
use crate::{file, wait};

/// `LOCK_MAND`: once locks that the kernel imposed; since Linux 5.15 nothing happens at all.
const LOCK_MAND: u32 = 32;

/// `flock(2)`.
pub(super) fn flock(_cx: &mut Context<'_>, fd: u32, operation: u32) -> Result<()> {
    if operation & LOCK_MAND != 0 {
        return Ok(());
    }
    let mode = match operation & !LOCK_NB {
        LOCK_SH => Some(Mode::Shared),
        LOCK_EX => Some(Mode::Exclusive),
        LOCK_UN => None,
        _ => return Err(Errno::EINVAL),
    };
    let files = file::current();
    let file = files.get(fd)?;
    let key = lock::key(&file.metadata());
    file.note_lock(&files.locks, key);
    let attempt = || files.locks.set_whole(key, file.id(), mode);
    if operation & LOCK_NB != 0 {
        return attempt();
    }
    wait::until(files.locks.waiters(), Events::IN, None, attempt)
}

/// Returns whether an operation of `fcntl(2)` is about record locks.
pub(super) const fn is_record_operation(operation: u32) -> bool {
    matches!(operation, F_GETLK | F_SETLK | F_SETLKW | F_OFD_GETLK | F_OFD_SETLK | F_OFD_SETLKW)
}

/// The record locks of `fcntl(2)`.
///
/// # Errors
/// `EFAULT`, `EINVAL`, `EOVERFLOW`, `EBADF` for a lock that the way the file is open does not
/// allow, `EAGAIN`.
pub(super) fn record(file: &OpenFile, operation: u32, argument: UserPtr<Flock>) -> Result<()> {
    let request = argument.read()?;
    let is_own = matches!(operation, F_OFD_GETLK | F_OFD_SETLK | F_OFD_SETLKW);
    let owner = if is_own { Owner::Description(file.id()) } else { Owner::Process };
    let (first, last) = range(file, &request)?;
    let mode = match request.l_type {
        F_RDLCK => Some(Mode::Shared),
        F_WRLCK => Some(Mode::Exclusive),
        F_UNLCK => None,
        _ => return Err(Errno::EINVAL),
    };
    let is_question = matches!(operation, F_GETLK | F_OFD_GETLK);
    let is_allowed = match mode {
        Some(Mode::Shared) => file.flags().is_readable(),
        Some(Mode::Exclusive) => file.flags().is_writable(),
        None => true,
    };
    if !is_question && !is_allowed {
        return Err(Errno::EBADF);
    }
    if is_own && request.l_pid != 0 {
        return Err(Errno::EINVAL);
    }
    let locks = &file::current().locks;
    let key = lock::key(&file.metadata());
    if is_question {
        let record = Record { owner, mode: mode.ok_or(Errno::EINVAL)?, first, last };
        return argument.write(&answer(request, locks.find(key, &record)));
    }
    let Some(mode) = mode else {
        locks.release(key, owner, first, last);
        return Ok(());
    };
    file.note_lock(locks, key);
    let attempt = || locks.set(key, Record { owner, mode, first, last });
    if matches!(operation, F_SETLK | F_OFD_SETLK) {
        return attempt();
    }
    wait::until(locks.waiters(), Events::IN, None, attempt)
}

/// Returns the first and the last byte of a range.
fn range(file: &OpenFile, request: &Flock) -> Result<(u64, u64)> {
    let whence = u32::try_from(request.l_whence).ok().and_then(Whence::from_raw);
    let base = match whence {
        Some(Whence::Set) => 0,
        Some(Whence::Current) => file.offset(),
        Some(Whence::End) => file.metadata().size,
        _ => return Err(Errno::EINVAL),
    };
    let base = i64::try_from(base).map_err(|_| Errno::EOVERFLOW)?;
    let start = base.checked_add(request.l_start).ok_or(Errno::EOVERFLOW)?;
    let (first, last) = match request.l_len {
        0 => (start, None),
        length @ 1.. => (start, Some(start.checked_add(length - 1).ok_or(Errno::EOVERFLOW)?)),
        length => (start.checked_add(length).ok_or(Errno::EINVAL)?, Some(start - 1)),
    };
    let first = u64::try_from(first).map_err(|_| Errno::EINVAL)?;
    Ok((first, last.map_or(u64::MAX, i64::cast_unsigned)))
}

/// Returns what `F_GETLK` answers.
fn answer(request: Flock, found: Option<Record>) -> Flock {
    let Some(record) = found else { return Flock { l_type: F_UNLCK, ..request } };
    let length = if record.last == u64::MAX { 0 } else { record.last - record.first + 1 };
    Flock {
        l_type: if record.mode == Mode::Shared { F_RDLCK } else { F_WRLCK },
        l_whence: 0,
        l_start: record.first.cast_signed(),
        l_len: length.cast_signed(),
        l_pid: if record.owner == Owner::Process { PID.cast_signed() } else { -1 },
        ..request
    }
}

/// Gives back the program's locks on a file of which it closed a descriptor, as POSIX wants.
pub(super) fn release_closed(file: &Arc<OpenFile>) {
    let locks = &file::current().locks;
    if !locks.is_empty() {
        locks.release(lock::key(&file.metadata()), Owner::Process, 0, u64::MAX);
    }
}
