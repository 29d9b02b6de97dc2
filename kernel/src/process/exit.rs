//! The end: of a thread, of the program, of the machine.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::signal::{Signal, SignalSet};
use abi::{Errno, Result};
use sync::SpinLock;

use super::thread::Thread;
use super::{Process, session, signal};
use crate::arch::cpu::{Attention, Cpu};
use crate::arch::port;
use crate::control::{self, Event};
use crate::drivers::power;
use crate::memory::user::UserPtr;
use crate::schedule;
use crate::syscall::futex;
use crate::trace;

/// QEMU's isa-debug-exit device: ends QEMU with status `2 * value + 1`.
const DEBUG_EXIT_PORT: u16 = 0xf4;
/// The keyboard controller's command port and its reset command: how any PC is reset.
const RESET_PORT: u16 = 0x64;
const RESET_COMMAND: u8 = 0xfe;

/// How the program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    /// By `exit_group(2)` with this status.
    Exited(u8),
    /// By this signal.
    Signal(u8),
}

/// Ends the running thread; the last one ends the program with `status`.
pub(crate) fn exit_thread(status: u8) -> ! {
    let thread = Thread::current();
    // What is sent to the program from now on is for others.
    thread.signals.set_mask(SignalSet::from_bits(u64::MAX));
    release_waiters(thread);
    trace::end(thread.tid, Status::Exited(status));
    let (ended, left) = Process::current().remove(thread.tid);
    match ended {
        Some(ended) if left > 0 => schedule::end(ended),
        Some(ended) => {
            let decided = DECIDED.lock().take();
            end_of_program(ended, decided.unwrap_or(Status::Exited(status)))
        }
        None => power_off(Status::Exited(status)),
    }
}

/// How the program ends, once that is decided and while threads are left.
static DECIDED: SpinLock<Option<Status>> = SpinLock::new(None);

/// Ends the program from one of its threads, as `exit_group(2)` does.
pub(crate) fn end_program(status: Status) -> ! {
    doom(status);
    exit_thread(0)
}

/// Decides that the program ends, unless that is decided already: where the machine ends with it,
/// here; else each thread ends as soon as it would return to the application, and the last one
/// ends the program.
pub(crate) fn doom(status: Status) {
    if !session::is_on() {
        power_off(status);
    }
    DECIDED.lock().get_or_insert(status);
    let process = Process::current();
    let mut threads = Vec::with_capacity(process.thread_count());
    process.find_thread(|thread| {
        threads.push(thread.clone());
        false
    });
    threads.iter().for_each(signal::end_thread);
    Cpu::current().call_attention(Attention::Threads);
}

/// Goes on after the program's last thread, which is `last` and runs here.
fn end_of_program(last: Arc<Thread>, status: Status) -> ! {
    if !session::is_on() {
        power_off(status);
    }
    session::program_ended(status);
    schedule::end(last)
}

/// Whether a thread is ending all others.
static IS_SUPERSEDED: AtomicBool = AtomicBool::new(false);

/// Ends all other threads and returns when they are gone, as `execve(2)` does.
///
/// # Errors
/// `EAGAIN` if another thread is doing the same, or the program has come to its end meanwhile:
/// this one ends too.
pub(crate) fn end_other_threads() -> Result<()> {
    let own = Thread::current().tid;
    if IS_SUPERSEDED.swap(true, Ordering::Relaxed) {
        return Err(Errno::EAGAIN);
    }
    loop {
        let mut others = Vec::new();
        Process::current().find_thread(|thread| {
            others.extend((thread.tid != own).then(|| thread.clone()));
            false
        });
        if others.is_empty() {
            break;
        }
        others.iter().for_each(signal::end_thread);
        drop(others);
        schedule::yield_now();
    }
    IS_SUPERSEDED.store(false, Ordering::Relaxed);
    if DECIDED.lock().is_some() { Err(Errno::EAGAIN) } else { Ok(()) }
}

/// Ends the running thread, the only one, and runs `next` in its place.
pub(crate) fn hand_over(next: Arc<Thread>) -> ! {
    let process = Process::current();
    // Before a signal can be sent to it.
    let entity = next.inherit(Thread::current());
    let (ended, _) = process.remove(Thread::current().tid);
    process.add(next.clone());
    schedule::start(next, entity);
    match ended {
        Some(ended) => schedule::end(ended),
        None => power_off(Status::Signal(Signal::SIGKILL.raw())),
    }
}

/// Does what the end of a thread owes others: `set_robust_list(2)`, `set_tid_address(2)`.
fn release_waiters(thread: &Thread) {
    futex::release_robust_locks(thread);
    let address = thread.clear_child_tid.load(Ordering::Relaxed);
    if address != 0 && UserPtr::<u32>::new(address).write(&0).is_ok() {
        futex::wake(address, 1);
    }
}

/// Ends the program and the machine.
pub(crate) fn power_off(status: Status) -> ! {
    trace::end(0, status);
    let code = match status {
        Status::Exited(code) => {
            control::send(Event::Exit(code));
            code
        }
        Status::Signal(signal) => {
            control::send(Event::Signal(signal));
            128_u8.wrapping_add(signal)
        }
    };
    stop_machine(code)
}

/// Stops the machine; `code` reaches the host where QEMU's debug exit device is there.
pub(crate) fn stop_machine(code: u8) -> ! {
    trace::finish();
    port::write_u32(DEBUG_EXIT_PORT, u32::from(code));
    power::switch_off();
    port::write_u8(RESET_PORT, RESET_COMMAND);
    crate::arch::cpu::halt()
}
