//! Sockets and the TCP/IP stack: never blocks, never reads a clock.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod device;
pub mod unix;
