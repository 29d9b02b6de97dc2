//! Exceptions: the application's become its signals, the kernel's a panic.

use crate::arch::frame::TrapFrame;
use crate::panic::report_registers;
use crate::process::exit::{self, Status};

/// Why an access to the application's memory failed, as `si_code` of `sigaction(2)` tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Problem {
    /// Nothing is mapped there: SIGSEGV, SEGV_MAPERR.
    NotMapped,
    /// The mapping does not permit the access: SIGSEGV, SEGV_ACCERR.
    NotPermitted,
    /// The mapped file ends before: SIGBUS, BUS_ADRERR.
    BeyondFile,
    /// There is no memory left for the page.
    OutOfMemory,
}

const SIGILL: u8 = 4;
const SIGTRAP: u8 = 5;
const SIGBUS: u8 = 7;
const SIGFPE: u8 = 8;
const SIGSEGV: u8 = 11;

/// Serves an exception other than a page fault.
pub(crate) fn exception(frame: &mut TrapFrame) {
    if !frame.is_application() {
        kernel_fault(frame, None);
    }
    let signal = match frame.vector {
        0 | 16 | 19 => SIGFPE,
        1 | 3 => SIGTRAP,
        6 => SIGILL,
        17 => SIGBUS,
        _ => SIGSEGV,
    };
    fatal(frame, signal, 0);
}

/// Serves an access of the application that failed.
pub(crate) fn segmentation(frame: &mut TrapFrame, address: u64, problem: Problem) {
    let signal = if problem == Problem::BeyondFile { SIGBUS } else { SIGSEGV };
    fatal(frame, signal, address);
}

/// Ends the program by a signal that an exception raised and nothing handles.
fn fatal(frame: &TrapFrame, signal: u8, address: u64) -> ! {
    log::error!(
        "the program is ended by signal {signal} at {:#x}, address {address:#x}",
        frame.rip
    );
    report_registers(frame);
    exit::power_off(Status::Signal(signal))
}

/// Ends everything: the kernel itself failed.
pub(crate) fn kernel_fault(frame: &TrapFrame, address: Option<u64>) -> ! {
    report_registers(frame);
    crate::panic::give_up(format_args!(
        "exception {} (error {:#x}) in the kernel at {:#x}, address {:x?}",
        frame.vector, frame.error, frame.rip, address
    ))
}
