//! The kernel's end: a report on the console and to the host, then power-off.

use alloc::format;
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::arch::cpu::{self, Cpu};
use crate::arch::frame::TrapFrame;
use crate::arch::serial::CONSOLE;
use crate::arch::smp;
use crate::backtrace;
use crate::control::{self, Event};
use crate::process::{exit, report};

/// The machine's exit status after a panic.
pub(crate) const STATUS: u8 = 70;

static IS_PANICKING: AtomicBool = AtomicBool::new(false);
/// The processor that reports.
static REPORTER: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Returns whether the kernel has given up.
pub(crate) fn is_panicking() -> bool {
    IS_PANICKING.load(Ordering::SeqCst)
}

struct Console;

impl Write for Console {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        CONSOLE.write(s.as_bytes());
        Ok(())
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    give_up(format_args!("{info}"))
}

/// Reports a failure of the kernel and stops the machine.
pub(crate) fn give_up(message: fmt::Arguments<'_>) -> ! {
    if IS_PANICKING.swap(true, Ordering::SeqCst) {
        // A failure within the report, or of another processor, which is to let the first report.
        if REPORTER.load(Ordering::SeqCst) == Cpu::current().id {
            exit::stop_machine(STATUS);
        }
        cpu::halt();
    }
    REPORTER.store(Cpu::current().id, Ordering::SeqCst);
    smp::stop_others();
    // Writing to the port does not fail.
    let _ = writeln!(Console, "\nscull: kernel panic: {message}");
    // In the form that the host tool looks for, to name them.
    backtrace::each(|address| {
        let _ = writeln!(Console, "scull: backtrace {address:#018x}");
    });
    report::threads(|line| {
        let _ = writeln!(Console, "scull: {line}");
    });
    control::send(Event::Panic(&format!("{message}")));
    exit::stop_machine(STATUS)
}

/// The registers of an interrupted program or kernel, as text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers<'a>(pub(crate) &'a TrapFrame);

impl fmt::Display for Registers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TrapFrame { rip, rsp, rflags, rax, rbx, rcx, rdx, rsi, rdi, rbp, .. } = *self.0;
        let TrapFrame { r8, r9, r10, r11, r12, r13, r14, r15, vector, error, .. } = *self.0;
        write!(
            f,
            "vector {vector} error {error:#x} rip {rip:#x} rsp {rsp:#x} rflags {rflags:#x} \
             rax {rax:#x} rbx {rbx:#x} rcx {rcx:#x} rdx {rdx:#x} rsi {rsi:#x} rdi {rdi:#x} \
             rbp {rbp:#x} r8 {r8:#x} r9 {r9:#x} r10 {r10:#x} r11 {r11:#x} r12 {r12:#x} \
             r13 {r13:#x} r14 {r14:#x} r15 {r15:#x}"
        )
    }
}

/// Prints the registers of the interrupted kernel.
pub(crate) fn report_registers(frame: &TrapFrame) {
    // Writing to the port does not fail.
    let _ = writeln!(Console, "scull: {}", Registers(frame));
}
