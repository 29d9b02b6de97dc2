//! Points in time and the structures that carry them: `clock_gettime(2)`.

use core::ops::{Add, Sub};
use core::time::Duration;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::{Errno, Result};

/// A point on the monotonic clock, in nanoseconds since the machine started.
///
/// Code below the kernel is handed the present as an argument and never reads a clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(u64);

impl Instant {
    /// Makes a point from nanoseconds since the machine started.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the machine started.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns the time from `earlier` to here, zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        let nanos = u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, rhs: Self) -> Duration {
        self.since(rhs)
    }
}

/// `struct timespec`: seconds and nanoseconds.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Timespec {
    /// Whole seconds.
    pub tv_sec: i64,
    /// Nanoseconds, 0 to 999,999,999 where valid.
    pub tv_nsec: i64,
}

impl Timespec {
    /// Makes a time of nanoseconds since the clock's origin.
    #[expect(clippy::cast_possible_wrap, reason = "u64::MAX / 10^9 is far below i64::MAX")]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 }
    }

    /// Returns the length it stands for; lengths beyond the range of `u64` seconds cannot occur.
    ///
    /// # Errors
    /// `EINVAL` for negative seconds or nanoseconds outside 0 to 999,999,999.
    pub fn to_duration(self) -> Result<Duration> {
        let seconds = u64::try_from(self.tv_sec).map_err(|_| Errno::EINVAL)?;
        match u32::try_from(self.tv_nsec) {
            Ok(nanos) if nanos < 1_000_000_000 => Ok(Duration::new(seconds, nanos)),
            _ => Err(Errno::EINVAL),
        }
    }
}

/// `struct timeval`: seconds and microseconds.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Timeval {
    /// Whole seconds.
    pub tv_sec: i64,
    /// Microseconds, 0 to 999,999 where valid.
    pub tv_usec: i64,
}

impl Timeval {
    /// Makes a time of nanoseconds since the clock's origin.
    #[expect(clippy::cast_possible_wrap, reason = "u64::MAX / 10^9 is far below i64::MAX")]
    pub const fn from_nanos(nanos: u64) -> Self {
        let tv_usec = (nanos % 1_000_000_000 / 1000) as i64;
        Self { tv_sec: (nanos / 1_000_000_000) as i64, tv_usec }
    }

    /// Returns the length it stands for.
    ///
    /// # Errors
    /// `EINVAL` for negative seconds or microseconds outside 0 to 999,999.
    pub fn to_duration(self) -> Result<Duration> {
        let seconds = u64::try_from(self.tv_sec).map_err(|_| Errno::EINVAL)?;
        match u32::try_from(self.tv_usec) {
            Ok(micros) if micros < 1_000_000 => Ok(Duration::new(seconds, micros * 1000)),
            _ => Err(Errno::EINVAL),
        }
    }
}
