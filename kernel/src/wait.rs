//! Waiting: the one place where a thread sleeps.
//!
//! Operations below the kernel return `EAGAIN` where they would have to wait. [`until`] turns that
//! into sleep until the object's wait queue tells of a change, a deadline passes or a signal comes.
//!
//! Invariant: no lock is held across a call of this module.

use core::time::Duration;

use abi::poll::Events;
use abi::time::Instant;
use abi::{Errno, Result};
use sync::{Every, Waiters};

use crate::arch::clock;
use crate::process::thread::Thread;
use crate::{schedule, timer};

/// What a call returns that a signal interrupted and that is to be restarted if the signal's
/// action says so, else to return `EINTR`. Never seen by a program. (Linux: ERESTARTSYS.)
pub(crate) const RESTART: Errno = Errno::new(512);
/// As [`RESTART`], but restarted whatever the signal's action says (Linux: ERESTARTNOINTR).
pub(crate) const RESTART_ALWAYS: Errno = Errno::new(513);
/// As [`RESTART`], but `EINTR` whenever a handler runs, whatever its flags (Linux: ERESTARTNOHAND).
pub(crate) const RESTART_UNLESS_HANDLED: Errno = Errno::new(514);

/// Returns whether a call fails so because a signal is to be delivered.
pub(crate) const fn is_interruption(error: Errno) -> bool {
    let code = error.raw();
    code == Errno::EINTR.raw()
        || code == RESTART.raw()
        || code == RESTART_ALWAYS.raw()
        || code == RESTART_UNLESS_HANDLED.raw()
}

/// Why a sleep ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wakeup {
    /// The thread's waker was called, or nothing at all: look again.
    Woken,
    /// The deadline passed.
    TimedOut,
    /// A signal is waiting to be delivered.
    Interrupted,
}

/// Sleeps until the thread's waker is called, `deadline` passes or a signal comes.
#[inline]
pub(crate) fn sleep(deadline: Option<Instant>) -> Wakeup {
    let thread = Thread::current();
    if thread.has_signal() {
        return Wakeup::Interrupted;
    }
    if let Some(deadline) = deadline {
        return sleep_until(thread, deadline);
    }
    schedule::sleep();
    if thread.has_signal() { Wakeup::Interrupted } else { Wakeup::Woken }
}

fn sleep_until(thread: &Thread, deadline: Instant) -> Wakeup {
    if clock::now() >= deadline {
        return Wakeup::TimedOut;
    }
    let alarm = timer::insert(deadline, thread.waker());
    schedule::sleep();
    let is_over = !timer::cancel(alarm);
    if thread.has_signal() {
        Wakeup::Interrupted
    } else if is_over {
        Wakeup::TimedOut
    } else {
        Wakeup::Woken
    }
}

/// Attempts an operation until it does not return `EAGAIN`, sleeping in between until `waiters`
/// tells of any of `interest`.
///
/// # Errors
/// Those of the operation; `EAGAIN` once `deadline` has passed; [`RESTART`] after a signal.
#[inline]
pub(crate) fn until<T>(
    waiters: &Waiters,
    interest: Events,
    deadline: Option<Instant>,
    attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    attempt_between(waiters, interest, || sleep(deadline), attempt)
}

/// As [`until`], for at most the time that `timeout` gives if it comes to sleeping.
///
/// # Errors
/// As [`until`], but `EINTR` after a signal if there is a timeout (signal(7)).
pub(crate) fn until_within<T>(
    waiters: &Waiters,
    interest: Events,
    timeout: impl Fn() -> Option<Duration>,
    attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    let mut deadline = None;
    let patiently = || {
        let given = || timeout().map(|timeout| clock::now() + timeout);
        sleep(*deadline.get_or_insert_with(given))
    };
    let result = attempt_between(waiters, interest, patiently, attempt);
    result.map_err(|error| {
        if error == RESTART && deadline.flatten().is_some() { Errno::EINTR } else { error }
    })
}

/// Attempts an operation until it does not return `EAGAIN`, deaf to signals: for what another
/// thread has for the time of a transfer.
///
/// # Errors
/// Those of the operation.
pub(crate) fn until_free<T>(waiters: &Waiters, attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let deafly = || {
        schedule::sleep();
        Wakeup::Woken
    };
    attempt_between(waiters, Events::IN, deafly, attempt)
}

/// Attempts an operation until it does not return `EAGAIN`, with `sleep` in between, which a change
/// of `interest` ends; once more after it ended otherwise.
#[inline]
fn attempt_between<T>(
    waiters: &Waiters,
    interest: Events,
    mut sleep: impl FnMut() -> Wakeup,
    mut attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    loop {
        let changes = waiters.changes();
        match attempt() {
            Err(Errno::EAGAIN) => {}
            result => return result,
        }
        let waker = Thread::current().waker();
        // What came between the attempt and the registration was told to nobody.
        let waiting = waiters.register_since(changes, interest, Every::Once, waker);
        let Some(waiting) = waiting else { continue };
        let wakeup = sleep();
        waiters.remove(waiting);
        match wakeup {
            Wakeup::Woken => {}
            Wakeup::TimedOut => return attempt(),
            Wakeup::Interrupted => return attempt().or_else(interrupted),
        }
    }
}

fn interrupted<T>(error: Errno) -> Result<T> {
    Err(if error == Errno::EAGAIN { RESTART } else { error })
}
