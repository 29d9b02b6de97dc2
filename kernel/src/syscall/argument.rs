//! Arguments and results: registers as the types that handlers take and return.
//!
//! Linux takes the low half of a register for an `int`, so a conversion never fails; a handler
//! checks what its man page says it checks, in the order in which Linux does.

use crate::arch::index;
use crate::memory::user::UserPtr;

/// A type that an argument register is taken as.
pub(super) trait FromRegister {
    /// Makes a value of a register.
    fn from_register(register: u64) -> Self;
}

fn low_half(register: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = register.to_le_bytes();
    [a, b, c, d]
}

impl FromRegister for i32 {
    fn from_register(register: u64) -> Self {
        Self::from_le_bytes(low_half(register))
    }
}

impl FromRegister for u32 {
    fn from_register(register: u64) -> Self {
        Self::from_le_bytes(low_half(register))
    }
}

impl FromRegister for i64 {
    fn from_register(register: u64) -> Self {
        register.cast_signed()
    }
}

impl FromRegister for usize {
    fn from_register(register: u64) -> Self {
        index(register)
    }
}

impl FromRegister for u64 {
    fn from_register(register: u64) -> Self {
        register
    }
}

impl<T> FromRegister for UserPtr<T> {
    fn from_register(register: u64) -> Self {
        Self::new(register)
    }
}

/// A type that a handler's result is given back as.
pub(super) trait IntoRegister {
    /// Makes a register of a value.
    fn into_register(self) -> u64;
}

impl IntoRegister for () {
    fn into_register(self) -> u64 {
        0
    }
}

impl IntoRegister for u64 {
    fn into_register(self) -> u64 {
        self
    }
}

impl IntoRegister for usize {
    fn into_register(self) -> u64 {
        self as u64
    }
}

impl IntoRegister for u32 {
    fn into_register(self) -> u64 {
        u64::from(self)
    }
}

impl IntoRegister for i32 {
    fn into_register(self) -> u64 {
        i64::from(self).cast_unsigned()
    }
}

impl IntoRegister for i64 {
    fn into_register(self) -> u64 {
        self.cast_unsigned()
    }
}
