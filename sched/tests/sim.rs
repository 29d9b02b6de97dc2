//! Seeded simulations: processors that run, block and wake threads at random.

extern crate alloc;

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use core::sync::atomic::{AtomicBool, Ordering};
    use core::task::Waker;

    use abi::Errno;
    use abi::time::Instant;
    use sched::futex::{For, FutexWaiter, Key, MATCH_ANY};
    use sched::{CpuSet, Entity, FutexTable, Nice, Queued, RunQueue, TimerQueue, place};

    const SEEDS: u64 = 40;

    /// A small generator of random numbers (xorshift64*), so that a seed repeats a run.
    struct Random(u64);

    impl Random {
        fn new(seed: u64) -> Self {
            Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
        }

        fn below(&mut self, limit: u64) -> u64 {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
        }
    }

    /// Threads that never sleep get processor time in the ratio of their weights.
    #[test]
    fn busy_threads_share_by_weight() {
        for seed in 0..SEEDS {
            let mut random = Random::new(seed);
            let mut queue = RunQueue::new();
            let nices = [0, 0, 5, -5, 0, 10];
            for (thread, nice) in nices.into_iter().enumerate() {
                let _ = queue
                    .enqueue(Queued::new(thread, Entity::new(Nice::new(nice), CpuSet::ALL, 0)));
            }
            let mut ran = [0_u64; 6];
            for _ in 0..40_000 {
                let thread = queue.pick_next().unwrap().thread;
                let time = 1 + random.below(3_000_000);
                ran[thread] += time;
                let _ = queue.tick(time);
                queue.put_back();
            }
            let ratio = |a: usize, b: usize| ran[a] as f64 / ran[b] as f64;
            assert!((0.98..1.02).contains(&ratio(0, 1)), "seed {seed}: {ran:?}");
            assert!((0.98..1.02).contains(&ratio(0, 4)), "seed {seed}: {ran:?}");
            let step = 1.25_f64.powi(5);
            assert!((0.95..1.05).contains(&(ratio(0, 2) / step)), "seed {seed}: {ran:?}");
            assert!((0.95..1.05).contains(&(ratio(3, 0) / step)), "seed {seed}: {ran:?}");
            assert!((0.95..1.05).contains(&(ratio(2, 5) / step)), "seed {seed}: {ran:?}");
        }
    }

    /// However threads come and go, nobody who is ready waits for long.
    #[test]
    fn nobody_starves_while_others_come_and_go() {
        for seed in 0..SEEDS {
            let mut random = Random::new(seed);
            let mut queue = RunQueue::new();
            let mut asleep: Vec<Box<Queued<usize>>> = Vec::new();
            let mut now = 0_u64;
            let mut ready_since = [Some(0_u64); 10];
            for thread in 0..10 {
                let nice = Nice::new(i32::try_from(random.below(11)).unwrap() - 5);
                let _ = queue.enqueue(Queued::new(thread, Entity::new(nice, CpuSet::ALL, 0)));
            }
            for _ in 0..20_000 {
                if !asleep.is_empty() && random.below(3) == 0 {
                    let index = random.below(asleep.len() as u64);
                    let queued = asleep.swap_remove(usize::try_from(index).unwrap());
                    ready_since[queued.thread] = Some(now);
                    let _ = queue.enqueue(queued);
                }
                let Some(thread) = queue.pick_next().map(|queued| queued.thread) else { continue };
                let waited = now - ready_since[thread].take().unwrap();
                assert!(waited < 250_000_000, "seed {seed}: {thread} waited {waited} ns");
                let left = queue.slice_left_ns().unwrap_or(3_000_000);
                let time = 1 + random.below(left.min(50_000_000) + 1);
                now += time;
                let _ = queue.tick(time);
                match random.below(4) {
                    0 => asleep.extend(queue.take_current()),
                    1 => queue.yield_current(),
                    _ => queue.put_back(),
                }
                if let Some(since) = ready_since.get_mut(thread) {
                    let is_asleep = asleep.iter().any(|queued| queued.thread == thread);
                    *since = (!is_asleep).then_some(now);
                }
            }
        }
    }

    /// Placement and stealing keep every thread on one queue and every processor busy.
    #[test]
    fn processors_share_the_work_and_keep_to_affinity() {
        for seed in 0..SEEDS {
            let mut random = Random::new(seed);
            let mut queues: [RunQueue<u64>; 4] = Default::default();
            let mut turns = [0_u32; 12];
            for thread in 0..12 {
                let mask = if thread % 4 == 0 { CpuSet::only(1) } else { CpuSet::first(4) };
                let entity = Entity::new(Nice::default(), mask, 0);
                let cpu = place(&entity, CpuSet::NONE, 4, |cpu| queues[cpu].load());
                let _ = queues[cpu].enqueue(Queued::new(thread, entity));
            }
            for _ in 0..5_000 {
                let cpu = usize::try_from(random.below(4)).unwrap();
                let victim = (0..4).max_by_key(|other| queues[*other].waiting()).unwrap();
                let is_idle = queues[cpu].waiting() == 0;
                let stolen = if is_idle { queues[victim].steal(cpu, |_| true) } else { None };
                if let Some(mut stolen) = stolen {
                    stolen.entity.set_last_cpu(cpu);
                    let _ = queues[cpu].enqueue(stolen);
                }
                let Some(picked) = queues[cpu].pick_next() else { continue };
                assert!(picked.entity.affinity().contains(cpu), "seed {seed}");
                turns[usize::try_from(picked.thread).unwrap()] += 1;
                let _ = queues[cpu].tick(3_000_000);
                queues[cpu].put_back();
            }
            let all: usize = queues.iter().map(RunQueue::load).sum();
            assert_eq!(all, 12, "seed {seed}");
            assert!(turns.iter().all(|turns| *turns > 100), "seed {seed}: {turns:?}");
        }
    }

    /// Threads that never sleep end at random. Once the processors have looked at what the others
    /// have in a few turns, none has two more than another that may run its threads.
    #[test]
    fn busy_threads_are_shared_out() {
        const CPUS: usize = 4;
        for seed in 0..SEEDS {
            let mut random = Random::new(seed);
            let mut queues: [RunQueue<u64>; CPUS] = Default::default();
            let bound = CpuSet::first(2);
            for thread in 0..24 {
                let mask = if thread < 6 { bound } else { CpuSet::ALL };
                let entity = Entity::new(Nice::default(), mask, 0);
                let cpu = usize::try_from(random.below(2)).unwrap();
                let _ = queues[cpu].enqueue(Queued::new(thread, entity));
            }
            let mut load = 24;
            while load > 0 {
                for own in (0..CPUS).cycle().take(3 * CPUS) {
                    share(&mut queues, own);
                }
                let loads = queues.each_ref().map(RunQueue::load);
                assert_eq!(loads.iter().sum::<usize>(), load, "seed {seed}");
                assert!(loads[2].abs_diff(loads[3]) < 2, "seed {seed}: {loads:?}");
                assert!(loads[0].abs_diff(loads[1]) < 2, "seed {seed}: {loads:?}");
                let free = loads[0].min(loads[1]);
                assert!(free + 2 > loads[2].max(loads[3]), "seed {seed}: {loads:?}");
                let ends = &mut queues[usize::try_from(random.below(4)).unwrap()];
                load -= usize::from(ends.pick_next().is_some());
                drop(ends.take_current());
            }
        }
    }

    /// What a processor does at the end of slices until it has nothing to give.
    fn share(queues: &mut [RunQueue<u64>; 4], own: usize) {
        loop {
            let loads = queues.each_ref().map(RunQueue::load);
            let mut others = sched::less_loaded(own, loads.len(), |cpu| loads[cpu]);
            let given = others.find_map(|to| Some((to, queues[own].steal(to, |_| true)?)));
            let Some((to, given)) = given else { return };
            assert!(given.entity.affinity().contains(to));
            let _ = queues[to].enqueue(given);
        }
    }

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Release);
        }
    }

    /// What a simulated thread does with a mutex that is built as glibc builds it: 0 free,
    /// 1 taken, 2 taken and somebody may wait.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Step {
        Lock,
        Contend,
        Sleep,
        Hold(u64),
        Unlock,
        Wake,
    }

    struct Locker {
        step: Step,
        waiter: Arc<FutexWaiter>,
        flag: Arc<Flag>,
        rounds: u32,
    }

    /// Advances one thread by one atomic step of its program.
    fn advance(locker: &mut Locker, word: &mut u32, table: &FutexTable, random: &mut Random) {
        let key = Key::private(0x4000);
        locker.step = match locker.step {
            Step::Lock if *word == 0 => {
                *word = 1;
                Step::Hold(random.below(4))
            }
            Step::Lock => Step::Contend,
            Step::Contend if core::mem::replace(word, 2) == 0 => Step::Hold(random.below(4)),
            Step::Contend => {
                locker.flag.0.store(false, Ordering::Release);
                let waker = Waker::from(locker.flag.clone());
                let check = || if *word == 2 { Ok(()) } else { Err(Errno::EAGAIN) };
                match table.wait(key, For::WakeUp(MATCH_ANY), &locker.waiter, waker, check) {
                    Ok(()) => Step::Sleep,
                    Err(_) => Step::Contend,
                }
            }
            // Sometimes a signal comes first.
            Step::Sleep if random.below(50) == 0 => {
                let _ = table.cancel(&locker.waiter);
                Step::Contend
            }
            Step::Sleep if locker.waiter.is_waiting() => Step::Sleep,
            Step::Sleep => {
                assert!(locker.flag.0.load(Ordering::Acquire), "woken without its waker");
                Step::Contend
            }
            Step::Hold(0) => Step::Unlock,
            Step::Hold(left) => Step::Hold(left - 1),
            Step::Unlock => {
                locker.rounds += 1;
                if core::mem::replace(word, 0) == 2 { Step::Wake } else { Step::Lock }
            }
            Step::Wake => {
                table.wake(key, 1, MATCH_ANY).unwrap();
                Step::Lock
            }
        };
    }

    #[test]
    fn no_wake_up_is_lost() {
        for seed in 0..SEEDS {
            let mut random = Random::new(seed);
            let table = FutexTable::new();
            let mut word = 0;
            let mut lockers: Vec<_> = (0..6)
                .map(|_| Locker {
                    step: Step::Lock,
                    waiter: Arc::new(FutexWaiter::new(0)),
                    flag: Arc::default(),
                    rounds: 0,
                })
                .collect();
            for _ in 0..50_000 {
                let index = usize::try_from(random.below(6)).unwrap();
                advance(&mut lockers[index], &mut word, &table, &mut random);
                let sleeping = lockers.iter().filter(|locker| locker.waiter.is_waiting()).count();
                assert!(sleeping < 6, "seed {seed}: all sleep, the word is {word}");
                let holders = lockers
                    .iter()
                    .filter(|locker| matches!(locker.step, Step::Hold(_) | Step::Unlock))
                    .count();
                assert!(holders <= 1, "seed {seed}: {holders} hold the lock");
            }
            assert!(lockers.iter().all(|locker| locker.rounds > 100), "seed {seed}");
        }
    }

    /// Ten thousand live timers, re-armed at random, all go off in order and none is lost.
    #[test]
    fn ten_thousand_timers_go_off_in_order() {
        let mut random = Random::new(1);
        let mut queue = TimerQueue::new();
        let at = Instant::from_nanos;
        let ids: Vec<_> =
            (0..10_000_u64).map(|timer| queue.insert(at(random.below(1 << 30)), timer)).collect();
        for _ in 0..100_000 {
            let id = ids[usize::try_from(random.below(10_000)).unwrap()];
            assert!(queue.rearm(id, at(random.below(1 << 30))));
        }
        let mut previous = at(0);
        let mut seen = vec![false; ids.len()];
        while let Some(deadline) = queue.next_deadline() {
            assert!(deadline >= previous);
            previous = deadline;
            let timer = queue.pop_expired(deadline).unwrap();
            assert!(!core::mem::replace(&mut seen[usize::try_from(timer).unwrap()], true));
        }
        assert!(seen.into_iter().all(|seen| seen));
    }
}
