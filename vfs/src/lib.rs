//! Files that never block: paths, mounts, file systems, pipes, epoll.
//!
//! A descriptor ([`FdTable`]) stands for an open file description ([`OpenFile`]), which has a
//! [`File`] behind it. Files with a name are [`Inode`]s of a [`FileSystem`] that is mounted
//! somewhere in the tree ([`Location`]); [`path`] finds them.
//!
//! Lock order: the claim on an open description's offset, then a directory, then a file's contents,
//! then a page. No lock is held while another crate's code runs, but for a `Sink` or `Source`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod anon;
mod fd_table;
mod file;
pub mod fs;
pub mod inode;
pub mod lock;
pub mod metadata;
mod mount;
pub mod namespace;
pub mod notice;
mod offset;
mod open_file;
mod page;
pub mod path;
pub mod watch;

pub use fd_table::{FdTable, OnExec};
pub use file::{File, Mapping, Region, Synchronise};
pub use inode::{FileSystem, Inode};
pub use metadata::{BLOCK_SIZE, Changes, Clock, Creation, Metadata};
pub use mount::{Found, Location, Mount, Place};
pub use namespace::Namespace;
pub use offset::Claim;
pub use open_file::{Appending, OpenFile, check_end};
pub use page::{PAGE_SIZE, Page, PageBytes};
