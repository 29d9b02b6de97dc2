//! Programs one after the other in one boot, for tests.
//!
//! With `session` on the kernel's command line the host names each program over the control
//! channel, in the words of that line, once the one before has ended. A program finds everything
//! but the tree of files as the first one did: [`reset`] is what execve(2) does and what besides
//! makes a new process. What is left of memory then tells the host whether anything leaked.

use core::sync::atomic::{AtomicBool, Ordering};

use super::exit::Status;
use super::{Process, exec, init, signal, stack, time_limit, timers};
use crate::arch::smp;
use crate::boot::cmdline::Options;
use crate::control::{self, Event};
use crate::file::{self, console};
use crate::memory::report::Summary;
use crate::memory::space;
use crate::{network, schedule, syscall, timer};

static IS_ON: AtomicBool = AtomicBool::new(false);
static IS_RUNNING: AtomicBool = AtomicBool::new(false);

/// What is left once a program has ended, or before the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remains {
    /// Memory.
    pub(crate) memory: Summary,
    /// Threads that have not been dropped, the one that ended last among them.
    pub(crate) threads: u64,
    /// Bytes that all programs have written to the console.
    pub(crate) written: u64,
}

impl Remains {
    fn now() -> Self {
        Self { memory: Summary::now(), threads: stack::in_use(), written: console::written() }
    }
}

/// Returns whether the host names the programs.
pub(crate) fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

/// Makes the kernel wait for the host to name a program.
pub(crate) fn start() {
    IS_ON.store(true, Ordering::Relaxed);
    control::send(Event::Ended(None, Remains::now()));
}

/// Runs the program that the words of a command line name.
pub(crate) fn run(words: &[u8]) {
    let options = match Options::parse(words) {
        Ok(options) if is_on() && !IS_RUNNING.load(Ordering::Relaxed) => options,
        _ => return log::warn!("no program can be run now, or none is named"),
    };
    syscall::set_host_name(&options.hostname);
    IS_RUNNING.store(true, Ordering::Relaxed);
    if let Err(status) = init::start(&options) {
        program_ended(status);
    }
}

/// Takes away what is left of the program, which has no threads any more, and tells the host.
pub(super) fn program_ended(status: Status) {
    reset();
    IS_RUNNING.store(false, Ordering::Relaxed);
    control::send(Event::Ended(Some(status), Remains::now()));
}

/// Makes everything but the tree of files as it was before the first program.
fn reset() {
    wait_for_threads();
    space::lock().restart();
    exec::forget_image();
    timers::reset();
    signal::reset();
    syscall::reset();
    schedule::trim();
    timer::trim();
    Process::current().reset();
    time_limit::changed();
    space::limits_changed();
    if let Err(errno) = file::current().reset() {
        log::error!("the console cannot be opened again: {errno}");
    }
    console::forget_input();
    network::settle();
}

/// Waits until other processors have left the threads that ended on them.
fn wait_for_threads() {
    /// Turns after which what is left is taken for lost, which the host then sees.
    const PATIENCE: u32 = 1 << 22;
    // The running one has a stack, and every processor but the first its own.
    let expected = smp::count() as u64;
    for _ in 0..PATIENCE {
        if stack::in_use() <= expected {
            return;
        }
        sync::relax();
    }
}
