//! The x86-64 machine: start-up assembly, traps, paging, interrupt controllers, clock.
#![expect(unsafe_code, reason = "this module is where the kernel touches the processor")]

pub(crate) mod apic;
pub(crate) mod boot;
pub(crate) mod clock;
pub(crate) mod cpu;
pub(crate) mod frame;
pub(crate) mod irq;
pub(crate) mod paging;
pub(crate) mod port;
pub(crate) mod rtc;
pub(crate) mod serial;
pub(crate) mod smp;
pub(crate) mod table;
pub(crate) mod thread;
pub(crate) mod trap;
pub(crate) mod user;

core::arch::global_asm!(include_str!("boot.S"));
core::arch::global_asm!(include_str!("memory.S"));
core::arch::global_asm!(include_str!("trap.S"));
