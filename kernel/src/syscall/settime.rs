//! Setting the clock of the day: `clock_settime(2)`, `settimeofday(2)`, `adjtimex(2)`.
//!
//! The time of day is the machine's: it can be read and not set. Whoever tries is told what is
//! wrong with the request, and if nothing is, that it is not permitted: as on Linux without
//! `CAP_SYS_TIME`.

use core::ops::RangeInclusive;

use abi::time::{Timespec, Timeval};
use abi::timer::ClockId;
use abi::timex::{
    ADJ_ADJTIME, ADJ_FREQUENCY, ADJ_NANO, ADJ_OFFSET_READONLY, ADJ_OFFSET_SINGLESHOT,
    ADJ_SETOFFSET, ADJ_TICK, STA_UNSYNC, TIME_ERROR, Timex,
};
use abi::{Errno, Result};

use super::Context;
use super::timer::base_of;
use crate::memory::user::UserPtr;
use crate::time;

/// `CLOCK_REALTIME`, the only clock that Linux sets.
const REALTIME: i32 = 0;
/// Seconds from which on Linux takes no time of day: what it counts in nanoseconds, 30 years early.
const MOST_SECONDS: i64 = i64::MAX / 1_000_000_000 - 30 * 365 * 24 * 3600;
/// Microseconds a tick, and what a program may make of it.
const TICK: i64 = 10_000;
const TICKS: RangeInclusive<i64> = 9_000..=11_000;
/// The largest frequency before Linux's arithmetic overflows, `LLONG_MAX / PPM_SCALE`.
const MOST_FREQUENCY: i64 = i64::MAX / (1000 << 16);
/// What Linux says of a clock that nobody keeps in step: 16 s, in microseconds.
const UNKNOWN_ERROR: i64 = 16_000_000;
/// The largest frequency that is kept, 500 parts per million.
const TOLERANCE: i64 = 500 << 16;

fn check_time_of_day(time: Timespec) -> Result<()> {
    time.to_duration()?;
    Err(if time.tv_sec >= MOST_SECONDS { Errno::EINVAL } else { Errno::EPERM })
}

/// `clock_settime(2)`.
pub(super) fn clock_settime(cx: &mut Context<'_>, id: i32, tp: UserPtr<Timespec>) -> Result<()> {
    let clock = ClockId::from_raw(id)?;
    if id > REALTIME {
        return Err(Errno::EINVAL);
    }
    let time = tp.read()?;
    match clock {
        ClockId::Realtime => check_time_of_day(time),
        ClockId::Device => Err(Errno::EINVAL),
        // Processor time: of what there is, nobody sets it.
        _ => base_of(cx, clock).and(Err(Errno::EPERM)),
    }
}

/// `settimeofday(2)`.
pub(super) fn settimeofday(
    _cx: &mut Context<'_>,
    tv: UserPtr<Timeval>,
    tz: UserPtr<[i32; 2]>,
) -> Result<()> {
    let time = match tv.non_null() {
        None => None,
        Some(tv) => {
            let Timeval { tv_sec, tv_usec } = tv.read()?;
            // Linux lets a whole second pass here, to refuse it below.
            let tv_nsec = tv_usec.checked_mul(1000).filter(|nanos| *nanos >= 0);
            Some(Timespec { tv_sec, tv_nsec: tv_nsec.ok_or(Errno::EINVAL)? })
        }
    };
    let is_possible = time.is_none_or(|time| (0..=1_000_000_000).contains(&time.tv_nsec));
    if !is_possible {
        return Err(Errno::EINVAL);
    }
    if let Some(tz) = tz.non_null() {
        tz.read()?;
    }
    time.map_or(Err(Errno::EPERM), check_time_of_day)
}

/// `adjtimex(2)`.
pub(super) fn adjtimex(_cx: &mut Context<'_>, buffer: UserPtr<Timex>) -> Result<u32> {
    let asked = buffer.read()?;
    buffer.write(&adjust(&asked)?)?;
    Ok(TIME_ERROR)
}

/// `clock_adjtime(2)`.
pub(super) fn clock_adjtime(_cx: &mut Context<'_>, id: i32, buffer: UserPtr<Timex>) -> Result<u32> {
    let asked = buffer.read()?;
    match ClockId::from_raw(id)? {
        ClockId::Realtime if id == REALTIME => {}
        ClockId::Device => return Err(Errno::EINVAL),
        _ => return Err(Errno::EOPNOTSUPP),
    }
    buffer.write(&adjust(&asked)?)?;
    Ok(TIME_ERROR)
}

/// Returns how the clock is, if nothing else was asked for.
///
/// # Errors
/// `EINVAL` for what cannot be, `EPERM` for every other change.
fn adjust(asked: &Timex) -> Result<Timex> {
    let modes = asked.modes;
    let has = |mode| modes & mode != 0;
    let fraction = if has(ADJ_NANO) { 1_000_000_000 } else { 1_000_000 };
    let is_reading = modes == 0 || has(ADJ_ADJTIME) && has(ADJ_OFFSET_READONLY);
    let is_wrong = if has(ADJ_ADJTIME) {
        !has(ADJ_OFFSET_SINGLESHOT)
    } else {
        has(ADJ_TICK) && !TICKS.contains(&asked.tick)
    } || has(ADJ_SETOFFSET) && !(0..fraction).contains(&asked.time.tv_usec)
        || has(ADJ_FREQUENCY) && asked.freq.unsigned_abs() > MOST_FREQUENCY.unsigned_abs();
    if is_wrong {
        return Err(Errno::EINVAL);
    }
    if !is_reading {
        return Err(Errno::EPERM);
    }
    let mut state = *asked;
    state.offset = 0;
    state.freq = 0;
    (state.maxerror, state.esterror) = (UNKNOWN_ERROR, UNKNOWN_ERROR);
    state.status = STA_UNSYNC;
    state.constant = 2;
    state.precision = 1;
    state.tolerance = TOLERANCE;
    state.time = Timeval::from_nanos(time::realtime_nanos());
    state.tick = TICK;
    state.tai = 0;
    Ok(state)
}
