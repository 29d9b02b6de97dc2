//! Signals: `signal(7)`, `sigaction(2)`, and the frame that a handler finds on its stack.

use core::fmt;
use core::ops::{BitAnd, BitOr, Not};

use linux_raw_sys::general as raw;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

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

    use super::*;

    #[test]
    fn structures_have_linux_sizes() {
        assert_eq!(size_of::<SigAction>(), size_of::<raw::kernel_sigaction>());
        assert_eq!(size_of::<SigInfo>(), 128);
        assert_eq!(size_of::<SigStack>(), size_of::<raw::stack_t>());
        assert_eq!(size_of::<SigContext>(), 256);
        assert_eq!(offset_of!(SigContext, extended_state), 184);
        assert_eq!(offset_of!(UserContext, registers), 40);
        assert_eq!(offset_of!(UserContext, mask), 296);
        assert_eq!(size_of::<SignalFrame>(), 440);
        assert_eq!(size_of::<FpxSwBytes>(), 48);
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

    #[test]
    fn the_overrun_shares_a_field_with_the_timer() {
        let mut info = SigInfo::from_timer(Signal::SIGALRM, 7, 9);
        info.set_overrun(3);
        assert_eq!((info.timer_id(), info.fields[0] >> 32, info.fields[1]), (7, 3, 9));
    }
}
