//! Arguments that are no pointers, and such values in memory.

use abi::Sysno;
use abi::call::{Flags, Kind, Name};

use super::super::arena::{BAD_POINTERS, DATA, PAGE, SANE_END, ZONE, ZONE_PAGES};
use super::super::plan::Argument;
use super::Building;
use super::model::Object;

/// Numbers at which something changes, for 32 and 64 bits.
const EDGES: [u64; 14] = [
    u64::MAX,
    u64::MAX - 1,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_f000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    4095,
    4096,
    65_535,
    65_536,
    1024,
];
/// Signals that plans send and handle: none of a fault, none that stops or kills in spite of a
/// handler, and not the watchdog's.
const SIGNALS: [u64; 16] = [1, 2, 3, 10, 12, 13, 14, 15, 17, 18, 23, 28, 29, 34, 40, 64];
/// A process or thread that there is not.
const NOBODY: u64 = 0x3f_ffff;
/// The bits of flags that keep calls from waiting: `O_NONBLOCK` and `SOCK_NONBLOCK` are one.
const NONBLOCK: u64 = 0o4000;
const DONTWAIT: u64 = 0x40;

impl Building<'_> {
    /// Returns an argument of this kind that is no pointer.
    pub(super) fn random_scalar(&mut self, kind: Kind, name: &str) -> Argument {
        match kind {
            Kind::Pid => self.random_process(),
            Kind::Fd | Kind::DirFd => Argument::Number(self.random_fd(kind, name)),
            _ => Argument::Number(self.random_value(kind, name)),
        }
    }

    /// Returns a value of this kind: a register's, or a field's.
    pub(super) fn random_value(&mut self, kind: Kind, name: &str) -> u64 {
        let random = &mut *self.random;
        match kind {
            Kind::Int | Kind::Uint | Kind::Long if name.contains("timeout") => {
                random.pick(&[0, 0, 0, 0, 0, 0, 0, 1, 1, 2, u64::MAX, 0x7fff_ffff])
            }
            Kind::Int | Kind::Uint | Kind::Long | Kind::Size if random.percent(88) => {
                let most = if kind.size() == 8 { 12 } else { 10 };
                random.pick(&[0, 1, 2, 3, 4, 8, 8, 16, 24, 64, 128, 1000][..most])
            }
            Kind::Offset if random.percent(85) => {
                random.pick(&[0, 0, 1, 3, 10, 4095, 4096, 4097, 8192, 100_000])
            }
            Kind::Bits | Kind::LongBits | Kind::Nothing if random.percent(80) => {
                random.pick(&[0, 0, 0, 1, 2, 4])
            }
            Kind::Id => match self.call {
                Sysno::chown | Sysno::fchown | Sysno::lchown | Sysno::fchownat => {
                    random.pick(&[0, 1, 1000, 65_534, 0xffff_ffff])
                }
                // A program that is not root any more cannot go back.
                _ => random.pick(&[0, 0, 0xffff_ffff, u64::MAX]),
            },
            Kind::Mode => random.pick(&[0o644, 0o600, 0o777, 0o700, 0, 0o7777, 0o10_0644]),
            Kind::FileMode => random
                .pick(&[0o10_0644, 0o644, 0o1_0600, 0o14_0600, 0o4_0755, 0o12_0777, 0o17_0000]),
            Kind::Device | Kind::Nothing => 0,
            Kind::Signal if random.percent(85) => random.pick(&SIGNALS),
            Kind::Signal => random.pick(&[0, 0, 65, 66, 1000, 0xffff_ffff]),
            Kind::Clock => random.pick(&[0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 11, 12, 99, u64::MAX]),
            Kind::Limit => random.pick(&[0, 16, 64, 4096, u64::MAX]),
            Kind::SignalSet => self.random_set(),
            Kind::Flags(flags) => self.random_flags(flags),
            Kind::Choice(names) => self.random_choice(names),
            Kind::Address => self.random_address(),
            Kind::Fd | Kind::DirFd => self.random_fd(kind, name),
            // In memory; the process is not known there.
            Kind::Pid => random.pick(&[0, 0, NOBODY, 0xffff_ffff]),
            _ => random.pick(&EDGES),
        }
    }

    /// Returns a set of signals without the watchdog's.
    fn random_set(&mut self) -> u64 {
        const WATCHDOG: u64 = 1 << 15;
        let random = &mut *self.random;
        let one = 1 << (random.pick(&SIGNALS) - 1);
        let bits = random.bits();
        random.pick(&[0, 0, one, one, bits, u64::MAX]) & !WATCHDOG
    }

    fn random_process(&mut self) -> Argument {
        let sends = matches!(
            self.call,
            Sysno::kill
                | Sysno::tkill
                | Sysno::tgkill
                | Sysno::rt_sigqueueinfo
                | Sysno::rt_tgsigqueueinfo
                | Sysno::pidfd_open
                | Sysno::ioprio_set
                | Sysno::wait4
                | Sysno::waitid
        );
        let random = &mut *self.random;
        match random.below(10) {
            0..4 => Argument::Process,
            4..7 => Argument::Thread,
            7 if !sends => Argument::Number(0),
            8 if !sends => Argument::Number(random.pick(&[u64::MAX, 0xffff_ffff, 1 << 31])),
            _ => Argument::Number(NOBODY),
        }
    }

    /// Returns a descriptor, mostly of a kind that suits the call.
    fn random_fd(&mut self, kind: Kind, name: &str) -> u64 {
        const AT_FDCWD: u64 = 0xffff_ff9c;
        let random = &mut *self.random;
        if matches!(kind, Kind::DirFd) && random.percent(65) {
            return if random.percent(50) { AT_FDCWD } else { u64::MAX - 99 };
        }
        match random.below(20) {
            0 => random.pick(&[u64::MAX, 0xffff_ffff, 1 << 31, 0x7fff_ffff, 63, 64, 1023, 1024]),
            1 => random.below(24),
            // An int: the upper half of the register does not count.
            2 => self.model.pick(random, None) | 0xdead_0000_0000,
            _ if name == "newfd" => random.below(30),
            _ if matches!(kind, Kind::DirFd) => self.model.pick(random, Some(Object::Directory)),
            3..9 => self.model.pick(random, None),
            _ => {
                let wanted = wanted(self.call, name);
                self.model.pick(random, wanted)
            }
        }
    }

    fn random_flags(&mut self, flags: &Flags) -> u64 {
        let random = &mut *self.random;
        let mut value = match flags.choices {
            [] => 0,
            choices => random.pick(choices).value,
        };
        let named = match random.below(20) {
            0..8 => 0,
            8..15 => 1,
            15..18 => 2,
            _ => 4,
        };
        for _ in 0..named {
            if !flags.bits.is_empty() {
                value |= random.pick(flags.bits).value;
            }
        }
        let has = |bit: u64| flags.bits.iter().any(|name| name.value == bit);
        if has(NONBLOCK) && random.percent(90) {
            value |= NONBLOCK;
        }
        if has(DONTWAIT) && flags.bits.iter().any(|name| name.name == "MSG_DONTWAIT") {
            value |= if random.percent(70) { DONTWAIT } else { 0 };
        }
        match random.below(25) {
            0 => value | 1 << random.below(64),
            1 => random.pick(&EDGES),
            2 => value | 0xdead_0000_0000,
            _ => value,
        }
    }

    fn random_choice(&mut self, names: &[Name]) -> u64 {
        let random = &mut *self.random;
        match random.below(20) {
            0 => random.pick(&EDGES),
            1 => random.below(70),
            2 if !names.is_empty() => random.pick(names).value | 0xdead_0000_0000,
            _ if names.is_empty() => random.below(8),
            _ => random.pick(names).value,
        }
    }

    /// Returns an address that a call may take as it is.
    pub(super) fn random_address(&mut self) -> u64 {
        let random = &mut *self.random;
        match random.below(10) {
            0 | 1 => random.pick(&BAD_POINTERS),
            2 => ZONE + PAGE * random.below(ZONE_PAGES),
            3 => SANE_END + random.below(PAGE),
            _ => DATA + 2 * PAGE + 8 * random.below(64),
        }
    }
}

/// Returns the kind of descriptor that a call is about.
fn wanted(call: Sysno, name: &str) -> Option<Object> {
    let name_of_call = call.name();
    if name == "epfd" {
        Some(Object::Epoll)
    } else if name == "sockfd" {
        Some(Object::Socket)
    } else if name_of_call.starts_with("timerfd") {
        Some(Object::Timer)
    } else if name_of_call.starts_with("inotify") {
        Some(Object::Watch)
    } else if matches!(call, Sysno::getdents | Sysno::getdents64 | Sysno::fchdir) {
        Some(Object::Directory)
    } else if matches!(call, Sysno::splice | Sysno::tee | Sysno::vmsplice) {
        Some(Object::Pipe)
    } else if matches!(call, Sysno::signalfd | Sysno::signalfd4) {
        Some(Object::Signal)
    } else {
        Some(Object::File)
    }
}
