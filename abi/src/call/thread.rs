//! Threads, what they wait for, and how they are scheduled.

use linux_raw_sys::general;

use super::Data::{Bytes, Many, One};
use super::Kind::{Address, Bits, Clock, In, InOut, Int, LongBits, Nothing, Out, Pid, Size, Uint};
use super::Length::{Fixed, Given, Returned};
use super::names::{self, INT, cases, choice, flags};
use super::shape::{CLONE_ARGS, TIMESPEC};
use super::{Cases, Flags, Kind, Name, calls, missing};

/// A command and two flags; strace's users know them by their joint names.
const FUTEX: Kind = Kind::Flags(&Flags {
    part: COMMAND | PRIVATE,
    choices: names::names!(general:
        FUTEX_WAIT FUTEX_WAKE FUTEX_FD FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP FUTEX_LOCK_PI
        FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI FUTEX_WAIT_BITSET FUTEX_WAKE_BITSET FUTEX_WAIT_REQUEUE_PI
        FUTEX_CMP_REQUEUE_PI FUTEX_LOCK_PI2 FUTEX_WAIT_PRIVATE FUTEX_WAKE_PRIVATE
        FUTEX_REQUEUE_PRIVATE FUTEX_CMP_REQUEUE_PRIVATE FUTEX_WAKE_OP_PRIVATE FUTEX_LOCK_PI_PRIVATE
        FUTEX_LOCK_PI2_PRIVATE FUTEX_UNLOCK_PI_PRIVATE FUTEX_TRYLOCK_PI_PRIVATE
        FUTEX_WAIT_BITSET_PRIVATE FUTEX_WAKE_BITSET_PRIVATE FUTEX_WAIT_REQUEUE_PI_PRIVATE
        FUTEX_CMP_REQUEUE_PI_PRIVATE),
    bits: names::names!(general: FUTEX_CLOCK_REALTIME),
});
const COMMAND: u64 = 0x7f;
const PRIVATE: u64 = general::FUTEX_PRIVATE_FLAG as u64;
const FUTEX_TIMEOUT: &Cases = cases! { general & COMMAND;
    [FUTEX_WAIT FUTEX_WAIT_BITSET FUTEX_LOCK_PI FUTEX_LOCK_PI2 FUTEX_WAIT_REQUEUE_PI] =>
        In(One(&TIMESPEC));
    [FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP FUTEX_CMP_REQUEUE_PI] => Uint;
    [FUTEX_WAKE_BITSET] => Address;
    _ => Nothing
};
const FUTEX_OTHER: &Cases = cases! { general & COMMAND;
    [FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP FUTEX_CMP_REQUEUE_PI FUTEX_WAIT_REQUEUE_PI
        FUTEX_WAIT_BITSET FUTEX_WAKE_BITSET] => Address;
    _ => Nothing
};
const FUTEX_VALUE: &Cases = cases! { general & COMMAND;
    [FUTEX_WAIT_BITSET FUTEX_WAKE_BITSET FUTEX_WAKE_OP] => Bits;
    [FUTEX_CMP_REQUEUE FUTEX_CMP_REQUEUE_PI] => Uint;
    _ => Nothing
};
const FUTEX_COUNT: &Cases = cases! { general & COMMAND;
    [FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI FUTEX_LOCK_PI FUTEX_LOCK_PI2] => Nothing;
    _ => Uint
};

const POLICY: Kind = Kind::Flags(&Flags {
    part: !(general::SCHED_RESET_ON_FORK as u64) & INT,
    choices: POLICIES,
    bits: names::names!(general: SCHED_RESET_ON_FORK),
});
const POLICIES: &[Name] = &[
    Name { name: "SCHED_OTHER", value: general::SCHED_NORMAL as u64 },
    Name { name: "SCHED_FIFO", value: general::SCHED_FIFO as u64 },
    Name { name: "SCHED_RR", value: general::SCHED_RR as u64 },
    Name { name: "SCHED_BATCH", value: general::SCHED_BATCH as u64 },
    Name { name: "SCHED_IDLE", value: general::SCHED_IDLE as u64 },
    Name { name: "SCHED_DEADLINE", value: general::SCHED_DEADLINE as u64 },
    Name { name: "SCHED_EXT", value: general::SCHED_EXT as u64 },
];
const PRIORITY_OF: Kind = choice!(general: PRIO_PROCESS PRIO_PGRP PRIO_USER);
const PARAMETER: Kind = Int;
const RSEQ: Kind = flags!(missing: RSEQ_FLAG_UNREGISTER);

calls! {
    gettid() -> Pid;
    set_tid_address(tidptr: Address) -> Pid;
    rseq(rseq: Address, rseq_len: Bits, flags: RSEQ, sig: Bits) -> Nothing;
    sched_yield() -> Nothing;
    clone(flags: names::CLONE, stack: Address, parent_tid: Out(One(&Pid)), child_tid: Address,
        tls: Address) -> Pid;
    clone3(cl_args: In(One(&CLONE_ARGS)), size: Size) -> Pid;
    futex(uaddr: Address, op: FUTEX, val: Kind::By(op, FUTEX_COUNT),
        timeout: Kind::By(op, FUTEX_TIMEOUT), uaddr2: Kind::By(op, FUTEX_OTHER),
        val3: Kind::By(op, FUTEX_VALUE)) -> Int;
    futex_waitv(waiters: In(Bytes(Fixed(24))), nr_futexes: Uint, flags: Bits,
        timeout: In(One(&TIMESPEC)), clockid: Clock) -> Int;
    futex_wake(uaddr: Address, mask: LongBits, nr: Int, flags: Bits) -> Int;
    futex_wait(uaddr: Address, val: LongBits, mask: LongBits, flags: Bits,
        timeout: In(One(&TIMESPEC)), clockid: Clock) -> Nothing;
    futex_requeue(waiters: In(Bytes(Fixed(48))), flags: Bits, nr_wake: Int, nr_requeue: Int) -> Int;
    set_robust_list(head: Address, len: Size) -> Nothing;
    get_robust_list(tid: Pid, head: Out(One(&Address)), len: Out(One(&Size))) -> Nothing;
    set_thread_area(u_info: InOut(Bytes(Fixed(16)))) -> Nothing;
    get_thread_area(u_info: InOut(Bytes(Fixed(16)))) -> Nothing;
    sched_getaffinity(pid: Pid, cpusetsize: Size, mask: Out(Many(&LongBits, Returned))) -> Size;
    sched_setaffinity(pid: Pid, cpusetsize: Size,
        mask: In(Many(&LongBits, Given(cpusetsize)))) -> Nothing;
    sched_getscheduler(pid: Pid) -> POLICY;
    sched_setscheduler(pid: Pid, policy: POLICY, param: In(One(&PARAMETER))) -> Nothing;
    sched_getparam(pid: Pid, param: Out(One(&PARAMETER))) -> Nothing;
    sched_setparam(pid: Pid, param: In(One(&PARAMETER))) -> Nothing;
    sched_getattr(pid: Pid, attr: Out(Bytes(Given(size))), size: Uint, flags: Bits) -> Nothing;
    sched_setattr(pid: Pid, attr: In(Bytes(Fixed(56))), flags: Bits) -> Nothing;
    sched_get_priority_max(policy: POLICY) -> Int;
    sched_get_priority_min(policy: POLICY) -> Int;
    sched_rr_get_interval(pid: Pid, tp: Out(One(&TIMESPEC))) -> Nothing;
    getpriority(which: PRIORITY_OF, who: Pid) -> Int;
    setpriority(which: PRIORITY_OF, who: Pid, prio: Int) -> Nothing;
    ioprio_get(which: Int, who: Pid) -> Bits;
    ioprio_set(which: Int, who: Pid, ioprio: Bits) -> Nothing;
    getcpu(cpu: Out(One(&Uint)), node: Out(One(&Uint)), cache: Address) -> Nothing;
}
