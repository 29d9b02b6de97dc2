//! `prctl(2)`: names, and what is kept and told but decides nothing here.

use abi::{Errno, Result};

use super::Context;
use crate::memory::user::UserPtr;
use crate::process::Process;
use crate::process::attributes::DEFAULT_TIMER_SLACK;
use crate::process::thread::NAME_SIZE;

const PR_SET_PDEATHSIG: u32 = 1;
const PR_GET_PDEATHSIG: u32 = 2;
const PR_GET_DUMPABLE: u32 = 3;
const PR_SET_DUMPABLE: u32 = 4;
const PR_GET_KEEPCAPS: u32 = 7;
const PR_SET_KEEPCAPS: u32 = 8;
const PR_SET_NAME: u32 = 15;
const PR_GET_NAME: u32 = 16;
const PR_CAPBSET_READ: u32 = 23;
const PR_SET_TIMERSLACK: u32 = 29;
const PR_GET_TIMERSLACK: u32 = 30;
const PR_SET_NO_NEW_PRIVS: u32 = 38;
const PR_GET_NO_NEW_PRIVS: u32 = 39;
const LAST_CAPABILITY: u64 = 40;
const LAST_SIGNAL: u64 = 64;

/// `prctl(2)`; `EINVAL` for other operations, as from a Linux that does not know them.
pub(super) fn prctl(cx: &mut Context<'_>, op: u32, argument: u64, rest: u64) -> Result<u64> {
    let mut attributes = Process::current().attributes.lock();
    match op {
        PR_SET_DUMPABLE if argument <= 1 => attributes.is_dumpable = argument == 1,
        PR_GET_DUMPABLE => return Ok(attributes.is_dumpable.into()),
        PR_SET_KEEPCAPS if argument <= 1 => attributes.keeps_capabilities = argument == 1,
        PR_GET_KEEPCAPS => return Ok(attributes.keeps_capabilities.into()),
        PR_SET_NO_NEW_PRIVS if argument == 1 && rest == 0 => {
            attributes.has_no_new_privileges = true;
        }
        PR_GET_NO_NEW_PRIVS if argument == 0 && rest == 0 => {
            return Ok(attributes.has_no_new_privileges.into());
        }
        PR_SET_TIMERSLACK => {
            attributes.timer_slack = if argument == 0 { DEFAULT_TIMER_SLACK } else { argument };
        }
        PR_GET_TIMERSLACK => return Ok(attributes.timer_slack),
        PR_SET_PDEATHSIG if argument <= LAST_SIGNAL => {
            attributes.parent_death_signal = u32::try_from(argument).unwrap_or(0);
        }
        PR_CAPBSET_READ if argument <= LAST_CAPABILITY => return Ok(1),
        PR_GET_PDEATHSIG => {
            let signal = attributes.parent_death_signal;
            drop(attributes);
            UserPtr::new(argument).write(&signal)?;
        }
        PR_SET_NAME => {
            drop(attributes);
            set_name(cx, argument)?;
        }
        PR_GET_NAME => {
            drop(attributes);
            let name = *cx.thread.name.lock();
            UserPtr::new(argument).write(&name)?;
        }
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
