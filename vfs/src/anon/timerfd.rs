//! Timers as files, `timerfd_create(2)`.
//!
//! A timer that repeats is armed anew only when it is read, so that a short period costs nothing
//! while nobody looks; a read then counts the periods that passed. Clocks and their differences
//! are the kernel's business: here every time is an [`Instant`].

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt::Debug;
use core::task::Waker;
use core::time::Duration;

use abi::io::Sink;
use abi::poll::Events;
use abi::time::Instant;
use abi::timer::ClockId;
use abi::{Errno, Result};
use sync::{SpinLock, Waiters};

use crate::File;

/// What a timer needs of the kernel: the present, and to be called later. Dropping it disarms.
pub trait Alarm: Debug + Send + Sync {
    /// Returns the present.
    fn now(&self) -> Instant;

    /// Calls `waker` once when `deadline` has come, in place of any earlier setting.
    fn arm(&self, deadline: Instant, waker: &Waker);

    /// Forgets the setting.
    fn disarm(&self);
}

/// What a timer is set to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Setting {
    /// How long it is until it goes off next; `None` if it is not armed.
    pub remaining: Option<Duration>,
    /// How often it goes off after that; zero for once.
    pub interval: Duration,
}

#[derive(Debug, Default)]
struct State {
    deadline: Option<Instant>,
    interval: Duration,
    /// The alarm went off and was not read since.
    is_due: bool,
}

/// What the alarm tells.
#[derive(Debug, Default)]
struct Shared {
    state: SpinLock<State>,
    waiters: Waiters,
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.state.lock().is_due = true;
        self.waiters.wake(Events::IN);
    }
}

/// A timer that becomes readable when it goes off.
#[derive(Debug)]
pub struct TimerFd {
    clock: ClockId,
    shared: Arc<Shared>,
    waker: Waker,
    alarm: Box<dyn Alarm>,
}

impl TimerFd {
    /// Returns a timer that is not armed; `clock` is what its user counts on.
    pub fn new(clock: ClockId, alarm: Box<dyn Alarm>) -> Arc<Self> {
        let shared = Arc::<Shared>::default();
        Arc::new(Self { clock, waker: Waker::from(shared.clone()), shared, alarm })
    }

    /// Returns the clock that its user counts on.
    pub const fn clock(&self) -> ClockId {
        self.clock
    }

    /// Arms the timer for `deadline` and every `interval` after it, or disarms it, and returns the
    /// setting before: `timerfd_settime(2)`.
    pub fn set(&self, deadline: Option<Instant>, interval: Duration) -> Setting {
        let now = self.alarm.now();
        let mut state = self.shared.state.lock();
        let before = Self::setting(&state, now);
        *state = State { deadline, interval, is_due: false };
        drop(state);
        match deadline {
            Some(deadline) => self.alarm.arm(deadline, &self.waker),
            None => self.alarm.disarm(),
        }
        before
    }

    /// Returns what the timer is set to: `timerfd_gettime(2)`.
    pub fn get(&self) -> Setting {
        let now = self.alarm.now();
        Self::setting(&self.shared.state.lock(), now)
    }

    fn setting(state: &State, now: Instant) -> Setting {
        let interval = state.interval;
        let remaining = state.deadline.map(|deadline| {
            let passed = periods(deadline, interval, now);
            let next = if passed == 0 { deadline } else { advance(deadline, interval, passed) };
            next.since(now)
        });
        // A timer that went off for good is not armed, as its remaining time of zero says.
        Setting { remaining: remaining.filter(|remaining| !remaining.is_zero()), interval }
    }
}

/// Returns how often a timer has gone off by `now`.
fn periods(deadline: Instant, interval: Duration, now: Instant) -> u64 {
    if now < deadline {
        return 0;
    }
    let late = now.since(deadline).as_nanos();
    let more = late.checked_div(interval.as_nanos()).unwrap_or(0);
    u64::try_from(more).unwrap_or(u64::MAX).saturating_add(1)
}

/// Returns the deadline `count` intervals later; without an interval it stays.
fn advance(deadline: Instant, interval: Duration, count: u64) -> Instant {
    let nanos = interval.as_nanos().saturating_mul(u128::from(count));
    deadline + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl File for TimerFd {
    fn can_be_written(&self) -> bool {
        false
    }

    fn ignores_seeks(&self) -> bool {
        true
    }

    fn read(&self, _at: u64, sink: &mut dyn Sink) -> Result<usize> {
        if sink.room() < 8 {
            return Err(Errno::EINVAL);
        }
        let now = self.alarm.now();
        let mut state = self.shared.state.lock();
        let Some(deadline) = state.deadline else { return Err(Errno::EAGAIN) };
        let count = periods(deadline, state.interval, now);
        if count == 0 {
            return Err(Errno::EAGAIN);
        }
        let is_periodic = !state.interval.is_zero();
        state.is_due = false;
        state.deadline = is_periodic.then(|| advance(deadline, state.interval, count));
        let next = state.deadline;
        drop(state);
        match next {
            Some(next) => self.alarm.arm(next, &self.waker),
            None => self.alarm.disarm(),
        }
        if sink.put(&count.to_ne_bytes())? < 8 {
            return Err(Errno::EFAULT);
        }
        Ok(8)
    }

    fn poll(&self) -> Events {
        let state = self.shared.state.lock();
        // An alarm of an earlier setting may have come late.
        let is_due = state.is_due && state.deadline.is_some_and(|at| at <= self.alarm.now());
        if is_due { Events::IN } else { Events::empty() }
    }

    fn waiters(&self) -> Option<&Waiters> {
        Some(&self.shared.waiters)
    }

    fn label(&self) -> Vec<u8> {
        b"anon_inode:[timerfd]".to_vec()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl Drop for TimerFd {
    fn drop(&mut self) {
        self.alarm.disarm();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that the test turns.
    #[derive(Debug, Default)]
    struct Clock {
        now: Instant,
        armed: Option<(Instant, Waker)>,
    }

    #[derive(Clone, Debug, Default)]
    struct Fake(Arc<SpinLock<Clock>>);

    impl Fake {
        fn turn_to(&self, nanos: u64) {
            let mut clock = self.0.lock();
            clock.now = Instant::from_nanos(nanos);
            let now = clock.now;
            let due = clock.armed.take_if(|(deadline, _)| *deadline <= now);
            drop(clock);
            if let Some((_, waker)) = due {
                waker.wake();
            }
        }
    }

    impl Alarm for Fake {
        fn now(&self) -> Instant {
            self.0.lock().now
        }

        fn arm(&self, deadline: Instant, waker: &Waker) {
            self.0.lock().armed = Some((deadline, waker.clone()));
        }

        fn disarm(&self) {
            self.0.lock().armed = None;
        }
    }

    fn timer() -> (Fake, Arc<TimerFd>) {
        let fake = Fake::default();
        (fake.clone(), TimerFd::new(ClockId::Monotonic, Box::new(fake)))
    }

    fn read(file: &TimerFd) -> Result<u64> {
        let mut bytes = [0; 8];
        file.read(0, &mut bytes.as_mut_slice()).map(|_| u64::from_ne_bytes(bytes))
    }

    const NS: fn(u64) -> Duration = Duration::from_nanos;
    const AT: fn(u64) -> Instant = Instant::from_nanos;

    #[test]
    fn a_single_shot_is_read_once() {
        let (clock, timer) = timer();
        assert_eq!(read(&timer), Err(Errno::EAGAIN));
        assert_eq!(timer.set(Some(AT(100)), Duration::ZERO), Setting::default());
        clock.turn_to(40);
        assert_eq!(timer.get(), Setting { remaining: Some(NS(60)), interval: NS(0) });
        assert_eq!(timer.poll(), Events::empty());
        clock.turn_to(120);
        assert_eq!(timer.poll(), Events::IN);
        assert_eq!(timer.get(), Setting::default());
        assert_eq!(timer.read(0, &mut [0; 7].as_mut_slice()), Err(Errno::EINVAL));
        assert_eq!(read(&timer), Ok(1));
        assert_eq!(read(&timer), Err(Errno::EAGAIN));
        assert_eq!(timer.poll(), Events::empty());
    }

    #[test]
    fn a_repeating_timer_counts_what_was_missed() {
        let (clock, timer) = timer();
        timer.set(Some(AT(100)), NS(10));
        clock.turn_to(135);
        assert_eq!(timer.get(), Setting { remaining: Some(NS(5)), interval: NS(10) });
        assert_eq!(read(&timer), Ok(4));
        assert_eq!(read(&timer), Err(Errno::EAGAIN));
        clock.turn_to(140);
        assert_eq!(timer.poll(), Events::IN);
        assert_eq!(read(&timer), Ok(1));
    }

    #[test]
    fn setting_anew_forgets_and_tells_what_was() {
        let (clock, timer) = timer();
        timer.set(Some(AT(100)), NS(50));
        clock.turn_to(110);
        let before = timer.set(None, Duration::ZERO);
        assert_eq!(before, Setting { remaining: Some(NS(40)), interval: NS(50) });
        assert_eq!(read(&timer), Err(Errno::EAGAIN));
        assert_eq!(timer.poll(), Events::empty());
        assert!(clock.0.lock().armed.is_none());
    }

    #[test]
    fn extreme_settings_do_not_overflow() {
        let (clock, timer) = timer();
        timer.set(Some(AT(0)), NS(1));
        clock.turn_to(u64::MAX);
        assert_eq!(read(&timer), Ok(u64::MAX));
        timer.set(Some(AT(1)), Duration::MAX);
        assert_eq!(read(&timer), Ok(1));
        drop(timer);
        assert!(clock.0.lock().armed.is_none());
    }
}
