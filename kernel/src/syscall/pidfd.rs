//! Processes as files: `pidfd_open(2)`, `pidfd_send_signal(2)`, `pidfd_getfd(2)`.

use alloc::sync::Arc;

use abi::fcntl::OpenFlags;
use abi::signal::{SI_TKILL, SI_USER, SigInfo};
use abi::{Errno, Result};
use vfs::{OnExec, OpenFile};

use super::Context;
use super::signal::{read_info, sent_signal};
use crate::file;
use crate::file::pidfd::PidFd;
use crate::memory::user::UserPtr;
use crate::process::{PID, Process, signal};

/// `pidfd_open(2)`: there is the program itself, and its threads are refused as on Linux.
pub(super) fn pidfd_open(_cx: &mut Context<'_>, pid: i32, flags: u32) -> Result<u32> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !OpenFlags::NONBLOCK.contains(flags) || pid <= 0 {
        return Err(Errno::EINVAL);
    }
    match pid.cast_unsigned() {
        PID => {}
        // Since Linux 6.16; EINVAL before.
        tid if Process::current().thread(tid).is_some() => return Err(Errno::ENOENT),
        _ => return Err(Errno::ESRCH),
    }
    let file: Arc<PidFd> = Arc::default();
    file::current().install(OpenFile::anonymous(file, OpenFlags::RDWR | flags), OnExec::Close)
}

/// Checks that a descriptor stands for a process.
///
/// # Errors
/// `EBADF`.
pub(super) fn check(fd: u32) -> Result<()> {
    let file: Option<Arc<PidFd>> = file::current().get(fd)?.downcast();
    file.map(drop).ok_or(Errno::EBADF)
}

/// `PIDFD_SIGNAL_THREAD`: to the thread that the process began with.
const PIDFD_SIGNAL_THREAD: u32 = 1;
/// `PIDFD_SIGNAL_THREAD_GROUP`: to the process.
const PIDFD_SIGNAL_THREAD_GROUP: u32 = 2;
/// `PIDFD_SIGNAL_PROCESS_GROUP`: to its group, which is it alone.
const PIDFD_SIGNAL_PROCESS_GROUP: u32 = 4;

/// Who is sent a signal.
enum Scope {
    Process,
    Thread,
}

/// `pidfd_send_signal(2)`.
pub(super) fn pidfd_send_signal(
    _cx: &mut Context<'_>,
    fd: u32,
    number: i32,
    info: UserPtr<SigInfo>,
    flags: u32,
) -> Result<()> {
    let scope = match flags {
        0 | PIDFD_SIGNAL_THREAD_GROUP | PIDFD_SIGNAL_PROCESS_GROUP => Scope::Process,
        PIDFD_SIGNAL_THREAD => Scope::Thread,
        _ => return Err(Errno::EINVAL),
    };
    check(fd)?;
    let given = match info.non_null() {
        None => None,
        Some(info) => {
            let given = info.read()?;
            if given.signo != number {
                return Err(Errno::EINVAL);
            }
            Some(read_info(info, number)?)
        }
    };
    let Some(kind) = sent_signal(number)? else { return Ok(()) };
    match scope {
        Scope::Process => {
            let info = given.unwrap_or_else(|| signal::own_info(kind, SI_USER));
            signal::send_to_process(info).map(drop)
        }
        Scope::Thread => {
            let thread = Process::current().thread(PID).ok_or(Errno::ESRCH)?;
            let info = given.unwrap_or_else(|| signal::own_info(kind, SI_TKILL));
            signal::send_to_thread(&thread, info).map(drop)
        }
    }
}

/// `pidfd_getfd(2)`.
pub(super) fn pidfd_getfd(_cx: &mut Context<'_>, pidfd: u32, fd: u32, flags: u32) -> Result<u32> {
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    check(pidfd)?;
    let files = file::current();
    files.install(files.get_any(fd)?, OnExec::Close)
}
