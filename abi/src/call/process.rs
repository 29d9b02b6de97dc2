//! The process: programs, ends, identity, limits.

use linux_raw_sys::general::{self, membarrier_cmd};
use linux_raw_sys::prctl;

use super::Data::{Many, One, Path, SignalInfo, Strings, Text};
use super::Kind::{
    Address, Bits, DirFd, Fd, Id, In, InOut, Int, Long, LongBits, Nothing, Out, Pid, Signal, Size,
    Uint,
};
use super::Length::{Given, Returned};
use super::names::{self, INT, cases, choice, flags};
use super::shape::{CAPABILITY_DATA, CAPABILITY_HEADER, RLIMIT, RUSAGE, SYSINFO, TMS, UTSNAME};
use super::{Cases, Data, Kind, calls, missing};

const EXECUTE: Kind = flags!(general: AT_SYMLINK_NOFOLLOW AT_EMPTY_PATH AT_EXECVE_CHECK);
const WAIT: Kind = flags!(general:
    WNOHANG WUNTRACED WEXITED WCONTINUED WNOWAIT __WNOTHREAD __WCLONE __WALL);
const WAIT_FOR: Kind = choice!(general: P_ALL P_PID P_PGID P_PIDFD);
#[expect(clippy::cast_sign_loss, reason = "the children are -1")]
const USAGE_OF: Kind = choice!(general: RUSAGE_SELF RUSAGE_CHILDREN RUSAGE_BOTH RUSAGE_THREAD);
const STATUS: Kind = Bits;

const ARCH: Kind = choice!(missing:
    ARCH_SET_GS ARCH_SET_FS ARCH_GET_FS ARCH_GET_GS ARCH_GET_CPUID ARCH_SET_CPUID
    ARCH_GET_XCOMP_SUPP ARCH_GET_XCOMP_PERM ARCH_REQ_XCOMP_PERM ARCH_GET_XCOMP_GUEST_PERM
    ARCH_REQ_XCOMP_GUEST_PERM ARCH_MAP_VDSO_X32 ARCH_MAP_VDSO_32 ARCH_MAP_VDSO_64
    ARCH_GET_UNTAG_MASK ARCH_ENABLE_TAGGED_ADDR ARCH_GET_MAX_TAG_BITS ARCH_FORCE_TAGGED_SVA
    ARCH_SHSTK_ENABLE ARCH_SHSTK_DISABLE ARCH_SHSTK_LOCK ARCH_SHSTK_UNLOCK ARCH_SHSTK_STATUS);
const ARCH_ARGUMENT: &Cases = cases! { missing & INT;
    [ARCH_GET_FS ARCH_GET_GS] => Out(One(&Address));
    [ARCH_GET_CPUID] => Nothing;
    _ => Address
};

const PRCTL: Kind = choice!(prctl:
    PR_SET_PDEATHSIG PR_GET_PDEATHSIG PR_GET_DUMPABLE PR_SET_DUMPABLE PR_GET_UNALIGN PR_SET_UNALIGN
    PR_GET_KEEPCAPS PR_SET_KEEPCAPS PR_GET_FPEMU PR_SET_FPEMU PR_GET_FPEXC PR_SET_FPEXC
    PR_GET_TIMING PR_SET_TIMING PR_SET_NAME PR_GET_NAME PR_GET_ENDIAN PR_SET_ENDIAN PR_GET_SECCOMP
    PR_SET_SECCOMP PR_CAPBSET_READ PR_CAPBSET_DROP PR_GET_TSC PR_SET_TSC PR_GET_SECUREBITS
    PR_SET_SECUREBITS PR_SET_TIMERSLACK PR_GET_TIMERSLACK PR_TASK_PERF_EVENTS_DISABLE
    PR_TASK_PERF_EVENTS_ENABLE PR_MCE_KILL PR_MCE_KILL_GET PR_SET_MM PR_SET_PTRACER
    PR_SET_CHILD_SUBREAPER PR_GET_CHILD_SUBREAPER PR_SET_NO_NEW_PRIVS PR_GET_NO_NEW_PRIVS
    PR_GET_TID_ADDRESS PR_SET_THP_DISABLE PR_GET_THP_DISABLE PR_CAP_AMBIENT
    PR_GET_SPECULATION_CTRL PR_SET_SPECULATION_CTRL PR_SET_IO_FLUSHER PR_GET_IO_FLUSHER
    PR_SET_SYSCALL_USER_DISPATCH PR_SCHED_CORE PR_SET_MDWE PR_GET_MDWE PR_SET_VMA PR_GET_AUXV
    PR_SET_MEMORY_MERGE PR_GET_MEMORY_MERGE);
const PRCTL_ARGUMENT: &Cases = cases! { prctl & INT;
    [PR_SET_NAME] => In(Text);
    [PR_GET_NAME] => Out(Text);
    [PR_SET_PDEATHSIG] => Signal;
    [PR_GET_PDEATHSIG] => Out(One(&Signal));
    [PR_GET_CHILD_SUBREAPER PR_GET_TSC PR_GET_UNALIGN] => Out(One(&Int));
    [PR_GET_TID_ADDRESS] => Out(One(&Address));
    [PR_GET_DUMPABLE PR_GET_KEEPCAPS PR_GET_SECCOMP PR_GET_SECUREBITS PR_GET_TIMERSLACK
        PR_GET_TIMING PR_TASK_PERF_EVENTS_DISABLE PR_TASK_PERF_EVENTS_ENABLE] => Nothing;
    [PR_SET_DUMPABLE PR_SET_KEEPCAPS PR_CAPBSET_READ PR_CAPBSET_DROP PR_SET_TIMERSLACK
        PR_SET_NO_NEW_PRIVS PR_SET_CHILD_SUBREAPER PR_SET_THP_DISABLE PR_SET_VMA] => Size;
    _ => LongBits
};
const PRCTL_REST: &Cases = cases! { prctl & INT;
    [PR_SET_NAME PR_GET_NAME PR_SET_PDEATHSIG PR_GET_PDEATHSIG PR_SET_DUMPABLE PR_GET_DUMPABLE
        PR_SET_KEEPCAPS PR_GET_KEEPCAPS PR_CAPBSET_READ PR_CAPBSET_DROP PR_SET_TIMERSLACK
        PR_GET_TIMERSLACK PR_SET_CHILD_SUBREAPER PR_GET_CHILD_SUBREAPER PR_GET_SECCOMP
        PR_GET_SECUREBITS PR_SET_SECUREBITS PR_GET_TID_ADDRESS PR_SET_TIMING PR_GET_TIMING
        PR_SET_TSC PR_GET_TSC PR_SET_UNALIGN PR_GET_UNALIGN PR_TASK_PERF_EVENTS_DISABLE
        PR_TASK_PERF_EVENTS_ENABLE PR_SET_PTRACER] => Nothing;
    _ => LongBits
};

const MEMBARRIER: Kind = choice!(membarrier_cmd:
    MEMBARRIER_CMD_QUERY MEMBARRIER_CMD_GLOBAL MEMBARRIER_CMD_GLOBAL_EXPEDITED
    MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED MEMBARRIER_CMD_PRIVATE_EXPEDITED
    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE
    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ
    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ MEMBARRIER_CMD_GET_REGISTRATIONS);
const RANDOM: Kind = flags!(general: GRND_NONBLOCK GRND_RANDOM GRND_INSECURE);

calls! {
    fork() -> Pid;
    vfork() -> Pid;
    execve(path: In(Path), argv: In(Strings), envp: In(Strings)) -> Nothing;
    execveat(fd: DirFd, path: In(Path), argv: In(Strings), envp: In(Strings),
        flags: EXECUTE) -> Nothing;
    exit(status: Int) -> Nothing;
    exit_group(status: Int) -> Nothing;
    wait4(pid: Pid, wstatus: Out(One(&STATUS)), options: WAIT, rusage: Out(One(&RUSAGE))) -> Pid;
    waitid(idtype: WAIT_FOR, id: Pid, infop: Out(SignalInfo), options: WAIT,
        rusage: Out(One(&RUSAGE))) -> Nothing;
    getpid() -> Pid;
    getppid() -> Pid;
    getpgrp() -> Pid;
    getpgid(pid: Pid) -> Pid;
    setpgid(pid: Pid, pgid: Pid) -> Nothing;
    getsid(pid: Pid) -> Pid;
    setsid() -> Pid;
    arch_prctl(op: ARCH, addr: Kind::By(op, ARCH_ARGUMENT)) -> Int;
    prctl(op: PRCTL, arg2: Kind::By(op, PRCTL_ARGUMENT), arg3: Kind::By(op, PRCTL_REST),
        arg4: Kind::By(op, PRCTL_REST), arg5: Kind::By(op, PRCTL_REST)) -> Int;
    ptrace(op: Int, pid: Pid, addr: Address, data: Address) -> Long;
    unshare(flags: names::CLONE) -> Nothing;
    setns(fd: Fd, nstype: names::CLONE) -> Nothing;
    kcmp(pid1: Pid, pid2: Pid, kind: Int, idx1: Size, idx2: Size) -> Int;
    membarrier(cmd: MEMBARRIER, flags: Bits, cpu_id: Int) -> Int;
    personality(persona: Bits) -> Bits;
    prlimit64(pid: Pid, resource: names::LIMIT, new_limit: In(One(&RLIMIT)),
        old_limit: Out(One(&RLIMIT))) -> Nothing;
    getrlimit(resource: names::LIMIT, rlim: Out(One(&RLIMIT))) -> Nothing;
    setrlimit(resource: names::LIMIT, rlim: In(One(&RLIMIT))) -> Nothing;
    getrusage(who: USAGE_OF, usage: Out(One(&RUSAGE))) -> Nothing;
    times(buf: Out(One(&TMS))) -> Long;
    getuid() -> Id;
    geteuid() -> Id;
    getgid() -> Id;
    getegid() -> Id;
    setuid(uid: Id) -> Nothing;
    setgid(gid: Id) -> Nothing;
    setreuid(ruid: Id, euid: Id) -> Nothing;
    setregid(rgid: Id, egid: Id) -> Nothing;
    setresuid(ruid: Id, euid: Id, suid: Id) -> Nothing;
    setresgid(rgid: Id, egid: Id, sgid: Id) -> Nothing;
    getresuid(ruid: Out(One(&Id)), euid: Out(One(&Id)), suid: Out(One(&Id))) -> Nothing;
    getresgid(rgid: Out(One(&Id)), egid: Out(One(&Id)), sgid: Out(One(&Id))) -> Nothing;
    setfsuid(fsuid: Id) -> Id;
    setfsgid(fsgid: Id) -> Id;
    getgroups(size: Int, list: Out(Many(&Id, Returned))) -> Int;
    setgroups(size: Size, list: In(Many(&Id, Given(size)))) -> Nothing;
    capget(hdrp: InOut(One(&CAPABILITY_HEADER)), datap: Out(One(&CAPABILITY_DATA))) -> Nothing;
    capset(hdrp: In(One(&CAPABILITY_HEADER)), datap: In(One(&CAPABILITY_DATA))) -> Nothing;
    uname(buf: Out(One(&UTSNAME))) -> Nothing;
    sethostname(name: In(Data::Bytes(Given(len))), len: Size) -> Nothing;
    setdomainname(name: In(Data::Bytes(Given(len))), len: Size) -> Nothing;
    sysinfo(info: Out(One(&SYSINFO))) -> Nothing;
    getrandom(buf: Out(Data::Bytes(Returned)), buflen: Size, flags: RANDOM) -> Size;
    seccomp(operation: Uint, flags: Bits, args: Address) -> Int;
}
