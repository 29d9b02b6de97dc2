//! A record while it is made.

use alloc::vec::Vec;

use abi::trace::{ALIGNMENT, Header, LONGEST, Piece};
use zerocopy::{Immutable, IntoBytes};

use crate::arch::clock;
use crate::memory::user;

/// A record while it is made. What has no room is left out.
#[derive(Debug)]
pub(super) struct Record {
    bytes: Vec<u8>,
}

impl Record {
    /// Begins a record of this kind, made now.
    pub(super) fn new(kind: u32, thread: u32) -> Self {
        let nanos = clock::now().as_nanos();
        let header = Header { size: 0, kind, thread, padding: 0, nanos };
        Self { bytes: header.as_bytes().to_vec() }
    }

    /// Adds a structure.
    pub(super) fn push(&mut self, part: &(impl IntoBytes + Immutable)) {
        self.bytes.extend_from_slice(part.as_bytes());
        self.pad();
    }

    /// Adds as many of the program's bytes at `address` as are there; returns them.
    pub(super) fn copy(&mut self, address: u64, length: usize) -> &[u8] {
        let piece = size_of::<Piece>();
        let room = LONGEST.saturating_sub(self.bytes.len() + piece) & !(ALIGNMENT - 1);
        let start = self.bytes.len();
        self.bytes.resize(start + piece + length.min(room), 0);
        let copied = user::read_available(address, &mut self.bytes[start + piece..]);
        self.keep_piece(start, address, copied)
    }

    /// Adds the program's string at `address`, its NUL included, or its first `longest` bytes.
    pub(super) fn copy_string(&mut self, address: u64, longest: usize) {
        /// No more is looked at than may be there: the rest of a page can be the end of a mapping.
        const CHUNK: usize = 64;
        let piece = size_of::<Piece>();
        let room = LONGEST.saturating_sub(self.bytes.len() + piece) & !(ALIGNMENT - 1);
        let longest = longest.min(room);
        let start = self.bytes.len();
        self.bytes.resize(start + piece, 0);
        let mut length = 0;
        while length < longest {
            let at = address.wrapping_add(length as u64);
            let chunk = (CHUNK - crate::arch::index(at % CHUNK as u64)).min(longest - length);
            let from = self.bytes.len();
            self.bytes.resize(from + chunk, 0);
            let copied = user::read_available(at, &mut self.bytes[from..]);
            let end = self.bytes[from..from + copied].iter().position(|&byte| byte == 0);
            length += end.map_or(copied, |end| end + 1);
            if end.is_some() || copied < chunk {
                break;
            }
        }
        self.keep_piece(start, address, length);
    }

    /// Makes what was put behind `start` a piece of `length` bytes, or nothing if it is empty.
    fn keep_piece(&mut self, start: usize, address: u64, length: usize) -> &[u8] {
        if length == 0 {
            self.bytes.truncate(start);
            return &[];
        }
        let from = start + size_of::<Piece>();
        self.bytes.truncate(from + length);
        let header = Piece { address, length: length as u64 };
        self.bytes[start..from].copy_from_slice(header.as_bytes());
        self.pad();
        &self.bytes[from..from + length]
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
    }

    /// Returns the finished record.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let size = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.bytes[..size.len()].copy_from_slice(&size);
        self.bytes
    }
}
