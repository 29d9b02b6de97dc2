//! Timers: `timer_create(2)`, `setitimer(2)`, `alarm(2)`.

use core::time::Duration;

use abi::signal::Signal;
use abi::time::Instant;
use abi::timer::{
    ClockId, ITIMER_REAL, Itimerspec, Itimerval, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD,
    SIGEV_THREAD_ID, SigEvent, TIMER_ABSTIME, TimerSetting,
};
use abi::{Errno, Result};

use super::Context;
use crate::memory::user::UserPtr;
use crate::process::timers::{self, Base, Notify};
use crate::process::{PID, Process};
use crate::time;

/// Returns what a timer on a clock counts.
///
/// # Errors
/// `EINVAL` for the clock of a process or thread that is not this program's; `EOPNOTSUPP` for one
/// that [cannot be waited for](ClockId::can_be_waited_for).
pub(super) fn base_of(cx: &Context<'_>, clock: ClockId) -> Result<Base> {
    match clock {
        ClockId::Realtime => Ok(Base::Realtime),
        ClockId::Monotonic => Ok(Base::Monotonic),
        ClockId::ProcessCpu(0 | PID) => Ok(Base::ProcessCpu),
        ClockId::ThreadCpu(0) => Ok(Base::ThreadCpu(cx.thread.tid)),
        ClockId::ThreadCpu(tid) if Process::current().thread(tid).is_some() => {
            Ok(Base::ThreadCpu(tid))
        }
        ClockId::ProcessCpu(_) | ClockId::ThreadCpu(_) => Err(Errno::EINVAL),
        _ => Err(Errno::EOPNOTSUPP),
    }
}

/// Returns the point on a clock that is `value` from now, or `value` from the clock's origin.
pub(super) fn first_after(value: Duration, is_absolute: bool, base: Base) -> Instant {
    match (is_absolute, base) {
        (false, _) => base.now() + value,
        (true, Base::Realtime) => time::instant_of_realtime(value),
        (true, _) => Instant::default() + value,
    }
}

/// Returns when a timer goes off first that is set to `setting`, `None` if never.
pub(super) fn first_deadline(
    setting: TimerSetting,
    is_absolute: bool,
    base: Base,
) -> Option<Instant> {
    let value = Some(setting.value).filter(|value| !value.is_zero())?;
    Some(first_after(value, is_absolute, base))
}

/// `timer_create(2)`.
pub(super) fn timer_create(
    cx: &mut Context<'_>,
    id: i32,
    event: UserPtr<SigEvent>,
    timer: UserPtr<u32>,
) -> Result<()> {
    let event = event.non_null().map(UserPtr::read).transpose()?;
    let clock = ClockId::from_raw(id)?;
    if !clock.can_be_waited_for() {
        return Err(Errno::EOPNOTSUPP);
    }
    let chosen = event.map(notification).transpose()?;
    // The clock itself is asked once the program has the timer's number.
    let base = base_of(cx, clock).or_else(|error| timer.write(&0).and(Err(error)))?;
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
        SIGEV_SIGNAL | SIGEV_THREAD => Ok(Notify::Process(signal()?, event.value)),
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
