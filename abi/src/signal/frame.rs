//! The alternate stack, `sigaltstack(2)`, and the frame that a handler finds on its stack.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{SigInfo, SignalSet};

/// The program runs on this alternate stack, `sigaltstack(2)`.
pub const SS_ONSTACK: i32 = 1;
/// There is no alternate stack.
pub const SS_DISABLE: i32 = 2;
/// The alternate stack is disabled while a handler runs on it.
pub const SS_AUTODISARM: i32 = i32::MIN;
/// The smallest alternate stack, in bytes.
pub const MINSIGSTKSZ: u64 = 2048;

/// `stack_t`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct SigStack {
    /// Its lowest address.
    pub sp: u64,
    /// `SS_` flags.
    pub flags: i32,
    padding: i32,
    /// Its size in bytes.
    pub size: u64,
}

impl SigStack {
    /// Returns no stack.
    pub const fn disabled() -> Self {
        Self { sp: 0, flags: SS_DISABLE, padding: 0, size: 0 }
    }

    /// Returns a stack.
    pub const fn new(sp: u64, flags: i32, size: u64) -> Self {
        Self { sp, flags, padding: 0, size }
    }

    /// Returns whether a stack pointer lies on it.
    pub const fn holds(&self, pointer: u64) -> bool {
        pointer > self.sp && pointer - self.sp <= self.size
    }
}

/// `struct sigcontext`: the interrupted registers.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[expect(missing_docs, reason = "most fields are the registers of their names")]
pub struct SigContext {
    pub r8: u64,
    pub r9: u64,
    pub r10: u64,
    pub r11: u64,
    pub r12: u64,
    pub r13: u64,
    pub r14: u64,
    pub r15: u64,
    pub rdi: u64,
    pub rsi: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub rdx: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rsp: u64,
    pub rip: u64,
    pub rflags: u64,
    pub cs: u16,
    pub gs: u16,
    pub fs: u16,
    pub ss: u16,
    /// The last exception's error code.
    pub error: u64,
    /// The last exception's vector.
    pub trap: u64,
    /// The blocked signals.
    pub old_mask: u64,
    /// The address of the last page fault.
    pub cr2: u64,
    /// Where the extended state is, 0 for nowhere.
    pub extended_state: u64,
    pub reserved: [u64; 8],
}

/// The extended state is in the format of XSAVE.
pub const UC_FP_XSTATE: u64 = 1;
/// The stack segment is saved.
pub const UC_SIGCONTEXT_SS: u64 = 2;
/// The stack segment is restored as it is.
pub const UC_STRICT_RESTORE_SS: u64 = 4;

/// `ucontext_t` as the kernel writes it.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct UserContext {
    /// `UC_` flags.
    pub flags: u64,
    /// Always 0.
    pub link: u64,
    /// The alternate stack.
    pub stack: SigStack,
    /// The registers.
    pub registers: SigContext,
    /// What was blocked.
    pub mask: SignalSet,
}

/// `struct rt_sigframe`: what a handler finds on its stack.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SignalFrame {
    /// Where the handler returns to.
    pub return_address: u64,
    /// The handler's third argument.
    pub context: UserContext,
    /// The handler's second argument.
    pub info: SigInfo,
}

/// Where `struct _fpx_sw_bytes` is in an extended state on the stack, in bytes.
pub const FPX_SW_OFFSET: usize = 464;
/// Begins [`FpxSwBytes`].
pub const FP_XSTATE_MAGIC1: u32 = 0x4650_5853;
/// Follows the extended state.
pub const FP_XSTATE_MAGIC2: u32 = 0x4650_5845;

/// `struct _fpx_sw_bytes`: says that more than FXSAVE's 512 bytes follow.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FpxSwBytes {
    /// [`FP_XSTATE_MAGIC1`].
    pub magic1: u32,
    /// The bytes of the state and of [`FP_XSTATE_MAGIC2`].
    pub extended_size: u32,
    /// Which parts the state has.
    pub features: u64,
    /// The bytes of the state.
    pub xstate_size: u32,
    padding: [u32; 7],
}

impl FpxSwBytes {
    /// Describes a state of `size` bytes with `features`.
    pub const fn new(size: u32, features: u64) -> Self {
        Self {
            magic1: FP_XSTATE_MAGIC1,
            extended_size: size + 4,
            features,
            xstate_size: size,
            padding: [0; 7],
        }
    }
}

#[cfg(test)]
mod tests {
    use core::mem::offset_of;

    use linux_raw_sys::general as raw;

    use super::*;

    #[test]
    fn structures_have_linux_sizes() {
        assert_eq!(size_of::<SigStack>(), size_of::<raw::stack_t>());
        assert_eq!(size_of::<SigContext>(), 256);
        assert_eq!(offset_of!(SigContext, extended_state), 184);
        assert_eq!(offset_of!(UserContext, registers), 40);
        assert_eq!(offset_of!(UserContext, mask), 296);
        assert_eq!(size_of::<SignalFrame>(), 440);
        assert_eq!(size_of::<FpxSwBytes>(), 48);
    }
}
