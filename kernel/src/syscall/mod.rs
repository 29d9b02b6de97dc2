//! System calls: from registers to a handler and back.
//!
//! `table` has one row a call; a handler is a function in the file of its man-page family.

mod argument;
mod attribute;
mod barrier;
mod copy;
mod credentials;
mod descriptor;
mod dir;
mod event;
mod exec;
mod file;
pub(crate) mod futex;
mod inotify;
mod io;
mod lock;
mod memory;
mod numa;
mod poll;
mod prctl;
mod process;
mod scheduling;
mod settime;
mod signal;
mod socket;
mod system;
mod table;
mod thread;
mod time;
mod timer;

use core::sync::atomic::{AtomicU64, Ordering};

use abi::{Errno, Sysno};

use crate::arch::cpu::Cpu;
use crate::arch::frame::TrapFrame;
use crate::arch::index;
use crate::process::thread::Thread;
use crate::schedule;
use crate::wait::{RESTART, RESTART_UNLESS_HANDLED};

pub(crate) use system::{RELEASE, VERSION, host_name, set_host_name};

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

/// Serves the call in `frame`. Returns whether its callee-saved registers are as they were.
pub(crate) fn enter(frame: &mut TrapFrame) -> bool {
    let number = index(frame.rax);
    let handler = table::HANDLERS.get(number).copied().unwrap_or(unknown);
    let mut context = Context { thread: Thread::current(), frame, is_changed: false };
    let result = handler(&mut context);
    let is_changed = context.is_changed;
    if !is_changed {
        frame.rax = result;
    }
    let cpu = Cpu::current();
    if is_interruption(result) {
        cpu.call_attention();
    }
    if cpu.has_attention() {
        schedule::before_return(frame);
    }
    !is_changed
}

/// Returns whether a call ended because a signal is to be delivered.
const fn is_interruption(result: u64) -> bool {
    const INTERRUPTIONS: [u64; 3] = [
        (Errno::EINTR.raw() as u64).wrapping_neg(),
        (RESTART.raw() as u64).wrapping_neg(),
        (RESTART_UNLESS_HANDLED.raw() as u64).wrapping_neg(),
    ];
    let [a, b, c] = INTERRUPTIONS;
    result == a || result == b || result == c
}

/// Answers a call that the kernel does not have, and logs its name the first time.
fn unknown(cx: &mut Context<'_>) -> u64 {
    static LOGGED: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];
    const ENOSYS: u64 = (Errno::ENOSYS.raw() as u64).wrapping_neg();
    let Some(call) = Sysno::from_raw(cx.frame.rax) else { return ENOSYS };
    let number = call as usize;
    let bit = 1 << (number % 64);
    if LOGGED[number / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0 {
        log::warn!("system call {} is not there: ENOSYS", call.name());
    }
    ENOSYS
}
