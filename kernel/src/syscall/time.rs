//! Clocks and sleep: `clock_gettime(2)`, `clock_getres(2)`, `time(2)`, `nanosleep(2)`.

use abi::time::{Timespec, Timeval};
use abi::timer::{ClockId, TIMER_ABSTIME};
use abi::{Errno, Result};

use super::Context;
use super::timer::{base_of, first_after};
use crate::arch::clock;
use crate::memory::user::UserPtr;
use crate::process::timers::Base;
use crate::time;
use crate::wait::{self, RESTART_UNLESS_HANDLED, Wakeup};

/// What the coarse clocks are said to advance by: Linux's tick.
const COARSE_NANOS: u64 = 4_000_000;
/// `CLOCK_THREAD_CPUTIME_ID`.
const OWN_TIME: i32 = 3;

/// Returns the time on a clock, in nanoseconds.
fn read_clock(cx: &Context<'_>, clock: ClockId) -> Result<u64> {
    Ok(match clock {
        ClockId::Realtime | ClockId::RealtimeCoarse => time::realtime_nanos(),
        ClockId::MonotonicRaw | ClockId::MonotonicCoarse => clock::now().as_nanos(),
        ClockId::Device => return Err(Errno::EINVAL),
        // The time of the program may be read by the number of the calling thread too.
        ClockId::ProcessCpu(tid) if tid == cx.thread.tid => Base::ProcessCpu.now().as_nanos(),
        _ => base_of(cx, clock)?.now().as_nanos(),
    })
}

/// `clock_gettime(2)`.
pub(super) fn clock_gettime(cx: &mut Context<'_>, id: i32, tp: UserPtr<Timespec>) -> Result<()> {
    tp.write(&Timespec::from_nanos(read_clock(cx, ClockId::from_raw(id)?)?))
}

/// `clock_getres(2)`.
pub(super) fn clock_getres(cx: &mut Context<'_>, id: i32, tp: UserPtr<Timespec>) -> Result<()> {
    let clock = ClockId::from_raw(id)?;
    read_clock(cx, clock)?;
    let nanos = match clock {
        ClockId::RealtimeCoarse | ClockId::MonotonicCoarse => COARSE_NANOS,
        _ => 1,
    };
    tp.non_null().map_or(Ok(()), |tp| tp.write(&Timespec::from_nanos(nanos)))
}

/// `gettimeofday(2)`; the time zone is UTC.
pub(super) fn gettimeofday(
    _cx: &mut Context<'_>,
    tv: UserPtr<Timeval>,
    tz: UserPtr<[u32; 2]>,
) -> Result<()> {
    if let Some(tv) = tv.non_null() {
        tv.write(&Timeval::from_nanos(time::realtime_nanos()))?;
    }
    tz.non_null().map_or(Ok(()), |tz| tz.write(&[0; 2]))
}

/// `time(2)`.
pub(super) fn time(_cx: &mut Context<'_>, tloc: UserPtr<i64>) -> Result<i64> {
    let seconds = Timespec::from_nanos(time::realtime_nanos()).tv_sec;
    if let Some(tloc) = tloc.non_null() {
        tloc.write(&seconds)?;
    }
    Ok(seconds)
}

/// `nanosleep(2)`.
pub(super) fn nanosleep(
    _cx: &mut Context<'_>,
    duration: UserPtr<Timespec>,
    remaining: UserPtr<Timespec>,
) -> Result<()> {
    sleep(Base::Monotonic, 0, duration.read()?, remaining)
}

/// `clock_nanosleep(2)`.
pub(super) fn clock_nanosleep(
    cx: &mut Context<'_>,
    id: i32,
    flags: u32,
    duration: UserPtr<Timespec>,
    remaining: UserPtr<Timespec>,
) -> Result<()> {
    let clock = ClockId::from_raw(id)?;
    if id == OWN_TIME || !clock.can_be_waited_for() {
        return Err(Errno::EOPNOTSUPP);
    }
    let duration = duration.read()?;
    duration.to_duration()?;
    let base = base_of(cx, clock)?;
    if base == Base::ThreadCpu(cx.thread.tid) {
        return Err(Errno::EINVAL);
    }
    sleep(base, flags, duration, remaining)
}

/// Sleeps for a length of time on a clock, or until a point on it.
fn sleep(base: Base, flags: u32, duration: Timespec, remaining: UserPtr<Timespec>) -> Result<()> {
    let is_absolute = flags & TIMER_ABSTIME != 0;
    let deadline = first_after(duration.to_duration()?, is_absolute, base);
    loop {
        let now = base.now();
        if deadline <= now {
            return Ok(());
        }
        if wait::sleep(Some(base.soonest(deadline))) == Wakeup::Interrupted {
            break;
        }
    }
    if is_absolute {
        return Err(RESTART_UNLESS_HANDLED);
    }
    if let Some(remaining) = remaining.non_null() {
        let left = deadline.since(base.now()).as_nanos();
        remaining.write(&Timespec::from_nanos(u64::try_from(left).unwrap_or(u64::MAX)))?;
    }
    Err(Errno::EINTR)
}
