//! Processes: `arch_prctl(2)`, `_exit(2)`, `getpid(2)` and their like.

use abi::{Errno, Result};

use super::Context;
use crate::arch::cpu;
use crate::memory::user::{self, UserPtr};
use crate::process::PID;
use crate::process::exit::{self, Status};

const ARCH_SET_GS: i32 = 0x1001;
const ARCH_SET_FS: i32 = 0x1002;
const ARCH_GET_FS: i32 = 0x1003;
const ARCH_GET_GS: i32 = 0x1004;

/// `arch_prctl(2)`; GS belongs to the kernel, so setting its base is `EINVAL`.
pub(super) fn arch_prctl(_cx: &mut Context<'_>, op: i32, address: u64) -> Result<()> {
    match op {
        ARCH_SET_FS if address < user::END => cpu::set_fs_base(address),
        ARCH_SET_FS => return Err(Errno::EPERM),
        ARCH_GET_FS => UserPtr::<u64>::new(address).write(&cpu::fs_base())?,
        ARCH_GET_GS => UserPtr::<u64>::new(address).write(&0)?,
        ARCH_SET_GS => return Err(Errno::EINVAL),
        _ => return Err(Errno::EINVAL),
    }
    Ok(())
}

/// `exit(2)` as the kernel has it: ends the calling thread.
pub(super) fn exit(_cx: &mut Context<'_>, status: i32) -> Result<()> {
    exit::exit_thread(status.to_le_bytes()[0])
}

/// `exit_group(2)`.
pub(super) fn exit_group(_cx: &mut Context<'_>, status: i32) -> Result<()> {
    exit::power_off(Status::Exited(status.to_le_bytes()[0]))
}

/// `getpid(2)`.
pub(super) fn getpid(_cx: &mut Context<'_>) -> Result<u32> {
    Ok(PID)
}
