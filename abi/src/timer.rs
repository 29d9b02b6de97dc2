//! Clocks and timers: `clock_gettime(2)`, `timer_create(2)`, `setitimer(2)`, `timerfd_create(2)`.

use core::time::Duration;

use linux_raw_sys::general as raw;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::time::{Timespec, Timeval};
use crate::{Errno, Result};

/// The time is a point on the clock, not a length: `TIMER_ABSTIME`.
pub const TIMER_ABSTIME: u32 = raw::TIMER_ABSTIME;
/// As [`TIMER_ABSTIME`], for `timerfd_settime(2)`.
pub const TFD_TIMER_ABSTIME: u32 = raw::TFD_TIMER_ABSTIME;
/// Reads fail when the clock is set, which does not happen here.
pub const TFD_TIMER_CANCEL_ON_SET: u32 = raw::TFD_TIMER_CANCEL_ON_SET;
/// The interval timer that counts real time, `setitimer(2)`.
pub const ITIMER_REAL: u32 = raw::ITIMER_REAL;
/// The interval timer that counts the program's own time.
pub const ITIMER_VIRTUAL: u32 = raw::ITIMER_VIRTUAL;
/// The interval timer that counts the program's and the kernel's time for it.
pub const ITIMER_PROF: u32 = raw::ITIMER_PROF;

/// A clock, `clock_gettime(2)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockId {
    /// `CLOCK_REALTIME`, `CLOCK_TAI`: the time of day.
    Realtime,
    /// `CLOCK_MONOTONIC`, `CLOCK_BOOTTIME`: time since the start.
    Monotonic,
    /// `CLOCK_MONOTONIC_RAW`: the same, but nothing sleeps on it.
    MonotonicRaw,
    /// `CLOCK_REALTIME_COARSE`: nothing sleeps on it.
    RealtimeCoarse,
    /// `CLOCK_MONOTONIC_COARSE`: nothing sleeps on it.
    MonotonicCoarse,
    /// Processor time of a process, 0 for the calling one: `CLOCK_PROCESS_CPUTIME_ID`,
    /// `clock_getcpuclockid(3)`.
    ProcessCpu(u32),
    /// Processor time of a thread, 0 for the calling one: `CLOCK_THREAD_CPUTIME_ID`,
    /// `pthread_getcpuclockid(3)`.
    ThreadCpu(u32),
    /// The clock of an open device, of which there are none.
    Device,
}

impl ClockId {
    /// Returns the clock of a number.
    ///
    /// # Errors
    /// `EINVAL` if there is none. The clocks whose alarms wake a machine from sleep are not there,
    /// as on a machine that has no such alarm.
    pub const fn from_raw(id: i32) -> Result<Self> {
        /// In the clocks of other processes and threads: it is a thread's.
        const PER_THREAD: i32 = 4;
        /// In the same clocks: which kind of time.
        const KIND: i32 = 3;
        /// Both together: the rest of the number is a descriptor.
        const DESCRIPTOR: i32 = 3;
        if id < 0 {
            let task = (!(id >> 3)).cast_unsigned();
            return match id {
                _ if id & (PER_THREAD | KIND) == DESCRIPTOR => Ok(Self::Device),
                _ if id & KIND == KIND => Err(Errno::EINVAL),
                _ if id & PER_THREAD != 0 => Ok(Self::ThreadCpu(task)),
                _ => Ok(Self::ProcessCpu(task)),
            };
        }
        Ok(match id.cast_unsigned() {
            raw::CLOCK_REALTIME | raw::CLOCK_TAI => Self::Realtime,
            raw::CLOCK_MONOTONIC | raw::CLOCK_BOOTTIME => Self::Monotonic,
            raw::CLOCK_MONOTONIC_RAW => Self::MonotonicRaw,
            raw::CLOCK_REALTIME_COARSE => Self::RealtimeCoarse,
            raw::CLOCK_MONOTONIC_COARSE => Self::MonotonicCoarse,
            raw::CLOCK_PROCESS_CPUTIME_ID => Self::ProcessCpu(0),
            raw::CLOCK_THREAD_CPUTIME_ID => Self::ThreadCpu(0),
            _ => return Err(Errno::EINVAL),
        })
    }

    /// Returns whether there are timers on the clock.
    pub const fn can_be_waited_for(self) -> bool {
        matches!(self, Self::Realtime | Self::Monotonic | Self::ProcessCpu(_) | Self::ThreadCpu(_))
    }
}

/// `struct itimerspec`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Itimerspec {
    /// How often, zero for once.
    pub interval: Timespec,
    /// When first, zero for never.
    pub value: Timespec,
}

/// `struct itimerval`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Itimerval {
    /// How often, zero for once.
    pub interval: Timeval,
    /// When first, zero for never.
    pub value: Timeval,
}

/// A timer's value and interval as lengths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TimerSetting {
    /// When it goes off first: from now or on the clock, zero for never.
    pub value: Duration,
    /// How often it goes off after that, zero for once.
    pub interval: Duration,
}

impl Itimerspec {
    /// Returns the lengths.
    ///
    /// # Errors
    /// `EINVAL` as [`Timespec::to_duration`].
    pub fn to_setting(self) -> Result<TimerSetting> {
        let value = self.value.to_duration()?;
        Ok(TimerSetting { value, interval: self.interval.to_duration()? })
    }

    /// Makes the structure of the lengths.
    pub fn from_setting(setting: TimerSetting) -> Self {
        let timespec = |length| Timespec::from_nanos(nanos(length));
        Self { interval: timespec(setting.interval), value: timespec(setting.value) }
    }
}

impl Itimerval {
    /// Returns the lengths.
    ///
    /// # Errors
    /// `EINVAL` as [`Timeval::to_duration`].
    pub fn to_setting(self) -> Result<TimerSetting> {
        let value = self.value.to_duration()?;
        Ok(TimerSetting { value, interval: self.interval.to_duration()? })
    }

    /// Makes the structure of the lengths; less than a microsecond counts as one.
    pub fn from_setting(setting: TimerSetting) -> Self {
        let timeval = |length| Timeval::from_nanos(nanos(length).next_multiple_of(1000));
        Self { interval: timeval(setting.interval), value: timeval(setting.value) }
    }
}

/// Nanoseconds of a length, as far as the structures go.
fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX - 1000).min(u64::MAX - 1000)
}

/// A signal for the process: `SIGEV_SIGNAL`.
pub const SIGEV_SIGNAL: i32 = 0;
/// Nothing: `SIGEV_NONE`.
pub const SIGEV_NONE: i32 = 1;
/// As [`SIGEV_SIGNAL`]; what comes of it is the C library's: `SIGEV_THREAD`.
pub const SIGEV_THREAD: i32 = 2;
/// A signal for one thread: `SIGEV_THREAD_ID`.
pub const SIGEV_THREAD_ID: i32 = 4;

/// `struct sigevent`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct SigEvent {
    /// What comes with the signal.
    pub value: u64,
    /// The signal's number.
    pub signo: i32,
    /// `SIGEV_` what is done.
    pub notify: i32,
    /// The thread, with [`SIGEV_THREAD_ID`].
    pub thread: i32,
    padding: [i32; 11],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_of_others_carry_their_number() {
        assert_eq!(ClockId::from_raw(1), Ok(ClockId::Monotonic));
        assert_eq!(ClockId::from_raw(10), Err(Errno::EINVAL));
        let thread = |tid: i32| !tid << 3 | 6;
        assert_eq!(ClockId::from_raw(thread(77)), Ok(ClockId::ThreadCpu(77)));
        assert_eq!(ClockId::from_raw(!77 << 3 | 2), Ok(ClockId::ProcessCpu(77)));
        assert_eq!(ClockId::from_raw(!77 << 3 | 3), Ok(ClockId::Device));
        assert_eq!(ClockId::from_raw(!77 << 3 | 7), Err(Errno::EINVAL));
    }

    #[test]
    fn settings_are_checked_and_come_back() {
        let setting =
            TimerSetting { value: Duration::from_nanos(1_500_000_001), interval: Duration::ZERO };
        assert_eq!(Itimerspec::from_setting(setting).to_setting(), Ok(setting));
        let rounded = Itimerval::from_setting(setting);
        assert_eq!(rounded.value, Timeval { tv_sec: 1, tv_usec: 500_001 });
        let mut bad = rounded;
        bad.interval.tv_usec = 1_000_000;
        assert_eq!(bad.to_setting(), Err(Errno::EINVAL));
        let longest = TimerSetting { value: Duration::MAX, interval: Duration::MAX };
        Itimerval::from_setting(longest).to_setting().unwrap();
    }

    #[test]
    fn structures_have_linux_sizes() {
        assert_eq!(size_of::<SigEvent>(), size_of::<raw::sigevent>());
        assert_eq!(size_of::<Itimerspec>(), size_of::<raw::__kernel_itimerspec>());
    }
}
