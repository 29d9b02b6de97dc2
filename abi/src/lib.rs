//! Linux's x86-64 ABI as data: numbers, error codes, flags, structures.
//!
//! One module a header or man-page family, named after it. There is no logic here beyond names
//! and conversions; constants come from `linux-raw-sys`, structures are plain data with zerocopy
//! derives so that they can be copied to and from a program without `unsafe`.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod auxv;
pub mod call;
pub mod dirent;
pub mod elf;
pub mod epoll;
pub mod errno;
pub mod fcntl;
pub mod futex;
pub mod inotify;
pub mod io;
pub mod mman;
pub mod poll;
pub mod resource;
pub mod signal;
pub mod signalfd;
pub mod socket;
pub mod stat;
pub mod statfs;
pub mod sysno;
pub mod system;
pub mod time;
pub mod timer;
pub mod timex;
pub mod trace;

pub use errno::{Errno, Result};
pub use sysno::Sysno;
