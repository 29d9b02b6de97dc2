//! `futex_waitv(2)`: to sleep on several words at once.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::time::Timespec;
use abi::{Errno, Result};
use sched::futex::{For, FutexWaiter, Key, MATCH_ANY};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{Scope, TABLE, absolute_deadline, check_value, key, with_present};
use crate::arch::index;
use crate::memory::user::UserPtr;
use crate::syscall::Context;
use crate::wait::{self, RESTART, Wakeup};

/// The most words, `FUTEX_WAITV_MAX`.
const MOST: u32 = 128;
/// `FUTEX_32`: the size of the word, the only one there is.
const SIZE_32: u32 = 2;
const PRIVATE: u32 = 128;
const CLOCK_REALTIME: i32 = 0;
const CLOCK_MONOTONIC: i32 = 1;

/// `struct futex_waitv`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(in crate::syscall) struct Word {
    value: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

impl Word {
    /// Checks what does not depend on memory.
    ///
    /// # Errors
    /// `EINVAL`.
    fn check(&self) -> Result<()> {
        let is_valid = self.flags & !PRIVATE == SIZE_32 && self.reserved == 0;
        let is_in_range = u32::try_from(self.value).is_ok();
        if is_valid && is_in_range { Ok(()) } else { Err(Errno::EINVAL) }
    }
}

/// A word that is waited on.
struct Place {
    key: Key,
    address: u64,
    expected: u32,
    waiter: Arc<FutexWaiter>,
}

impl Place {
    fn new(word: &Word, tid: u32) -> Result<Self> {
        let scope = if word.flags & PRIVATE != 0 { Scope::Private } else { Scope::Shared };
        let expected = u32::try_from(word.value).map_err(|_| Errno::EINVAL)?;
        let key = key(word.address, scope)?;
        let waiter = Arc::new(FutexWaiter::new(tid));
        Ok(Self { key, address: word.address, expected, waiter })
    }
}

/// `futex_waitv(2)`: returns the place of a word that was woken.
pub(in crate::syscall) fn futex_waitv(
    cx: &mut Context<'_>,
    words: UserPtr<Word>,
    count: u32,
    flags: u32,
    timeout: UserPtr<Timespec>,
    clock: i32,
) -> Result<usize> {
    if flags != 0 || count == 0 || count > MOST || words.is_null() {
        return Err(Errno::EINVAL);
    }
    if !timeout.is_null() && !matches!(clock, CLOCK_REALTIME | CLOCK_MONOTONIC) {
        return Err(Errno::EINVAL);
    }
    let deadline = absolute_deadline(timeout, clock == CLOCK_REALTIME)?;
    let words = words.read_each(index(count.into()), Word::check)?;
    let places: Vec<Place> =
        words.iter().map(|word| Place::new(word, cx.thread.tid)).collect::<Result<_>>()?;
    for (number, place) in places.iter().enumerate() {
        let queued = with_present(place.address, || {
            TABLE.wait(place.key, For::WakeUp(MATCH_ANY), &place.waiter, cx.thread.waker(), || {
                check_value(place.address, place.expected)
            })
        });
        if let Err(error) = queued {
            return leave(&places[..number]).ok_or(error);
        }
    }
    loop {
        let wakeup = wait::sleep(deadline);
        let is_over = places.iter().any(|place| !place.waiter.is_waiting());
        let error = match wakeup {
            Wakeup::Woken if !is_over => continue,
            Wakeup::Woken | Wakeup::Interrupted => RESTART,
            Wakeup::TimedOut => Errno::ETIMEDOUT,
        };
        return leave(&places).ok_or(error);
    }
}

/// Waits for none of these words any more; returns the last that was woken.
fn leave(places: &[Place]) -> Option<usize> {
    let is_woken = |place: &Place| TABLE.cancel(&place.waiter).is_none();
    let mut woken = None;
    for (number, place) in places.iter().enumerate() {
        if is_woken(place) {
            woken = Some(number);
        }
    }
    woken
}
