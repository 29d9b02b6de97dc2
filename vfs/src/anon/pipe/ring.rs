//! A queue of bytes, which takes memory only as it fills.

use alloc::vec::Vec;

use abi::io::{Sink, Source};
use abi::{Errno, Result};

/// The storage that the first byte takes.
const FIRST_STORAGE: usize = 4096;

/// A queue of bytes.
#[derive(Debug)]
pub(super) struct Ring {
    /// Its length is the room there is without growing.
    storage: Vec<u8>,
    start: usize,
    len: usize,
}

impl Ring {
    /// Returns an empty queue.
    pub(super) const fn new() -> Self {
        Self { storage: Vec::new(), start: 0, len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Gives back storage of more than `size` bytes, as far as it is not in use.
    pub(super) fn shrink(&mut self, size: usize) {
        if self.storage.len() > size {
            // Without memory for less it keeps what it has.
            let _ = self.reallocate(size.max(self.len));
        }
    }

    /// Takes `wanted` bytes from `source`, which has as many left, and returns how many came.
    ///
    /// # Errors
    /// `ENOMEM`; as [`Source::take`], if not a single byte came.
    #[inline]
    pub(super) fn fill_from(&mut self, source: &mut dyn Source, wanted: usize) -> Result<usize> {
        self.reserve(wanted)?;
        let end = self.wrap(self.start + self.len);
        let first = wanted.min(self.storage.len() - end);
        let mut done = source.take(&mut self.storage[end..end + first])?;
        if done == first && first < wanted {
            // What is missing of the rest is said by the count.
            done += source.take(&mut self.storage[..wanted - first]).unwrap_or(0);
        }
        self.len += done;
        Ok(done)
    }

    /// Gives `wanted` bytes, which are there and which `sink` has room for, and returns how many
    /// went.
    ///
    /// # Errors
    /// As [`Sink::put`], if not a single byte went.
    #[inline]
    pub(super) fn drain_to(&mut self, sink: &mut dyn Sink, wanted: usize) -> Result<usize> {
        let first = wanted.min(self.storage.len() - self.start);
        let mut done = sink.put(&self.storage[self.start..self.start + first])?;
        if done == first && first < wanted {
            // What is missing of the rest is said by the count.
            done += sink.put(&self.storage[..wanted - first]).unwrap_or(0);
        }
        self.skip(done);
        Ok(done)
    }

    /// Drops the first `count` bytes, of which there are as many.
    pub(super) fn skip(&mut self, count: usize) {
        self.start = self.wrap(self.start + count);
        self.len -= count;
        if self.len == 0 {
            // The next bytes then come in one piece.
            self.start = 0;
        }
    }

    /// Puts bytes in at the front.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub(super) fn put_back(&mut self, bytes: &[u8]) -> Result<()> {
        self.reserve(bytes.len())?;
        self.start = self.wrap(self.start + self.storage.len() - bytes.len());
        self.len += bytes.len();
        let first = bytes.len().min(self.storage.len() - self.start);
        let (front, back) = bytes.split_at(first);
        self.storage[self.start..self.start + first].copy_from_slice(front);
        self.storage[..back.len()].copy_from_slice(back);
        Ok(())
    }

    /// Returns the `count` bytes from the one at `from` on, which are in at most two pieces.
    pub(super) fn range(&self, from: usize, count: usize) -> [&[u8]; 2] {
        let start = self.wrap(self.start + from);
        let first = count.min(self.storage.len() - start);
        [&self.storage[start..start + first], &self.storage[..count - first]]
    }

    const fn wrap(&self, position: usize) -> usize {
        if position < self.storage.len() { position } else { position - self.storage.len() }
    }

    /// Makes room for so many bytes more.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub(super) fn reserve(&mut self, more: usize) -> Result<()> {
        let needed = self.len + more;
        if needed <= self.storage.len() {
            return Ok(());
        }
        self.reallocate(needed.next_power_of_two().max(FIRST_STORAGE))
    }

    /// Moves the bytes to storage of another size, which holds them.
    fn reallocate(&mut self, size: usize) -> Result<()> {
        let mut storage = Vec::new();
        storage.try_reserve_exact(size).map_err(|_| Errno::ENOMEM)?;
        let stop = (self.start + self.len).min(self.storage.len());
        storage.extend_from_slice(&self.storage[self.start..stop]);
        let rest = self.len - storage.len();
        storage.extend_from_slice(&self.storage[..rest]);
        storage.resize(size, 0);
        self.storage = storage;
        self.start = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_come_out_in_order(steps in prop::collection::vec((any::<bool>(), 0_usize..6000), 1..60)) {
            let mut ring = Ring::new();
            let mut model = VecDeque::new();
            let mut next = 0_u8;
            for (is_write, count) in steps {
                if is_write {
                    let bytes: Vec<u8> = (0..count).map(|i| next.wrapping_add(i.to_le_bytes()[0])).collect();
                    let came = ring.fill_from(&mut bytes.as_slice(), count.min(16384 - model.len())).unwrap();
                    prop_assert_eq!(came, count.min(16384 - model.len()));
                    model.extend(&bytes[..came]);
                    next = next.wrapping_add(came.to_le_bytes()[0]);
                } else {
                    let mut bytes = std::vec![0; count];
                    let went = ring.drain_to(&mut bytes.as_mut_slice(), count.min(model.len())).unwrap();
                    let expected: Vec<u8> = model.drain(..count.min(model.len())).collect();
                    prop_assert_eq!(&bytes[..went], expected.as_slice());
                }
                prop_assert_eq!(ring.len(), model.len());
            }
        }
    }

    #[test]
    fn bytes_that_are_put_back_come_first() {
        let mut ring = Ring::new();
        ring.fill_from(&mut [1; 4000].as_slice(), 4000).unwrap();
        ring.skip(3900);
        ring.put_back(&[2; 3950]).unwrap();
        ring.put_back(&[3; 100]).unwrap();
        assert_eq!(ring.len(), 4150);
        let [first, second] = ring.range(50, 150);
        assert_eq!([first, second].concat(), [[3; 50].as_slice(), &[2; 100]].concat());
        ring.skip(4050);
        assert_eq!(ring.range(0, 100).concat(), [1; 100]);
    }

    #[test]
    fn less_storage_keeps_the_bytes() {
        let mut ring = Ring::new();
        ring.fill_from(&mut [7; 10000].as_slice(), 10000).unwrap();
        ring.drain_to(&mut [0; 9000].as_mut_slice(), 8000).unwrap();
        ring.fill_from(&mut [8; 2000].as_slice(), 2000).unwrap();
        ring.shrink(4096);
        let mut bytes = [0; 4096];
        assert_eq!(ring.drain_to(&mut bytes.as_mut_slice(), 4000), Ok(4000));
        assert_eq!(bytes[..2000], [7; 2000]);
        assert_eq!(bytes[2000..4000], [8; 2000]);
    }
}
