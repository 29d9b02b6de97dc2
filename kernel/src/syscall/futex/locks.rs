//! Locks that the kernel knows of: those with priority inheritance, and those on the robust list
//! of a thread, `set_robust_list(2)`.

use core::sync::atomic::Ordering;

use abi::futex::{OWNER_DIED, ROBUST_LIST_LIMIT, RobustListHead, TID_MASK, WAITERS};
use abi::time::Instant;
use abi::{Errno, Result};
use sched::futex::{For, Key};

use super::{Scope, TABLE, key, replace, sleep_until_woken, wake, with_present_to_write};
use crate::memory::user::{self, UserPtr};
use crate::process::Process;
use crate::process::thread::Thread;
use crate::syscall::Context;
use crate::wait::RESTART_ALWAYS;

/// Takes a lock for a thread if it is free, and sets `flags` in its word; else says who has it.
///
/// # Errors
/// `EAGAIN` if another thread has it, `EDEADLK` if this one has, `EFAULT`.
fn take_lock(address: u64, tid: u32, flags: u32) -> Result<()> {
    let mut value = user::load_u32(address)?;
    loop {
        match value & TID_MASK {
            0 => {}
            owner if owner == tid & TID_MASK => return Err(Errno::EDEADLK),
            _ => return Err(Errno::EAGAIN),
        }
        let taken = value & (WAITERS | OWNER_DIED) | tid & TID_MASK | flags;
        let found = user::compare_exchange_u32(address, value, taken)?;
        if found == value {
            return Ok(());
        }
        value = found;
    }
}

/// `FUTEX_LOCK_PI`: takes the lock or waits until it is handed over.
pub(super) fn lock_pi(
    cx: &Context<'_>,
    key: Key,
    address: u64,
    deadline: Option<Instant>,
) -> Result<u64> {
    let thread = cx.thread;
    let queued = with_present_to_write(address, || {
        TABLE.wait(key, For::Lock, &thread.futex, thread.waker(), || {
            // Taken: there is nothing to wait for.
            if take_or_await(address, thread.tid, 0)? {
                return Err(Errno::EALREADY);
            }
            thread.awaited_lock.store(address, Ordering::SeqCst);
            user::atomically(|| check_chain(address, thread.tid))
                .inspect_err(|_| thread.awaited_lock.store(0, Ordering::SeqCst))
        })
    });
    match queued {
        Ok(()) => {
            let outcome = sleep_until_woken(thread, deadline, |_| RESTART_ALWAYS).map(|()| 0);
            thread.awaited_lock.store(0, Ordering::SeqCst);
            outcome
        }
        Err(Errno::EALREADY) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Takes a lock for a thread, with `flags` in its word, under the locks of the table, and returns
/// true; or says in its word that threads wait, and returns false.
///
/// # Errors
/// `EDEADLK` if the thread has it, `ESRCH` if no thread has it though it is taken, `EFAULT` also if
/// its page is not present.
pub(super) fn take_or_await(address: u64, tid: u32, flags: u32) -> Result<bool> {
    user::atomically(|| match take_lock(address, tid, flags) {
        Err(Errno::EAGAIN) => mark_waited_for(address).map(|()| false),
        taken => taken.map(|()| true),
    })
}

/// Says in a lock's word that threads wait, so that its owner asks the kernel to hand it over.
///
/// # Errors
/// `ESRCH` if no thread owns it, `EFAULT`.
fn mark_waited_for(address: u64) -> Result<()> {
    let owner = replace(address, |value| value | WAITERS)? & TID_MASK;
    Process::current().thread(owner).map(drop).ok_or(Errno::ESRCH)
}

/// Checks that whoever has the lock at `address` does not wait, over other locks and their owners,
/// for thread `tid`. Of threads that come to wait for each other at once, one finds it at least:
/// each says what it waits for before it looks.
///
/// # Errors
/// `EDEADLK`.
fn check_chain(address: u64, tid: u32) -> Result<()> {
    /// As far as Linux looks (`kernel.max_lock_depth`).
    const DEPTH: usize = 1024;
    let mut lock = address;
    for _ in 0..DEPTH {
        // A lock that is not there is none that anybody waits for.
        let Ok(word) = user::load_u32(lock) else { break };
        let owner = word & TID_MASK;
        if owner == tid & TID_MASK {
            return Err(Errno::EDEADLK);
        }
        let Some(owner) = Process::current().thread(owner) else { break };
        let next = owner.awaited_lock.load(Ordering::SeqCst);
        // Who has been given the lock says for a while that it waits.
        if next == 0 || next == lock {
            break;
        }
        lock = next;
    }
    Ok(())
}

/// `FUTEX_TRYLOCK_PI`.
pub(super) fn try_lock_pi(tid: u32, address: u64) -> Result<u64> {
    with_present_to_write(address, || user::atomically(|| take_lock(address, tid, 0))).map(|()| 0)
}

/// `FUTEX_UNLOCK_PI`: hands the lock to the first who waits.
pub(super) fn unlock_pi(tid: u32, key: Key, address: u64) -> Result<u64> {
    if user::load_u32(address)? & TID_MASK != tid & TID_MASK {
        return Err(Errno::EPERM);
    }
    hand_over(key, address, 0).map(|()| 0)
}

/// Gives a lock to the first who waits for it, or to nobody, and sets `flags` in its word.
fn hand_over(key: Key, address: u64, flags: u32) -> Result<()> {
    with_present_to_write(address, || {
        TABLE.hand_over(key, |next| {
            let word = match next {
                Some((owner, true)) => owner & TID_MASK | WAITERS,
                Some((owner, false)) => owner & TID_MASK,
                None => 0,
            };
            user::atomically(|| replace(address, |_| word | flags)).map(drop)
        })
    })
}

/// `set_robust_list(2)`.
pub(in crate::syscall) fn set_robust_list(
    cx: &mut Context<'_>,
    head: u64,
    size: usize,
) -> Result<()> {
    if size != size_of::<RobustListHead>() {
        return Err(Errno::EINVAL);
    }
    cx.thread.robust_list.store(head, Ordering::Relaxed);
    Ok(())
}

/// `get_robust_list(2)`.
pub(in crate::syscall) fn get_robust_list(
    cx: &mut Context<'_>,
    tid: u32,
    head: UserPtr<u64>,
    size: UserPtr<u64>,
) -> Result<()> {
    let list = |thread: &Thread| thread.robust_list.load(Ordering::Relaxed);
    let address = match tid {
        0 => list(cx.thread),
        _ => list(&*Process::current().thread(tid).ok_or(Errno::ESRCH)?),
    };
    size.write(&(size_of::<RobustListHead>() as u64))?;
    head.write(&address)
}

/// Marks the robust locks that a thread holds at its end as left by a dead owner, and wakes a
/// waiter of each. A list that is not there ends it.
pub(crate) fn release_robust_locks(thread: &Thread) {
    let head_at = thread.robust_list.swap(0, Ordering::Relaxed);
    if head_at == 0 {
        return;
    }
    let Ok(head) = UserPtr::<RobustListHead>::new(head_at).read() else { return };
    let word_of = |entry: u64| (entry & !1).wrapping_add_signed(head.futex_offset);
    let mut entry = head.first;
    for _ in 0..ROBUST_LIST_LIMIT {
        if entry & !1 == head_at {
            break;
        }
        let next = UserPtr::<u64>::new(entry & !1).read();
        let is_pending = entry & !1 == head.pending & !1;
        if !is_pending && release_lock(word_of(entry), thread.tid, Kind::of(entry)).is_err() {
            return;
        }
        match next {
            Ok(next) => entry = next,
            Err(_) => return,
        }
    }
    if head.pending & !1 != 0 {
        let word = word_of(head.pending);
        // The thread may have died between releasing a lock and waking its waiter.
        let kind = Kind::of(head.pending);
        let was_held = release_lock(word, thread.tid, kind);
        if kind == Kind::Plain && was_held == Ok(false) {
            wake(word, 1);
        }
    }
}

/// How a robust lock is passed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Whoever is woken takes it.
    Plain,
    /// The kernel hands it over: a lock with priority inheritance.
    HandedOver,
}

impl Kind {
    /// Returns what bit 0 of an entry of the list says.
    const fn of(entry: u64) -> Self {
        if entry & 1 == 0 { Self::Plain } else { Self::HandedOver }
    }
}

/// Marks a lock word as left by its owner if `tid` owns it, and returns whether it did.
fn release_lock(word: u64, tid: u32, kind: Kind) -> Result<bool> {
    let key = key(word, Scope::Shared)?;
    let mut value = user::load_u32(word)?;
    loop {
        if value & TID_MASK != tid & TID_MASK {
            return Ok(false);
        }
        if kind == Kind::HandedOver {
            match hand_over(key, word, OWNER_DIED) {
                // Who waits there does not wait for the lock, and is not woken.
                Err(Errno::EINVAL) => {}
                result => return result.map(|()| true),
            }
        }
        let left = value & WAITERS | OWNER_DIED;
        let found = user::compare_exchange_u32(word, value, left)?;
        if found == value {
            if kind == Kind::Plain && value & WAITERS != 0 {
                wake(word, 1);
            }
            return Ok(true);
        }
        value = found;
    }
}
