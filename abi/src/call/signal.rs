//! Signals.

use linux_raw_sys::general;

use super::Data::{One, SignalInfo};
use super::Kind::{Fd, In, Int, Nothing, Out, Pid, Signal, SignalSet, Size, Uint};
use super::names::choice;
use super::shape::{SIGACTION, STACK, TIMESPEC};
use super::{Kind, calls};

const HOW: Kind = choice!(general: SIG_BLOCK SIG_UNBLOCK SIG_SETMASK);
const SET: Kind = In(One(&SignalSet));
const OLD_SET: Kind = Out(One(&SignalSet));

calls! {
    rt_sigaction(signum: Signal, act: In(One(&SIGACTION)), oldact: Out(One(&SIGACTION)),
        sigsetsize: Size) -> Nothing;
    rt_sigprocmask(how: HOW, set: SET, oldset: OLD_SET, sigsetsize: Size) -> Nothing;
    rt_sigpending(set: OLD_SET, sigsetsize: Size) -> Nothing;
    rt_sigsuspend(mask: SET, sigsetsize: Size) -> Nothing;
    rt_sigtimedwait(set: SET, info: Out(SignalInfo), timeout: In(One(&TIMESPEC)),
        sigsetsize: Size) -> Signal;
    rt_sigreturn() -> Int;
    sigaltstack(ss: In(One(&STACK)), old_ss: Out(One(&STACK))) -> Nothing;
    pause() -> Nothing;
    restart_syscall() -> Int;
    kill(pid: Pid, sig: Signal) -> Nothing;
    tkill(tid: Pid, sig: Signal) -> Nothing;
    tgkill(tgid: Pid, tid: Pid, sig: Signal) -> Nothing;
    rt_sigqueueinfo(tgid: Pid, sig: Signal, info: In(SignalInfo)) -> Nothing;
    rt_tgsigqueueinfo(tgid: Pid, tid: Pid, sig: Signal, info: In(SignalInfo)) -> Nothing;
    pidfd_open(pid: Pid, flags: super::names::NEW_DESCRIPTOR) -> Fd;
    pidfd_send_signal(pidfd: Fd, sig: Signal, info: In(SignalInfo), flags: Uint) -> Nothing;
    pidfd_getfd(pidfd: Fd, targetfd: Fd, flags: Uint) -> Fd;
}
