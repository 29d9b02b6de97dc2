//! I/O ports.

use core::arch::asm;

/// Writes a byte to a port.
pub(crate) fn write_u8(port: u16, value: u8) {
    // SAFETY: a port write cannot touch memory; what devices do with it is the caller's business.
    unsafe {
        asm!("out dx, al", in("dx") port, in("al") value, options(nomem, nostack, preserves_flags));
    };
}

/// Reads a byte from a port.
pub(crate) fn read_u8(port: u16) -> u8 {
    let value: u8;
    // SAFETY: a port read cannot touch memory.
    unsafe {
        asm!("in al, dx", in("dx") port, out("al") value, options(nomem, nostack, preserves_flags));
    };
    value
}

/// Writes 16 bits to a port.
pub(crate) fn write_u16(port: u16, value: u16) {
    // SAFETY: as in write_u8.
    unsafe {
        asm!("out dx, ax", in("dx") port, in("ax") value, options(nomem, nostack, preserves_flags));
    };
}

/// Reads 16 bits from a port.
pub(crate) fn read_u16(port: u16) -> u16 {
    let value: u16;
    // SAFETY: as in read_u8.
    unsafe {
        asm!("in ax, dx", in("dx") port, out("ax") value, options(nomem, nostack, preserves_flags));
    };
    value
}

/// Writes 32 bits to a port.
pub(crate) fn write_u32(port: u16, value: u32) {
    // SAFETY: as in write_u8.
    unsafe {
        asm!("out dx, eax", in("dx") port, in("eax") value, options(nomem, nostack, preserves_flags));
    };
}

/// Reads 32 bits from a port.
pub(crate) fn read_u32(port: u16) -> u32 {
    let value: u32;
    // SAFETY: as in read_u8.
    unsafe {
        asm!("in eax, dx", in("dx") port, out("eax") value, options(nomem, nostack, preserves_flags));
    };
    value
}
