//! What a signal carries, and the codes that say where it comes from: `sigaction(2)`.

use linux_raw_sys::general as raw;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Signal, SignalSet};

/// Sent by `kill(2)`.
pub const SI_USER: i32 = 0;
/// The lowest code whose structure Linux knows, but for [`SI_ASYNCNL`].
pub const SI_DETHREAD: i32 = -7;
/// Sent by a name that was looked up.
pub const SI_ASYNCNL: i32 = raw::SI_ASYNCNL;
/// A descriptor became readable.
pub const POLL_IN: i32 = 1;
/// A descriptor became writable.
pub const POLL_OUT: i32 = 2;
/// The other side of a descriptor hung up: the last of these codes.
pub const POLL_HUP: i32 = 6;
/// Sent by the kernel.
pub const SI_KERNEL: i32 = 0x80;
/// Sent by `sigqueue(3)`.
pub const SI_QUEUE: i32 = raw::SI_QUEUE;
/// Sent by a timer of `timer_create(2)`.
pub const SI_TIMER: i32 = raw::SI_TIMER;
/// Sent by `tgkill(2)`.
pub const SI_TKILL: i32 = raw::SI_TKILL;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $value:literal,)*) => {
        $($(#[$doc])* pub const $name: i32 = $value;)*
    };
}

codes! {
    /// SIGILL: an illegal operand.
    ILL_ILLOPN = 2,
    /// SIGFPE: an integer was divided by zero.
    FPE_INTDIV = 1,
    /// SIGFPE: a floating-point number was divided by zero.
    FPE_FLTDIV = 3,
    /// SIGFPE: a floating-point overflow.
    FPE_FLTOVF = 4,
    /// SIGFPE: a floating-point underflow.
    FPE_FLTUND = 5,
    /// SIGFPE: an inexact floating-point result.
    FPE_FLTRES = 6,
    /// SIGFPE: an invalid floating-point operation.
    FPE_FLTINV = 7,
    /// SIGSEGV: nothing is mapped at the address.
    SEGV_MAPERR = 1,
    /// SIGSEGV: the mapping does not permit the access.
    SEGV_ACCERR = 2,
    /// SIGBUS: the address is not aligned.
    BUS_ADRALN = 1,
    /// SIGBUS: nothing is behind the mapping at the address.
    BUS_ADRERR = 2,
    /// SIGTRAP: a single step.
    TRAP_TRACE = 2,
}

/// `siginfo_t`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct SigInfo {
    /// The signal's number.
    pub signo: i32,
    /// An error number, seldom used.
    pub errno: i32,
    /// Where it comes from.
    pub code: i32,
    padding: i32,
    /// What belongs to the signal and its code.
    pub fields: [u64; 14],
}

impl SigInfo {
    /// Returns what a signal from a process carries.
    pub fn from_process(signal: Signal, code: i32, pid: u32, uid: u32) -> Self {
        let sender = u64::from(pid) | u64::from(uid) << 32;
        Self::new(signal, code, &[sender])
    }

    /// Returns what a signal from the kernel itself carries.
    pub fn from_kernel(signal: Signal) -> Self {
        Self::new(signal, SI_KERNEL, &[])
    }

    /// Returns what a signal carries that an access to `address` raised.
    pub fn from_fault(signal: Signal, code: i32, address: u64) -> Self {
        Self::new(signal, code, &[address])
    }

    /// Returns what a signal of timer `id` carries.
    pub fn from_timer(signal: Signal, id: u32, value: u64) -> Self {
        Self::new(signal, SI_TIMER, &[u64::from(id), value])
    }

    /// Returns what a signal carries that tells of descriptor `fd` becoming ready for `band`;
    /// `code` is [`POLL_IN`] or [`POLL_OUT`].
    pub fn from_descriptor(signal: Signal, code: i32, band: u32, fd: u32) -> Self {
        Self::new(signal, code, &[u64::from(band), u64::from(fd)])
    }

    fn new(signal: Signal, code: i32, front: &[u64]) -> Self {
        let mut fields = [0; 14];
        fields[..front.len()].copy_from_slice(front);
        Self { signo: i32::from(signal.raw()), errno: 0, code, padding: 0, fields }
    }

    /// Returns whether the structure says no more than Linux knows of: with a code of a known kind
    /// it may hold anything, else only the first 48 bytes are looked at.
    pub fn is_known(&self) -> bool {
        const KNOWN_FIELDS: usize = 4;
        let is_kind_known = self.code >= SI_DETHREAD || self.code == SI_ASYNCNL;
        is_kind_known || self.fields[KNOWN_FIELDS..].iter().all(|field| *field == 0)
    }

    /// Returns the signal.
    pub fn signal(&self) -> Option<Signal> {
        u64::try_from(self.signo).ok().and_then(Signal::from_raw)
    }

    /// Returns whether it tells of a descriptor: one with such a code that is neither a fault's nor
    /// a child's.
    pub(crate) fn is_from_descriptor(&self) -> bool {
        let is_other =
            |signal: Signal| SignalSet::SYNCHRONOUS.contains(signal) || signal == Signal::SIGCHLD;
        !self.signal().is_some_and(is_other)
    }

    /// Returns the id of the timer that sent it ([`SI_TIMER`]).
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is the id")]
    pub const fn timer_id(&self) -> u32 {
        self.fields[0] as u32
    }

    /// Says how often the timer went off besides ([`SI_TIMER`]).
    pub fn set_overrun(&mut self, overrun: u32) {
        self.fields[0] = u64::from(self.timer_id()) | u64::from(overrun) << 32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structure_has_linux_size() {
        assert_eq!(size_of::<SigInfo>(), 128);
    }

    #[test]
    fn the_overrun_shares_a_field_with_the_timer() {
        let mut info = SigInfo::from_timer(Signal::SIGALRM, 7, 9);
        info.set_overrun(3);
        assert_eq!((info.timer_id(), info.fields[0] >> 32, info.fields[1]), (7, 3, 9));
    }
}
