//! Timers that send signals: `timer_create(2)`, `setitimer(2)`.
//!
//! A timer that repeats is armed anew when its signal is delivered, and counts then how often it
//! would have gone off, so that a short period does not keep the kernel busy.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::task::Wake;
use core::task::Waker;
use core::time::Duration;

use abi::signal::{SI_KERNEL, SI_TIMER, SigInfo, Signal};
use abi::time::Instant;
use abi::timer::TimerSetting;
use abi::{Errno, Result};
use sync::{LazyLock, SpinLock};

use super::{Process, signal};
use crate::arch::clock;
use crate::timer::Alarm;

/// How many timers a program may have.
const LIMIT: usize = 1 << 16;
/// While a timer's signal is ignored, it goes off no more often than this.
const SHORTEST_IGNORED: Duration = Duration::from_millis(1);

/// What happens when a timer goes off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Notify {
    /// Nothing; the timer is read only.
    Nothing,
    /// The program gets a signal.
    Process(Signal, u64),
    /// The thread with this id gets a signal.
    Thread(u32, Signal, u64),
}

#[derive(Debug, Default)]
struct State {
    deadline: Option<Instant>,
    interval: Duration,
    /// How often it went off besides, as of its last signal.
    overrun: u64,
}

impl State {
    /// Moves the deadline behind `now` and returns how often the timer has gone off by then.
    fn forward(&mut self, now: Instant) -> u64 {
        let Some(deadline) = self.deadline.filter(|deadline| *deadline <= now) else { return 0 };
        let Some(more) = now.since(deadline).as_nanos().checked_div(self.interval.as_nanos())
        else {
            self.deadline = None;
            return 1;
        };
        let count = u64::try_from(more).unwrap_or(u64::MAX).saturating_add(1);
        let passed = self.interval.as_nanos().saturating_mul(u128::from(count));
        self.deadline =
            Some(deadline + Duration::from_nanos(u64::try_from(passed).unwrap_or(u64::MAX)));
        count
    }
}

/// A timer.
#[derive(Debug)]
pub(crate) struct SignalTimer {
    /// Its number; [`None`] for that of `setitimer(2)`.
    id: Option<u32>,
    notify: Notify,
    /// Whether its settings are on the clock of the day.
    pub(crate) is_realtime: bool,
    state: SpinLock<State>,
    alarm: Alarm,
    this: Weak<Self>,
}

static TIMERS: SpinLock<BTreeMap<u32, Arc<SignalTimer>>> = SpinLock::new(BTreeMap::new());

/// The timer of `setitimer(2)` and `alarm(2)`.
static REAL_TIMER: LazyLock<Arc<SignalTimer>> =
    LazyLock::new(|| SignalTimer::new(None, Notify::Process(Signal::SIGALRM, 0), false));

impl SignalTimer {
    fn new(id: Option<u32>, notify: Notify, is_realtime: bool) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            id,
            notify,
            is_realtime,
            state: SpinLock::default(),
            alarm: Alarm::new(),
            this: this.clone(),
        })
    }

    /// Sets when the timer goes off first, `None` for never, and how often after that; returns
    /// the setting before.
    pub(crate) fn set(&self, deadline: Option<Instant>, interval: Duration) -> TimerSetting {
        let before = self.setting();
        *self.state.lock() = State { deadline, interval, overrun: 0 };
        self.arm();
        before
    }

    /// Returns how long it is until the timer goes off next, and how often after that.
    pub(crate) fn setting(&self) -> TimerSetting {
        /// A timer that is about to go off is not shown as one that is not set.
        const SOON: Duration = Duration::from_nanos(1);
        let now = clock::now();
        let state = self.state.lock();
        let interval = state.interval;
        let mut shown = State { deadline: state.deadline, interval, overrun: 0 };
        if !interval.is_zero() {
            shown.forward(now);
        }
        let value = shown.deadline.map_or(Duration::ZERO, |at| at.since(now).max(SOON));
        TimerSetting { value, interval }
    }

    /// Returns how often it went off besides, as of its last signal.
    pub(crate) fn overrun(&self) -> u32 {
        i32::try_from(self.state.lock().overrun).unwrap_or(i32::MAX).cast_unsigned()
    }

    fn arm(&self) {
        let deadline = self.state.lock().deadline;
        match (deadline, self.this.upgrade()) {
            (Some(deadline), Some(this)) => self.alarm.arm_at(deadline, Waker::from(this)),
            _ => self.alarm.disarm(),
        }
    }

    /// Sends the signal; returns whether it is on its way.
    fn notify(&self) -> bool {
        let info = |signal, value| match self.id {
            Some(id) => SigInfo::from_timer(signal, id, value),
            None => SigInfo::from_kernel(signal),
        };
        match self.notify {
            Notify::Nothing => Ok(false),
            Notify::Process(signal, value) => signal::send_to_process(info(signal, value)),
            Notify::Thread(tid, signal, value) => match Process::current().thread(tid) {
                Some(thread) => signal::send_to_thread(&thread, info(signal, value)),
                None => Ok(false),
            },
        }
        .unwrap_or(false)
    }

    /// Goes on after the signal was delivered; returns how often it should have come besides.
    fn delivered(&self) -> u32 {
        let count = self.state.lock().forward(clock::now());
        self.state.lock().overrun = count.saturating_sub(1);
        self.arm();
        self.overrun()
    }
}

impl Wake for SignalTimer {
    fn wake(self: Arc<Self>) {
        if self.notify() {
            return;
        }
        let now = clock::now();
        let mut state = self.state.lock();
        state.forward(now);
        if let Some(deadline) = &mut state.deadline {
            *deadline = (*deadline).max(now + SHORTEST_IGNORED);
        }
        drop(state);
        self.arm();
    }
}

/// Makes a timer and returns its number.
///
/// # Errors
/// `EAGAIN` if there are too many.
pub(crate) fn create(notify: impl FnOnce(u32) -> Notify, is_realtime: bool) -> Result<u32> {
    let mut timers = TIMERS.lock();
    if timers.len() >= LIMIT {
        return Err(Errno::EAGAIN);
    }
    let id = timers.last_key_value().map_or(0, |(last, _)| last.wrapping_add(1));
    timers.insert(id, SignalTimer::new(Some(id), notify(id), is_realtime));
    Ok(id)
}

/// Returns the timer of a number.
///
/// # Errors
/// `EINVAL` if there is none.
pub(crate) fn get(id: u32) -> Result<Arc<SignalTimer>> {
    TIMERS.lock().get(&id).cloned().ok_or(Errno::EINVAL)
}

/// Ends a timer.
///
/// # Errors
/// `EINVAL` if there is none.
pub(crate) fn delete(id: u32) -> Result<()> {
    let timer = TIMERS.lock().remove(&id).ok_or(Errno::EINVAL)?;
    timer.set(None, Duration::ZERO);
    Ok(())
}

/// Ends all timers but that of `setitimer(2)`, as `execve(2)` does.
pub(crate) fn delete_all() {
    let timers = core::mem::take(&mut *TIMERS.lock());
    for timer in timers.values() {
        timer.set(None, Duration::ZERO);
    }
}

/// Returns the timer of `setitimer(2)`.
pub(crate) fn real_timer() -> &'static SignalTimer {
    &REAL_TIMER
}

/// Returns what a signal carries at its delivery, where a timer that sent it goes on.
pub(super) fn complete(mut info: SigInfo) -> SigInfo {
    if info.code == SI_TIMER {
        if let Ok(timer) = get(info.timer_id()) {
            info.set_overrun(timer.delivered());
        }
    } else if info.code == SI_KERNEL && info.signal() == Some(Signal::SIGALRM) {
        REAL_TIMER.delivered();
    }
    info
}
