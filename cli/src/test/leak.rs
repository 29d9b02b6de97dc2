//! Kernel memory that a program leaves behind.
//!
//! A program's end gives back all it had. What is in use after it may still be more than before:
//! tables and caches grow once to what is needed. So a program after which more is in use runs
//! again in the same boot; only what grows every time leaks.

use core::fmt;

use crate::vmm::Memory;

/// How often a program runs again that seems to leak.
pub(super) const REPEATS: usize = 4;

/// How much more is in use after a program than before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Growth {
    /// Bytes of objects in the kernel's heap.
    heap: u64,
    /// Frames of 4 KiB that the kernel has for itself.
    frames: u64,
    /// Threads.
    threads: u64,
}

impl Growth {
    /// Returns what is in use `after` beyond what was `before`.
    pub(super) const fn between(before: &Memory, after: &Memory) -> Self {
        Self {
            heap: after.heap_used.saturating_sub(before.heap_used),
            frames: after.frames_kernel().saturating_sub(before.frames_kernel()),
            threads: after.threads.saturating_sub(before.threads),
        }
    }

    /// Returns what grew both times.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            heap: self.heap.min(other.heap),
            frames: self.frames.min(other.frames),
            threads: self.threads.min(other.threads),
        }
    }

    /// Returns whether nothing grew.
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { heap, frames, threads } = self;
        write!(f, "{heap} bytes of the kernel's heap, {frames} frames, {threads} threads")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(heap_used: u64, frames_free: u64) -> Memory {
        Memory { frames_total: 100, frames_free, heap_used, threads: 1, ..Memory::default() }
    }

    #[test]
    fn only_what_grows_every_time_leaks() {
        let cache = Growth::between(&memory(10, 50), &memory(30, 40));
        assert_eq!(cache, Growth { heap: 20, frames: 10, threads: 0 });
        let settled = Growth::between(&memory(30, 40), &memory(28, 40));
        assert!(settled.is_none() && cache.and(settled).is_none());
        let leak = Growth::between(&memory(30, 40), &memory(38, 40));
        assert_eq!(cache.and(leak), Growth { heap: 8, ..Growth::default() });
    }
}
