//! Futexes: `futex(2)`, `set_robust_list(2)`, and what the end of a thread owes its locks.
//!
//! The table is `sched`'s; here the words are read, and threads sleep.

mod locks;
mod many;
mod requeue;

use alloc::sync::Arc;

use abi::futex::{COMMAND_MASK, FLAG_PRIVATE, FLAG_REALTIME, FutexOp, WakeOperation};
use abi::mman::Prot;
use abi::time::{Instant, Timespec};
use abi::{Errno, Result};
use sched::FutexTable;
use sched::futex::{For, Key, MATCH_ANY};

pub(crate) use self::locks::release_robust_locks;
pub(super) use self::locks::{get_robust_list, set_robust_list};
pub(super) use self::many::futex_waitv;
use super::Context;
use crate::arch::clock;
use crate::memory::space;
use crate::memory::user::{self, UserPtr};
use crate::process::thread::Thread;
use crate::time;
use crate::wait::{self, RESTART, RESTART_UNLESS_HANDLED, Wakeup};

static TABLE: FutexTable = FutexTable::new();

/// Gives memory back that is kept for waiters.
pub(super) fn trim() {
    TABLE.trim();
}

/// `futex(2)`. Locks with priority inheritance are handed from owner to owner, but no priority is
/// inherited: every thread's is the same.
pub(super) fn futex(
    cx: &mut Context<'_>,
    address: u64,
    op: u32,
    value: u32,
    timeout: u64,
    address2: u64,
    value3: u32,
) -> Result<u64> {
    let command = FutexOp::from_raw(op & COMMAND_MASK).ok_or(Errno::ENOSYS)?;
    let is_realtime = op & FLAG_REALTIME != 0;
    if is_realtime && !takes_clock(command) {
        return Err(Errno::ENOSYS);
    }
    let scope = if op & FLAG_PRIVATE != 0 { Scope::Private } else { Scope::Shared };
    let timeout_at = UserPtr::<Timespec>::new(timeout);
    // Where the call has a second count instead of a timeout, it is in the same register.
    let count2 = timeout.to_le_bytes().first_chunk().map_or(0, |low| u32::from_le_bytes(*low));
    match command {
        FutexOp::Wait => {
            let deadline = match timeout_at.non_null() {
                Some(timeout) => Some(clock::now() + timeout.read()?.to_duration()?),
                None => None,
            };
            wait(cx, key(address, scope)?, address, (value, MATCH_ANY), deadline)
        }
        FutexOp::WaitBitset => {
            let deadline = absolute_deadline(timeout_at, is_realtime)?;
            check_bits(value3)?;
            wait(cx, key(address, scope)?, address, (value, value3), deadline)
        }
        FutexOp::Wake => {
            TABLE.wake(key(address, scope)?, at_least_one(value), MATCH_ANY).map(u64::from)
        }
        FutexOp::WakeBitset => {
            check_bits(value3)?;
            TABLE.wake(key(address, scope)?, at_least_one(value), value3).map(u64::from)
        }
        FutexOp::Requeue | FutexOp::CmpRequeue => {
            let expected = (command == FutexOp::CmpRequeue).then_some(value3);
            requeue::to_word((address, address2), scope, (value, count2), expected)
        }
        FutexOp::WakeOp => {
            let keys = (key(address, scope)?, key(address2, scope)?);
            wake_op(keys, address2, (value, count2), value3)
        }
        FutexOp::LockPi | FutexOp::LockPi2 => {
            // The first of the two counts on the clock of the day always.
            let is_realtime = is_realtime || command == FutexOp::LockPi;
            let deadline = absolute_deadline(timeout_at, is_realtime)?;
            locks::lock_pi(cx, key(address, scope)?, address, deadline)
        }
        FutexOp::TrylockPi => {
            key(address, scope)?;
            locks::try_lock_pi(cx.thread.tid, address)
        }
        FutexOp::UnlockPi => locks::unlock_pi(cx.thread.tid, key(address, scope)?, address),
        FutexOp::WaitRequeuePi => {
            let deadline = absolute_deadline(timeout_at, is_realtime)?;
            requeue::wait(cx, (address, address2), scope, value, deadline)
        }
        FutexOp::CmpRequeuePi => {
            requeue::to_lock((address, address2), scope, (value, count2), value3)
        }
    }
}

/// Returns whether an operation can be told that its timeout is on the clock of the day.
#[cold]
fn takes_clock(command: FutexOp) -> bool {
    matches!(command, FutexOp::WaitBitset | FutexOp::LockPi2 | FutexOp::WaitRequeuePi)
}

/// Fails with `EINVAL` for no bits, which comes before all that is wrong with the word.
fn check_bits(bits: u32) -> Result<()> {
    if bits == 0 { Err(Errno::EINVAL) } else { Ok(()) }
}

/// Who may wait on a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scope {
    /// Threads that name it by the same address.
    Private,
    /// Also those that name it by another address where the same memory is mapped.
    Shared,
}

/// Returns the key of a word's address.
///
/// # Errors
/// `EINVAL` for an address that is not aligned, `EFAULT` for one outside the application's half; as
/// [`shared_key`].
#[expect(
    clippy::inline_always,
    reason = "few instructions for a private word, in calls that are made most"
)]
#[inline(always)]
fn key(address: u64, scope: Scope) -> Result<Key> {
    if !address.is_multiple_of(4) {
        return Err(Errno::EINVAL);
    }
    user::check(address, 4)?;
    match scope {
        Scope::Private => Ok(Key::private(address)),
        Scope::Shared => shared_key(address),
    }
}

/// Returns the key of a word that others may share: what is mapped, and where in it the word is.
///
/// # Errors
/// `EFAULT` for memory that is not there, and for memory of the program's own that it cannot write:
/// a word in it would never change.
#[inline(never)]
fn shared_key(address: u64) -> Result<Key> {
    let space = space::lock();
    let mapping = space.mapping(address).ok_or(Errno::EFAULT)?;
    let is_writable = mapping.prot.contains(Prot::WRITE);
    if !is_writable && !mapping.prot.contains(Prot::READ) {
        return Err(Errno::EFAULT);
    }
    let is_own = !mapping.is_shared() && (is_writable || space.is_own(address));
    match &mapping.backing {
        _ if is_own && !is_writable => Err(Errno::EFAULT),
        Some(backing) if !is_own => {
            let object = Arc::as_ptr(backing).addr() as u64;
            Ok(Key::shared(object, mapping.offset + (address - mapping.start)))
        }
        _ => Ok(Key::private(address)),
    }
}

/// Linux wakes one waiter even where none is asked for.
fn at_least_one(count: u32) -> u32 {
    if count.cast_signed() <= 0 { 1 } else { count }
}

fn absolute_deadline(timeout: UserPtr<Timespec>, is_realtime: bool) -> Result<Option<Instant>> {
    let Some(timeout) = timeout.non_null() else { return Ok(None) };
    let since_origin = timeout.read()?.to_duration()?;
    Ok(Some(if is_realtime {
        time::instant_of_realtime(since_origin)
    } else {
        Instant::default() + since_origin
    }))
}

/// Sleeps while the word at `address` is `expected` until woken.
fn wait(
    cx: &Context<'_>,
    key: Key,
    address: u64,
    (expected, bitset): (u32, u32),
    deadline: Option<Instant>,
) -> Result<u64> {
    let thread = cx.thread;
    with_present(address, || {
        let what = For::WakeUp(bitset);
        TABLE.wait(key, what, &thread.futex, thread.waker(), || check_value(address, expected))
    })?;
    // With a timeout the call would begin it anew.
    let interrupted = if deadline.is_some() { RESTART_UNLESS_HANDLED } else { RESTART };
    sleep_until_woken(thread, deadline, |_| interrupted).map(|()| 0)
}

/// Compares a word under the locks of the table.
///
/// # Errors
/// `EAGAIN` if it is not `expected`; `EFAULT` also if its page is not present.
fn check_value(address: u64, expected: u32) -> Result<()> {
    let value = user::atomically(|| user::load_u32(address))?;
    if value == expected { Ok(()) } else { Err(Errno::EAGAIN) }
}

/// Sleeps until the thread's waiter, which is queued, is woken.
///
/// # Errors
/// `ETIMEDOUT`; after a signal what `interrupted` makes of what it still waited for. The waiter is
/// not queued any more then.
fn sleep_until_woken(
    thread: &Thread,
    deadline: Option<Instant>,
    interrupted: impl Fn(For) -> Errno,
) -> Result<()> {
    loop {
        let wakeup = wait::sleep(deadline);
        if !thread.futex.is_waiting() {
            return Ok(());
        }
        if wakeup == Wakeup::Woken {
            continue;
        }
        // A wake-up may have come at the last moment.
        return TABLE.cancel(&thread.futex).map_or(Ok(()), |what| match wakeup {
            Wakeup::TimedOut => Err(Errno::ETIMEDOUT),
            Wakeup::Woken | Wakeup::Interrupted => Err(interrupted(what)),
        });
    }
}

/// As [`with_present`] for an operation that writes the word.
fn with_present_to_write<T>(address: u64, mut operation: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match operation() {
            // The exchange of equal values makes a page present that can be written.
            Err(Errno::EFAULT) => user::compare_exchange_u32(address, 0, 0)?,
            result => return result,
        };
    }
}

/// Runs an operation that reads the word at `address` under locks, where a page that is missing
/// is `EFAULT`; makes the page present and tries again if it can be.
fn with_present<T>(address: u64, mut operation: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match operation() {
            Err(Errno::EFAULT) => user::load_u32(address)?,
            result => return result,
        };
    }
}

fn wake_op(keys: (Key, Key), address2: u64, (count, count2): (u32, u32), code: u32) -> Result<u64> {
    let operation = WakeOperation::from_raw(code).ok_or(Errno::ENOSYS)?;
    let (count, count2) = (at_least_one(count), at_least_one(count2));
    with_present_to_write(address2, || {
        TABLE.wake_op(keys, count, count2, || {
            let old = user::atomically(|| replace(address2, |old| operation.apply(old)))?;
            Ok(operation.wakes(old))
        })
    })
    .map(u64::from)
}

/// Replaces a word by what `change` makes of it; returns what it was.
fn replace(address: u64, change: impl Fn(u32) -> u32) -> Result<u32> {
    let mut old = user::load_u32(address)?;
    loop {
        let found = user::compare_exchange_u32(address, old, change(old))?;
        if found == old {
            return Ok(old);
        }
        old = found;
    }
}

/// Wakes up to `count` waiters of the word at an address.
pub(crate) fn wake(address: u64, count: u32) {
    if let Ok(key) = key(address, Scope::Shared) {
        // The bit set is not empty, the only thing that fails.
        let _ = TABLE.wake(key, count, MATCH_ANY);
    }
}
