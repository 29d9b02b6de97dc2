//! Threads: `clone(2)`, `gettid(2)`, `set_tid_address(2)`, `sched_yield(2)`.

use core::sync::atomic::{AtomicBool, Ordering};

use abi::resource::RLIMIT_NPROC;
use abi::{Errno, Result};
use zerocopy::{FromBytes, IntoBytes};

use super::Context;
use crate::arch::cpu;
use crate::arch::thread::ExtendedState;
use crate::memory::user::UserPtr;
use crate::process::limits::most_threads;
use crate::process::thread::Thread;
use crate::process::{self, Process};
use crate::schedule;

bitflags::bitflags! {
    /// Flags of `clone(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct CloneFlags: u64 {
        const VM = 0x100;
        const FS = 0x200;
        const FILES = 0x400;
        const SIGHAND = 0x800;
        const PIDFD = 0x1000;
        const VFORK = 0x4000;
        const THREAD = 0x1_0000;
        const SYSVSEM = 0x4_0000;
        const SETTLS = 0x8_0000;
        const PARENT_SETTID = 0x10_0000;
        const CHILD_CLEARTID = 0x20_0000;
        const DETACHED = 0x40_0000;
        const CHILD_SETTID = 0x100_0000;
        const NEWNS = 0x2_0000;
        const NEWCGROUP = 0x200_0000;
        const NEWUTS = 0x400_0000;
        const NEWIPC = 0x800_0000;
        const NEWUSER = 0x1000_0000;
        const NEWPID = 0x2000_0000;
        const NEWNET = 0x4000_0000;
    }
}

impl CloneFlags {
    /// What asks for name spaces, of which there are no others than the first.
    const NAMESPACES: Self = Self::NEWNS
        .union(Self::NEWCGROUP)
        .union(Self::NEWUTS)
        .union(Self::NEWIPC)
        .union(Self::NEWUSER)
        .union(Self::NEWPID)
        .union(Self::NEWNET);
}

/// What makes a child a thread of this program and nothing else. Threads without descriptors or
/// names of files in common would be processes in all but their number.
const THREAD_FLAGS: CloneFlags = CloneFlags::VM
    .union(CloneFlags::SIGHAND)
    .union(CloneFlags::THREAD)
    .union(CloneFlags::FS)
    .union(CloneFlags::FILES);
/// What threads cannot have: a descriptor that stands for them, a maker that waits for their end.
const PROCESS_FLAGS: CloneFlags = CloneFlags::PIDFD.union(CloneFlags::VFORK);

/// All flags of Linux 6.1: CLONE_NEWTIME to CLONE_IO, CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP.
const KNOWN_FLAGS: u64 = 0x3_ffff_ff80;
/// CLONE_NEWNS, which contradicts sharing the file system's view.
const NEW_NAMESPACE: u64 = 0x2_0000;
const SHARES_FS: CloneFlags = CloneFlags::FS;

/// `struct clone_args` of `clone3(2)`, its first version.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes)]
#[repr(C)]
pub(super) struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
}

/// `gettid(2)`.
pub(super) fn gettid(cx: &mut Context<'_>) -> Result<u32> {
    Ok(cx.thread.tid)
}

/// `set_tid_address(2)`.
pub(super) fn set_tid_address(cx: &mut Context<'_>, address: u64) -> Result<u32> {
    cx.thread.clear_child_tid.store(address, Ordering::Relaxed);
    Ok(cx.thread.tid)
}

/// `sched_yield(2)`.
pub(super) fn sched_yield(_cx: &mut Context<'_>) -> Result<()> {
    schedule::yield_now();
    Ok(())
}

/// `rseq(2)`.
pub(super) fn rseq(
    cx: &mut Context<'_>,
    address: u64,
    length: u32,
    flags: u32,
    signature: u32,
) -> Result<()> {
    process::rseq::register(cx.thread, address, length, flags, signature)
}

/// `clone(2)`: threads only.
pub(super) fn clone(
    cx: &mut Context<'_>,
    flags: u64,
    stack: u64,
    parent_tid: u64,
    child_tid: u64,
    tls: u64,
) -> Result<u32> {
    // The low byte is the exit signal, which a thread does not have.
    let arguments = CloneArgs {
        flags: flags & !0xff,
        child_tid,
        parent_tid,
        stack,
        tls,
        ..CloneArgs::default()
    };
    spawn(cx, &arguments)
}

/// `clone3(2)`: threads only.
pub(super) fn clone3(
    cx: &mut Context<'_>,
    arguments: UserPtr<CloneArgs>,
    size: usize,
) -> Result<u32> {
    let mut values = arguments.read_sized(size)?;
    let flags = CloneFlags::from_bits_truncate(values.flags);
    // CLONE_CLEAR_SIGHAND and CLONE_INTO_CGROUP are flags of processes.
    let is_unknown = values.flags >> 32 != 0 || flags.contains(CloneFlags::DETACHED);
    if is_unknown
        || values.flags & 0xff != 0
        || values.exit_signal > 64
        || flags.contains(CloneFlags::THREAD) && values.exit_signal != 0
        || (values.stack == 0) != (values.stack_size == 0)
    {
        return Err(Errno::EINVAL);
    }
    values.stack = values.stack.checked_add(values.stack_size).ok_or(Errno::EINVAL)?;
    spawn(cx, &values)
}

/// Checks that there may be one thread more.
///
/// # Errors
/// `EAGAIN` if not.
fn check_count(process: &Process) -> Result<()> {
    let is_privileged = process.credentials.lock().is_privileged();
    let own = process.limits.lock().soft(RLIMIT_NPROC);
    let most = if is_privileged { most_threads() } else { own.min(most_threads()) };
    if process.thread_count() as u64 >= most { Err(Errno::EAGAIN) } else { Ok(()) }
}

/// Returns the error for what is more than a thread, and logs it the first time.
fn refuse_process(flags: u64) -> Errno {
    static IS_LOGGED: AtomicBool = AtomicBool::new(false);
    if !IS_LOGGED.swap(true, Ordering::Relaxed) {
        log::warn!("a second process is refused: clone flags {flags:#x}");
    }
    Errno::ENOSYS
}

/// Starts a thread; its stack pointer is `stack`, or the caller's where that is 0.
fn spawn(cx: &mut Context<'_>, arguments: &CloneArgs) -> Result<u32> {
    let flags = CloneFlags::from_bits_truncate(arguments.flags);
    if arguments.flags & !KNOWN_FLAGS != 0
        || arguments.flags & NEW_NAMESPACE != 0 && flags.intersects(SHARES_FS)
        || flags.contains(CloneFlags::THREAD) && arguments.exit_signal != 0
        || flags.contains(CloneFlags::THREAD) && !flags.contains(CloneFlags::SIGHAND)
        || flags.contains(CloneFlags::SIGHAND) && !flags.contains(CloneFlags::VM)
        || flags.intersects(CloneFlags::NAMESPACES)
    {
        return Err(Errno::EINVAL);
    }
    if !flags.contains(THREAD_FLAGS) || flags.intersects(PROCESS_FLAGS) {
        return Err(refuse_process(arguments.flags));
    }
    let process = Process::current();
    check_count(process)?;
    let mut frame = cx.frame.clone();
    frame.rax = 0;
    if arguments.stack != 0 {
        frame.rsp = arguments.stack;
    }
    let fs_base = if flags.contains(CloneFlags::SETTLS) { arguments.tls } else { cpu::fs_base() };
    let mut extended = ExtendedState::new();
    extended.save();
    let tid = process.new_tid();
    let thread = Thread::new(tid, frame, fs_base, extended)?;
    *thread.name.lock() = *cx.thread.name.lock();
    let entity = thread.inherit(cx.thread);
    if flags.contains(CloneFlags::CHILD_CLEARTID) {
        thread.clear_child_tid.store(arguments.child_tid, Ordering::Relaxed);
    }
    if flags.contains(CloneFlags::PARENT_SETTID) {
        UserPtr::new(arguments.parent_tid).write(&tid)?;
    }
    if flags.contains(CloneFlags::CHILD_SETTID) {
        // Linux ignores a bad pointer here too.
        let _ = UserPtr::new(arguments.child_tid).write(&tid);
    }
    process.add(thread.clone());
    schedule::start(thread, entity);
    Ok(tid)
}
