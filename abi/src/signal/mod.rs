//! Signals: `signal(7)`, `sigaction(2)`, what a signal carries, and the frame that a handler finds on
//! its stack.

mod frame;
mod info;

use core::fmt;
use core::ops::{BitAnd, BitOr, Not};

use linux_raw_sys::general as raw;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

pub use frame::{
    FP_XSTATE_MAGIC1, FP_XSTATE_MAGIC2, FPX_SW_OFFSET, FpxSwBytes, MINSIGSTKSZ, SS_AUTODISARM,
    SS_DISABLE, SS_ONSTACK, SigContext, SigStack, SignalFrame, UC_FP_XSTATE, UC_SIGCONTEXT_SS,
    UC_STRICT_RESTORE_SS, UserContext,
};
pub use info::{
    BUS_ADRALN, BUS_ADRERR, FPE_FLTDIV, FPE_FLTINV, FPE_FLTOVF, FPE_FLTRES, FPE_FLTUND, FPE_INTDIV,
    ILL_ILLOPN, POLL_HUP, POLL_IN, POLL_OUT, SEGV_ACCERR, SEGV_MAPERR, SI_ASYNCNL, SI_DETHREAD,
    SI_KERNEL, SI_QUEUE, SI_TIMER, SI_TKILL, SI_USER, SigInfo, TRAP_TRACE,
};

/// How many signals there are: the numbers are 1 to 64.
pub const COUNT: usize = 64;

/// A signal's number, 1 to 64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

/// What a signal does that nothing handles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefaultAction {
    /// Ends the process, with or without a core dump.
    Terminate,
    /// Nothing.
    Ignore,
    /// Stops the process.
    Stop,
}

macro_rules! signals {
    ($($name:ident = $value:literal,)*) => {
        #[expect(missing_docs, reason = "the names are Linux's own, signal(7)")]
        impl Signal {
            $(pub const $name: Self = Self($value);)*

            /// Returns Linux's name (`"SIGTERM"`), `None` for real-time signals.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

signals! {
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGUSR1 = 10,
    SIGSEGV = 11,
    SIGUSR2 = 12,
    SIGPIPE = 13,
    SIGALRM = 14,
    SIGTERM = 15,
    SIGSTKFLT = 16,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
    SIGTSTP = 20,
    SIGTTIN = 21,
    SIGTTOU = 22,
    SIGURG = 23,
    SIGXCPU = 24,
    SIGXFSZ = 25,
    SIGVTALRM = 26,
    SIGPROF = 27,
    SIGWINCH = 28,
    SIGIO = 29,
    SIGPWR = 30,
    SIGSYS = 31,
}

impl Signal {
    /// Returns the signal of a number, `None` if there is none.
    pub const fn from_raw(number: u64) -> Option<Self> {
        match number {
            #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
            1..=64 => Some(Self(number as u8)),
            _ => None,
        }
    }

    /// Returns the number, 1 to 64.
    pub const fn raw(self) -> u8 {
        self.0
    }

    /// Returns its place in tables, 0 to 63.
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }

    /// Returns whether several of it can be pending at once.
    pub const fn is_realtime(self) -> bool {
        self.0 >= 32
    }

    /// Returns what it does where nothing handles it.
    pub const fn default_action(self) -> DefaultAction {
        match self {
            Self::SIGCHLD | Self::SIGCONT | Self::SIGURG | Self::SIGWINCH => DefaultAction::Ignore,
            Self::SIGSTOP | Self::SIGTSTP | Self::SIGTTIN | Self::SIGTTOU => DefaultAction::Stop,
            _ => DefaultAction::Terminate,
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "SIGRT_{}", self.0 - 32),
        }
    }
}

/// A set of signals, `sigset_t` as the kernel has it.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct SignalSet(u64);

impl SignalSet {
    /// The empty set.
    pub const EMPTY: Self = Self(0);
    /// Those that can neither be blocked, ignored nor handled.
    pub const UNBLOCKABLE: Self = Self(1 << (9 - 1) | 1 << (19 - 1));
    /// Those that stop a process: SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU.
    pub const STOPPING: Self = Self(0xf << (19 - 1));
    /// Those that the program's own instructions raise; they are delivered first.
    pub const SYNCHRONOUS: Self = Self(1 << 10 | 1 << 6 | 1 << 3 | 1 << 4 | 1 << 7 | 1 << 30);

    /// Makes a set of a mask: bit `n` stands for signal `n + 1`.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the mask.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Returns the set of one signal.
    pub const fn only(signal: Signal) -> Self {
        Self(1 << signal.index())
    }

    /// Returns whether it has no member.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether a signal is a member.
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 >> signal.index() & 1 != 0
    }

    /// Returns the set with one signal more.
    pub const fn with(self, signal: Signal) -> Self {
        Self(self.0 | Self::only(signal).0)
    }

    /// Returns the set with one signal less.
    pub const fn without(self, signal: Signal) -> Self {
        Self(self.0 & !Self::only(signal).0)
    }

    /// Returns the member of the lowest number.
    pub const fn lowest(self) -> Option<Signal> {
        #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
        match self.0.trailing_zeros() as u8 {
            64 => None,
            zeros => Some(Signal(zeros + 1)),
        }
    }
}

impl BitAnd for SignalSet {
    type Output = Self;

    fn bitand(self, rhs: Self) -> Self {
        Self(self.0 & rhs.0)
    }
}

impl BitOr for SignalSet {
    type Output = Self;

    fn bitor(self, rhs: Self) -> Self {
        Self(self.0 | rhs.0)
    }
}

impl Not for SignalSet {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0)
    }
}

bitflags::bitflags! {
    /// `sa_flags` of `sigaction(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct ActionFlags: u32 {
        /// No SIGCHLD when children stop.
        const NOCLDSTOP = raw::SA_NOCLDSTOP;
        /// No zombies.
        const NOCLDWAIT = raw::SA_NOCLDWAIT;
        /// The handler takes three arguments.
        const SIGINFO = raw::SA_SIGINFO;
        /// The restorer is given, as it must be on x86-64.
        const RESTORER = raw::SA_RESTORER;
        /// The handler runs on the alternate stack.
        const ONSTACK = raw::SA_ONSTACK;
        /// Interrupted calls are restarted.
        const RESTART = raw::SA_RESTART;
        /// The signal is not blocked while its handler runs.
        const NODEFER = raw::SA_NODEFER;
        /// The action is reset to the default when the handler is entered.
        const RESETHAND = raw::SA_RESETHAND;
    }
}

/// `struct sigaction` as the kernel has it.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct SigAction {
    /// The handler's address, [`SIG_DFL`] or [`SIG_IGN`].
    pub handler: u64,
    /// [`ActionFlags`]; the upper half is not looked at.
    pub flags: u64,
    /// Where the handler returns to.
    pub restorer: u64,
    /// What is blocked while the handler runs.
    pub mask: SignalSet,
}

/// The default action.
pub const SIG_DFL: u64 = 0;
/// The signal is ignored.
pub const SIG_IGN: u64 = 1;

impl SigAction {
    /// Returns the flags that are known.
    pub const fn flags(&self) -> ActionFlags {
        #[expect(clippy::cast_possible_truncation, reason = "the upper half means nothing")]
        ActionFlags::from_bits_truncate(self.flags as u32)
    }

    /// Returns whether `signal` does nothing under this action.
    pub fn ignores(&self, signal: Signal) -> bool {
        self.handler == SIG_IGN
            || self.handler == SIG_DFL && signal.default_action() == DefaultAction::Ignore
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_linux_sizes() {
        assert_eq!(size_of::<SigAction>(), size_of::<raw::kernel_sigaction>());
    }

    #[test]
    fn sets_have_members() {
        let set = SignalSet::EMPTY.with(Signal::SIGUSR1).with(Signal::SIGINT);
        assert_eq!(set.lowest(), Some(Signal::SIGINT));
        assert!(!set.without(Signal::SIGINT).contains(Signal::SIGINT));
        assert_eq!(SignalSet::EMPTY.lowest(), None);
        assert_eq!(SignalSet::from_bits(1 << 63).lowest(), Signal::from_raw(64));
        let unblockable = SignalSet::only(Signal::SIGKILL).with(Signal::SIGSTOP);
        assert_eq!(SignalSet::UNBLOCKABLE, unblockable);
        let raised = [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGILL, Signal::SIGTRAP];
        let raised = raised.into_iter().fold(SignalSet::EMPTY, SignalSet::with);
        let all = raised.with(Signal::SIGFPE).with(Signal::SIGSYS);
        assert_eq!(SignalSet::SYNCHRONOUS, all);
    }

    #[test]
    fn only_1_to_64_are_signals() {
        assert_eq!(Signal::from_raw(0), None);
        assert_eq!(Signal::from_raw(65), None);
        assert_eq!(Signal::from_raw(15), Some(Signal::SIGTERM));
    }
}
