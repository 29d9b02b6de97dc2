//! `membarrier(2)`.

use core::sync::atomic::Ordering;

use abi::{Errno, Result};

use super::Context;
use crate::memory::tlb;
use crate::process::Process;

const QUERY: u32 = 0;
const GLOBAL: u32 = 1;
const GLOBAL_EXPEDITED: u32 = 1 << 1;
const REGISTER_GLOBAL_EXPEDITED: u32 = 1 << 2;
const PRIVATE_EXPEDITED: u32 = 1 << 3;
const REGISTER_PRIVATE_EXPEDITED: u32 = 1 << 4;
const SYNC_CORE: u32 = 1 << 5;
const REGISTER_SYNC_CORE: u32 = 1 << 6;
const ALL: u32 = (1 << 7) - 1;

/// `membarrier(2)`.
pub(super) fn membarrier(_cx: &mut Context<'_>, command: u32, flags: u32) -> Result<u32> {
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let registered = &Process::current().barriers;
    let needed = match command {
        QUERY => return Ok(ALL),
        GLOBAL | GLOBAL_EXPEDITED => 0,
        PRIVATE_EXPEDITED => REGISTER_PRIVATE_EXPEDITED,
        SYNC_CORE => REGISTER_SYNC_CORE,
        REGISTER_GLOBAL_EXPEDITED | REGISTER_PRIVATE_EXPEDITED | REGISTER_SYNC_CORE => {
            registered.fetch_or(command, Ordering::Relaxed);
            0
        }
        _ => return Err(Errno::EINVAL),
    };
    if registered.load(Ordering::Relaxed) & needed != needed {
        return Err(Errno::EPERM);
    }
    match command {
        GLOBAL | GLOBAL_EXPEDITED | PRIVATE_EXPEDITED => tlb::barrier(),
        SYNC_CORE => tlb::barrier_of_instructions(),
        _ => {}
    }
    Ok(0)
}
