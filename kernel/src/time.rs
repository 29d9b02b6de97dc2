//! The time of day, and the clocks of `clock_gettime(2)` that are derived from it.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use abi::time::{Instant, Timespec};

use crate::arch::{clock, rtc};

/// The time of day at the kernel's first instruction, in nanoseconds since 1970 (UTC).
static START: AtomicU64 = AtomicU64::new(0);

/// Reads the time of day from the machine's clock.
pub(crate) fn start() {
    let now = rtc::seconds_since_epoch() * 1_000_000_000;
    START.store(now.saturating_sub(clock::now().as_nanos()), Ordering::Relaxed);
}

/// Returns the time of day when the machine started, in nanoseconds since 1970.
pub(crate) fn start_nanos() -> u64 {
    START.load(Ordering::Relaxed)
}

/// Returns the time of day, in nanoseconds since 1970.
pub(crate) fn realtime_nanos() -> u64 {
    start_nanos() + clock::now().as_nanos()
}

/// Returns the point at which the time of day is `since_epoch`, the start if that was before.
pub(crate) fn instant_of_realtime(since_epoch: Duration) -> Instant {
    Instant::default() + since_epoch.saturating_sub(Duration::from_nanos(start_nanos()))
}

/// The time of day for files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealTime;

impl vfs::Clock for RealTime {
    fn now(&self) -> Timespec {
        Timespec::from_nanos(realtime_nanos())
    }
}
