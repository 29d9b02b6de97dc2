//! Entries into the kernel, after trap.S saved the registers.

use super::cpu;
use super::frame::TrapFrame;
use super::irq;
use crate::memory::user::UserPtr;
use crate::{memory, process, schedule, syscall};

const PAGE_FAULT: u64 = 14;
const FIRST_INTERRUPT: u64 = 32;

/// Serves a gate; `frame` is returned to with whatever changes were made to it.
#[unsafe(no_mangle)]
extern "C" fn trap_entry(frame: &mut TrapFrame) {
    if frame.rip == gate() {
        step_back(frame);
    }
    match frame.vector {
        PAGE_FAULT => memory::fault::page_fault(frame, cpu::fault_address()),
        FIRST_INTERRUPT.. => irq::serve(frame.vector),
        _ => process::fault::exception(frame),
    }
    if frame.is_application() {
        schedule::before_return(frame);
    }
}

/// Serves a page fault of the kernel in the area of kernel stacks.
#[unsafe(no_mangle)]
extern "C" fn stack_fault(frame: &mut TrapFrame, address: u64) {
    if !process::stack::grow(address) {
        memory::fault::page_fault(frame, address);
    }
}

/// Returns the address of the shim's gate, which programs call.
pub(crate) fn gate() -> u64 {
    unsafe extern "C" {
        fn gate_entry();
    }
    gate_entry as *const () as u64
}

/// Takes a program that has called the gate and was interrupted before its first instruction back
/// to where it came from: there it finds `syscall`, and enters by that. So the program is never
/// seen with a program counter of the kernel's.
fn step_back(frame: &mut TrapFrame) {
    // What cannot be read any more leads nowhere, as a return there would.
    frame.rip = UserPtr::new(frame.rsp).read().unwrap_or(0);
    frame.rsp = frame.rsp.wrapping_add(8);
}

/// Serves a system call; returns its result.
#[unsafe(no_mangle)]
extern "C" fn syscall_dispatch(frame: &mut TrapFrame) -> u64 {
    syscall::enter(frame)
}

/// Ends a system call after which attention is called for.
#[unsafe(no_mangle)]
extern "C" fn syscall_attend(frame: &mut TrapFrame, result: u64) {
    frame.rax = result;
    schedule::before_return(frame);
}

/// First code of a new thread, before it returns to the application.
#[unsafe(no_mangle)]
extern "C" fn thread_started(frame: &mut TrapFrame) {
    schedule::first_run(frame);
}
