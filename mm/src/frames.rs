//! The frames of the machine: a [`FrameAllocator`] behind its lock, and what is at hand.
//!
//! Each processor keeps some single frames at hand, so that most page faults meet no other
//! processor. They count as free: they are given back when the lists do not suffice.
//!
//! **Locks:** one a processor for what it has at hand, inside it the allocator's, innermost of all.
//! Nothing is called while they are held.

use core::sync::atomic::{AtomicU64, Ordering};

use sync::{SpinLock, SpinLockGuard};

use crate::addr::{PROCESSORS, PhysAddr};
use crate::frame::{FrameAllocator, Statistics};

/// How many frames a processor keeps at hand.
const MOST: usize = 64;
/// How many it fetches, or gives back, at a time.
const SOME: usize = MOST / 2;

/// Single frames, each as the allocator handed it out.
#[derive(Debug)]
struct Stack {
    frames: [PhysAddr; MOST],
    len: usize,
}

impl Stack {
    #[inline]
    fn pop(&mut self) -> Option<PhysAddr> {
        self.len = self.len.checked_sub(1)?;
        self.frames.get(self.len).copied()
    }

    /// Puts a frame on top; returns whether there was room.
    #[inline]
    fn push(&mut self, frame: PhysAddr) -> bool {
        let place = self.frames.get_mut(self.len);
        let has_room = place.is_some();
        if let Some(place) = place {
            *place = frame;
            self.len += 1;
        }
        has_room
    }
}

/// What one processor has at hand.
#[derive(Debug)]
#[repr(align(64))]
struct AtHand(SpinLock<Stack>);

impl AtHand {
    const fn new() -> Self {
        Self(SpinLock::new(Stack { frames: [PhysAddr::new(0); MOST], len: 0 }))
    }
}

/// The frames of the machine.
#[derive(Debug)]
pub struct Frames {
    lists: SpinLock<FrameAllocator>,
    /// How many frames are free in the lists, as of their last change.
    free: AtomicU64,
    /// How many frames there are.
    total: AtomicU64,
    at_hand: [AtHand; PROCESSORS],
    processor: fn() -> usize,
}

impl Frames {
    /// Returns an allocator without memory. `processor` returns the number of the processor that it
    /// is called on, below [`PROCESSORS`]; that is whose frames at hand are used.
    pub const fn new(processor: fn() -> usize) -> Self {
        Self {
            lists: SpinLock::new(FrameAllocator::new()),
            free: AtomicU64::new(0),
            total: AtomicU64::new(0),
            at_hand: [const { AtHand::new() }; PROCESSORS],
            processor,
        }
    }

    /// As [`FrameAllocator::init`].
    pub fn init(&self, meta: &'static mut [u64]) {
        self.change(|lists| lists.init(meta));
    }

    /// As [`FrameAllocator::add`].
    pub fn add(&self, start: PhysAddr, end: PhysAddr) -> u64 {
        let added = self.change(|lists| lists.add(start, end));
        self.total.fetch_add(added, Ordering::Relaxed);
        added
    }

    /// Returns the number of the processor that this runs on.
    #[inline]
    pub(crate) fn processor(&self) -> usize {
        (self.processor)()
    }

    /// As [`FrameAllocator::allocate`].
    pub fn allocate(&self, order: u32) -> Option<PhysAddr> {
        let frame = if order == 0 { self.take_one() } else { None };
        frame.or_else(|| self.take_above(0, 1 << order, |lists| lists.allocate(order)))
    }

    /// As [`allocate`](Self::allocate), but leaves at least `reserve` frames free: for memory that
    /// a program asks for, so that the kernel can still answer it.
    pub fn allocate_above(&self, order: u32, reserve: u64) -> Option<PhysAddr> {
        let is_plenty = self.free.load(Ordering::Relaxed) > reserve;
        let frame = if order == 0 && is_plenty { self.take_one() } else { None };
        frame.or_else(|| self.take_above(reserve, 1 << order, |lists| lists.allocate(order)))
    }

    /// As [`FrameAllocator::allocate_run`], but leaves the [last reserve](Self::last_reserve).
    pub fn allocate_run_above_reserve(&self, count: u64) -> Option<PhysAddr> {
        self.take_above(self.last_reserve(), count, |lists| lists.allocate_run(count))
    }

    /// As [`FrameAllocator::allocate_run`].
    pub fn allocate_run(&self, count: u64) -> Option<PhysAddr> {
        self.take_above(0, count, |lists| lists.allocate_run(count))
    }

    /// As [`FrameAllocator::free`].
    pub fn free(&self, block: PhysAddr, order: u32) {
        if order == 0 {
            self.put(&mut self.stack(), block);
        } else {
            self.change(|lists| lists.free(block, order));
        }
    }

    /// Takes several blocks back, each with its order.
    pub fn free_all(&self, blocks: &[(PhysAddr, u32)]) {
        let mut stack = self.stack();
        for (block, order) in blocks {
            if *order == 0 {
                self.put(&mut stack, *block);
            } else {
                self.change(|lists| lists.free(*block, *order));
            }
        }
    }

    /// As [`FrameAllocator::free_run`].
    pub fn free_run(&self, start: PhysAddr, count: u64) {
        self.change(|lists| lists.free_run(start, count));
    }

    /// As [`FrameAllocator::split`].
    pub fn split(&self, block: PhysAddr, order: u32) {
        self.change(|lists| lists.split(block, order));
    }

    /// Returns how many frames are left to what cannot fail: the kernel's small objects. Whatever
    /// can be refused is refused before.
    pub fn last_reserve(&self) -> u64 {
        Statistics { total: self.total(), ..Statistics::default() }.last_reserve()
    }

    /// Returns how many frames there are.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Returns whether no more than the last reserve is left.
    pub fn is_short(&self) -> bool {
        !self.has_free(self.last_reserve() + 1)
    }

    /// Returns whether at least `count` frames are free.
    pub fn has_free(&self, count: u64) -> bool {
        self.free.load(Ordering::Relaxed) >= count || self.statistics().free >= count
    }

    /// Returns the sizes. What is at hand is free, though of the peak it is a part.
    pub fn statistics(&self) -> Statistics {
        let at_hand: usize = self.at_hand.iter().map(|at_hand| at_hand.0.lock().len).sum();
        let statistics = self.lists.lock().statistics();
        Statistics { free: statistics.free + at_hand as u64, ..statistics }
    }

    fn change<R>(&self, change: impl FnOnce(&mut FrameAllocator) -> R) -> R {
        let mut lists = self.lists.lock();
        let result = change(&mut lists);
        self.free.store(lists.statistics().free, Ordering::Relaxed);
        result
    }

    /// Takes `count` frames from the lists if at least `reserve` others stay there. What is at hand
    /// goes there before that fails.
    fn take_above(
        &self,
        reserve: u64,
        count: u64,
        take: impl Fn(&mut FrameAllocator) -> Option<PhysAddr>,
    ) -> Option<PhysAddr> {
        let needed = reserve.saturating_add(count);
        let attempt = || {
            self.change(|lists| if lists.statistics().free >= needed { take(lists) } else { None })
        };
        attempt().or_else(|| {
            self.give_back();
            attempt()
        })
    }

    /// Returns what this processor has at hand.
    #[inline]
    fn stack(&self) -> SpinLockGuard<'_, Stack> {
        self.at_hand[self.processor()].0.lock()
    }

    /// Takes a frame from those at hand, or from the lists with some more.
    #[inline]
    fn take_one(&self) -> Option<PhysAddr> {
        let mut stack = self.stack();
        if stack.len == 0 {
            self.fetch_some(&mut stack);
        }
        stack.pop()
    }

    #[inline]
    fn put(&self, stack: &mut Stack, frame: PhysAddr) {
        if !stack.push(frame) {
            self.return_most_of(stack, SOME);
            stack.push(frame);
        }
    }

    #[cold]
    #[inline(never)]
    fn fetch_some(&self, stack: &mut Stack) {
        self.change(|lists| {
            while stack.len < SOME
                && let Some(frame) = lists.allocate(0)
            {
                stack.push(frame);
            }
        });
    }

    /// Returns frames at hand to the lists, all but `rest`.
    #[cold]
    #[inline(never)]
    fn return_most_of(&self, stack: &mut Stack, rest: usize) {
        self.change(|lists| {
            while stack.len > rest
                && let Some(frame) = stack.pop()
            {
                lists.free(frame, 0);
            }
        });
    }

    /// Returns all that is at hand to the lists.
    fn give_back(&self) {
        for at_hand in &self.at_hand {
            let mut stack = at_hand.0.lock();
            if stack.len > 0 {
                self.return_most_of(&mut stack, 0);
            }
        }
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
