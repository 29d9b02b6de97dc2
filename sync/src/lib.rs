//! Locks and wait queues: the leaf crate that everything shared is built on.
//!
//! Scull's kernel runs with interrupts off and is not preempted: interrupts are taken in the
//! application, in the idle loop and nowhere else. So a [`SpinLock`] guards against other
//! processors only, never against an interrupt handler on its own.
//!
//! **Invariant:** a lock is never held across a sleep.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod spin_lock;
mod waiters;
mod wake_list;

pub use spin::{LazyLock, Once};
pub use spin_lock::{SpinLock, SpinLockGuard};
pub use waiters::{Every, Waiters, Waiting};
pub use wake_list::WakeList;
