//! Physical frames: a buddy allocator that starts in no time.
//!
//! [`Frames`](crate::Frames) is what the kernel and the heap allocate from; [`FrameAllocator`] is
//! the structure under its lock. Blocks are of 2^order frames, naturally aligned, from one frame to 1 GiB; freed
//! blocks merge with their free buddies. Every frame has one `u64` of metadata, in memory that the
//! kernel sets aside; free lists run through the metadata, free memory itself is never touched.
//!
//! Memory added at boot is only noted. It enters the free lists chunk by chunk (4 MiB) when the
//! lists run dry, and only then is the chunk's metadata written. So boot costs the same whatever
//! the size of memory. Lists are last-in first-out: memory that was touched is used again first.

use crate::addr::{PAGE_SIZE, PhysAddr, index};

/// Largest order: blocks of 1 GiB.
pub const MAX_ORDER: u32 = 18;

/// Order of a chunk, the unit in which memory enters the free lists.
const CHUNK_ORDER: u32 = 10;
const CHUNK_FRAMES: u64 = 1 << CHUNK_ORDER;
const MAX_REGIONS: usize = 32;
/// Frame numbers have 28 bits in the metadata: 1 TiB of physical address space.
const MAX_FRAMES: u64 = 1 << 28;
/// End of a free list. Frame 0 is never handed out, so its number is free for this.
const NIL: u64 = 0;

/// Sizes in frames, for statistics.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Statistics {
    /// Frames ever added.
    pub total: u64,
    /// Frames not handed out.
    pub free: u64,
    /// Most frames that were handed out at one time.
    pub peak: u64,
}

impl Statistics {
    /// As [`Frames::last_reserve`](crate::Frames::last_reserve).
    pub fn last_reserve(&self) -> u64 {
        const PART: u64 = 128;
        const MOST: u64 = 4096;
        (self.total / PART).min(MOST)
    }

    /// Returns whether no more than the last reserve is left.
    pub fn is_short(&self) -> bool {
        self.free <= self.last_reserve()
    }
}

/// What a frame's metadata says of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Not memory, or not the first frame of its block.
    Inner,
    /// First frame of a free block.
    Free,
    /// First frame of a block that was handed out.
    Used,
}

/// Metadata of one frame: state (2 bits), order (6), next (28), previous (28) of its free list.
#[derive(Clone, Copy)]
struct Meta(u64);

impl Meta {
    const INNER: Self = Self(0);

    const fn used(order: u32) -> Self {
        Self(2 | (order as u64) << 2)
    }

    const fn free(order: u32, next: u64, previous: u64) -> Self {
        Self(1 | (order as u64) << 2 | next << 8 | previous << 36)
    }

    const fn state(self) -> State {
        match self.0 & 3 {
            0 => State::Inner,
            1 => State::Free,
            _ => State::Used,
        }
    }

    const fn order(self) -> u32 {
        ((self.0 >> 2) & 0x3f) as u32
    }

    const fn next(self) -> u64 {
        (self.0 >> 8) & (MAX_FRAMES - 1)
    }

    const fn previous(self) -> u64 {
        self.0 >> 36
    }
}

/// Frames `next..end` that have not entered the free lists.
#[derive(Clone, Copy, Debug)]
struct Fresh {
    next: u64,
    end: u64,
}

/// A buddy allocator over regions of physical memory.
#[derive(Debug)]
pub struct FrameAllocator {
    /// One word a frame, and after them one bit a chunk: its words were written.
    meta: &'static mut [u64],
    frames: u64,
    heads: [u64; MAX_ORDER as usize + 1],
    /// Bit `order` is set if that free list has a block.
    nonempty: u32,
    fresh: [Fresh; MAX_REGIONS],
    statistics: Statistics,
}

impl FrameAllocator {
    /// Returns an allocator without memory.
    pub const fn new() -> Self {
        Self {
            meta: &mut [],
            frames: 0,
            heads: [NIL; MAX_ORDER as usize + 1],
            nonempty: 0,
            fresh: [Fresh { next: 0, end: 0 }; MAX_REGIONS],
            statistics: Statistics { total: 0, free: 0, peak: 0 },
        }
    }

    /// Returns how many words of metadata physical memory that ends at `end` needs.
    pub const fn metadata_words(end: PhysAddr) -> usize {
        let chunks = end.as_u64().div_ceil(PAGE_SIZE).div_ceil(CHUNK_FRAMES);
        index(chunks * CHUNK_FRAMES + chunks.div_ceil(64))
    }

    /// Gives the allocator its metadata, of [`metadata_words`](Self::metadata_words) for the end of
    /// all memory. The words may hold anything, and few of them are written now.
    ///
    /// Memory beyond 1 TiB, or beyond what the words suffice for, is not used.
    pub fn init(&mut self, meta: &'static mut [u64]) {
        // A chunk needs CHUNK_FRAMES words and a bit.
        let words = meta.len() as u64;
        let chunks = (words * 64 / (CHUNK_FRAMES * 64 + 1)).min(MAX_FRAMES / CHUNK_FRAMES);
        self.frames = chunks * CHUNK_FRAMES;
        meta[index(self.frames)..].fill(0);
        self.meta = meta;
    }

    /// Adds the whole frames of `start..end`, which must be memory in nobody's use. At most 32
    /// regions can be added; frame 0 is left out.
    ///
    /// Returns how many frames were added.
    pub fn add(&mut self, start: PhysAddr, end: PhysAddr) -> u64 {
        let next = start.as_u64().div_ceil(PAGE_SIZE).max(1);
        let end = end.frame().min(self.frames);
        let Some(slot) = self.fresh.iter_mut().find(|fresh| fresh.next >= fresh.end) else {
            return 0;
        };
        if next >= end {
            return 0;
        }
        *slot = Fresh { next, end };
        self.statistics.total += end - next;
        self.statistics.free += end - next;
        end - next
    }

    /// Returns the sizes.
    pub const fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Hands out a block of 2^`order` frames, aligned to its size; `None` if there is none.
    pub fn allocate(&mut self, order: u32) -> Option<PhysAddr> {
        if order > MAX_ORDER {
            return None;
        }
        while self.nonempty >> order == 0 {
            self.refill()?;
        }
        let found = order + (self.nonempty >> order).trailing_zeros();
        let frame = self.heads[found as usize];
        self.unlink(frame, found);
        for half in (order..found).rev() {
            self.link(frame + (1 << half), half);
        }
        self.meta[index(frame)] = Meta::used(order).0;
        self.count_used(1 << order);
        Some(PhysAddr::from_frame(frame))
    }

    /// Takes a block of [`allocate`](Self::allocate) back. A block that is not handed out is left
    /// as it is, in debug builds with a panic.
    pub fn free(&mut self, block: PhysAddr, order: u32) {
        let frame = block.frame();
        let meta = self.meta.get(index(frame)).map_or(Meta::INNER, |word| Meta(*word));
        let is_ours = meta.state() == State::Used && meta.order() == order;
        debug_assert!(is_ours, "{block:?} of order {order} is freed but not handed out");
        if is_ours {
            self.statistics.free += 1 << order;
            self.release(frame, order);
        }
    }

    /// Hands out `count` neighbouring frames, the first aligned to the power of two at or above
    /// `count`.
    pub fn allocate_run(&mut self, count: u64) -> Option<PhysAddr> {
        let order = order_of(count)?;
        let block = self.allocate(order)?;
        if count.is_power_of_two() {
            return Some(block);
        }
        self.statistics.free += (1 << order) - count;
        let mut frame = block.frame();
        for piece in pieces(count) {
            self.meta[index(frame)] = Meta::used(piece).0;
            frame += 1 << piece;
        }
        let end = block.frame() + (1 << order);
        self.release_all(frame, end);
        Some(block)
    }

    /// Takes a run of [`allocate_run`](Self::allocate_run) back.
    pub fn free_run(&mut self, start: PhysAddr, count: u64) {
        let mut frame = start.frame();
        for piece in pieces(count) {
            self.free(PhysAddr::from_frame(frame), piece);
            frame += 1 << piece;
        }
    }

    /// Makes single blocks of the frames of a block that is handed out, to be freed one by one.
    pub fn split(&mut self, block: PhysAddr, order: u32) {
        let first = index(block.frame());
        self.meta[first..first + (1 << order)].fill(Meta::used(0).0);
    }

    fn count_used(&mut self, frames: u64) {
        self.statistics.free -= frames;
        let used = self.statistics.total - self.statistics.free;
        self.statistics.peak = self.statistics.peak.max(used);
    }

    /// Moves a chunk of fresh memory to the free lists; `None` if there is none.
    fn refill(&mut self) -> Option<()> {
        let fresh = self.fresh.iter_mut().find(|fresh| fresh.next < fresh.end)?;
        let start = fresh.next;
        let end = fresh.end.min((start / CHUNK_FRAMES + 1) * CHUNK_FRAMES);
        fresh.next = end;
        let chunk = start / CHUNK_FRAMES;
        if !self.is_written(chunk) {
            let first = index(chunk * CHUNK_FRAMES);
            self.meta[first..first + index(CHUNK_FRAMES)].fill(Meta::INNER.0);
            self.meta[index(self.frames + chunk / 64)] |= 1 << (chunk % 64);
        }
        self.release_all(start, end);
        Some(())
    }

    fn is_written(&self, chunk: u64) -> bool {
        self.meta[index(self.frames + chunk / 64)] & 1 << (chunk % 64) != 0
    }

    /// Puts the frames `start..end` on the free lists, in the largest blocks they make.
    fn release_all(&mut self, start: u64, end: u64) {
        let mut frame = start;
        while frame < end {
            let order = frame.trailing_zeros().min((end - frame).ilog2()).min(MAX_ORDER);
            self.release(frame, order);
            frame += 1 << order;
        }
    }

    /// Puts a block on its free list, merged with its free buddies.
    fn release(&mut self, frame: u64, order: u32) {
        let mut frame = frame;
        let mut order = order;
        self.meta[index(frame)] = Meta::INNER.0;
        while order < MAX_ORDER {
            let buddy = frame ^ (1 << order);
            if !self.is_free(buddy, order) {
                break;
            }
            self.unlink(buddy, order);
            self.meta[index(buddy)] = Meta::INNER.0;
            frame &= !(1 << order);
            order += 1;
        }
        self.link(frame, order);
    }

    fn is_free(&self, frame: u64, order: u32) -> bool {
        if frame >= self.frames || (order >= CHUNK_ORDER && !self.is_written(frame / CHUNK_FRAMES))
        {
            return false;
        }
        let meta = Meta(self.meta[index(frame)]);
        meta.state() == State::Free && meta.order() == order
    }

    fn link(&mut self, frame: u64, order: u32) {
        let next = self.heads[order as usize];
        self.meta[index(frame)] = Meta::free(order, next, NIL).0;
        if next != NIL {
            let after = Meta(self.meta[index(next)]).next();
            self.meta[index(next)] = Meta::free(order, after, frame).0;
        }
        self.heads[order as usize] = frame;
        self.nonempty |= 1 << order;
    }

    fn unlink(&mut self, frame: u64, order: u32) {
        let meta = Meta(self.meta[index(frame)]);
        let (next, previous) = (meta.next(), meta.previous());
        if next != NIL {
            let after = Meta(self.meta[index(next)]).next();
            self.meta[index(next)] = Meta::free(order, after, previous).0;
        }
        if previous == NIL {
            self.heads[order as usize] = next;
            if next == NIL {
                self.nonempty &= !(1 << order);
            }
        } else {
            let before = Meta(self.meta[index(previous)]).previous();
            self.meta[index(previous)] = Meta::free(order, next, before).0;
        }
    }
}

impl Default for FrameAllocator {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the order of the smallest block that holds `count` frames.
fn order_of(count: u64) -> Option<u32> {
    let order = count.checked_next_power_of_two()?.ilog2();
    (count > 0 && order <= MAX_ORDER).then_some(order)
}

/// Returns the orders of the blocks that a run of `count` frames is made of, in order of address.
fn pieces(count: u64) -> impl Iterator<Item = u32> {
    (0..u64::BITS).rev().filter(move |order| count >> order & 1 != 0)
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
