//! Timers that send signals: `timer_create(2)`, `setitimer(2)`.
//!
//! A timer that repeats is armed anew when its signal is delivered, and counts then how often it
//! would have gone off, so that a short period does not keep the kernel busy.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::task::Wake;
use core::sync::atomic::Ordering;
use core::task::Waker;
use core::time::Duration;

use abi::signal::{SI_KERNEL, SI_TIMER, SigInfo, Signal};
use abi::time::Instant;
use abi::timer::{ITIMER_PROF, ITIMER_REAL, ITIMER_VIRTUAL, TimerSetting};
use abi::{Errno, Result};
use sync::{LazyLock, SpinLock};

use super::Process;
use super::signal::{self, Room};
use crate::arch::clock;
use crate::schedule;
use crate::timer::Alarm;

/// A timer of processor time is looked at no more often than this.
const SHORTEST_CPU: Duration = Duration::from_micros(100);
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

/// What a timer counts. Its points in time are on this clock, from its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Base {
    /// Time; settings are on the monotonic clock.
    Monotonic,
    /// Time; settings are on the clock of the day.
    Realtime,
    /// Processor time of the program.
    ProcessCpu,
    /// Processor time of the thread with this id, which stands still once the thread has ended.
    ThreadCpu(u32),
}

impl Base {
    /// Returns the present.
    pub(crate) fn now(self) -> Instant {
        match self {
            Self::Monotonic | Self::Realtime => clock::now(),
            Self::ProcessCpu => {
                schedule::account();
                Instant::from_nanos(Process::current().cpu_time())
            }
            Self::ThreadCpu(tid) => {
                schedule::account();
                let thread = Process::current().thread(tid);
                let nanos = thread.map_or(0, |thread| thread.cpu_time.load(Ordering::Relaxed));
                Instant::from_nanos(nanos)
            }
        }
    }

    /// Returns the point in time before which it cannot be `deadline`: processor time passes no
    /// faster than time does.
    pub(crate) fn soonest(self, deadline: Instant) -> Instant {
        match self {
            Self::Monotonic | Self::Realtime => deadline,
            _ => clock::now() + deadline.since(self.now()).max(SHORTEST_CPU),
        }
    }
}

/// A timer.
#[derive(Debug)]
pub(crate) struct SignalTimer {
    /// Its number and the room for its signal; `None` for those of `setitimer(2)`.
    id: Option<(u32, Room)>,
    notify: Notify,
    /// What it counts.
    pub(crate) base: Base,
    state: SpinLock<State>,
    alarm: Alarm,
    this: Weak<Self>,
}

static TIMERS: SpinLock<BTreeMap<u32, Arc<SignalTimer>>> = SpinLock::new(BTreeMap::new());

/// The timers of `setitimer(2)`, by their numbers. All the program's processor time counts as its
/// own, none as the kernel's.
static INTERVAL_TIMERS: LazyLock<[Arc<SignalTimer>; 3]> = LazyLock::new(|| {
    let timer = |signal, base| SignalTimer::new(None, Notify::Process(signal, 0), base);
    [
        timer(Signal::SIGALRM, Base::Monotonic),
        timer(Signal::SIGVTALRM, Base::ProcessCpu),
        timer(Signal::SIGPROF, Base::ProcessCpu),
    ]
});

impl SignalTimer {
    fn new(id: Option<(u32, Room)>, notify: Notify, base: Base) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            id,
            notify,
            base,
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
        let now = self.base.now();
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
            (Some(deadline), Some(this)) => {
                self.alarm.arm_at(self.base.soonest(deadline), Waker::from(this));
            }
            _ => self.alarm.disarm(),
        }
    }

    /// Sends the signal; returns whether it is on its way.
    fn notify(&self) -> bool {
        let info = |signal, value| match &self.id {
            Some((id, _)) => SigInfo::from_timer(signal, *id, value),
            None => SigInfo::from_kernel(signal),
        };
        match self.notify {
            Notify::Nothing => false,
            Notify::Process(signal, value) => signal::send_timer_to_process(info(signal, value)),
            Notify::Thread(tid, signal, value) => Process::current()
                .thread(tid)
                .is_some_and(|thread| signal::send_timer_to_thread(&thread, info(signal, value))),
        }
    }

    /// Goes on after the signal was delivered; returns how often it should have come besides.
    fn delivered(&self) -> u32 {
        let now = self.base.now();
        let count = self.state.lock().forward(now);
        self.state.lock().overrun = count.saturating_sub(1);
        self.arm();
        self.overrun()
    }
}

impl Wake for SignalTimer {
    fn wake(self: Arc<Self>) {
        let now = self.base.now();
        let is_due = self.state.lock().deadline.is_some_and(|deadline| deadline <= now);
        if is_due && self.notify() {
            return;
        }
        if !is_due {
            // It counts processor time, of which less has passed than time.
            self.arm();
            return;
        }
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
/// `EAGAIN` if there is no room for the signal of one more.
pub(crate) fn create(notify: impl FnOnce(u32) -> Notify, base: Base) -> Result<u32> {
    let room = Room::take().ok_or(Errno::EAGAIN)?;
    let mut timers = TIMERS.lock();
    let id = timers.last_key_value().map_or(0, |(last, _)| last.wrapping_add(1));
    timers.insert(id, SignalTimer::new(Some((id, room)), notify(id), base));
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

/// Ends all timers, as the end of the program does.
pub(super) fn reset() {
    delete_all();
    for timer in INTERVAL_TIMERS.iter() {
        timer.set(None, Duration::ZERO);
    }
}

/// Returns a timer of `setitimer(2)`: `ITIMER_REAL`, `ITIMER_VIRTUAL` or `ITIMER_PROF`.
///
/// # Errors
/// `EINVAL` for another number.
pub(crate) fn interval_timer(which: u32) -> Result<&'static SignalTimer> {
    let index = usize::try_from(which).map_err(|_| Errno::EINVAL)?;
    INTERVAL_TIMERS.get(index).map(|timer| &**timer).ok_or(Errno::EINVAL)
}

/// Returns what a signal carries at its delivery, where a timer that sent it goes on.
pub(super) fn complete(mut info: SigInfo) -> SigInfo {
    if info.code == SI_TIMER {
        if let Ok(timer) = get(info.timer_id()) {
            info.set_overrun(timer.delivered());
        }
    } else if info.code == SI_KERNEL {
        let signal = info.signal();
        let which = match signal {
            Some(Signal::SIGALRM) => ITIMER_REAL,
            Some(Signal::SIGVTALRM) => ITIMER_VIRTUAL,
            Some(Signal::SIGPROF) => ITIMER_PROF,
            _ => return info,
        };
        // The numbers are those of timers.
        let _ = interval_timer(which).map(SignalTimer::delivered);
    }
    info
}
