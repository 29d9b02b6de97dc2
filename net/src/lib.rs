//! Sockets and the TCP/IP stack: never blocks, never reads a clock.
//!
//! [`stack::Stack`] is all Internet networking of a machine, [`inet::Socket`] what a program gets
//! of it, [`device::Device`] what a driver gives it. [`unix`] needs neither.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod addr;
mod bells;
pub mod control;
pub mod device;
pub mod dhcp;
pub mod flow;
pub mod inet;
mod input;
mod interface;
pub mod links;
mod loopback;
mod neighbor;
mod netlink;
pub mod network;
pub mod options;
mod output;
mod poll;
mod ports;
mod reassembly;
pub mod room;
pub mod stack;
mod tcp;
mod timer;
mod udp;
pub mod unix;
mod wire;
