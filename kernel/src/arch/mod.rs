//! The machine below the kernel, one folder an architecture.

mod x86_64;

pub(crate) use x86_64::{
    apic, boot, clock, cpu, frame, irq, paging, port, rtc, serial, thread, user,
};
