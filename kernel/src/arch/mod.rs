//! The machine below the kernel, one folder an architecture.

mod x86_64;

/// Returns a number as an index; nothing is lost, pointers have 64 bits on every target.
#[inline]
pub(crate) const fn index(number: u64) -> usize {
    const { assert!(usize::BITS == 64) };
    #[expect(clippy::cast_possible_truncation, reason = "usize has 64 bits, asserted above")]
    let index = number as usize;
    index
}

pub(crate) use x86_64::{
    apic, boot, clock, cpu, frame, irq, paging, port, rtc, serial, smp, thread, trap, user,
};
