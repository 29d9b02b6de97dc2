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
mod handle;
mod inotify;
mod inspect;
mod io;
mod lock;
mod memory;
mod numa;
mod owner;
mod pidfd;
mod poll;
mod prctl;
mod process;
mod schedattr;
mod scheduling;
mod settime;
mod signal;
mod socket;
mod splice;
mod system;
mod table;
mod thread;
mod time;
mod timer;
mod xattr;

use core::sync::atomic::{AtomicU64, Ordering};

use abi::{Errno, Sysno};

use crate::arch::frame::TrapFrame;
use crate::arch::index;
use crate::process::thread::Thread;
use crate::trace;

pub(crate) use system::{RELEASE, VERSION, VERSION_NUMBER, host_name, set_host_name};

/// What a handler knows of its caller.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// The calling thread.
    pub(crate) thread: &'static Thread,
    /// Its registers. A handler that changes them calls for attention, so that all of them are
    /// restored.
    pub(crate) frame: &'a mut TrapFrame,
}

/// Serves the call in `frame`; returns its result.
#[inline]
pub(crate) fn enter(frame: &mut TrapFrame) -> u64 {
    table::handler(index(frame.rax))(frame)
}

/// Lets the calls be recorded of which `is_selected`; at start-up only.
pub(crate) fn record(is_selected: impl Fn(Sysno) -> bool) {
    table::record(is_selected, |frame| {
        let (number, arguments) = (frame.rax, frame.arguments());
        trace::enter(frame);
        let result = table::replaced(index(number))(frame);
        trace::leave(number, arguments, result);
        result
    });
}

/// Ends what the program has of what is kept here: descriptors, names, policies, futexes.
pub(crate) fn reset() {
    descriptor::close_all();
    futex::trim();
    numa::reset();
    system::reset_names();
}

/// Answers a call that the kernel does not have, and logs its name the first time.
fn unknown(frame: &mut TrapFrame) -> u64 {
    static LOGGED: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];
    const ENOSYS: u64 = (Errno::ENOSYS.raw() as u64).wrapping_neg();
    let Some(call) = Sysno::from_raw(frame.rax) else { return ENOSYS };
    let number = call as usize;
    let bit = 1 << (number % 64);
    if LOGGED[number / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0 {
        log::warn!("system call {} is not there: ENOSYS", call.name());
    }
    ENOSYS
}
