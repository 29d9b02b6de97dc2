//! `sched_setattr(2)`, `sched_getattr(2)`: policy and nice value in one structure.

use core::sync::atomic::Ordering;

use abi::{Errno, Result};
use mm::PAGE_SIZE;
use sched::Nice;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::Context;
use super::scheduling::{
    SCHED_BATCH, SCHED_FIFO, SCHED_IDLE, SCHED_OTHER, SCHED_RESET_ON_FORK, SCHED_RR, thread_of,
};
use crate::arch::index;
use crate::memory::user::UserPtr;
use crate::process::Process;
use crate::schedule;

/// `struct sched_attr`, its second version.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
    least_utilisation: u32,
    most_utilisation: u32,
}

/// Bytes of the structure's first version.
const FIRST_SIZE: u32 = 48;
const SIZE: u32 = 56;
const _: () = assert!(size_of::<Attributes>() == SIZE as usize);

const RESET_ON_FORK: u64 = 1;
const KEEP_POLICY: u64 = 8;
const KEEP_PARAMETERS: u64 = 0x10;
const UTILISATION: u64 = 0x60;
const ALL_FLAGS: u64 = 0x7f;

/// Reads a program's structure, of whatever size it says that it has.
///
/// # Errors
/// `E2BIG` for a size or content that is not known; the known size is told then.
fn read(from: UserPtr<Attributes>) -> Result<Attributes> {
    let size_at = from.cast::<u32>();
    let size = match size_at.read()? {
        0 => FIRST_SIZE,
        size => size,
    };
    let is_size_known = (FIRST_SIZE..=4096).contains(&size);
    let mut attributes = Attributes::default();
    if is_size_known {
        let bytes = from.cast::<u8>().read_array(index(size.into()))?;
        let (known, rest) = bytes.split_at(bytes.len().min(size_of::<Attributes>()));
        attributes.as_mut_bytes()[..known.len()].copy_from_slice(known);
        if rest.iter().all(|byte| *byte == 0) {
            if attributes.flags & UTILISATION != 0 && size < SIZE {
                return Err(Errno::EINVAL);
            }
            return Ok(attributes);
        }
    }
    size_at.write(&SIZE)?;
    Err(Errno::E2BIG)
}

/// `sched_setattr(2)`.
pub(super) fn sched_setattr(
    cx: &mut Context<'_>,
    tid: i32,
    from: UserPtr<Attributes>,
    flags: u32,
) -> Result<()> {
    if from.is_null() || tid < 0 || flags != 0 {
        return Err(Errno::EINVAL);
    }
    let asked = read(from)?;
    if asked.policy.cast_signed() < 0 {
        return Err(Errno::EINVAL);
    }
    let thread = thread_of(cx, tid)?;
    let now = thread.policy.load(Ordering::Relaxed) & !SCHED_RESET_ON_FORK;
    let keeps_policy = asked.flags & KEEP_POLICY != 0;
    let policy = if keeps_policy { now } else { asked.policy.cast_signed() };
    if asked.flags & !ALL_FLAGS != 0 {
        return Err(Errno::EINVAL);
    }
    match (policy, asked.priority) {
        (SCHED_OTHER | SCHED_BATCH | SCHED_IDLE, 0) => {}
        (SCHED_FIFO | SCHED_RR, 1..=99) => return Err(Errno::EPERM),
        _ => return Err(Errno::EINVAL),
    }
    if asked.flags & UTILISATION != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    let keeps_parameters = asked.flags & KEEP_PARAMETERS != 0;
    if !keeps_parameters {
        let nice = Nice::new(asked.nice);
        let is_privileged = Process::current().credentials.lock().is_privileged();
        if nice < schedule::entity(&thread).nice() && !is_privileged {
            return Err(Errno::EPERM);
        }
        schedule::update_entity(&thread, |entity| entity.set_nice(nice));
    }
    let reset = if asked.flags & RESET_ON_FORK != 0 { SCHED_RESET_ON_FORK } else { 0 };
    // As in Linux, the policy is one of the parameters that are kept.
    let policy = if keeps_parameters { now } else { policy };
    thread.policy.store(policy | reset, Ordering::Relaxed);
    Ok(())
}

/// `sched_getattr(2)`.
pub(super) fn sched_getattr(
    cx: &mut Context<'_>,
    tid: i32,
    to: UserPtr<Attributes>,
    size: u32,
    flags: u32,
) -> Result<()> {
    let is_size_known = size >= FIRST_SIZE && u64::from(size) <= PAGE_SIZE;
    if to.is_null() || tid < 0 || !is_size_known || flags != 0 {
        return Err(Errno::EINVAL);
    }
    let thread = thread_of(cx, tid)?;
    let policy = thread.policy.load(Ordering::Relaxed);
    let told = size.min(SIZE);
    let attributes = Attributes {
        size: told,
        policy: (policy & !SCHED_RESET_ON_FORK).cast_unsigned(),
        flags: if policy & SCHED_RESET_ON_FORK != 0 { RESET_ON_FORK } else { 0 },
        nice: schedule::entity(&thread).nice().value(),
        ..Attributes::default()
    };
    to.cast::<u8>().write_array(&attributes.as_bytes()[..index(told.into())])
}
