//! Locks and wait queues: the leaf crate that everything shared is built on.
//!
//! Scull's kernel runs with interrupts off and is not preempted: interrupts are taken in the
//! application and where the kernel halts, and their handlers take no locks. So a [`SpinLock`]
//! guards against other processors only, never against an interrupt handler on its own. A processor that waits for
//! another, for a lock or else ([`relax`]), serves meanwhile what is asked of it.
//!
//! **Invariant:** a lock is never held across a sleep.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod halting_lock;
mod idle;
mod spin_lock;
mod waiters;
mod wake_list;

pub use halting_lock::{Halt, HaltingLock, HaltingLockGuard};
pub use idle::IdleSet;
pub use spin::{LazyLock, Once};
pub use spin_lock::{SpinLock, SpinLockGuard, relax, set_while_waiting};
pub use waiters::{Every, Waiters, Waiting};
pub use wake_list::WakeList;
