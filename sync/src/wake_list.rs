//! Wakers gathered under a lock, to be called after it is released.

use alloc::vec::Vec;
use core::task::Waker;

/// How many wakers fit without an allocation.
const INLINE: usize = 2;

/// A list of wakers. The first few need no allocation, which covers nearly every wake-up.
#[derive(Debug)]
pub struct WakeList {
    inline: [Option<Waker>; INLINE],
    len: usize,
    overflow: Vec<Waker>,
}

impl WakeList {
    /// Returns an empty list.
    #[inline]
    pub const fn new() -> Self {
        Self { inline: [const { None }; INLINE], len: 0, overflow: Vec::new() }
    }

    /// Adds a waker at the end.
    #[inline]
    pub fn push(&mut self, waker: Waker) {
        match self.inline.get_mut(self.len) {
            Some(place) => *place = Some(waker),
            None => self.overflow.push(waker),
        }
        self.len += 1;
    }

    /// Returns how many wakers it holds.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Calls every waker, in the order in which they were added.
    ///
    /// The caller holds no lock that a waker may take.
    #[inline]
    pub fn wake(self) {
        let [first, second] = self.inline;
        let Some(first) = first else { return };
        first.wake();
        let Some(second) = second else { return };
        second.wake();
        self.overflow.into_iter().for_each(Waker::wake);
    }
}

impl Default for WakeList {
    fn default() -> Self {
        Self::new()
    }
}
