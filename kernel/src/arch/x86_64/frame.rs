//! The registers of an interrupted application.

use super::paging;

/// What trap.S saves on a kernel stack at every entry, in memory order.
///
/// For the application it is all of its registers but the upper halves of the vector registers,
/// x87 state and FS base, which stay in the processor until another thread runs. After an entry by
/// the shim's gate `xmm` has no meaning: the caller gave those registers up.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub(crate) struct TrapFrame {
    pub(crate) xmm: [[u64; 2]; 16],
    pub(crate) r15: u64,
    pub(crate) r14: u64,
    pub(crate) r13: u64,
    pub(crate) r12: u64,
    pub(crate) r11: u64,
    pub(crate) r10: u64,
    pub(crate) r9: u64,
    pub(crate) r8: u64,
    pub(crate) rbp: u64,
    pub(crate) rdi: u64,
    pub(crate) rsi: u64,
    pub(crate) rbx: u64,
    pub(crate) rdx: u64,
    pub(crate) rcx: u64,
    pub(crate) rax: u64,
    /// The gate's number; [`SYSCALL`] for a system call.
    pub(crate) vector: u64,
    /// The exception's error code; for a system call its number.
    pub(crate) error: u64,
    pub(crate) rip: u64,
    pub(crate) cs: u64,
    pub(crate) rflags: u64,
    pub(crate) rsp: u64,
    pub(crate) ss: u64,
}

/// [`TrapFrame::vector`] of an entry by `syscall` or the shim's gate.
pub(crate) const SYSCALL: u64 = 256;
/// RFLAGS.IF: interrupts on.
pub(crate) const INTERRUPTS_ON: u64 = 0x200;

impl TrapFrame {
    /// Returns the registers of a program about to run its first instruction.
    pub(crate) fn new(entry: u64, stack: u64) -> Self {
        Self {
            vector: SYSCALL,
            rip: entry,
            cs: 0x08,
            rflags: INTERRUPTS_ON | 0x2,
            rsp: stack,
            ss: 0x10,
            ..Self::default()
        }
    }

    /// Returns the arguments of a system call.
    #[inline]
    pub(crate) const fn arguments(&self) -> [u64; 6] {
        [self.rdi, self.rsi, self.rdx, self.r10, self.r8, self.r9]
    }

    /// Returns whether the application was interrupted, not the kernel. It may have jumped to
    /// anywhere: the kernel runs nowhere but in its text.
    pub(crate) fn is_application(&self) -> bool {
        !paging::text().contains(&self.rip)
    }
}

const _: () =
    assert!(size_of::<TrapFrame>() == 256 + 22 * 8 && size_of::<TrapFrame>().is_multiple_of(16));
