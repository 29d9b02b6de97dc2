//! Entries into the kernel, after trap.S saved the registers.

use super::cpu;
use super::frame::TrapFrame;
use super::irq;
use crate::{memory, process, schedule, syscall};

const PAGE_FAULT: u64 = 14;
const FIRST_INTERRUPT: u64 = 32;

/// Serves a gate; `frame` is returned to with whatever changes were made to it.
#[unsafe(no_mangle)]
extern "C" fn trap_entry(frame: &mut TrapFrame) {
    match frame.vector {
        PAGE_FAULT => memory::fault::page_fault(frame, cpu::fault_address()),
        FIRST_INTERRUPT.. => irq::serve(frame.vector),
        _ => process::fault::exception(frame),
    }
    if frame.is_application() {
        schedule::before_return(frame);
    }
}

/// Serves a system call. Returns whether the short way back will do, which restores no
/// callee-saved registers because nothing changed them.
#[unsafe(no_mangle)]
extern "C" fn syscall_dispatch(frame: &mut TrapFrame) -> bool {
    syscall::enter(frame)
}

/// First code of a new thread, before it returns to the application.
#[unsafe(no_mangle)]
extern "C" fn thread_started(frame: &mut TrapFrame) {
    schedule::first_run(frame);
}
