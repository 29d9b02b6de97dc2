//! Processes: `arch_prctl(2)`, `_exit(2)`, `getpid(2)`, `prlimit(2)`, `getrusage(2)`.

use core::sync::atomic::Ordering;

use abi::resource::{RUSAGE_CHILDREN, RUSAGE_SELF, RUSAGE_THREAD, Rlimit, Rusage};
use abi::time::Timeval;
use abi::{Errno, Result};
use mm::PAGE_SIZE;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{Context, pidfd};
use crate::arch::{clock, cpu};
use crate::memory::space;
use crate::memory::user::{self, UserPtr};
use crate::process::exit::{self, Status};
use crate::process::{ADDR_NO_RANDOMIZE, PID, Process, READ_IMPLIES_EXEC, time_limit};
use crate::schedule;

const ARCH_SET_GS: i32 = 0x1001;
const ARCH_SET_FS: i32 = 0x1002;
const ARCH_GET_FS: i32 = 0x1003;
const ARCH_GET_GS: i32 = 0x1004;

/// `arch_prctl(2)`; GS belongs to the kernel, so setting its base is `EINVAL`.
pub(super) fn arch_prctl(_cx: &mut Context<'_>, op: i32, address: u64) -> Result<()> {
    match op {
        ARCH_SET_FS if address < user::END => cpu::set_fs_base(address),
        ARCH_SET_FS => return Err(Errno::EPERM),
        ARCH_GET_FS => UserPtr::<u64>::new(address).write(&cpu::fs_base())?,
        ARCH_SET_GS if address >= user::END => return Err(Errno::EPERM),
        ARCH_GET_GS => UserPtr::<u64>::new(address).write(&0)?,
        _ => return Err(Errno::EINVAL),
    }
    Ok(())
}

/// `exit(2)` as the kernel has it: ends the calling thread.
pub(super) fn exit(_cx: &mut Context<'_>, status: i32) -> Result<()> {
    exit::exit_thread(status.to_le_bytes()[0])
}

/// `exit_group(2)`.
pub(super) fn exit_group(_cx: &mut Context<'_>, status: i32) -> Result<()> {
    exit::end_program(Status::Exited(status.to_le_bytes()[0]))
}

/// `getpid(2)`.
pub(super) fn getpid(_cx: &mut Context<'_>) -> Result<u32> {
    Ok(PID)
}

/// `getppid(2)`: the program has no parent in this machine, as a container's first has none.
pub(super) fn getppid(_cx: &mut Context<'_>) -> Result<u32> {
    Ok(0)
}

/// `getpgrp(2)`: the program leads its own process group.
pub(super) fn getpgrp(_cx: &mut Context<'_>) -> Result<u32> {
    Ok(PID)
}

/// `getpgid(2)`: the program leads its own process group.
pub(super) fn getpgid(_cx: &mut Context<'_>, pid: u32) -> Result<u32> {
    if pid == 0 || Process::current().thread(pid).is_some() { Ok(PID) } else { Err(Errno::ESRCH) }
}

/// `getsid(2)`: the program leads its own session, with the number of its group.
pub(super) fn getsid(cx: &mut Context<'_>, pid: u32) -> Result<u32> {
    getpgid(cx, pid)
}

/// `setsid(2)`: a process group's leader cannot.
pub(super) fn setsid(_cx: &mut Context<'_>) -> Result<u32> {
    Err(Errno::EPERM)
}

/// `setpgid(2)`: a session's leader cannot.
pub(super) fn setpgid(_cx: &mut Context<'_>, pid: i32, pgid: i32) -> Result<()> {
    if pgid < 0 || pid < 0 && pgid == 0 {
        return Err(Errno::EINVAL);
    }
    Err(match pid.cast_unsigned() {
        0 | PID => Errno::EPERM,
        // A thread that is not the first is no process.
        other if Process::current().thread(other).is_some() => Errno::EINVAL,
        _ => Errno::ESRCH,
    })
}

/// `prlimit(2)`.
pub(super) fn prlimit64(
    cx: &mut Context<'_>,
    pid: u32,
    resource: u32,
    new: UserPtr<Rlimit>,
    old: UserPtr<Rlimit>,
) -> Result<()> {
    let wanted = new.non_null().map(UserPtr::read).transpose()?;
    if pid != 0 && pid != cx.thread.tid && Process::current().thread(pid).is_none() {
        return Err(Errno::ESRCH);
    }
    let is_privileged = Process::current().credentials.lock().is_privileged();
    let before = {
        let mut limits = Process::current().limits.lock();
        let before = limits.get(resource)?;
        if let Some(limit) = wanted {
            limits.set(resource, limit, is_privileged)?;
        }
        before
    };
    if wanted.is_some() {
        space::limits_changed();
        time_limit::changed();
    }
    old.non_null().map_or(Ok(()), |old| old.write(&before))
}

/// `getrlimit(2)`.
pub(super) fn getrlimit(cx: &mut Context<'_>, resource: u32, limit: UserPtr<Rlimit>) -> Result<()> {
    prlimit64(cx, 0, resource, UserPtr::new(0), limit.non_null().ok_or(Errno::EFAULT)?)
}

/// `setrlimit(2)`.
pub(super) fn setrlimit(cx: &mut Context<'_>, resource: u32, limit: UserPtr<Rlimit>) -> Result<()> {
    prlimit64(cx, 0, resource, limit.non_null().ok_or(Errno::EFAULT)?, UserPtr::new(0))
}

/// `getrusage(2)`; all processor time counts as the program's, and the largest resident size is
/// the largest that was asked for.
pub(super) fn getrusage(cx: &mut Context<'_>, who: i32, usage: UserPtr<Rusage>) -> Result<()> {
    schedule::account();
    let nanos = match who {
        RUSAGE_SELF => Process::current().cpu_time(),
        RUSAGE_THREAD => cx.thread.cpu_time.load(Ordering::Relaxed),
        RUSAGE_CHILDREN => 0,
        _ => return Err(Errno::EINVAL),
    };
    let memory = match who {
        RUSAGE_CHILDREN => mm::usage::Usage::default(),
        _ => space::lock().usage(),
    };
    usage.write(&Rusage {
        ru_utime: Timeval::from_nanos(nanos),
        ru_maxrss: (memory.peak_resident * PAGE_SIZE / 1024).cast_signed(),
        ru_minflt: memory.faults.cast_signed(),
        ..Rusage::default()
    })
}

/// `struct tms`, in ticks of 10 ms.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct Tms {
    tms_utime: u64,
    tms_stime: u64,
    tms_cutime: u64,
    tms_cstime: u64,
}

/// `times(2)`.
pub(super) fn times(_cx: &mut Context<'_>, buffer: UserPtr<Tms>) -> Result<u64> {
    const TICK_NANOS: u64 = 10_000_000;
    schedule::account();
    if let Some(buffer) = buffer.non_null() {
        let tms_utime = Process::current().cpu_time() / TICK_NANOS;
        buffer.write(&Tms { tms_utime, tms_stime: 0, tms_cutime: 0, tms_cstime: 0 })?;
    }
    Ok(clock::now().as_nanos() / TICK_NANOS)
}

/// `personality(2)`: that of Linux itself, with the flags that have an effect here; others are
/// refused.
pub(super) fn personality(cx: &mut Context<'_>, persona: u32) -> Result<u32> {
    const QUESTION: u32 = u32::MAX;
    let kept = &cx.thread.personality;
    if persona == QUESTION {
        return Ok(kept.load(Ordering::Relaxed));
    }
    if persona & !(ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC) != 0 {
        return Err(Errno::EINVAL);
    }
    Ok(kept.swap(persona, Ordering::Relaxed))
}

const WAIT4_OPTIONS: u32 = 0xe000_000b;
const WAITID_OPTIONS: u32 = 0xe100_000f;
const WSTATES: u32 = 0xe;
const P_ALL: u32 = 0;
const P_PID: u32 = 1;
const P_PGID: u32 = 2;
const P_PIDFD: u32 = 3;

/// `wait4(2)`: there are no children.
pub(super) fn wait4(_cx: &mut Context<'_>, pid: i32, _status: u64, options: u32) -> Result<u32> {
    if options & !WAIT4_OPTIONS != 0 {
        return Err(Errno::EINVAL);
    }
    Err(if pid == i32::MIN { Errno::ESRCH } else { Errno::ECHILD })
}

/// `waitid(2)`: there are no children.
pub(super) fn waitid(
    _cx: &mut Context<'_>,
    kind: u32,
    id: i32,
    info: UserPtr<u32>,
    options: u32,
) -> Result<u32> {
    /// `si_signo`, `si_errno`, `si_code`, `si_pid`, `si_uid` and `si_status` of a `siginfo_t`.
    const TOLD: [usize; 6] = [0, 1, 2, 4, 5, 6];
    let error = waitid_error(kind, id, options);
    // Also where there is an error, Linux says that there is nobody to tell of.
    if !info.is_null() {
        TOLD.iter().try_for_each(|place| info.at(*place).write(&0))?;
    }
    Err(error)
}

fn waitid_error(kind: u32, id: i32, options: u32) -> Errno {
    let is_named = match kind {
        P_ALL => true,
        P_PID => id > 0,
        P_PGID | P_PIDFD => id >= 0,
        _ => false,
    };
    if !is_named || options & !WAITID_OPTIONS != 0 || options & WSTATES == 0 {
        return Errno::EINVAL;
    }
    match kind {
        P_PIDFD => pidfd::check(id.cast_unsigned()).err().unwrap_or(Errno::ECHILD),
        _ => Errno::ECHILD,
    }
}
