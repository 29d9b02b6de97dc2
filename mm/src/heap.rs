//! The kernel's heap: slabs of equal objects, and runs of frames for what is larger.
//!
//! An object of up to 2048 bytes lies in a slab of its size class. The slab's header is at the
//! slab's start and slabs are aligned to their size, so the header is found by masking the object's
//! address: allocating and freeing take constant time. Anything larger is a run of whole frames
//! without a header; 4096 bytes aligned to 4096 are exactly one frame. Runs leave the frames' last
//! reserve to the slabs: what is large can be refused, what is small is taken for granted.
//!
//! Objects of a new slab are handed out from its front on, so a slab's memory is touched as it
//! fills. A class keeps one empty slab, further ones go back to the frames.
//!
//! Each processor keeps some objects of each class at hand ([`Magazines`]), so that most allocations
//! meet no other processor. They count as free: they are given back when memory runs out and before
//! anything is counted.
//!
//! **Locks:** one a processor for what it has at hand, inside it one a class, inside it the frames'.

#![expect(unsafe_code, reason = "the heap hands out raw memory and keeps its lists in it")]

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{NonNull, copy_nonoverlapping, null_mut};

use sync::SpinLock;

use crate::addr::{PAGE_SIZE, PROCESSORS, PhysAddr, PhysMem, index};
use crate::frames::Frames;
use crate::magazine::Magazine;

/// Sizes of the classes, in bytes. Each is a multiple of 16 beyond the first.
const SIZES: [usize; CLASSES] = [
    8, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896,
    1024, 1280, 1536, 1792, 2048,
];
/// Number of size classes.
pub const CLASSES: usize = 25;
/// Largest size that lies in a slab.
const LARGEST: usize = SIZES[CLASSES - 1];
/// Largest alignment that a class of an odd multiple of 16 bytes gives.
const PLAIN_ALIGN: usize = 16;

/// Class of an object by its size in units of 8 bytes, rounded up.
const CLASS_BY_SIZE: [u8; LARGEST / 8 + 1] = {
    let mut table = [0; LARGEST / 8 + 1];
    let mut class = 0;
    let mut units = 0;
    while units < table.len() {
        if units * 8 > SIZES[class as usize] {
            class += 1;
        }
        table[units] = class;
        units += 1;
    }
    table
};

/// Returns the size class that serves `layout`, or `None` if whole frames do.
#[inline]
pub fn class_of(layout: Layout) -> Option<usize> {
    let size = layout.size();
    let size = if layout.align() <= PLAIN_ALIGN {
        // Of the sizes up to 16, only 16 is aligned to 16.
        size.max(layout.align())
    } else {
        size.max(layout.align()).checked_next_power_of_two()?
    };
    CLASS_BY_SIZE.get((size + 7) >> 3).map(|class| usize::from(*class))
}

/// Returns the size of a class's objects, in bytes.
pub const fn class_size(class: usize) -> usize {
    SIZES[class]
}

/// Returns the order of the blocks that are a class's slabs.
const fn slab_order(class: usize) -> u32 {
    match SIZES[class] {
        0..=128 => 0,
        129..=512 => 2,
        _ => 3,
    }
}

/// Returns the size of a class's slabs, in bytes.
const fn slab_size(class: usize) -> usize {
    index(PAGE_SIZE) << slab_order(class)
}

/// Returns where in a slab the first object is: after the header, aligned as the size allows.
const fn first_object(class: usize) -> usize {
    size_of::<Slab>().next_multiple_of(1 << SIZES[class].trailing_zeros())
}

/// The first word of a free object: the next one of its slab.
type Object = Option<NonNull<FreeObject>>;

#[derive(Debug)]
struct FreeObject {
    next: Object,
}

/// The header at a slab's start.
#[derive(Debug)]
#[repr(C, align(64))]
struct Slab {
    next: Option<NonNull<Self>>,
    previous: Option<NonNull<Self>>,
    /// Objects that were freed.
    free: Object,
    /// Offset of the first object that was never handed out.
    fresh: usize,
    /// Objects handed out.
    used: usize,
}

/// The slabs of one class that have a free object, and counts of all of them.
#[derive(Debug)]
struct Class {
    partial: Option<NonNull<Slab>>,
    empty: usize,
    slabs: usize,
    used: usize,
}

// SAFETY: the pointers are to memory that only this class reaches, and only under its lock.
unsafe impl Send for Class {}

impl Class {
    const fn new() -> Self {
        Self { partial: None, empty: 0, slabs: 0, used: 0 }
    }

    /// Returns a slab's header.
    #[inline]
    fn slab(&mut self, slab: NonNull<Slab>) -> &mut Slab {
        let mut slab = slab;
        // SAFETY: slabs come from `self.partial` or from the address of an object of this class;
        // their headers were written by `push_new`, and `&mut self` makes the access exclusive.
        unsafe { slab.as_mut() }
    }

    #[inline]
    fn link(&mut self, slab: NonNull<Slab>) {
        let next = self.partial.replace(slab);
        let header = self.slab(slab);
        header.next = next;
        header.previous = None;
        if let Some(next) = next {
            self.slab(next).previous = Some(slab);
        }
    }

    #[inline]
    fn unlink(&mut self, slab: NonNull<Slab>) {
        let header = self.slab(slab);
        let (next, previous) = (header.next, header.previous);
        match previous {
            Some(previous) => self.slab(previous).next = next,
            None => self.partial = next,
        }
        if let Some(next) = next {
            self.slab(next).previous = previous;
        }
    }

    /// Writes the header of a new slab and adds it to the slabs with free objects.
    ///
    /// # Safety
    /// `memory` is `slab_size(class)` bytes, aligned to that, in nobody's use.
    unsafe fn push_new(&mut self, memory: NonNull<u8>, class: usize) -> NonNull<Slab> {
        let slab = memory.cast::<Slab>();
        let header =
            Slab { next: None, previous: None, free: None, fresh: first_object(class), used: 0 };
        // SAFETY: the caller's memory is larger than a header, aligned, and ours alone.
        unsafe { slab.write(header) };
        self.slabs += 1;
        self.empty += 1;
        self.link(slab);
        slab
    }

    /// Hands out an object of `slab`, which has a free one.
    #[inline]
    fn take(&mut self, slab: NonNull<Slab>, class: usize) -> NonNull<u8> {
        let header = self.slab(slab);
        let object = match header.free {
            Some(object) => {
                // SAFETY: the object is on its slab's free list, so `put` wrote its first word and
                // nobody else uses it.
                header.free = unsafe { object.as_ref() }.next;
                object.cast()
            }
            None => {
                let offset = header.fresh;
                header.fresh += SIZES[class];
                // SAFETY: a slab that is on the list and has nothing on its free list has room at
                // `fresh` for one more object, so the result lies within the slab.
                unsafe { slab.cast::<u8>().add(offset) }
            }
        };
        let was_empty = header.used == 0;
        header.used += 1;
        let is_full = header.free.is_none() && header.fresh + SIZES[class] > slab_size(class);
        self.used += 1;
        self.empty -= usize::from(was_empty);
        if is_full {
            self.unlink(slab);
        }
        object
    }

    /// Takes an object back. Returns its slab if that is empty now and not worth keeping; it is off
    /// the list then.
    ///
    /// # Safety
    /// `object` came from [`take`](Self::take) for this class, and is in nobody's use any more.
    #[inline]
    unsafe fn put(&mut self, object: NonNull<u8>, class: usize) -> Option<NonNull<Slab>> {
        let slab = object.map_addr(|address| {
            let start = address.get() & !(slab_size(class) - 1);
            // The slab's start is not address 0, since its header is before the object.
            core::num::NonZero::new(start).unwrap_or(address)
        });
        let slab = slab.cast::<Slab>();
        let object = object.cast::<FreeObject>();
        let header = self.slab(slab);
        debug_assert!(header.used > 0, "{object:?} is freed but its slab is empty");
        let was_full = header.free.is_none() && header.fresh + SIZES[class] > slab_size(class);
        let free = FreeObject { next: header.free };
        // SAFETY: the caller gives up the object; it is at least a word, aligned to a word.
        unsafe { object.write(free) };
        header.free = Some(object);
        header.used -= 1;
        let is_empty = header.used == 0;
        self.used -= 1;
        if was_full {
            self.link(slab);
        }
        if !is_empty {
            return None;
        }
        if self.empty == 0 {
            self.empty = 1;
            return None;
        }
        self.unlink(slab);
        self.slabs -= 1;
        Some(slab)
    }
}

/// How many objects of each class a processor keeps at hand: about a page of them.
const AT_HAND: [usize; CLASSES] = {
    let mut most = [0; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let fit = index(PAGE_SIZE) / SIZES[class];
        most[class] = if fit < 32 { fit } else { 32 };
        class += 1;
    }
    most
};

/// The objects that a processor has at hand.
#[derive(Debug)]
#[repr(align(64))]
struct Magazines(SpinLock<[Magazine; CLASSES]>);

/// How much one size class holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClassStatistics {
    /// Size of its objects, in bytes.
    pub size: usize,
    /// Objects handed out.
    pub used: usize,
    /// Memory in its slabs, in bytes.
    pub slab_bytes: usize,
}

/// A heap over the machine's frames; usable as the global allocator.
#[derive(Debug)]
pub struct Heap<M: PhysMem> {
    mem: M,
    frames: &'static Frames,
    classes: [SpinLock<Class>; CLASSES],
    at_hand: [Magazines; PROCESSORS],
}

impl<M: PhysMem> Heap<M> {
    /// Returns an empty heap. It can allocate once `frames` has memory.
    pub const fn new(mem: M, frames: &'static Frames) -> Self {
        Self {
            mem,
            frames,
            classes: [const { SpinLock::new(Class::new()) }; CLASSES],
            at_hand: [const { Magazines(SpinLock::new([const { Magazine::new() }; CLASSES])) };
                PROCESSORS],
        }
    }

    /// Hands out an object of a class; `None` if memory is exhausted.
    #[inline]
    pub fn allocate_class(&self, class: usize) -> Option<NonNull<u8>> {
        let object = self.at_hand[self.frames.processor()].0.lock()[class].pop();
        if object.is_some() { object } else { self.allocate_several(class) }
    }

    /// Hands out an object of a class and puts a few more at hand.
    #[cold]
    fn allocate_several(&self, class: usize) -> Option<NonNull<u8>> {
        let several = || {
            let mut magazines = self.at_hand[self.frames.processor()].0.lock();
            let mut list = self.classes[class].lock();
            let object = self.take_from(&mut list, class)?;
            for _ in 0..AT_HAND[class] / 2 {
                // No new slab for what may never be asked for.
                let Some(slab) = list.partial else { break };
                // SAFETY: the object was just handed out, and of every class one is a word or more.
                unsafe { magazines[class].push(list.take(slab, class)) };
            }
            Some(object)
        };
        several().or_else(|| {
            self.give_back();
            self.take_from(&mut self.classes[class].lock(), class)
        })
    }

    fn take_from(&self, list: &mut Class, class: usize) -> Option<NonNull<u8>> {
        let slab = match list.partial {
            Some(slab) => slab,
            None => self.new_slab(list, class)?,
        };
        Some(list.take(slab, class))
    }

    /// Takes back what processors have at hand.
    pub fn give_back(&self) {
        for magazines in &self.at_hand {
            let mut magazines = magazines.0.lock();
            for (class, magazine) in magazines.iter_mut().enumerate() {
                self.return_some(magazine, class, usize::MAX);
            }
        }
    }

    /// Takes back up to `most` objects of a class from those at hand.
    #[cold]
    #[inline(never)]
    fn return_some(&self, magazine: &mut Magazine, class: usize, most: usize) {
        if magazine.len() == 0 {
            return;
        }
        let mut list = self.classes[class].lock();
        for object in core::iter::from_fn(|| magazine.pop()).take(most) {
            // SAFETY: what is at hand was handed out for this class, and nobody uses it.
            let unused = unsafe { list.put(object, class) };
            if let Some(slab) = unused {
                self.frames.free(self.mem.phys(slab.as_ptr().cast()), slab_order(class));
            }
        }
    }

    /// Takes an object of a class back.
    ///
    /// # Safety
    /// `object` came from [`allocate_class`](Self::allocate_class) of this heap for this class, and
    /// is in nobody's use any more.
    #[inline]
    pub unsafe fn free_class(&self, object: NonNull<u8>, class: usize) {
        let magazine = &mut self.at_hand[self.frames.processor()].0.lock()[class];
        if magazine.len() >= AT_HAND[class] {
            self.return_some(magazine, class, AT_HAND[class] / 2);
        }
        // SAFETY: the caller gives the object up; of every class one is a word or more.
        unsafe { magazine.push(object) };
    }

    /// Returns what the classes hold, smallest first; nothing is at hand then.
    pub fn statistics(&self) -> impl Iterator<Item = ClassStatistics> {
        self.give_back();
        self.classes.iter().enumerate().map(|(class, list)| {
            let list = list.lock();
            ClassStatistics {
                size: SIZES[class],
                used: list.used,
                slab_bytes: list.slabs * slab_size(class),
            }
        })
    }

    #[cold]
    fn new_slab(&self, list: &mut Class, class: usize) -> Option<NonNull<Slab>> {
        let block = self.frames.allocate(slab_order(class))?;
        let memory = NonNull::new(self.mem.virt(block))?;
        // SAFETY: the block was just allocated, so it is in nobody's use; blocks have the size and
        // the alignment of their order, and the direct map keeps the alignment.
        Some(unsafe { list.push_new(memory, class) })
    }

    fn allocate_frames(&self, layout: Layout) -> *mut u8 {
        let count = frame_count(layout);
        let run = self.frames.allocate_run_above_reserve(count).or_else(|| {
            self.give_back();
            self.frames.allocate_run_above_reserve(count)
        });
        run.map_or(null_mut(), |run| self.mem.virt(run))
    }
}

/// Returns how many frames serve a layout that no class serves.
const fn frame_count(layout: Layout) -> u64 {
    let size = if layout.size() > layout.align() { layout.size() } else { layout.align() };
    (size as u64).div_ceil(PAGE_SIZE)
}

// SAFETY: memory handed out has the layout's size and alignment (runs are aligned to the power of
// two at or above their size), is handed out once, and nothing here unwinds.
unsafe impl<M: PhysMem> GlobalAlloc for Heap<M> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class_of(layout) {
            Some(class) => self.allocate_class(class).map_or(null_mut(), NonNull::as_ptr),
            None => self.allocate_frames(layout),
        }
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        match (class_of(layout), NonNull::new(ptr)) {
            (Some(class), Some(object)) => {
                // SAFETY: the caller says that `ptr` came from `alloc` with this layout, which
                // determines the class.
                unsafe { self.free_class(object, class) };
            }
            _ => self.frames.free_run(self.mem.phys(ptr), frame_count(layout)),
        }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Ok(new_layout) = Layout::from_size_align(new_size, layout.align()) else {
            return null_mut();
        };
        let is_same_place = match (class_of(layout), class_of(new_layout)) {
            (Some(old), Some(new)) => old == new,
            (None, None) => frame_count(layout) == frame_count(new_layout),
            _ => false,
        };
        if is_same_place {
            return ptr;
        }
        // SAFETY: `new_layout` is valid, and not of size 0 by the caller's promise.
        let new = unsafe { self.alloc(new_layout) };
        if !new.is_null() {
            let count = layout.size().min(new_size);
            // SAFETY: both blocks have at least `count` bytes and are apart.
            unsafe { copy_nonoverlapping(ptr, new, count) };
            // SAFETY: the caller gives up the old block, which has the old layout.
            unsafe { self.dealloc(ptr, layout) };
        }
        new
    }
}

/// Makes the metadata of [`Frames::init`] out of memory at `start`, which is reached through `mem`.
///
/// # Safety
/// `words` words at `start` are memory in nobody's use, now and for ever; `start` is a multiple of
/// 8. What they hold does not matter.
pub unsafe fn metadata<M: PhysMem>(mem: &M, start: PhysAddr, words: usize) -> &'static mut [u64] {
    let first = mem.virt(start).cast::<u64>();
    // SAFETY: the caller gives the memory away; any bits are a valid u64.
    unsafe { core::slice::from_raw_parts_mut(first, words) }
}

#[cfg(test)]
#[path = "heap_tests.rs"]
mod tests;
