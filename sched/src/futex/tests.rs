//! Tests of the futex table.

use alloc::task::Wake;
use alloc::vec::Vec;
use core::sync::atomic::AtomicU32;

use super::*;

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Sleeper {
    waiter: Arc<FutexWaiter>,
    count: Arc<Count>,
}

impl Sleeper {
    fn on(table: &FutexTable, key: Key, bitset: u32) -> Self {
        Self::awaiting(table, key, For::WakeUp(bitset), 7)
    }

    fn awaiting(table: &FutexTable, key: Key, what: For, owner: u32) -> Self {
        let waiter = Arc::new(FutexWaiter::new(owner));
        let count = Arc::new(Count::default());
        table.wait(key, what, &waiter, Waker::from(count.clone()), || Ok(())).unwrap();
        Self { waiter, count }
    }

    fn is_woken(&self) -> bool {
        let woken = self.count.0.load(Ordering::Relaxed) == 1;
        assert_eq!(woken, !self.waiter.is_waiting());
        woken
    }
}

const A: Key = Key::private(0x1000);
const B: Key = Key::shared(7, 0x1000);

#[test]
fn wakes_the_longest_waiting_first() {
    let table = FutexTable::new();
    let sleepers: Vec<_> = (0..4).map(|_| Sleeper::on(&table, A, MATCH_ANY)).collect();
    let other = Sleeper::on(&table, B, MATCH_ANY);
    assert_eq!(table.wake(A, 2, MATCH_ANY), Ok(2));
    let woken: Vec<_> = sleepers.iter().map(Sleeper::is_woken).collect();
    assert_eq!(woken, [true, true, false, false]);
    assert_eq!(table.wake(A, u32::MAX, MATCH_ANY), Ok(2));
    assert_eq!(table.wake(A, u32::MAX, MATCH_ANY), Ok(0));
    assert!(!other.is_woken());
}

#[test]
fn waiters_stay_where_memory_is_given_back() {
    let table = FutexTable::new();
    let (woken, waiting) = (Sleeper::on(&table, A, MATCH_ANY), Sleeper::on(&table, B, MATCH_ANY));
    assert_eq!(table.wake(A, 1, MATCH_ANY), Ok(1));
    table.trim();
    assert!(woken.is_woken() && !waiting.is_woken());
    assert_eq!(table.wake(B, 1, MATCH_ANY), Ok(1));
    assert!(waiting.is_woken());
    assert!(!Sleeper::on(&table, A, MATCH_ANY).is_woken());
}

#[test]
fn a_value_that_differs_refuses_the_wait() {
    let table = FutexTable::new();
    let waiter = Arc::new(FutexWaiter::new(7));
    let waker = Waker::noop();
    let refused =
        table.wait(A, For::WakeUp(MATCH_ANY), &waiter, waker.clone(), || Err(Errno::EAGAIN));
    assert_eq!(refused, Err(Errno::EAGAIN));
    assert_eq!(
        table.wait(A, For::WakeUp(0), &waiter, waker.clone(), || Ok(())),
        Err(Errno::EINVAL)
    );
    assert_eq!(table.wake(A, 1, 0), Err(Errno::EINVAL));
    assert_eq!(table.wake(A, 1, MATCH_ANY), Ok(0));
}

#[test]
fn bit_sets_choose_who_is_woken() {
    let table = FutexTable::new();
    let reader = Sleeper::on(&table, A, 1);
    let writer = Sleeper::on(&table, A, 2);
    assert_eq!(table.wake(A, 10, 2), Ok(1));
    assert!(writer.is_woken() && !reader.is_woken());
    assert_eq!(table.wake(A, 10, MATCH_ANY), Ok(1));
}

#[test]
fn cancelling_tells_whether_the_wake_up_came_first() {
    let table = FutexTable::new();
    let first = Sleeper::on(&table, A, MATCH_ANY);
    let second = Sleeper::on(&table, A, MATCH_ANY);
    assert_eq!(table.cancel(&first.waiter), Some(For::WakeUp(MATCH_ANY)));
    assert_eq!(table.cancel(&first.waiter), None);
    assert_eq!(table.wake(A, 5, MATCH_ANY), Ok(1));
    assert_eq!(table.cancel(&second.waiter), None);
}

#[test]
fn requeued_waiters_wait_for_the_other_word() {
    let table = FutexTable::new();
    let sleepers: Vec<_> = (0..5).map(|_| Sleeper::on(&table, A, MATCH_ANY)).collect();
    assert_eq!(table.requeue((A, B), 1, 2, || Err(Errno::EAGAIN)), Err(Errno::EAGAIN));
    assert_eq!(table.requeue((A, B), 1, 2, || Ok(())), Ok((1, 2)));
    assert!(sleepers[0].is_woken());
    assert_eq!(table.cancel(&sleepers[1].waiter), Some(For::WakeUp(MATCH_ANY)));
    assert_eq!(table.wake(B, 9, MATCH_ANY), Ok(1));
    assert!(sleepers[2].is_woken());
    assert_eq!(table.requeue((A, A), 0, 9, || Ok(())), Ok((0, 2)));
    assert_eq!(table.wake(A, 9, MATCH_ANY), Ok(2));
}

#[test]
fn wake_op_wakes_the_second_only_if_told() {
    let table = FutexTable::new();
    let first = Sleeper::on(&table, A, MATCH_ANY);
    let second = Sleeper::on(&table, B, MATCH_ANY);
    assert_eq!(table.wake_op((A, B), 1, 1, || Ok(false)), Ok(1));
    assert!(first.is_woken() && !second.is_woken());
    assert_eq!(table.wake_op((A, B), 1, 1, || Ok(true)), Ok(1));
    assert!(second.is_woken());
}

#[test]
fn neighbouring_words_spread_over_the_shards() {
    let mut used = [false; SHARDS];
    for word in 0..SHARDS as u64 {
        used[Key::private(0x7f00_1234_5000 + word * 4).shard()] = true;
    }
    assert!(used.iter().filter(|used| **used).count() > SHARDS / 2);
}

#[test]
fn a_lock_is_handed_to_the_longest_waiting() {
    let table = FutexTable::new();
    let first = Sleeper::awaiting(&table, A, For::Lock, 7);
    let second = Sleeper::awaiting(&table, A, For::Lock, 7);
    let refused = table.hand_over(A, |_| Err(Errno::EFAULT));
    assert_eq!(refused, Err(Errno::EFAULT));
    assert!(!first.is_woken());
    let hand_over = || {
        let mut told = None;
        let result = table.hand_over(A, |next| {
            told = next;
            Ok(())
        });
        result.map(|()| told)
    };
    assert_eq!(hand_over(), Ok(Some((7, true))));
    assert!(first.is_woken() && !second.is_woken());
    assert_eq!(hand_over(), Ok(Some((7, false))));
    assert_eq!(hand_over(), Ok(None));
}

#[test]
fn wake_ups_are_not_for_those_who_wait_for_a_lock() {
    let table = FutexTable::new();
    let plain = Sleeper::on(&table, A, MATCH_ANY);
    let other = Arc::new(FutexWaiter::new(8));
    let refused = table.wait(A, For::Lock, &other, Waker::noop().clone(), || Ok(()));
    assert_eq!(refused, Err(Errno::EINVAL));
    assert_eq!(table.hand_over(A, |_| Ok(())), Err(Errno::EINVAL));
    let moved = Sleeper::awaiting(&table, A, For::Requeue(B), 7);
    assert_eq!(table.wake(A, 9, MATCH_ANY), Err(Errno::EINVAL));
    assert!(plain.is_woken() && !moved.is_woken());
    assert_eq!(table.requeue((A, B), 0, 1, || Ok(())), Err(Errno::EINVAL));
    assert_eq!(table.cancel(&moved.waiter), Some(For::Requeue(B)));
    let lock = Sleeper::awaiting(&table, A, For::Lock, 7);
    assert_eq!(table.wake_op((A, B), 1, 1, || Ok(false)), Err(Errno::EINVAL));
    assert!(!lock.is_woken());
}

#[test]
fn waiters_are_moved_to_the_lock_that_they_asked_for() {
    let table = FutexTable::new();
    let waiters: Vec<_> =
        (1..=4).map(|owner| Sleeper::awaiting(&table, A, For::Requeue(B), owner)).collect();
    let mut holder = None;
    let mut take = |owner, _| Ok(*holder.get_or_insert(owner) == owner);
    let elsewhere = Key::private(0x2000);
    let result = table.requeue_to_lock((A, elsewhere), 3, || Ok(()), &mut take);
    assert_eq!(result, Err(Errno::EINVAL));
    assert_eq!(
        table.requeue_to_lock((A, B), 3, || Err(Errno::EAGAIN), &mut take),
        Err(Errno::EAGAIN)
    );
    assert_eq!(table.requeue_to_lock((A, B), 3, || Ok(()), &mut take), Ok(3));
    assert_eq!(holder, Some(1));
    assert!(waiters[0].is_woken() && !waiters[1].is_woken());
    assert_eq!(table.cancel(&waiters[2].waiter), Some(For::Lock));
    assert_eq!(table.cancel(&waiters[3].waiter), Some(For::Requeue(B)));
    let mut next = None;
    table
        .hand_over(B, |to| {
            next = to;
            Ok(())
        })
        .unwrap();
    assert_eq!(next, Some((2, false)));
    assert!(waiters[1].is_woken());
}
