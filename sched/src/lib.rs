//! Scheduling logic without a machine: run queues, timers, the futex table.
//!
//! Threads are states here: the crate decides who runs, who is woken and when, and never
//! switches, sleeps or reads a clock. It is generic over the handle by which the kernel knows a
//! thread.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod cpu_set;
mod entity;
pub mod futex;
mod run_queue;
mod timer;

pub use cpu_set::CpuSet;
pub use entity::{Entity, Nice};
pub use futex::FutexTable;
pub use run_queue::{Queued, RunQueue, less_loaded, place};
pub use timer::{TimerId, TimerQueue};
