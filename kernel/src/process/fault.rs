//! Exceptions: the application's become its signals, the kernel's a panic.

use abi::signal::{
    BUS_ADRALN, BUS_ADRERR, FPE_FLTDIV, FPE_FLTINV, FPE_FLTOVF, FPE_FLTRES, FPE_FLTUND, FPE_INTDIV,
    ILL_ILLOPN, SEGV_ACCERR, SEGV_MAPERR, SI_KERNEL, SigInfo, Signal, TRAP_TRACE,
};

use super::signal::{self, Exception};
use super::thread::Thread;
use crate::arch::cpu;
use crate::arch::frame::TrapFrame;
use crate::arch::thread::ExtendedState;
use crate::memory::report;
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

/// The vector of interrupts that cannot be masked.
const NMI: u64 = 2;
/// What page fault error codes say of an access by ring 3, which programs look for.
const USER_ACCESS: u64 = 4;

/// Serves an exception other than a page fault.
pub(crate) fn exception(frame: &mut TrapFrame) {
    if frame.vector == NMI && crate::panic::is_panicking() {
        cpu::halt();
    }
    if !frame.is_application() {
        kernel_fault(frame, None);
    }
    let (signal, code, address) = match frame.vector {
        0 => (Signal::SIGFPE, FPE_INTDIV, frame.rip),
        1 => (Signal::SIGTRAP, TRAP_TRACE, frame.rip),
        3 => (Signal::SIGTRAP, SI_KERNEL, 0),
        6 => (Signal::SIGILL, ILL_ILLOPN, frame.rip),
        11 | 12 => (Signal::SIGBUS, SI_KERNEL, 0),
        16 | 19 => (Signal::SIGFPE, floating_point_code(frame.vector), frame.rip),
        17 => (Signal::SIGBUS, BUS_ADRALN, 0),
        _ => (Signal::SIGSEGV, SI_KERNEL, 0),
    };
    let exception = Exception { vector: frame.vector, error: frame.error, address: 0 };
    Thread::current().signals.note_exception(exception);
    signal::force(SigInfo::from_fault(signal, code, address));
}

/// Returns the code of the exception that a floating-point instruction raised.
fn floating_point_code(vector: u64) -> i32 {
    const X87: u64 = 16;
    let mut state = ExtendedState::new();
    state.save();
    let bytes = state.as_bytes();
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let (control, status, mxcsr) = (word(0), word(2), word(24));
    let raised = if vector == X87 { status & !control } else { mxcsr & !(mxcsr >> 7) };
    match raised {
        _ if raised & 0x01 != 0 => FPE_FLTINV,
        _ if raised & 0x04 != 0 => FPE_FLTDIV,
        _ if raised & 0x08 != 0 => FPE_FLTOVF,
        _ if raised & 0x12 != 0 => FPE_FLTUND,
        _ => FPE_FLTRES,
    }
}

/// Serves an access of the application that failed.
pub(crate) fn segmentation(frame: &mut TrapFrame, address: u64, problem: Problem) {
    let (signal, code) = match problem {
        Problem::NotMapped => (Signal::SIGSEGV, SEGV_MAPERR),
        Problem::NotPermitted => (Signal::SIGSEGV, SEGV_ACCERR),
        Problem::BeyondFile => (Signal::SIGBUS, BUS_ADRERR),
        Problem::OutOfMemory => {
            log::error!("no memory is left for the page at {address:#x}");
            report::fault(frame, address);
            report::exhaustion();
            exit::end_program(Status::Signal(Signal::SIGKILL.raw()))
        }
    };
    let error = frame.error | USER_ACCESS;
    let exception = Exception { vector: frame.vector, error, address };
    Thread::current().signals.note_exception(exception);
    signal::force(SigInfo::from_fault(signal, code, address));
}

/// Ends everything: the kernel itself failed.
pub(crate) fn kernel_fault(frame: &TrapFrame, address: Option<u64>) -> ! {
    report_registers(frame);
    crate::panic::give_up(format_args!(
        "exception {} (error {:#x}) in the kernel at {:#x}, address {:x?}",
        frame.vector, frame.error, frame.rip, address
    ))
}
