//! System calls: from registers to a handler and back.
//!
//! `table` has one row a call; a handler is a function in the file of its man-page family.

mod argument;
mod attribute;
mod credentials;
mod descriptor;
mod dir;
mod event;
mod exec;
mod file;
pub(crate) mod futex;
mod io;
mod memory;
mod numa;
mod poll;
mod process;
mod scheduling;
mod signal;
mod system;
mod table;
mod thread;
mod time;

use abi::{Errno, Result, Sysno};

use crate::arch::cpu::Cpu;
use crate::arch::frame::TrapFrame;
use crate::process::thread::Thread;
use crate::schedule;
use crate::wait::{RESTART, RESTART_UNLESS_HANDLED};

pub(crate) use system::set_host_name;

/// What a handler knows of its caller.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// The calling thread.
    pub(crate) thread: &'static Thread,
    /// Its registers.
    pub(crate) frame: &'a mut TrapFrame,
    /// The handler changed registers other than the result's: restore all of them.
    pub(crate) is_changed: bool,
}

/// Serves the call in `frame`. Returns whether no register but the result's was changed.
pub(crate) fn enter(frame: &mut TrapFrame) -> bool {
    let number = frame.rax;
    let arguments = [frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9];
    let mut context = Context { thread: Thread::current(), frame, is_changed: false };
    let result = match Sysno::from_raw(number) {
        Some(call) => table::dispatch(&mut context, call, &arguments),
        None => Err(Errno::ENOSYS),
    };
    if result.is_err_and(is_interruption) {
        Cpu::current().call_attention();
    }
    let is_changed = context.is_changed;
    if !is_changed {
        frame.rax = encode(result);
    }
    if Cpu::current().has_attention() {
        schedule::before_return(frame);
        return false;
    }
    !is_changed
}

/// Returns whether a call ended because a signal is to be delivered.
fn is_interruption(error: Errno) -> bool {
    matches!(error, Errno::EINTR | RESTART | RESTART_UNLESS_HANDLED)
}

/// A result as a register holds it: an error is its negated number.
const fn encode(result: Result<u64>) -> u64 {
    match result {
        Ok(value) => value,
        Err(error) => (error.raw() as u64).wrapping_neg(),
    }
}

/// Answers a call that the kernel does not have, and logs its name the first time.
fn unknown(call: Sysno) -> Result<u64> {
    use core::sync::atomic::{AtomicU64, Ordering};
    static LOGGED: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];
    let number = call as usize;
    let bit = 1 << (number % 64);
    if LOGGED[number / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0 {
        log::warn!("system call {} is not there: ENOSYS", call.name());
    }
    Err(Errno::ENOSYS)
}
