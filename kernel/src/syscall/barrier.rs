//! `membarrier(2)`.

use core::sync::atomic::Ordering;

use abi::{Errno, Result};

use super::Context;
use crate::memory::tlb;
use crate::process::Process;
use crate::schedule;

const QUERY: u32 = 0;
const GLOBAL: u32 = 1;
const GLOBAL_EXPEDITED: u32 = 1 << 1;
const REGISTER_GLOBAL_EXPEDITED: u32 = 1 << 2;
const PRIVATE_EXPEDITED: u32 = 1 << 3;
const REGISTER_PRIVATE_EXPEDITED: u32 = 1 << 4;
const SYNC_CORE: u32 = 1 << 5;
const REGISTER_SYNC_CORE: u32 = 1 << 6;
const RSEQ: u32 = 1 << 7;
const REGISTER_RSEQ: u32 = 1 << 8;
const GET_REGISTRATIONS: u32 = 1 << 9;
const ALL: u32 = (1 << 10) - 1;
/// `MEMBARRIER_CMD_FLAG_CPU`: one processor only.
const FLAG_CPU: u32 = 1;

/// `membarrier(2)`.
pub(super) fn membarrier(_cx: &mut Context<'_>, command: u32, flags: u32, cpu: u32) -> Result<u32> {
    let known = if command == RSEQ { FLAG_CPU } else { 0 };
    if flags & !known != 0 {
        return Err(Errno::EINVAL);
    }
    let registered = &Process::current().barriers;
    let needed = match command {
        QUERY => return Ok(ALL),
        GLOBAL | GLOBAL_EXPEDITED => 0,
        PRIVATE_EXPEDITED => REGISTER_PRIVATE_EXPEDITED,
        SYNC_CORE => REGISTER_SYNC_CORE,
        RSEQ => REGISTER_RSEQ,
        REGISTER_GLOBAL_EXPEDITED
        | REGISTER_PRIVATE_EXPEDITED
        | REGISTER_SYNC_CORE
        | REGISTER_RSEQ => {
            registered.fetch_or(command, Ordering::Relaxed);
            0
        }
        GET_REGISTRATIONS => return Ok(registrations(registered.load(Ordering::Relaxed))),
        _ => return Err(Errno::EINVAL),
    };
    if registered.load(Ordering::Relaxed) & needed != needed {
        return Err(Errno::EPERM);
    }
    match command {
        GLOBAL | GLOBAL_EXPEDITED | PRIVATE_EXPEDITED => tlb::barrier(),
        SYNC_CORE => tlb::barrier_of_instructions(),
        RSEQ => {
            let cpus =
                if flags & FLAG_CPU == 0 { u64::MAX } else { 1_u64.checked_shl(cpu).unwrap_or(0) };
            schedule::preempt_others(cpus);
            tlb::barrier();
        }
        _ => {}
    }
    Ok(0)
}

/// Returns what Linux shows of the commands that registered: who registered for more than a barrier
/// is shown as registered for that too.
const fn registrations(registered: u32) -> u32 {
    let implies = registered & (REGISTER_SYNC_CORE | REGISTER_RSEQ) != 0;
    registered | if implies { REGISTER_PRIVATE_EXPEDITED } else { 0 }
}
