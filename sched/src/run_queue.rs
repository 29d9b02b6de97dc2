//! The run queue of one processor.
//!
//! Fairness by virtual deadlines, after "Earliest Eligible Virtual Deadline First" (Stoica and
//! Abdel-Wahab, 1995): a thread that has not had more than its share is *eligible*, and of the
//! eligible ones that runs whose slice should be over first. Threads that are not eligible yet
//! wait in a second heap, ordered by when they become it; the queue's virtual time only moves
//! forward, so each passes from one heap to the other once a slice and all operations take
//! logarithmic time. (A running average of all threads' virtual times, as Linux takes, may move
//! backwards and needs an augmented tree.)
//!
//! The kernel keeps a [`RunQueue`] for each processor behind a lock. The running thread is not in
//! the heaps but *current*.

use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use core::cmp::{Ordering, Reverse};
use core::mem::{self, ManuallyDrop};

use crate::entity::{SLICE_NS, UNIT_WEIGHT, scale};
use crate::{CpuSet, Entity};

/// By how much a sleeper may be ahead or behind when it comes back, in virtual nanoseconds: one
/// slice, so that sleeping neither saves up time nor is a way out of debt.
const MOST_LAG: i64 = 3_000_000;
const _: () = assert!(MOST_LAG.unsigned_abs() == SLICE_NS);

/// The most that is accounted at a time, in nanoseconds. A thread for which more has passed was in a
/// long system call, or did not run at all: the virtual machine stood still, or its processor waited
/// for one of the host's. It would have to let others run for as long as that, times their number.
const MOST_ACCOUNTED_NS: u64 = 32 * SLICE_NS;

/// A thread with what the scheduler knows of it. It is handed about in a box, which the kernel keeps
/// while the thread sleeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Queued<T> {
    /// The kernel's name for the thread.
    pub thread: T,
    /// The scheduler's data of it.
    pub entity: Entity,
}

impl<T> Queued<T> {
    /// Returns a thread with its data, to be put into a queue.
    pub fn new(thread: T, entity: Entity) -> Box<Self> {
        Box::new(Self { thread, entity })
    }
}

/// An entry of a heap: the smallest key first, of equal keys the one that came first.
#[derive(Debug)]
struct Keyed<T> {
    key: Reverse<(u64, u64)>,
    queued: Box<Queued<T>>,
}

impl<T> PartialEq for Keyed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T> Eq for Keyed<T> {}

impl<T> PartialOrd for Keyed<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Keyed<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

/// The threads that want to run on one processor, and the one that does.
#[derive(Debug)]
pub struct RunQueue<T> {
    /// Ordered by deadline.
    eligible: BinaryHeap<Keyed<T>>,
    /// Ordered by the virtual time at which they become eligible.
    future: BinaryHeap<Keyed<T>>,
    /// Those that wait while the heaps are empty and they are not more than this, first come first:
    /// so threads that take turns pass by the heaps.
    few: [Option<Box<Queued<T>>>; 2],
    current: Option<Box<Queued<T>>>,
    /// How many threads there are, the current one included.
    load: usize,
    virtual_now: u64,
    total_weight: u64,
    /// No waiting thread has a later one.
    latest_deadline: u64,
    sequence: u64,
}

impl<T> RunQueue<T> {
    /// Returns an empty queue.
    pub const fn new() -> Self {
        Self {
            eligible: BinaryHeap::new(),
            future: BinaryHeap::new(),
            few: [None, None],
            current: None,
            load: 0,
            // Far from zero, so that a thread that is behind does not hit it.
            virtual_now: 1 << 40,
            total_weight: 0,
            latest_deadline: 0,
            sequence: 0,
        }
    }

    /// Returns how many threads wait for the processor, the current one not counted.
    #[inline]
    pub fn waiting(&self) -> usize {
        self.load - usize::from(self.current.is_some())
    }

    /// Returns how many threads want the processor, the current one included.
    #[inline]
    pub const fn load(&self) -> usize {
        self.load
    }

    /// Gives back the memory that is kept for threads beyond those that wait.
    pub fn trim(&mut self) {
        self.eligible.shrink_to_fit();
        self.future.shrink_to_fit();
    }

    /// Returns the thread that runs.
    #[inline]
    pub fn current(&self) -> Option<&Queued<T>> {
        self.current.as_deref()
    }

    /// Changes the nice value of the thread that runs, or where it may run; it keeps the
    /// processor until the kernel moves it.
    pub fn update_current(&mut self, update: impl FnOnce(&mut Entity)) {
        if let Some(Queued { entity, .. }) = self.current.as_deref_mut() {
            self.total_weight -= entity.weight();
            update(entity);
            self.total_weight += entity.weight();
        }
    }

    /// Puts a thread that became ready in, and returns whether it should run at once in place of
    /// the current one (also if there is none). The time of a thread that ran alone is to be
    /// accounted before ([`tick`](Self::tick)), or it would count as taken from both.
    #[must_use = "a thread that should run at once preempts the current one"]
    #[inline]
    pub fn enqueue(&mut self, mut queued: Box<Queued<T>>) -> bool {
        let entity = &mut queued.entity;
        entity.vruntime = self.virtual_now.wrapping_add_signed(entity.ahead);
        // A short first slice is due soon: who wakes to answer a request is not kept waiting.
        entity.deadline = entity.vruntime + entity.virtual_slice() / 4;
        self.total_weight += entity.weight();
        self.load += 1;
        let preempts = match &self.current {
            None => true,
            Some(current) => {
                entity.vruntime <= self.virtual_now && entity.deadline < current.entity.deadline
            }
        };
        self.insert(queued);
        preempts
    }

    /// Makes the thread that should run next the current one and returns it; `None` if nobody
    /// wants to run. A current thread must have been put back or taken away before.
    #[inline]
    pub fn pick_next(&mut self) -> Option<&Queued<T>> {
        debug_assert!(self.current.is_none(), "the current thread is still there");
        let mut next = if self.few[0].is_some() { self.pop_few() } else { self.pop() }?;
        let entity = &mut next.entity;
        // A deadline that was put off by yielding is no longer slice.
        entity.deadline = entity.deadline.min(entity.vruntime + entity.virtual_slice());
        put(&mut self.current, next);
        self.current()
    }

    /// Takes out the one of the few that should run next.
    #[inline]
    fn pop_few(&mut self) -> Option<Box<Queued<T>>> {
        let is_second_next = match &self.few {
            [Some(first), Some(second)] => self.key(&second.entity) < self.key(&first.entity),
            _ => false,
        };
        if !is_second_next {
            self.few.swap(0, 1);
        }
        let next = self.few[1].take()?;
        self.virtual_now = self.virtual_now.max(next.entity.vruntime);
        Some(next)
    }

    /// Returns what orders those that wait: who is not eligible yet comes last.
    fn key(&self, entity: &Entity) -> (bool, u64) {
        let is_eligible = entity.vruntime <= self.virtual_now;
        (!is_eligible, if is_eligible { entity.deadline } else { entity.vruntime })
    }

    /// Takes the one out of the heaps that should run next.
    fn pop(&mut self) -> Option<Box<Queued<T>>> {
        self.promote();
        if self.eligible.is_empty() {
            // Nobody is owed anything: virtual time moves on to the first who will be.
            let first = self.future.peek()?.queued.entity.vruntime;
            self.virtual_now = self.virtual_now.max(first);
            self.promote();
        }
        Some(self.eligible.pop()?.queued)
    }

    /// Accounts the nanoseconds that the current thread ran since it was last accounted, and
    /// returns whether another should run in its place now.
    #[must_use = "a thread whose slice is over gives way to another"]
    pub fn tick(&mut self, ran_ns: u64) -> bool {
        let ran_ns = ran_ns.min(MOST_ACCOUNTED_NS);
        let total_weight = self.total_weight;
        let Some(Queued { entity, .. }) = self.current.as_deref_mut() else {
            return self.waiting() > 0;
        };
        entity.vruntime += entity.virtual_time(ran_ns);
        self.virtual_now += scale(ran_ns, UNIT_WEIGHT, total_weight);
        if entity.vruntime < entity.deadline {
            return false;
        }
        entity.deadline = entity.vruntime + entity.virtual_slice();
        self.waiting() > 0
    }

    /// Returns how many nanoseconds the current thread may run before [`tick`](Self::tick) should
    /// be asked; `None` while nobody else waits, so that no timer is needed.
    pub fn slice_left_ns(&self) -> Option<u64> {
        if self.waiting() == 0 {
            return None;
        }
        let entity = &self.current()?.entity;
        Some(entity.real_time(entity.deadline.saturating_sub(entity.vruntime)))
    }

    /// Puts the current thread back among those that wait: it is preempted.
    pub fn put_back(&mut self) {
        if let Some(current) = self.current.take() {
            self.insert(current);
        }
    }

    /// Puts the current thread back behind all that wait now: `sched_yield(2)`.
    pub fn yield_current(&mut self) {
        let Some(mut current) = self.current.take() else { return };
        let entity = &mut current.entity;
        // As if it had used its slice up: others that are eligible come first.
        entity.vruntime = entity.vruntime.max(self.virtual_now) + 1;
        let next_slice = entity.vruntime + entity.virtual_slice();
        entity.deadline = self.latest_deadline.max(next_slice) + 1;
        self.insert(current);
    }

    /// Takes the current thread away: it sleeps or is gone.
    #[inline]
    pub fn take_current(&mut self) -> Option<Box<Queued<T>>> {
        let current = self.current.take()?;
        Some(self.leave(current))
    }

    /// Takes a thread that waits, may run on processor `cpu` and `is_free` away, for that processor
    /// to run. Linear in the number of waiting threads, of which the thief has none.
    pub fn steal(&mut self, cpu: usize, is_free: impl Fn(&T) -> bool) -> Option<Box<Queued<T>>> {
        let allowed =
            |queued: &Queued<T>| queued.entity.affinity().contains(cpu) && is_free(&queued.thread);
        let stolen = take_where(&mut self.future, allowed)
            .or_else(|| take_where(&mut self.eligible, allowed))
            .or_else(|| self.take_of_few(allowed))?;
        Some(self.leave(stolen))
    }

    /// Takes a waiting thread that `matches` away, to change its data or its processor. Linear.
    pub fn remove(&mut self, matches: impl Fn(&T) -> bool) -> Option<Box<Queued<T>>> {
        let wanted = |queued: &Queued<T>| matches(&queued.thread);
        let found = take_where(&mut self.eligible, wanted)
            .or_else(|| take_where(&mut self.future, wanted))
            .or_else(|| self.take_of_few(wanted))?;
        Some(self.leave(found))
    }

    fn take_of_few(&mut self, matches: impl Fn(&Queued<T>) -> bool) -> Option<Box<Queued<T>>> {
        let mut places = self.few.iter_mut();
        let found = places.find_map(|place| place.take_if(|queued| matches(queued)));
        if self.few[0].is_none() {
            self.few.swap(0, 1);
        }
        found
    }

    /// Turns the place in this queue's virtual time into a distance that holds in any queue.
    fn leave(&mut self, mut queued: Box<Queued<T>>) -> Box<Queued<T>> {
        let entity = &mut queued.entity;
        let ahead = entity.vruntime.wrapping_sub(self.virtual_now).cast_signed();
        entity.ahead = ahead.clamp(-MOST_LAG, MOST_LAG);
        self.total_weight -= entity.weight();
        self.load -= 1;
        queued
    }

    /// Puts a thread among those that wait, which is counted already.
    fn insert(&mut self, queued: Box<Queued<T>>) {
        self.latest_deadline = self.latest_deadline.max(queued.entity.deadline);
        let are_heaps_empty = self.eligible.is_empty() && self.future.is_empty();
        match &mut self.few {
            [first @ None, _] if are_heaps_empty => put(first, queued),
            [Some(_), second @ None] => put(second, queued),
            few => {
                let few = few.each_mut().map(Option::take);
                few.into_iter().flatten().for_each(|queued| self.push(queued));
                self.push(queued);
            }
        }
    }

    fn push(&mut self, queued: Box<Queued<T>>) {
        let (is_future, key) = self.key(&queued.entity);
        self.sequence += 1;
        let keyed = Keyed { key: Reverse((key, self.sequence)), queued };
        if is_future { self.future.push(keyed) } else { self.eligible.push(keyed) }
    }

    /// Moves those that have become eligible to the heap of the eligible.
    fn promote(&mut self) {
        while let Some(first) = self.future.peek() {
            if first.queued.entity.vruntime > self.virtual_now {
                return;
            }
            if let Some(Keyed { key: Reverse((_, sequence)), queued }) = self.future.pop() {
                let key = Reverse((queued.entity.deadline, sequence));
                self.eligible.push(Keyed { key, queued });
            }
        }
    }
}

impl<T> Default for RunQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Puts a thread where none is. To assign it would look for one to drop.
#[inline]
fn put<T>(place: &mut Option<Box<T>>, thread: Box<T>) {
    debug_assert!(place.is_none(), "there is a thread already");
    let _nothing = ManuallyDrop::new(place.replace(thread));
}

/// Takes one entry that `matches` out of a heap.
fn take_where<T>(
    heap: &mut BinaryHeap<Keyed<T>>,
    matches: impl Fn(&Queued<T>) -> bool,
) -> Option<Box<Queued<T>>> {
    let index = heap.iter().position(|keyed| matches(&keyed.queued))?;
    let mut entries = mem::take(heap).into_vec();
    let taken = entries.swap_remove(index);
    *heap = BinaryHeap::from(entries);
    Some(taken.queued)
}

/// Returns the processor on which a thread that became ready should run: an idle one, best that
/// of its last run; else the one of its last run if the thread may run there; else the least
/// loaded of those where it may. There are `count` processors; `load` tells how many threads want
/// one ([`RunQueue::load`]). The result is 0 if the thread's affinity names none of them.
pub fn place(entity: &Entity, idle: CpuSet, count: usize, load: impl Fn(usize) -> usize) -> usize {
    let allowed = entity.affinity() & CpuSet::first(count);
    let last = entity.last_cpu();
    let idle = idle & allowed;
    if idle.contains(last) {
        return last;
    }
    if let Some(cpu) = idle.lowest() {
        return cpu;
    }
    let least = (0..count)
        .filter(|cpu| allowed.contains(*cpu))
        .map(|cpu| (cpu, load(cpu)))
        .min_by_key(|(cpu, load)| (*load, *cpu != last));
    match least {
        // One waiting thread more is a small price for warm caches.
        Some((_, least)) if allowed.contains(last) && load(last) <= least + 1 => last,
        Some((cpu, _)) => cpu,
        None => 0,
    }
}

/// Returns the processors to which another of them, `own`, should give a thread that waits there,
/// the next first: each would still have no more than `own`. There are `count` processors; `load`
/// tells how many threads want one ([`RunQueue::load`]).
pub fn less_loaded(
    own: usize,
    count: usize,
    load: impl Fn(usize) -> usize,
) -> impl Iterator<Item = usize> {
    let others = (1..count).map(move |distance| (own + distance) % count);
    others.filter(move |&other| load(other) + 2 <= load(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Nice;

    /// In nanoseconds.
    const MILLISECOND: u64 = 1_000_000;

    fn entity() -> Entity {
        Entity::new(Nice::default(), CpuSet::ALL, 0)
    }

    fn picked(queue: &mut RunQueue<u32>) -> Option<u32> {
        queue.pick_next().map(|queued| queued.thread)
    }

    #[test]
    fn equal_threads_take_turns() {
        let mut queue = RunQueue::new();
        for thread in 0..3 {
            let _ = queue.enqueue(Queued::new(thread, entity()));
        }
        let mut turns = [0; 3];
        for _ in 0..30 {
            turns[picked(&mut queue).unwrap() as usize] += 1;
            assert!(queue.tick(3 * MILLISECOND));
            queue.put_back();
        }
        assert_eq!(turns, [10; 3]);
    }

    #[test]
    fn a_machine_that_stood_still_makes_nobody_wait_for_as_long() {
        let mut queue = RunQueue::new();
        for thread in 0..8 {
            let _ = queue.enqueue(Queued::new(thread, entity()));
        }
        let unlucky = picked(&mut queue).unwrap();
        assert!(queue.tick(600_000 * MILLISECOND));
        queue.put_back();
        let mut waited = 0;
        while picked(&mut queue).unwrap() != unlucky {
            let _ = queue.tick(3 * MILLISECOND);
            queue.put_back();
            waited += 3;
        }
        assert!(waited < 1000, "{waited} ms");
    }

    #[test]
    fn a_lone_thread_needs_no_timer_and_is_not_preempted() {
        let mut queue = RunQueue::new();
        assert!(queue.enqueue(Queued::new(1, entity())));
        assert_eq!(picked(&mut queue), Some(1));
        assert_eq!(queue.slice_left_ns(), None);
        assert!(!queue.tick(1000 * MILLISECOND));
    }

    #[test]
    fn a_sleeper_runs_soon_after_it_wakes() {
        let mut queue = RunQueue::new();
        for thread in 0..5 {
            let _ = queue.enqueue(Queued::new(thread, entity()));
        }
        picked(&mut queue);
        let sleeper = queue.take_current().unwrap();
        let thread = sleeper.thread;
        for _ in 0..100 {
            picked(&mut queue);
            let _ = queue.tick(3 * MILLISECOND);
            queue.put_back();
        }
        picked(&mut queue);
        let _ = queue.tick(MILLISECOND);
        let _ = queue.enqueue(sleeper);
        queue.put_back();
        let waited = (0..5)
            .position(|_| {
                let is_sleeper = picked(&mut queue) == Some(thread);
                let _ = queue.tick(3 * MILLISECOND);
                queue.put_back();
                is_sleeper
            })
            .unwrap();
        assert!(waited <= 1, "waited {waited} slices");
    }

    #[test]
    fn a_newcomer_does_not_get_the_time_back_that_another_had_alone() {
        let mut queue = RunQueue::new();
        let _ = queue.enqueue(Queued::new(0, entity()));
        picked(&mut queue);
        let _ = queue.tick(1000 * MILLISECOND);
        let _ = queue.enqueue(Queued::new(1, entity()));
        queue.put_back();
        let mut turns = [0; 2];
        for _ in 0..20 {
            turns[picked(&mut queue).unwrap() as usize] += 1;
            let _ = queue.tick(3 * MILLISECOND);
            queue.put_back();
        }
        assert!(turns[0] >= 9, "{turns:?}");
    }

    #[test]
    fn yielding_lets_every_other_one_run_first() {
        let mut queue = RunQueue::new();
        for thread in 0..4 {
            let _ = queue.enqueue(Queued::new(thread, entity()));
        }
        let first = picked(&mut queue).unwrap();
        queue.yield_current();
        for _ in 0..3 {
            assert_ne!(picked(&mut queue), Some(first));
            queue.yield_current();
        }
        assert_eq!(picked(&mut queue), Some(first));
    }

    #[test]
    fn a_changed_nice_value_counts_at_once() {
        let mut queue = RunQueue::new();
        let _ = queue.enqueue(Queued::new(0, entity()));
        let _ = queue.enqueue(Queued::new(1, entity()));
        let mut ran = [0; 2];
        for turn in 0..1000 {
            let thread = picked(&mut queue).unwrap();
            if turn == 0 {
                queue.update_current(|entity| entity.set_nice(Nice::new(5)));
                ran[thread as usize] = -1;
            }
            ran[thread as usize] += 1;
            let _ = queue.tick(3 * MILLISECOND);
            queue.put_back();
        }
        assert!(ran[0] * 2 < ran[1], "{ran:?}");
        assert!(ran[0] > 150, "{ran:?}");
    }

    #[test]
    fn stealing_respects_affinity() {
        let mut queue = RunQueue::new();
        let bound = Entity::new(Nice::default(), CpuSet::only(0), 0);
        let _ = queue.enqueue(Queued::new(1, bound));
        assert_eq!(queue.steal(1, |_| true), None);
        let _ = queue.enqueue(Queued::new(2, entity()));
        assert_eq!(queue.steal(1, |_| true).map(|queued| queued.thread), Some(2));
        assert_eq!(queue.remove(|thread| *thread == 1).map(|queued| queued.thread), Some(1));
        assert_eq!(queue.load(), 0);
    }

    #[test]
    fn placement_prefers_an_idle_processor_then_a_warm_one() {
        let mut thread = entity();
        thread.set_last_cpu(2);
        assert_eq!(place(&thread, CpuSet::from_bits(0b111), 3, |cpu| [0, 0, 0][cpu]), 2);
        assert_eq!(place(&thread, CpuSet::from_bits(0b010), 3, |cpu| [1, 0, 1][cpu]), 1);
        assert_eq!(place(&thread, CpuSet::NONE, 3, |cpu| [1, 1, 2][cpu]), 2);
        assert_eq!(place(&thread, CpuSet::NONE, 3, |cpu| [1, 1, 5][cpu]), 0);
        thread.set_affinity(CpuSet::only(1));
        assert_eq!(place(&thread, CpuSet::from_bits(0b101), 3, |cpu| [0, 9, 0][cpu]), 1);
        thread.set_affinity(CpuSet::only(60));
        assert_eq!(place(&thread, CpuSet::from_bits(0b101), 3, |cpu| [0, 9, 0][cpu]), 0);
    }
}
