//! The lock for sections under which other processors are waited for.
//!
//! Such a section may take long where the hypervisor has put another processor aside. Who waits for
//! it spinning takes the host's time from those it waits for, so after a while it halts.

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
#[cfg(not(loom))]
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

use crate::{SpinLock, SpinLockGuard};

/// How processors wait for each other halted. At most 64 take part.
pub trait Halt {
    /// Returns the number of this processor.
    fn current() -> usize;

    /// Lets a turn of a loop pass that waits for another processor.
    fn relax();

    /// Halts this processor until it is interrupted, or not at all if it was since it last halted.
    fn halt();

    /// Interrupts a processor.
    fn interrupt(cpu: usize);
}

/// Turns after which who waits halts: some 50 µs.
const PATIENCE: u32 = if cfg!(loom) { 0 } else { 1000 };

/// A lock whose waiters spin for a while and then halt. Sections under it never sleep.
#[derive(Debug)]
pub struct HaltingLock<T, H> {
    gate: Gate<H>,
    /// Locked by who is past the gate alone.
    value: SpinLock<T>,
}

impl<T, H: Halt> HaltingLock<T, H> {
    /// Returns an unlocked lock around `value`.
    pub fn new(value: T) -> Self {
        Self { gate: Gate::new(), value: SpinLock::new(value) }
    }

    /// Locks, waiting until the lock is free.
    ///
    /// # Panics
    /// If this processor has locked it already.
    #[inline]
    pub fn lock(&self) -> HaltingLockGuard<'_, T, H> {
        let pass = self.gate.enter();
        HaltingLockGuard { value: self.value.lock(), _pass: pass }
    }
}

/// Guards a value for as long as it lives; derefs to the value.
#[derive(Debug)]
pub struct HaltingLockGuard<'a, T, H: Halt> {
    // Dropped in this order.
    value: SpinLockGuard<'a, T>,
    _pass: Pass<'a, H>,
}

impl<T, H: Halt> Deref for HaltingLockGuard<'_, T, H> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T, H: Halt> DerefMut for HaltingLockGuard<'_, T, H> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// Lets one processor in at a time.
#[derive(Debug)]
struct Gate<H> {
    /// The processor that is in, or [`NOBODY`].
    holder: AtomicUsize,
    /// The processors that halt, or are about to, and were not interrupted for it: a mask.
    halted: AtomicU64,
    halt: PhantomData<fn() -> H>,
}

const NOBODY: usize = usize::MAX;

impl<H: Halt> Gate<H> {
    fn new() -> Self {
        Self { holder: AtomicUsize::new(NOBODY), halted: AtomicU64::new(0), halt: PhantomData }
    }

    #[inline]
    fn enter(&self) -> Pass<'_, H> {
        let own = H::current();
        if !self.try_enter(own) {
            self.wait(own);
        }
        Pass(self)
    }

    #[inline]
    fn try_enter(&self, own: usize) -> bool {
        self.holder.compare_exchange(NOBODY, own, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    #[inline(never)]
    fn wait(&self, own: usize) {
        assert!(self.holder.load(Ordering::Relaxed) != own, "a lock is taken twice");
        while !self.spin(own) {
            self.halted.fetch_or(1 << own, Ordering::Relaxed);
            // Who leaves from now on sees that this processor halts; who left before is seen here.
            fence(Ordering::SeqCst);
            let is_in = self.try_enter(own);
            if !is_in {
                H::halt();
            }
            self.halted.fetch_and(!(1 << own), Ordering::Relaxed);
            if is_in {
                return;
            }
        }
    }

    /// Tries to enter for a while; returns whether that was so.
    fn spin(&self, own: usize) -> bool {
        for _ in 0..PATIENCE {
            if self.holder.load(Ordering::Relaxed) == NOBODY && self.try_enter(own) {
                return true;
            }
            H::relax();
        }
        false
    }

    #[inline]
    fn leave(&self) {
        self.holder.store(NOBODY, Ordering::Release);
        fence(Ordering::SeqCst);
        let halted = self.halted.load(Ordering::Relaxed);
        if halted != 0 {
            self.call_one(halted);
        }
    }

    /// Interrupts one of the processors of a mask, in turns. It looks at the others when it leaves.
    #[cold]
    #[inline(never)]
    fn call_one(&self, halted: u64) {
        let after = u64::MAX << H::current();
        let next = if halted & after == 0 { halted } else { halted & after };
        let cpu = next.trailing_zeros();
        // Who leaves before that one has come need not interrupt it again.
        self.halted.fetch_and(!(1 << cpu), Ordering::Relaxed);
        H::interrupt(cpu as usize);
    }
}

/// Leaves the gate when it is dropped.
#[derive(Debug)]
struct Pass<'a, H: Halt>(&'a Gate<H>);

impl<H: Halt> Drop for Pass<'_, H> {
    #[inline]
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    #[cfg(not(loom))]
    mod host {
        use core::cell::Cell;
        use std::sync::{Condvar, Mutex};
        use std::thread;

        use super::super::*;

        const CPUS: usize = 4;

        std::thread_local! {
            static CURRENT: Cell<usize> = const { Cell::new(0) };
        }

        static INTERRUPTED: Mutex<[bool; CPUS]> = Mutex::new([false; CPUS]);
        static INTERRUPTS: Condvar = Condvar::new();

        #[derive(Debug)]
        struct Threads;

        impl Halt for Threads {
            fn current() -> usize {
                CURRENT.get()
            }

            fn relax() {
                core::hint::spin_loop();
            }

            fn halt() {
                let own = Self::current();
                let interrupted = INTERRUPTED.lock().unwrap();
                let halts = |interrupted: &mut [bool; CPUS]| !interrupted[own];
                INTERRUPTS.wait_while(interrupted, halts).unwrap()[own] = false;
            }

            fn interrupt(cpu: usize) {
                INTERRUPTED.lock().unwrap()[cpu] = true;
                INTERRUPTS.notify_all();
            }
        }

        fn count(lock: &HaltingLock<u64, Threads>, cpu: usize, rounds: u64) {
            CURRENT.set(cpu);
            for _ in 0..rounds {
                let mut count = lock.lock();
                let before = *count;
                thread::yield_now();
                *count = before + 1;
            }
        }

        #[test]
        fn one_at_a_time_is_in_and_all_come_in() {
            const ROUNDS: u64 = 2000;
            let lock = &HaltingLock::new(0);
            thread::scope(|scope| {
                (0..CPUS).for_each(|cpu| drop(scope.spawn(move || count(lock, cpu, ROUNDS))));
            });
            assert_eq!(*lock.lock(), ROUNDS * CPUS as u64);
        }

        #[test]
        #[should_panic(expected = "a lock is taken twice")]
        fn a_lock_taken_twice_is_a_report_and_not_silence() {
            let lock = HaltingLock::<(), Threads>::new(());
            let _guard = lock.lock();
            let _again = lock.lock();
        }
    }

    /// All orders in which processors can do this, by `loom`: see docs/testing.md.
    #[cfg(loom)]
    mod model {
        use core::cell::Cell;

        use std::vec::Vec;

        use loom::sync::{Arc, Notify};
        use loom::thread;

        use super::super::*;

        loom::thread_local! {
            static CURRENT: Cell<usize> = Cell::new(0);
        }

        loom::lazy_static! {
            static ref INTERRUPTS: [Notify; 3] = [Notify::new(), Notify::new(), Notify::new()];
        }

        #[derive(Debug)]
        struct Threads;

        impl Halt for Threads {
            fn current() -> usize {
                CURRENT.with(Cell::get)
            }

            fn relax() {
                thread::yield_now();
            }

            fn halt() {
                INTERRUPTS[Self::current()].wait();
            }

            fn interrupt(cpu: usize) {
                INTERRUPTS[cpu].notify();
            }
        }

        /// Each processor comes in as often as `times` says of it.
        fn all_come_in(times: &[u64]) {
            let lock = Arc::new(HaltingLock::<u64, Threads>::new(0));
            let come = |lock: &HaltingLock<u64, Threads>, times| {
                for _ in 0..times {
                    *lock.lock() += 1;
                }
            };
            let others = times.iter().copied().enumerate().skip(1).map(|(cpu, times)| {
                let lock = lock.clone();
                thread::spawn(move || {
                    CURRENT.with(|current| current.set(cpu));
                    come(&lock, times);
                })
            });
            let others: Vec<_> = others.collect();
            come(&lock, times[0]);
            for other in others {
                other.join().unwrap();
            }
            assert_eq!(*lock.lock(), times.iter().sum::<u64>());
        }

        fn try_orders(times: &'static [u64]) {
            let mut builder = loom::model::Builder::new();
            builder.preemption_bound = Some(3);
            builder.check(|| all_come_in(times));
        }

        #[test]
        fn one_goes_in_again_while_another_waits() {
            try_orders(&[1, 2]);
        }

        #[test]
        fn three_come_in() {
            try_orders(&[1, 1, 1]);
        }
    }
}
