//! Clocks, sleep and timers: `clock_gettime(2)`, `nanosleep(2)`, `timer_create(2)`,
//! `setitimer(2)`.

use core::sync::atomic::Ordering;
use core::time::Duration;

use abi::signal::Signal;
use abi::time::{Instant, Timespec, Timeval};
use abi::timer::{
    ClockId, ITIMER_REAL, Itimerspec, Itimerval, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD_ID,
    SigEvent, TIMER_ABSTIME, TimerSetting,
};
use abi::{Errno, Result};

use super::Context;
use crate::arch::clock;
use crate::memory::user::UserPtr;
use crate::process::timers::{self, Base, Notify};
use crate::process::{PID, Process};
use crate::wait::{self, RESTART_UNLESS_HANDLED, Wakeup};
use crate::{schedule, time};

/// What the coarse clocks are said to advance by: Linux's tick.
const COARSE_NANOS: u64 = 4_000_000;

fn clock_of(id: i32) -> Result<ClockId> {
    ClockId::from_raw(id).ok_or(Errno::EINVAL)
}

/// Returns the time on a clock, in nanoseconds.
fn read_clock(cx: &Context<'_>, clock: ClockId) -> Result<u64> {
    Ok(match clock {
        ClockId::Realtime | ClockId::RealtimeCoarse => time::realtime_nanos(),
        ClockId::Monotonic | ClockId::MonotonicRaw | ClockId::MonotonicCoarse => {
            clock::now().as_nanos()
        }
        ClockId::ProcessCpu(0 | PID) => {
            schedule::account();
            Process::current().cpu_time()
        }
        ClockId::ThreadCpu(0) => {
            schedule::account();
            cx.thread.cpu_time.load(Ordering::Relaxed)
        }
        ClockId::ThreadCpu(tid) => {
            schedule::account();
            let thread = Process::current().thread(tid).ok_or(Errno::EINVAL)?;
            thread.cpu_time.load(Ordering::Relaxed)
        }
        ClockId::ProcessCpu(_) => return Err(Errno::EINVAL),
    })
}

/// `clock_gettime(2)`.
pub(super) fn clock_gettime(cx: &mut Context<'_>, id: i32, tp: UserPtr<Timespec>) -> Result<()> {
    tp.write(&Timespec::from_nanos(read_clock(cx, clock_of(id)?)?))
}

/// `clock_getres(2)`.
pub(super) fn clock_getres(cx: &mut Context<'_>, id: i32, tp: UserPtr<Timespec>) -> Result<()> {
    let clock = clock_of(id)?;
    read_clock(cx, clock)?;
    let nanos = match clock {
        ClockId::RealtimeCoarse | ClockId::MonotonicCoarse => COARSE_NANOS,
        _ => 1,
    };
    tp.non_null().map_or(Ok(()), |tp| tp.write(&Timespec::from_nanos(nanos)))
}

/// `clock_settime(2)`: the time of day is the machine's.
pub(super) fn clock_settime(_cx: &mut Context<'_>, id: i32, tp: UserPtr<Timespec>) -> Result<()> {
    let clock = clock_of(id)?;
    tp.read()?.to_duration()?;
    Err(if clock == ClockId::Realtime { Errno::EPERM } else { Errno::EINVAL })
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
    let duration = duration.read()?.to_duration()?;
    sleep_for(duration, remaining)
}

/// `clock_nanosleep(2)`; the clocks of processor time are `EOPNOTSUPP`.
pub(super) fn clock_nanosleep(
    _cx: &mut Context<'_>,
    id: i32,
    flags: u32,
    duration: UserPtr<Timespec>,
    remaining: UserPtr<Timespec>,
) -> Result<()> {
    let clock = clock_of(id)?;
    let length = match clock {
        ClockId::Realtime | ClockId::Monotonic => duration.read()?.to_duration()?,
        _ => return Err(Errno::EOPNOTSUPP),
    };
    if flags & TIMER_ABSTIME == 0 {
        return sleep_for(length, remaining);
    }
    match sleep_until(instant_on(clock == ClockId::Realtime, length)) {
        Wakeup::Interrupted => Err(RESTART_UNLESS_HANDLED),
        _ => Ok(()),
    }
}

/// Returns the point of a time on the clock of the day or the monotonic one.
fn instant_on(is_realtime: bool, time: Duration) -> Instant {
    if is_realtime { time::instant_of_realtime(time) } else { Instant::default() + time }
}

fn sleep_until(deadline: Instant) -> Wakeup {
    loop {
        match wait::sleep(Some(deadline)) {
            Wakeup::Woken => {}
            end => return end,
        }
    }
}

fn sleep_for(duration: Duration, remaining: UserPtr<Timespec>) -> Result<()> {
    let deadline = clock::now() + duration;
    if sleep_until(deadline) != Wakeup::Interrupted {
        return Ok(());
    }
    if let Some(remaining) = remaining.non_null() {
        let left = deadline.since(clock::now()).as_nanos();
        remaining.write(&Timespec::from_nanos(u64::try_from(left).unwrap_or(u64::MAX)))?;
    }
    Err(Errno::EINTR)
}

/// Returns when a timer goes off first that is set to `setting`, `None` if never.
pub(super) fn first_deadline(
    setting: TimerSetting,
    is_absolute: bool,
    base: Base,
) -> Option<Instant> {
    let value = Some(setting.value).filter(|value| !value.is_zero())?;
    Some(if is_absolute { instant_on(base == Base::Realtime, value) } else { base.now() + value })
}

/// `timer_create(2)`.
pub(super) fn timer_create(
    cx: &mut Context<'_>,
    id: i32,
    event: UserPtr<SigEvent>,
    timer: UserPtr<u32>,
) -> Result<()> {
    let base = match clock_of(id)? {
        ClockId::Realtime => Base::Realtime,
        ClockId::Monotonic => Base::Monotonic,
        ClockId::ProcessCpu(0 | PID) => Base::ProcessCpu,
        ClockId::ThreadCpu(0) => Base::ThreadCpu(cx.thread.tid),
        ClockId::ThreadCpu(tid) if Process::current().thread(tid).is_some() => Base::ThreadCpu(tid),
        ClockId::ProcessCpu(_) | ClockId::ThreadCpu(_) => return Err(Errno::EINVAL),
        _ => return Err(Errno::EOPNOTSUPP),
    };
    let event = event.non_null().map(UserPtr::read).transpose()?;
    let chosen = event.map(notification).transpose()?;
    let notify =
        |id: u32| chosen.unwrap_or_else(|| Notify::Process(Signal::SIGALRM, u64::from(id)));
    let number = timers::create(notify, base)?;
    timer.write(&number).inspect_err(|_| {
        // It was made just now.
        let _ = timers::delete(number);
    })
}

fn notification(event: SigEvent) -> Result<Notify> {
    let signal = || {
        let number = u64::try_from(event.signo).map_err(|_| Errno::EINVAL)?;
        Signal::from_raw(number).ok_or(Errno::EINVAL)
    };
    match event.notify {
        SIGEV_NONE => Ok(Notify::Nothing),
        SIGEV_SIGNAL => Ok(Notify::Process(signal()?, event.value)),
        SIGEV_THREAD_ID => {
            let tid = u32::try_from(event.thread).map_err(|_| Errno::EINVAL)?;
            Process::current().thread(tid).ok_or(Errno::EINVAL)?;
            Ok(Notify::Thread(tid, signal()?, event.value))
        }
        _ => Err(Errno::EINVAL),
    }
}

/// `timer_settime(2)`.
pub(super) fn timer_settime(
    _cx: &mut Context<'_>,
    timer: u32,
    flags: u32,
    new: UserPtr<Itimerspec>,
    old: UserPtr<Itimerspec>,
) -> Result<()> {
    let new = new.non_null().ok_or(Errno::EINVAL)?.read()?.to_setting()?;
    let timer = timers::get(timer)?;
    let deadline = first_deadline(new, flags & TIMER_ABSTIME != 0, timer.base);
    let before = timer.set(deadline, new.interval);
    old.non_null().map_or(Ok(()), |old| old.write(&Itimerspec::from_setting(before)))
}

/// `timer_gettime(2)`.
pub(super) fn timer_gettime(
    _cx: &mut Context<'_>,
    timer: u32,
    current: UserPtr<Itimerspec>,
) -> Result<()> {
    current.write(&Itimerspec::from_setting(timers::get(timer)?.setting()))
}

/// `timer_getoverrun(2)`.
pub(super) fn timer_getoverrun(_cx: &mut Context<'_>, timer: u32) -> Result<u32> {
    Ok(timers::get(timer)?.overrun())
}

/// `timer_delete(2)`.
pub(super) fn timer_delete(_cx: &mut Context<'_>, timer: u32) -> Result<()> {
    timers::delete(timer)
}

/// `setitimer(2)`.
pub(super) fn setitimer(
    _cx: &mut Context<'_>,
    which: u32,
    new: UserPtr<Itimerval>,
    old: UserPtr<Itimerval>,
) -> Result<()> {
    // Linux takes a null pointer for zeros here.
    let new = new.non_null().map(UserPtr::read).transpose()?.unwrap_or_default().to_setting()?;
    let timer = timers::interval_timer(which)?;
    let before = timer.set(first_deadline(new, false, timer.base), new.interval);
    old.non_null().map_or(Ok(()), |old| old.write(&Itimerval::from_setting(before)))
}

/// `getitimer(2)`.
pub(super) fn getitimer(
    _cx: &mut Context<'_>,
    which: u32,
    current: UserPtr<Itimerval>,
) -> Result<()> {
    current.write(&Itimerval::from_setting(timers::interval_timer(which)?.setting()))
}

/// `alarm(2)`.
pub(super) fn alarm(_cx: &mut Context<'_>, seconds: u32) -> Result<u32> {
    let value = Duration::from_secs(u64::from(seconds));
    let setting = TimerSetting { value, interval: Duration::ZERO };
    let timer = timers::interval_timer(ITIMER_REAL)?;
    let before = timer.set(first_deadline(setting, false, timer.base), Duration::ZERO);
    // To the nearest second, but never 0 for a timer that was set.
    let rounded = (before.value + Duration::from_millis(500)).as_secs();
    let seconds = if before.value.is_zero() { 0 } else { rounded.max(1) };
    Ok(u32::try_from(seconds).unwrap_or(u32::MAX))
}
