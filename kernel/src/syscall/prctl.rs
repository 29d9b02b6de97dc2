//! `prctl(2)`: names, privileges, and what is kept and told but decides nothing here.

use core::sync::atomic::Ordering;

use abi::{Errno, Result};

use super::Context;
use crate::memory::space;
use crate::memory::user::UserPtr;
use crate::process::Process;
use crate::process::attributes::{Attributes, DEFAULT_TIMER_SLACK};
use crate::process::credentials::LAST_CAPABILITY;
use crate::process::thread::NAME_SIZE;

const PR_SET_PDEATHSIG: u32 = 1;
const PR_GET_PDEATHSIG: u32 = 2;
const PR_GET_DUMPABLE: u32 = 3;
const PR_SET_DUMPABLE: u32 = 4;
const PR_GET_KEEPCAPS: u32 = 7;
const PR_SET_KEEPCAPS: u32 = 8;
const PR_GET_TIMING: u32 = 13;
const PR_SET_TIMING: u32 = 14;
const PR_SET_NAME: u32 = 15;
const PR_GET_NAME: u32 = 16;
const PR_GET_SECCOMP: u32 = 21;
const PR_CAPBSET_READ: u32 = 23;
const PR_CAPBSET_DROP: u32 = 24;
const PR_GET_TSC: u32 = 25;
const PR_SET_TSC: u32 = 26;
const PR_GET_SECUREBITS: u32 = 27;
const PR_SET_TIMERSLACK: u32 = 29;
const PR_GET_TIMERSLACK: u32 = 30;
const PR_MCE_KILL: u32 = 33;
const PR_MCE_KILL_GET: u32 = 34;
const PR_SET_CHILD_SUBREAPER: u32 = 36;
const PR_GET_CHILD_SUBREAPER: u32 = 37;
const PR_SET_NO_NEW_PRIVS: u32 = 38;
const PR_GET_NO_NEW_PRIVS: u32 = 39;
const PR_GET_TID_ADDRESS: u32 = 40;
const PR_SET_THP_DISABLE: u32 = 41;
const PR_GET_THP_DISABLE: u32 = 42;
const PR_CAP_AMBIENT: u32 = 47;

/// `PR_TSC_ENABLE`: ring 0 cannot be kept from reading the time-stamp counter.
const TSC_ENABLE: u32 = 1;
/// `SECBIT_KEEP_CAPS`.
const KEEP_CAPS: u64 = 1 << 4;
const LAST_SIGNAL: u64 = 64;
/// `PR_MCE_KILL_EARLY`, `_LATE` and `_DEFAULT` are up to this.
const LAST_MCE_POLICY: u64 = 2;

/// `prctl(2)`; `EINVAL` for other operations, as from a Linux that does not know them.
pub(super) fn prctl(
    cx: &mut Context<'_>,
    op: u32,
    argument: u64,
    second: u64,
    third: u64,
    fourth: u64,
) -> Result<u64> {
    let rest = [second, third, fourth];
    match op {
        PR_SET_NAME => set_name(cx, argument)?,
        PR_GET_NAME => {
            let name = *cx.thread.name.lock();
            UserPtr::new(argument).write(&name)?;
        }
        PR_GET_TID_ADDRESS => {
            let address = cx.thread.clear_child_tid.load(Ordering::Relaxed);
            UserPtr::new(argument).write(&address)?;
        }
        PR_CAPBSET_READ | PR_CAPBSET_DROP if argument > LAST_CAPABILITY => {
            return Err(Errno::EINVAL);
        }
        PR_CAPBSET_READ => {
            return Ok(Process::current().credentials.lock().bounding >> argument & 1);
        }
        PR_CAPBSET_DROP => Process::current().credentials.lock().drop_bounding(argument)?,
        PR_CAP_AMBIENT => return ambient(argument, rest),
        PR_SET_THP_DISABLE if rest == [0; 3] => {
            space::lock().set_no_huge_pages(argument != 0);
        }
        PR_GET_THP_DISABLE if argument == 0 && rest == [0; 3] => {
            return Ok(space::lock().has_no_huge_pages().into());
        }
        PR_GET_TIMING | PR_GET_SECCOMP => {}
        PR_SET_TIMING if argument == 0 => {}
        PR_GET_TSC => UserPtr::new(argument).write(&TSC_ENABLE)?,
        PR_SET_TSC if argument == u64::from(TSC_ENABLE) => {}
        PR_GET_PDEATHSIG => {
            let signal = Process::current().attributes.lock().parent_death_signal;
            UserPtr::new(argument).write(&signal)?;
        }
        PR_GET_CHILD_SUBREAPER => {
            let is_subreaper = Process::current().attributes.lock().is_subreaper;
            UserPtr::new(argument).write(&u32::from(is_subreaper))?;
        }
        _ => return attribute(&mut Process::current().attributes.lock(), op, argument, rest),
    }
    Ok(0)
}

/// Does what only sets or tells an attribute.
fn attribute(kept: &mut Attributes, op: u32, argument: u64, rest: [u64; 3]) -> Result<u64> {
    let is_alone = rest == [0; 3];
    match op {
        PR_SET_DUMPABLE if argument <= 1 => kept.is_dumpable = argument == 1,
        PR_GET_DUMPABLE => return Ok(kept.is_dumpable.into()),
        PR_SET_KEEPCAPS if argument <= 1 => kept.keeps_capabilities = argument == 1,
        PR_GET_KEEPCAPS => return Ok(kept.keeps_capabilities.into()),
        PR_GET_SECUREBITS => return Ok(if kept.keeps_capabilities { KEEP_CAPS } else { 0 }),
        PR_SET_NO_NEW_PRIVS if argument == 1 && is_alone => kept.has_no_new_privileges = true,
        PR_GET_NO_NEW_PRIVS if argument == 0 && is_alone => {
            return Ok(kept.has_no_new_privileges.into());
        }
        PR_SET_TIMERSLACK => {
            kept.timer_slack = if argument == 0 { DEFAULT_TIMER_SLACK } else { argument };
        }
        PR_GET_TIMERSLACK => return Ok(kept.timer_slack),
        PR_SET_PDEATHSIG if argument <= LAST_SIGNAL => {
            kept.parent_death_signal = u32::try_from(argument).unwrap_or(0);
        }
        PR_SET_CHILD_SUBREAPER => kept.is_subreaper = argument != 0,
        PR_MCE_KILL => match (argument, rest) {
            (0, [0, 0, 0]) => kept.memory_failure = LAST_MCE_POLICY,
            (1, [policy, 0, 0]) if policy <= LAST_MCE_POLICY => kept.memory_failure = policy,
            _ => return Err(Errno::EINVAL),
        },
        PR_MCE_KILL_GET if argument == 0 && is_alone => return Ok(kept.memory_failure),
        _ => return Err(Errno::EINVAL),
    }
    Ok(0)
}

/// `PR_CAP_AMBIENT`.
fn ambient(op: u64, [capability, third, fourth]: [u64; 3]) -> Result<u64> {
    const IS_SET: u64 = 1;
    const RAISE: u64 = 2;
    const LOWER: u64 = 3;
    const CLEAR_ALL: u64 = 4;
    let mut credentials = Process::current().credentials.lock();
    let is_valid = capability <= LAST_CAPABILITY && third | fourth == 0;
    match op {
        CLEAR_ALL if capability | third | fourth == 0 => credentials.ambient = 0,
        IS_SET if is_valid => return Ok(credentials.ambient >> capability & 1),
        RAISE if is_valid => credentials.raise_ambient(capability)?,
        LOWER if is_valid => credentials.ambient &= !(1 << capability),
        _ => return Err(Errno::EINVAL),
    }
    Ok(0)
}

/// Sets the calling thread's name, cut off after 15 bytes.
fn set_name(cx: &Context<'_>, address: u64) -> Result<()> {
    let mut name = [0; NAME_SIZE];
    let last = name.len() - 1;
    for (index, byte) in name[..last].iter_mut().enumerate() {
        *byte = UserPtr::<u8>::new(address).at(index).read()?;
        if *byte == 0 {
            break;
        }
    }
    *cx.thread.name.lock() = name;
    Ok(())
}
