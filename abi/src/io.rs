//! Where bytes of a read go and bytes of a write come from.
//!
//! `vfs` and `net` move data through [`Sink`] and [`Source`] and so never see a program's memory;
//! the kernel implements both over checked user buffers (`readv(2)` vectors included), and slices
//! implement them for the kernel's own use and for tests.

use crate::{Errno, Result};

/// Takes the bytes that an operation like `read(2)` delivers.
pub trait Sink {
    /// Returns how many bytes can still be put.
    fn room(&self) -> usize;

    /// Copies the front of `bytes` in and returns how many fitted, at most [`room`](Self::room).
    ///
    /// # Errors
    /// `EFAULT` if nothing could be copied because the program's memory is not there. A copy that
    /// stops half-way returns the number of bytes that were copied.
    fn put(&mut self, bytes: &[u8]) -> Result<usize>;
}

/// Gives the bytes that an operation like `write(2)` consumes.
pub trait Source {
    /// Returns how many bytes can still be taken.
    fn left(&self) -> usize;

    /// Fills the front of `buffer` and returns how many bytes came, at most [`left`](Self::left).
    ///
    /// # Errors
    /// `EFAULT` if nothing could be copied because the program's memory is not there. A copy that
    /// stops half-way returns the number of bytes that were copied.
    fn take(&mut self, buffer: &mut [u8]) -> Result<usize>;
}

impl Sink for &mut [u8] {
    fn room(&self) -> usize {
        self.len()
    }

    fn put(&mut self, bytes: &[u8]) -> Result<usize> {
        let count = bytes.len().min(self.len());
        let (front, rest) = core::mem::take(self).split_at_mut(count);
        front.copy_from_slice(&bytes[..count]);
        *self = rest;
        Ok(count)
    }
}

impl Source for &[u8] {
    fn left(&self) -> usize {
        self.len()
    }

    fn take(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = buffer.len().min(self.len());
        let (front, rest) = self.split_at(count);
        buffer[..count].copy_from_slice(front);
        *self = rest;
        Ok(count)
    }
}

/// Takes exactly `N` bytes from a source.
///
/// # Errors
/// `EINVAL` if fewer than `N` bytes are left, `EFAULT` as [`Source::take`].
pub fn take_array<const N: usize>(source: &mut dyn Source) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    if source.left() < N {
        return Err(Errno::EINVAL);
    }
    if source.take(&mut bytes)? < N {
        return Err(Errno::EFAULT);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_consumed_from_the_front() {
        let mut memory = [0; 4];
        let mut sink: &mut [u8] = &mut memory;
        assert_eq!(sink.put(b"abc"), Ok(3));
        assert_eq!(sink.put(b"def"), Ok(1));
        assert_eq!(sink.room(), 0);
        assert_eq!(&memory, b"abcd");
        let mut source: &[u8] = b"abc";
        assert_eq!(take_array::<2>(&mut source), Ok(*b"ab"));
        assert_eq!(take_array::<2>(&mut source), Err(Errno::EINVAL));
    }
}
