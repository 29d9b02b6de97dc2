//! Files that never block: paths, mounts, file systems, pipes, epoll.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod file;

pub use file::File;
