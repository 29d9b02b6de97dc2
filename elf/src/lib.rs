//! Checked reading of ELF executables and the plan to load them.
//!
//! [`Program`] is what a loader needs to know of a file and [`Step`] how it comes into memory,
//! [`Dynamic`] which libraries it wants, [`Stack`] the memory that a new program finds its
//! arguments in. All input is hostile: whatever a file contains gives a value or an [`Error`],
//! never a panic.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod dynamic;
mod error;
mod header;
mod load;
mod program;
mod reader;
mod stack;

pub use dynamic::Dynamic;
pub use error::Error;
pub use load::{RELOCATABLE_BASE, Step};
pub use program::{Flags, Kind, PAGE_SIZE, Program, Segment, Tls, USER_END};
pub use reader::Reader;
pub use stack::{Arguments, Auxiliary, Random, Stack};
