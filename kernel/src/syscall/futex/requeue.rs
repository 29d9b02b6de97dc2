//! Moving those who wait for one word to another: `FUTEX_REQUEUE`, and the condition variables on
//! locks with priority inheritance, `FUTEX_WAIT_REQUEUE_PI`.

use abi::futex::WAITERS;
use abi::time::Instant;
use abi::{Errno, Result};
use sched::futex::For;

use super::locks::take_or_await;
use super::{Scope, TABLE, check_value, key, sleep_until_woken, with_present};
use crate::memory::user;
use crate::syscall::Context;
use crate::wait::RESTART_ALWAYS;

/// `FUTEX_REQUEUE`, and `FUTEX_CMP_REQUEUE` where a value is expected.
pub(super) fn to_word(
    (address, address2): (u64, u64),
    scope: Scope,
    (wake, requeue): (u32, u32),
    expected: Option<u32>,
) -> Result<u64> {
    if wake.cast_signed() < 0 || requeue.cast_signed() < 0 {
        return Err(Errno::EINVAL);
    }
    let keys = (key(address, scope)?, key(address2, scope)?);
    let (woken, moved) = with_present(address, || {
        TABLE.requeue(keys, wake, requeue, || {
            expected.map_or(Ok(()), |expected| check_value(address, expected))
        })
    })?;
    Ok(u64::from(woken) + u64::from(moved))
}

/// `FUTEX_WAIT_REQUEUE_PI`: waits on the first word until moved to the lock of the second, and
/// until that is handed over.
///
/// # Errors
/// `EAGAIN` if the word is not `expected`, or if a signal came after the move; `EINVAL` if the two
/// are one; `ETIMEDOUT`.
pub(super) fn wait(
    cx: &Context<'_>,
    (address, lock_address): (u64, u64),
    scope: Scope,
    expected: u32,
    deadline: Option<Instant>,
) -> Result<u64> {
    if address == lock_address {
        return Err(Errno::EINVAL);
    }
    let lock = key(lock_address, scope)?;
    let word = key(address, scope)?;
    let thread = cx.thread;
    with_present(address, || {
        TABLE.wait(word, For::Requeue(lock), &thread.futex, thread.waker(), || {
            check_value(address, expected)?;
            // One word that is mapped twice.
            if word == lock { Err(Errno::EINVAL) } else { Ok(()) }
        })
    })?;
    let interrupted = |what| if what == For::Lock { Errno::EAGAIN } else { RESTART_ALWAYS };
    sleep_until_woken(thread, deadline, interrupted).map(|()| 0)
}

/// `FUTEX_CMP_REQUEUE_PI`: gives the first who waits the lock if that is free, and makes up to
/// `requeue` others wait for it.
pub(super) fn to_lock(
    (address, lock_address): (u64, u64),
    scope: Scope,
    (wake, requeue): (u32, u32),
    expected: u32,
) -> Result<u64> {
    if wake != 1 || requeue.cast_signed() < 0 || address == lock_address {
        return Err(Errno::EINVAL);
    }
    let keys = (key(address, scope)?, key(lock_address, scope)?);
    if keys.0 == keys.1 {
        return Err(Errno::EINVAL);
    }
    loop {
        let done = TABLE.requeue_to_lock(
            keys,
            requeue + 1,
            || {
                check_value(address, expected)?;
                user::atomically(|| user::load_u32(lock_address)).map(drop)
            },
            |owner, has_more| {
                take_or_await(lock_address, owner, if has_more { WAITERS } else { 0 })
            },
        );
        match done {
            // The exchange of equal values makes a page present that can be written.
            Err(Errno::EFAULT) => {
                user::load_u32(address)?;
                user::compare_exchange_u32(lock_address, 0, 0)?;
            }
            result => return result.map(u64::from),
        }
    }
}
