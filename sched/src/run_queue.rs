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

use alloc::collections::BinaryHeap;
use core::cmp::{Ordering, Reverse};

use crate::entity::{SLICE_NS, UNIT_WEIGHT, scale};
use crate::{CpuSet, Entity};

/// By how much a sleeper may be ahead or behind when it comes back, in virtual nanoseconds: one
/// slice, so that sleeping neither saves up time nor is a way out of debt.
const MOST_LAG: i64 = 3_000_000;
const _: () = assert!(MOST_LAG.unsigned_abs() == SLICE_NS);

/// A thread with what the scheduler knows of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Queued<T> {
    /// The kernel's name for the thread.
    pub thread: T,
    /// The scheduler's data of it.
    pub entity: Entity,
}

/// An entry of a heap: the smallest key first, of equal keys the one that came first.
#[derive(Debug)]
struct Keyed<T> {
    key: Reverse<(u64, u64)>,
    queued: Queued<T>,
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
    /// Who waits alone, in neither heap: so threads that take turns pass by them.
    alone: Option<Queued<T>>,
    current: Option<Queued<T>>,
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
            alone: None,
            current: None,
            // Far from zero, so that a thread that is behind does not hit it.
            virtual_now: 1 << 40,
            total_weight: 0,
            latest_deadline: 0,
            sequence: 0,
        }
    }

    /// Returns how many threads wait for the processor, the current one not counted.
    pub fn waiting(&self) -> usize {
        self.eligible.len() + self.future.len() + usize::from(self.alone.is_some())
    }

    /// Returns how many threads want the processor, the current one included.
    pub fn load(&self) -> usize {
        self.waiting() + usize::from(self.current.is_some())
    }

    /// Gives back the memory that is kept for threads beyond those that wait.
    pub fn trim(&mut self) {
        self.eligible.shrink_to_fit();
        self.future.shrink_to_fit();
    }

    /// Returns the thread that runs.
    pub fn current(&self) -> Option<&Queued<T>> {
        self.current.as_ref()
    }

    /// Changes the nice value of the thread that runs, or where it may run; it keeps the
    /// processor until the kernel moves it.
    pub fn update_current(&mut self, update: impl FnOnce(&mut Entity)) {
        if let Some(Queued { entity, .. }) = &mut self.current {
            self.total_weight -= entity.weight();
            update(entity);
            self.total_weight += entity.weight();
        }
    }

    /// Puts a thread that became ready in, and returns whether it should run at once in place of
    /// the current one (also if there is none). The time of a thread that ran alone is to be
    /// accounted before ([`tick`](Self::tick)), or it would count as taken from both.
    #[must_use = "a thread that should run at once preempts the current one"]
    pub fn enqueue(&mut self, thread: T, mut entity: Entity) -> bool {
        let ahead = entity.ahead.clamp(-MOST_LAG, MOST_LAG);
        entity.vruntime = self.virtual_now.saturating_add_signed(ahead);
        // A short first slice is due soon: who wakes to answer a request is not kept waiting.
        entity.deadline = entity.vruntime + entity.virtual_slice() / 4;
        self.total_weight += entity.weight();
        let preempts = match &self.current {
            None => true,
            Some(current) => {
                entity.vruntime <= self.virtual_now && entity.deadline < current.entity.deadline
            }
        };
        self.insert(Queued { thread, entity });
        preempts
    }

    /// Makes the thread that should run next the current one and returns it; `None` if nobody
    /// wants to run. A current thread must have been put back or taken away before.
    pub fn pick_next(&mut self) -> Option<&Queued<T>> {
        debug_assert!(self.current.is_none(), "the current thread is still there");
        let mut next = self.pop_next()?;
        let entity = &mut next.entity;
        // A deadline that was put off by yielding is no longer slice.
        entity.deadline = entity.deadline.min(entity.vruntime + entity.virtual_slice());
        self.current = Some(next);
        self.current.as_ref()
    }

    fn pop_next(&mut self) -> Option<Queued<T>> {
        if let Some(alone) = self.alone.take() {
            self.virtual_now = self.virtual_now.max(alone.entity.vruntime);
            return Some(alone);
        }
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
        let total_weight = self.total_weight;
        let Some(Queued { entity, .. }) = &mut self.current else { return self.waiting() > 0 };
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
        let entity = &self.current.as_ref()?.entity;
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
    pub fn take_current(&mut self) -> Option<Queued<T>> {
        let current = self.current.take()?;
        Some(self.leave(current))
    }

    /// Takes a thread that waits, may run on processor `cpu` and `is_free` away, for that processor
    /// to run. Linear in the number of waiting threads, of which the thief has none.
    pub fn steal(&mut self, cpu: usize, is_free: impl Fn(&T) -> bool) -> Option<Queued<T>> {
        let allowed =
            |queued: &Queued<T>| queued.entity.affinity().contains(cpu) && is_free(&queued.thread);
        let stolen = take_where(&mut self.future, allowed)
            .or_else(|| take_where(&mut self.eligible, allowed))
            .or_else(|| self.alone.take_if(|alone| allowed(alone)))?;
        Some(self.leave(stolen))
    }

    /// Takes a waiting thread that `matches` away, to change its data or its processor. Linear.
    pub fn remove(&mut self, matches: impl Fn(&T) -> bool) -> Option<Queued<T>> {
        let wanted = |queued: &Queued<T>| matches(&queued.thread);
        let found = take_where(&mut self.eligible, wanted)
            .or_else(|| take_where(&mut self.future, wanted))
            .or_else(|| self.alone.take_if(|alone| wanted(alone)))?;
        Some(self.leave(found))
    }

    /// Turns the place in this queue's virtual time into a distance that holds in any queue.
    fn leave(&mut self, mut queued: Queued<T>) -> Queued<T> {
        let entity = &mut queued.entity;
        let ahead = i128::from(entity.vruntime) - i128::from(self.virtual_now);
        let most = i128::from(MOST_LAG);
        entity.ahead = i64::try_from(ahead.clamp(-most, most)).unwrap_or(0);
        self.total_weight -= entity.weight();
        queued
    }

    fn insert(&mut self, queued: Queued<T>) {
        self.latest_deadline = self.latest_deadline.max(queued.entity.deadline);
        if self.waiting() == 0 {
            self.alone = Some(queued);
            return;
        }
        if let Some(first) = self.alone.take() {
            self.push(first);
        }
        self.push(queued);
    }

    fn push(&mut self, queued: Queued<T>) {
        let entity = &queued.entity;
        let is_eligible = entity.vruntime <= self.virtual_now;
        let key = if is_eligible { entity.deadline } else { entity.vruntime };
        self.sequence += 1;
        let keyed = Keyed { key: Reverse((key, self.sequence)), queued };
        if is_eligible { self.eligible.push(keyed) } else { self.future.push(keyed) }
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

/// Takes one entry that `matches` out of a heap.
fn take_where<T>(
    heap: &mut BinaryHeap<Keyed<T>>,
    matches: impl Fn(&Queued<T>) -> bool,
) -> Option<Queued<T>> {
    let index = heap.iter().position(|keyed| matches(&keyed.queued))?;
    let mut entries = core::mem::take(heap).into_vec();
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
            let _ = queue.enqueue(thread, entity());
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
    fn a_lone_thread_needs_no_timer_and_is_not_preempted() {
        let mut queue = RunQueue::new();
        assert!(queue.enqueue(1, entity()));
        assert_eq!(picked(&mut queue), Some(1));
        assert_eq!(queue.slice_left_ns(), None);
        assert!(!queue.tick(1000 * MILLISECOND));
    }

    #[test]
    fn a_sleeper_runs_soon_after_it_wakes() {
        let mut queue = RunQueue::new();
        for thread in 0..5 {
            let _ = queue.enqueue(thread, entity());
        }
        picked(&mut queue);
        let sleeper = queue.take_current().unwrap();
        for _ in 0..100 {
            picked(&mut queue);
            let _ = queue.tick(3 * MILLISECOND);
            queue.put_back();
        }
        picked(&mut queue);
        let _ = queue.tick(MILLISECOND);
        let _ = queue.enqueue(sleeper.thread, sleeper.entity);
        queue.put_back();
        let waited = (0..5)
            .position(|_| {
                let is_sleeper = picked(&mut queue) == Some(sleeper.thread);
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
        let _ = queue.enqueue(0, entity());
        picked(&mut queue);
        let _ = queue.tick(1000 * MILLISECOND);
        let _ = queue.enqueue(1, entity());
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
            let _ = queue.enqueue(thread, entity());
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
        let _ = queue.enqueue(0, entity());
        let _ = queue.enqueue(1, entity());
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
        let _ = queue.enqueue(1, bound);
        assert_eq!(queue.steal(1, |_| true), None);
        let _ = queue.enqueue(2, entity());
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
