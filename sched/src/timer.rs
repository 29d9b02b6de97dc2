//! The timer queue: what is to happen at which point in time.
//!
//! A heap with four children a node over a slab: inserting, cancelling and re-arming take
//! logarithmic time (seven steps at 10,000 timers), the next deadline is read in constant time,
//! and nothing is allocated except when more timers than ever before are live.

use alloc::vec::Vec;

use abi::time::Instant;

/// How many children a node of the heap has: a node's children share a cache line.
const ARITY: usize = 4;

/// Names a timer of a [`TimerQueue`]. A timer that went off or was cancelled has no name any
/// more: using its old one does nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimerId {
    slot: u32,
    number: u64,
}

#[derive(Debug)]
struct Slot<T> {
    /// Which of all the timers ever set it holds, or held last.
    number: u64,
    /// Where the timer is in the heap.
    position: u32,
    value: Option<T>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Node {
    deadline: Instant,
    /// Orders timers of one deadline by when they were set.
    sequence: u64,
    slot: u32,
}

/// Timers with a value each.
#[derive(Debug)]
pub struct TimerQueue<T> {
    heap: Vec<Node>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    sequence: u64,
}

impl<T> TimerQueue<T> {
    /// Returns an empty queue.
    pub const fn new() -> Self {
        Self { heap: Vec::new(), slots: Vec::new(), free: Vec::new(), sequence: 0 }
    }

    /// Returns how many timers are set.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Returns whether no timer is set.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Returns the earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.heap.first().map(|node| node.deadline)
    }

    /// Sets a timer.
    pub fn insert(&mut self, deadline: Instant, value: T) -> TimerId {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(Slot { number: 0, position: 0, value: None });
                index(self.slots.len() - 1)
            }
        };
        let sequence = self.next_sequence();
        let entry = &mut self.slots[slot as usize];
        entry.number = sequence;
        entry.value = Some(value);
        self.heap.push(Node { deadline, sequence, slot });
        self.sift_up(self.heap.len() - 1);
        TimerId { slot, number: sequence }
    }

    /// Takes a timer out before it goes off and returns its value; `None` if it is gone already.
    pub fn cancel(&mut self, id: TimerId) -> Option<T> {
        let position = self.position(id)?;
        self.take(position)
    }

    /// Gives a timer another deadline; returns whether it was still set.
    pub fn rearm(&mut self, id: TimerId, deadline: Instant) -> bool {
        let Some(position) = self.position(id) else { return false };
        let sequence = self.next_sequence();
        let node = &mut self.heap[position];
        node.deadline = deadline;
        node.sequence = sequence;
        let position = self.sift_up(position);
        self.sift_down(position);
        true
    }

    /// Returns the deadline of a timer that is still set.
    pub fn deadline(&self, id: TimerId) -> Option<Instant> {
        self.position(id).map(|position| self.heap[position].deadline)
    }

    /// Takes out the earliest timer whose deadline has come and returns its value. The caller
    /// asks until nothing is left, dropping its lock to act on each value.
    pub fn pop_expired(&mut self, now: Instant) -> Option<T> {
        if self.next_deadline()? > now {
            return None;
        }
        self.take(0)
    }

    /// Gives back the memory that is kept for timers beyond those that are set.
    pub fn trim(&mut self) {
        let used = self.slots.iter().rposition(|slot| slot.value.is_some()).map_or(0, |it| it + 1);
        self.slots.truncate(used);
        self.free.retain(|&slot| (slot as usize) < used);
        self.heap.shrink_to_fit();
        self.slots.shrink_to_fit();
        self.free.shrink_to_fit();
    }

    fn position(&self, id: TimerId) -> Option<usize> {
        let slot = self.slots.get(id.slot as usize)?;
        let is_live = slot.number == id.number && slot.value.is_some();
        is_live.then_some(slot.position as usize)
    }

    fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Takes the timer at a position of the heap out.
    fn take(&mut self, position: usize) -> Option<T> {
        let node = self.heap.swap_remove(position);
        if position < self.heap.len() {
            let position = self.sift_up(position);
            self.sift_down(position);
        }
        let slot = &mut self.slots[node.slot as usize];
        self.free.push(node.slot);
        slot.value.take()
    }

    /// Moves a node towards the root until its parent is earlier; returns where it came to rest.
    fn sift_up(&mut self, mut position: usize) -> usize {
        let node = self.heap[position];
        while position > 0 {
            let parent = (position - 1) / ARITY;
            if self.heap[parent] <= node {
                break;
            }
            self.put(position, self.heap[parent]);
            position = parent;
        }
        self.put(position, node);
        position
    }

    /// Moves a node away from the root until its children are later.
    fn sift_down(&mut self, mut position: usize) {
        let node = self.heap[position];
        loop {
            let first = position * ARITY + 1;
            let children = first..(first + ARITY).min(self.heap.len());
            let Some(least) = children.min_by_key(|child| self.heap[*child]) else { break };
            if node <= self.heap[least] {
                break;
            }
            self.put(position, self.heap[least]);
            position = least;
        }
        self.put(position, node);
    }

    fn put(&mut self, position: usize, node: Node) {
        self.heap[position] = node;
        self.slots[node.slot as usize].position = index(position);
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

fn index(position: usize) -> u32 {
    u32::try_from(position).expect("fewer than 2^32 timers fit in memory")
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    #[test]
    fn timers_go_off_in_order_of_deadline_then_of_setting() {
        let mut queue = TimerQueue::new();
        queue.insert(at(20), "b");
        queue.insert(at(10), "a");
        queue.insert(at(20), "c");
        queue.insert(at(30), "d");
        assert_eq!(queue.next_deadline(), Some(at(10)));
        assert_eq!(queue.pop_expired(at(9)), None);
        let fired: Vec<_> = core::iter::from_fn(|| queue.pop_expired(at(20))).collect();
        assert_eq!(fired, ["a", "b", "c"]);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn an_old_name_does_not_touch_the_next_timer_of_its_slot() {
        let mut queue = TimerQueue::new();
        let old = queue.insert(at(1), 'a');
        assert_eq!(queue.pop_expired(at(1)), Some('a'));
        let new = queue.insert(at(2), 'b');
        assert_eq!(queue.cancel(old), None);
        assert!(!queue.rearm(old, at(9)));
        assert_eq!(queue.deadline(new), Some(at(2)));
        assert_eq!(queue.cancel(new), Some('b'));
        assert!(queue.is_empty());
    }

    #[test]
    fn trimming_gives_back_what_no_timer_needs() {
        let mut queue = TimerQueue::new();
        let names: Vec<_> = (0..100).map(|number| queue.insert(at(number), number)).collect();
        for &name in &names[..90] {
            queue.cancel(name);
        }
        queue.trim();
        assert_eq!(queue.pop_expired(at(90)), Some(90));
        names[91..].iter().for_each(|&name| assert!(queue.cancel(name).is_some()));
        queue.trim();
        assert_eq!(
            (queue.heap.capacity(), queue.slots.capacity(), queue.free.capacity()),
            (0, 0, 0)
        );
        queue.insert(at(1), 1);
        assert_eq!(queue.cancel(names[0]), None);
    }

    proptest! {
        #[test]
        fn behaves_as_a_sorted_map(steps in prop::collection::vec((0_u8..5, 0_u64..64), 1..400)) {
            let mut queue = TimerQueue::new();
            let mut model = BTreeMap::new();
            let mut names = Vec::new();
            for (number, (step, operand)) in steps.into_iter().enumerate() {
                let chosen = names.get(number * 7 % names.len().max(1)).copied();
                match (step, chosen) {
                    (0, _) | (_, None) => names.push((queue.insert(at(operand), number), number)),
                    (1, Some((id, value))) => {
                        let expected = model.remove(&value).is_some();
                        prop_assert_eq!(queue.cancel(id), expected.then_some(value));
                    }
                    (2, Some((id, value))) => {
                        prop_assert_eq!(queue.rearm(id, at(operand)), model.contains_key(&value));
                        model.entry(value).and_modify(|key| *key = (operand, number));
                    }
                    (3, _) => queue.trim(),
                    _ => {
                        let first = model.iter().min_by_key(|(_, key)| **key);
                        let expected = first.filter(|(_, key)| key.0 <= operand).map(|(v, _)| *v);
                        prop_assert_eq!(queue.pop_expired(at(operand)), expected);
                        expected.map(|value| model.remove(&value));
                    }
                }
                if step == 0 || chosen.is_none() {
                    model.insert(number, (operand, number));
                }
                prop_assert_eq!(queue.len(), model.len());
                let next = model.values().map(|key| at(key.0)).min();
                prop_assert_eq!(queue.next_deadline(), next);
            }
        }
    }
}
