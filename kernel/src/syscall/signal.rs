//! Signals: `sigaction(2)`, `sigprocmask(2)`, `kill(2)`, `tgkill(2)`, `sigsuspend(2)`,
//! `sigtimedwait(2)`, `sigaltstack(2)`, `sigreturn(2)`, `signalfd(2)`.

use alloc::sync::Arc;

use abi::fcntl::OpenFlags;
use abi::signal::{
    ActionFlags, MINSIGSTKSZ, SI_TKILL, SI_USER, SS_AUTODISARM, SS_DISABLE, SS_ONSTACK, SigAction,
    SigInfo, SigStack, Signal, SignalSet,
};
use abi::time::Timespec;
use abi::{Errno, Result};
use vfs::OpenFile;

use super::Context;
use super::descriptor::on_exec;
use crate::arch::clock;
use crate::arch::cpu::{Attention, Cpu};
use crate::file;
use crate::file::signalfd::SignalFd;
use crate::memory::user::{self, UserPtr};
use crate::process::signal::{self, is_on_stack, shown_stack};
use crate::process::thread::Thread;
use crate::process::{PID, Process};
use crate::wait::{self, RESTART_UNLESS_HANDLED, Wakeup};

/// Checks the size of a signal set that a program passes.
fn check_size(size: usize) -> Result<()> {
    if size == size_of::<SignalSet>() { Ok(()) } else { Err(Errno::EINVAL) }
}

/// `rt_sigaction(2)`.
pub(super) fn rt_sigaction(
    _cx: &mut Context<'_>,
    signal: u32,
    action: UserPtr<SigAction>,
    old: UserPtr<SigAction>,
    size: usize,
) -> Result<()> {
    check_size(size)?;
    let new = action.non_null().map(UserPtr::read).transpose()?;
    let signal = Signal::from_raw(u64::from(signal)).ok_or(Errno::EINVAL)?;
    if new.is_some() && SignalSet::UNBLOCKABLE.contains(signal) {
        return Err(Errno::EINVAL);
    }
    let before = signal::action(signal);
    if let Some(mut new) = new {
        new.flags = u64::from(ActionFlags::from_bits_truncate(new.flags().bits()).bits());
        new.mask = new.mask & !SignalSet::UNBLOCKABLE;
        signal::set_action(signal, new);
    }
    old.non_null().map_or(Ok(()), |old| old.write(&before))
}

/// `rt_sigprocmask(2)`.
pub(super) fn rt_sigprocmask(
    cx: &mut Context<'_>,
    how: u32,
    set: UserPtr<SignalSet>,
    old: UserPtr<SignalSet>,
    size: usize,
) -> Result<()> {
    const BLOCK: u32 = 0;
    const UNBLOCK: u32 = 1;
    const SET: u32 = 2;
    check_size(size)?;
    let signals = &cx.thread.signals;
    let before = signals.mask();
    if let Some(set) = set.non_null() {
        let set = set.read()?;
        signals.set_mask(match how {
            BLOCK => before | set,
            UNBLOCK => before & !set,
            SET => set,
            _ => return Err(Errno::EINVAL),
        });
    }
    old.non_null().map_or(Ok(()), |old| old.write(&before))
}

/// `rt_sigpending(2)`.
pub(super) fn rt_sigpending(cx: &mut Context<'_>, set: u64, size: usize) -> Result<()> {
    if size > size_of::<SignalSet>() {
        return Err(Errno::EINVAL);
    }
    let signals = &cx.thread.signals;
    let pending = (signals.pending() & signals.mask()).bits().to_ne_bytes();
    user::write_bytes(set, &pending[..size])
}

/// `rt_sigsuspend(2)`.
pub(super) fn rt_sigsuspend(
    cx: &mut Context<'_>,
    mask: UserPtr<SignalSet>,
    size: usize,
) -> Result<()> {
    check_size(size)?;
    cx.thread.signals.set_mask_for_call(mask.read()?);
    pause(cx)
}

/// `pause(2)`.
pub(super) fn pause(_cx: &mut Context<'_>) -> Result<()> {
    while wait::sleep(None) != Wakeup::Interrupted {}
    Err(RESTART_UNLESS_HANDLED)
}

/// `rt_sigtimedwait(2)`.
pub(super) fn rt_sigtimedwait(
    cx: &mut Context<'_>,
    set: UserPtr<SignalSet>,
    info: UserPtr<SigInfo>,
    timeout: UserPtr<Timespec>,
    size: usize,
) -> Result<i32> {
    check_size(size)?;
    let wanted = set.read()? & !SignalSet::UNBLOCKABLE;
    let deadline = match timeout.non_null() {
        Some(timeout) => Some(clock::now() + timeout.read()?.to_duration()?),
        None => None,
    };
    let taken = wait_for_signal(cx, wanted, deadline)?;
    if let Some(info) = info.non_null() {
        info.write(&taken)?;
    }
    Ok(taken.signo)
}

fn wait_for_signal(
    cx: &Context<'_>,
    wanted: SignalSet,
    deadline: Option<abi::time::Instant>,
) -> Result<SigInfo> {
    let signals = &cx.thread.signals;
    loop {
        if let Some(taken) = signals.take_or_unblock(wanted) {
            return Ok(taken);
        }
        let wakeup = wait::sleep(deadline);
        signals.block_after_wait();
        let taken = signals.take_or_unblock(wanted);
        signals.block_after_wait();
        match (taken, wakeup) {
            (Some(taken), _) => return Ok(taken),
            (None, Wakeup::TimedOut) => return Err(Errno::EAGAIN),
            (None, Wakeup::Interrupted) => return Err(Errno::EINTR),
            (None, Wakeup::Woken) => {}
        }
    }
}

/// `sigaltstack(2)`.
pub(super) fn sigaltstack(
    cx: &mut Context<'_>,
    new: UserPtr<SigStack>,
    old: UserPtr<SigStack>,
) -> Result<()> {
    let signals = &cx.thread.signals;
    let before = signals.stack();
    if let Some(new) = new.non_null() {
        let new = new.read()?;
        if is_on_stack(&before, cx.frame.rsp) {
            return Err(Errno::EPERM);
        }
        let mode = new.flags & !SS_AUTODISARM;
        if !matches!(mode, 0 | SS_ONSTACK | SS_DISABLE) {
            return Err(Errno::EINVAL);
        }
        let disarms = new.flags & SS_AUTODISARM;
        signals.set_stack(match mode {
            SS_DISABLE => SigStack::new(0, disarms, 0),
            _ if new.size < MINSIGSTKSZ => return Err(Errno::ENOMEM),
            _ => SigStack::new(new.sp, disarms, new.size),
        });
    }
    old.non_null().map_or(Ok(()), |old| old.write(&shown_stack(&before, cx.frame.rsp)))
}

/// `rt_sigreturn(2)`.
pub(super) fn rt_sigreturn(cx: &mut Context<'_>) -> Result<u64> {
    if signal::return_from_handler(cx.frame, &cx.thread.signals).is_err() {
        signal::force(SigInfo::from_kernel(Signal::SIGSEGV));
    }
    Cpu::current().call_attention(Attention::Threads);
    Ok(cx.frame.rax)
}

/// `restart_syscall(2)`, for a program that has nothing to restart.
pub(super) fn restart_syscall(_cx: &mut Context<'_>) -> Result<()> {
    Err(Errno::EINTR)
}

/// Returns the signal of a number that a program sends, `None` for 0, which only asks whether the
/// receiver is there.
pub(super) fn sent_signal(number: i32) -> Result<Option<Signal>> {
    match u64::try_from(number) {
        Ok(0) => Ok(None),
        Ok(number) => Signal::from_raw(number).map(Some).ok_or(Errno::EINVAL),
        Err(_) => Err(Errno::EINVAL),
    }
}

/// `kill(2)`.
pub(super) fn kill(_cx: &mut Context<'_>, pid: i32, signal: i32) -> Result<()> {
    let is_here = match u32::try_from(pid) {
        Ok(0) => true,
        Ok(pid) => Process::current().thread(pid).is_some(),
        // Every other process, of which there is none; or another process group.
        Err(_) => false,
    };
    if !is_here {
        return Err(Errno::ESRCH);
    }
    match sent_signal(signal)? {
        None => Ok(()),
        Some(signal) => signal::send_to_process(signal::own_info(signal, SI_USER)).map(drop),
    }
}

/// `tkill(2)`.
pub(super) fn tkill(_cx: &mut Context<'_>, tid: i32, signal: i32) -> Result<()> {
    send_to(tid, signal, |signal| Ok(signal::own_info(signal, SI_TKILL)))
}

/// `tgkill(2)`.
pub(super) fn tgkill(_cx: &mut Context<'_>, tgid: i32, tid: i32, signal: i32) -> Result<()> {
    check_group(tgid, tid)?;
    send_to(tid, signal, |signal| Ok(signal::own_info(signal, SI_TKILL)))
}

fn check_group(tgid: i32, tid: i32) -> Result<()> {
    match (u32::try_from(tgid), u32::try_from(tid)) {
        (Ok(1..), Ok(1..)) if tgid.cast_unsigned() == PID => Ok(()),
        (Ok(1..), Ok(1..)) => Err(Errno::ESRCH),
        _ => Err(Errno::EINVAL),
    }
}

fn send_to(tid: i32, signal: i32, info: impl FnOnce(Signal) -> Result<SigInfo>) -> Result<()> {
    let tid = u32::try_from(tid).ok().filter(|tid| *tid > 0).ok_or(Errno::EINVAL)?;
    let thread: Arc<Thread> = Process::current().thread(tid).ok_or(Errno::ESRCH)?;
    match sent_signal(signal)? {
        None => Ok(()),
        Some(signal) => signal::send_to_thread(&thread, info(signal)?).map(drop),
    }
}

/// Reads what a program says that a signal carries.
///
/// # Errors
/// `EFAULT`; `E2BIG` for more than Linux knows of.
pub(super) fn read_info(info: UserPtr<SigInfo>, signal: i32) -> Result<SigInfo> {
    let mut info = info.read()?;
    info.signo = signal;
    if info.is_known() { Ok(info) } else { Err(Errno::E2BIG) }
}

/// Checks what a program says to `receiver`: itself it may tell anything, others only what is
/// marked as a program's words.
///
/// # Errors
/// `EPERM` for what looks like another sender's.
fn check_code(cx: &Context<'_>, info: &SigInfo, receiver: i32) -> Result<()> {
    let is_forged = info.code >= SI_USER || info.code == SI_TKILL;
    let is_for_self = receiver.cast_unsigned() == cx.thread.tid;
    if is_forged && !is_for_self { Err(Errno::EPERM) } else { Ok(()) }
}

/// `rt_sigqueueinfo(2)`.
pub(super) fn rt_sigqueueinfo(
    cx: &mut Context<'_>,
    pid: i32,
    signal: i32,
    info: UserPtr<SigInfo>,
) -> Result<()> {
    let info = read_info(info, signal)?;
    check_code(cx, &info, pid)?;
    let is_here = Process::current().thread(pid.cast_unsigned()).is_some();
    match sent_signal(signal)? {
        _ if !is_here => Err(Errno::ESRCH),
        None => Ok(()),
        Some(_) => signal::send_to_process(info).map(drop),
    }
}

/// `rt_tgsigqueueinfo(2)`.
pub(super) fn rt_tgsigqueueinfo(
    cx: &mut Context<'_>,
    tgid: i32,
    tid: i32,
    signal: i32,
    info: UserPtr<SigInfo>,
) -> Result<()> {
    let info = read_info(info, signal)?;
    if tgid <= 0 || tid <= 0 {
        return Err(Errno::EINVAL);
    }
    check_code(cx, &info, tid)?;
    check_group(tgid, tid)?;
    send_to(tid, signal, |_| Ok(info))
}

/// `signalfd(2)` as the kernel had it first.
pub(super) fn signalfd(
    cx: &mut Context<'_>,
    fd: i32,
    mask: UserPtr<SignalSet>,
    size: usize,
) -> Result<u32> {
    signalfd4(cx, fd, mask, size, 0)
}

/// `signalfd(2)`.
pub(super) fn signalfd4(
    _cx: &mut Context<'_>,
    fd: i32,
    mask: UserPtr<SignalSet>,
    size: usize,
    flags: u32,
) -> Result<u32> {
    check_size(size)?;
    let mask = mask.read()?;
    let flags = OpenFlags::from_bits_retain(flags);
    if !(OpenFlags::CLOEXEC | OpenFlags::NONBLOCK).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let files = file::current();
    if fd == -1 {
        let access = OpenFlags::RDWR | flags & OpenFlags::NONBLOCK;
        return files.install(OpenFile::anonymous(SignalFd::new(mask), access), on_exec(flags));
    }
    let fd = fd.cast_unsigned();
    let signals: Arc<SignalFd> = files.get(fd)?.downcast().ok_or(Errno::EINVAL)?;
    signals.set(mask);
    Ok(fd)
}
