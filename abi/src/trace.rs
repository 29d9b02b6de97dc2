//! The records of a trace: what the kernel writes of the program's calls, for a host to read.
//!
//! A record is a [`Header`] and what its kind says follows; all in little endian, all padded to
//! eight bytes. What pointers pointed to comes as [`Piece`]s: parts of the program's memory as they
//! were when the record was made.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The first bytes of every record.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Header {
    /// Bytes of the record, these included.
    pub size: u32,
    /// What follows: [`START`] and its kin.
    pub kind: u32,
    /// The thread that it is about; 0 for the program.
    pub thread: u32,
    /// Not used.
    pub padding: u32,
    /// When it was made, in nanoseconds since the machine's start.
    pub nanos: u64,
}

/// The first record: [`Start`] follows.
pub const START: u32 = 0;
/// A call begins: [`Call`] and pieces follow.
pub const ENTER: u32 = 1;
/// A call returns: [`Return`] and pieces follow.
pub const LEAVE: u32 = 2;
/// A signal is delivered: `siginfo_t` follows.
pub const SIGNAL: u32 = 3;
/// A thread or the program ends: [`End`] follows.
pub const END: u32 = 4;

/// What a trace begins with.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Start {
    /// `CLOCK_REALTIME` at the machine's start, in nanoseconds.
    pub real_nanos: u64,
    /// How many bytes of strings and buffers are recorded.
    pub string_size: u64,
}

/// A call that begins.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Call {
    /// Its number.
    pub number: u64,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// The return of the call that the thread is in.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Return {
    /// The call's number.
    pub number: u64,
    /// The result, a negated error number if it failed.
    pub result: u64,
}

/// How a thread or the program ended.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct End {
    /// The exit status, 0 if a signal ended it.
    pub status: u32,
    /// The signal that ended it, 0 if none.
    pub signal: u32,
}

/// A part of the program's memory; its bytes follow, padded to eight.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Piece {
    /// Where it is.
    pub address: u64,
    /// How many bytes.
    pub length: u64,
}

/// What every part of a record is padded to, in bytes.
pub const ALIGNMENT: usize = 8;
/// The longest record, in bytes.
pub const LONGEST: usize = 16 << 10;
