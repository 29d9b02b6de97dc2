//! Scheduling logic without a machine: run queues, futex table, timers.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;
