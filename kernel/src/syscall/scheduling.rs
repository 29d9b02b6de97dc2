//! Scheduling: `sched_setaffinity(2)`, `sched_setscheduler(2)`, `setpriority(2)`, `getcpu(2)`.
//!
//! Every thread is scheduled as `SCHED_OTHER`, also where it asked for `SCHED_BATCH` or
//! `SCHED_IDLE`; real-time policies are `EPERM`, as for a user who may not set them.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use abi::time::Timespec;
use abi::{Errno, Result};
use sched::{CpuSet, Nice};

use super::Context;
use crate::arch::cpu::Cpu;
use crate::arch::smp;
use crate::memory::user::{self, UserPtr};
use crate::process::thread::Thread;
use crate::process::{PID, Process};
use crate::schedule;

pub(super) const SCHED_OTHER: i32 = 0;
pub(super) const SCHED_FIFO: i32 = 1;
pub(super) const SCHED_RR: i32 = 2;
pub(super) const SCHED_BATCH: i32 = 3;
pub(super) const SCHED_IDLE: i32 = 5;
pub(super) const SCHED_RESET_ON_FORK: i32 = 0x4000_0000;
/// The bytes of the processors that a program is told of.
const SET_SIZE: usize = size_of::<u64>();

/// Returns the thread of an id, the calling one for 0.
pub(super) fn thread_of(cx: &Context<'_>, tid: i32) -> Result<Arc<Thread>> {
    let tid = u32::try_from(tid).map_err(|_| Errno::EINVAL)?;
    let tid = if tid == 0 { cx.thread.tid } else { tid };
    Process::current().thread(tid).ok_or(Errno::ESRCH)
}

/// Processors that there are.
fn online() -> CpuSet {
    CpuSet::first(smp::count())
}

/// `sched_getaffinity(2)`.
pub(super) fn sched_getaffinity(
    cx: &mut Context<'_>,
    tid: i32,
    size: u32,
    mask: u64,
) -> Result<usize> {
    if (size as usize) < SET_SIZE || !(size as usize).is_multiple_of(SET_SIZE) {
        return Err(Errno::EINVAL);
    }
    let set = schedule::entity(&*thread_of(cx, tid)?).affinity() & online();
    user::write_bytes(mask, &set.bits().to_le_bytes())?;
    Ok(SET_SIZE)
}

/// `sched_setaffinity(2)`.
pub(super) fn sched_setaffinity(
    cx: &mut Context<'_>,
    tid: i32,
    size: u32,
    mask: u64,
) -> Result<()> {
    let mut bytes = [0; SET_SIZE];
    let given = SET_SIZE.min(size as usize);
    user::read_bytes(mask, &mut bytes[..given])?;
    let thread = thread_of(cx, tid)?;
    let set = CpuSet::from_bits(u64::from_le_bytes(bytes));
    if (set & online()).is_empty() {
        return Err(Errno::EINVAL);
    }
    schedule::update_entity(&thread, |entity| entity.set_affinity(set));
    Ok(())
}

/// `sched_getscheduler(2)`.
pub(super) fn sched_getscheduler(cx: &mut Context<'_>, tid: i32) -> Result<i32> {
    Ok(thread_of(cx, tid)?.policy.load(Ordering::Relaxed))
}

/// `sched_setscheduler(2)`.
pub(super) fn sched_setscheduler(
    cx: &mut Context<'_>,
    tid: i32,
    policy: i32,
    parameter: UserPtr<i32>,
) -> Result<()> {
    if policy < 0 {
        return Err(Errno::EINVAL);
    }
    set_policy(cx, tid, Some(policy), parameter)
}

/// Sets a policy, or without one the parameter of that which the thread has.
fn set_policy(
    cx: &Context<'_>,
    tid: i32,
    policy: Option<i32>,
    parameter: UserPtr<i32>,
) -> Result<()> {
    if tid < 0 || parameter.is_null() {
        return Err(Errno::EINVAL);
    }
    let priority = parameter.read()?;
    let thread = thread_of(cx, tid)?;
    let policy = policy.unwrap_or_else(|| thread.policy.load(Ordering::Relaxed));
    match (policy & !SCHED_RESET_ON_FORK, priority) {
        (SCHED_OTHER | SCHED_BATCH | SCHED_IDLE, 0) => {
            thread.policy.store(policy, Ordering::Relaxed);
            Ok(())
        }
        (SCHED_FIFO | SCHED_RR, 1..=99) => Err(Errno::EPERM),
        _ => Err(Errno::EINVAL),
    }
}

/// `sched_getparam(2)`.
pub(super) fn sched_getparam(
    cx: &mut Context<'_>,
    tid: i32,
    parameter: UserPtr<i32>,
) -> Result<()> {
    if parameter.is_null() {
        return Err(Errno::EINVAL);
    }
    thread_of(cx, tid)?;
    parameter.write(&0)
}

/// `sched_setparam(2)`.
pub(super) fn sched_setparam(
    cx: &mut Context<'_>,
    tid: i32,
    parameter: UserPtr<i32>,
) -> Result<()> {
    set_policy(cx, tid, None, parameter)
}

/// `sched_get_priority_max(2)`.
pub(super) fn sched_get_priority_max(_cx: &mut Context<'_>, policy: i32) -> Result<i32> {
    priorities(policy).map(|(_, most)| most)
}

/// `sched_get_priority_min(2)`.
pub(super) fn sched_get_priority_min(_cx: &mut Context<'_>, policy: i32) -> Result<i32> {
    priorities(policy).map(|(least, _)| least)
}

fn priorities(policy: i32) -> Result<(i32, i32)> {
    const SCHED_DEADLINE: i32 = 6;
    match policy {
        SCHED_FIFO | SCHED_RR => Ok((1, 99)),
        SCHED_OTHER | SCHED_BATCH | SCHED_IDLE | SCHED_DEADLINE => Ok((0, 0)),
        _ => Err(Errno::EINVAL),
    }
}

/// `sched_rr_get_interval(2)`: the slice.
pub(super) fn sched_rr_get_interval(
    cx: &mut Context<'_>,
    tid: i32,
    interval: UserPtr<Timespec>,
) -> Result<()> {
    const SLICE_NANOS: u64 = 3_000_000;
    thread_of(cx, tid)?;
    interval.write(&Timespec::from_nanos(SLICE_NANOS))
}

/// What `getpriority(2)` is about.
const PRIO_PROCESS: u32 = 0;
const PRIO_PGRP: u32 = 1;
const PRIO_USER: u32 = 2;

/// Calls `visit` for each thread that `which` and `who` name.
fn visit_named(
    cx: &Context<'_>,
    which: u32,
    who: u32,
    mut visit: impl FnMut(&Arc<Thread>),
) -> Result<()> {
    let process = Process::current();
    let uid = process.credentials.lock().user.real;
    match which {
        PRIO_PROCESS => {
            let tid = if who == 0 { cx.thread.tid } else { who };
            visit(&process.thread(tid).ok_or(Errno::ESRCH)?);
        }
        PRIO_PGRP if matches!(who, 0 | PID) => drop(process.find_thread(|thread| {
            visit(thread);
            false
        })),
        PRIO_USER if who == 0 || who == uid => drop(process.find_thread(|thread| {
            visit(thread);
            false
        })),
        PRIO_PGRP | PRIO_USER => return Err(Errno::ESRCH),
        _ => return Err(Errno::EINVAL),
    }
    Ok(())
}

/// `getpriority(2)` as the kernel has it: 40 for nice -20 to 1 for nice 19.
pub(super) fn getpriority(cx: &mut Context<'_>, which: u32, who: u32) -> Result<i32> {
    let mut best = 0;
    visit_named(cx, which, who, |thread| {
        best = best.max(20 - schedule::entity(thread).nice().value());
    })?;
    Ok(best)
}

/// `setpriority(2)`.
pub(super) fn setpriority(cx: &mut Context<'_>, which: u32, who: u32, nice: i32) -> Result<()> {
    let nice = Nice::new(nice);
    let is_privileged = Process::current().credentials.lock().is_privileged();
    let mut outcome = Ok(());
    visit_named(cx, which, who, |thread| {
        schedule::update_entity(thread, |entity| {
            if nice < entity.nice() && !is_privileged {
                outcome = Err(Errno::EACCES);
            } else {
                entity.set_nice(nice);
            }
        });
    })?;
    outcome
}

/// `getcpu(2)`; there is one node.
pub(super) fn getcpu(_cx: &mut Context<'_>, cpu: UserPtr<u32>, node: UserPtr<u32>) -> Result<()> {
    let id = u32::try_from(Cpu::current().id).unwrap_or(0);
    if let Some(cpu) = cpu.non_null() {
        cpu.write(&id)?;
    }
    node.non_null().map_or(Ok(()), |node| node.write(&0))
}
