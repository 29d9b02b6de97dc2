//! Which processors idle, for those who would otherwise interrupt them.

#[cfg(not(loom))]
use core::sync::atomic::{AtomicU64, Ordering};
#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, Ordering};

/// The processors that idle, and those of them that have to forget what they know of memory before
/// they go on; each a mask with one bit a processor.
///
/// Who goes on changes both masks in one step each, first that of the idle, and who excuses it looks
/// at them the other way round. So one of the two comes second and sees what the other did, without
/// a fence.
#[derive(Debug)]
pub struct IdleSet {
    idle: AtomicU64,
    stale: AtomicU64,
}

impl IdleSet {
    /// Returns a set without processors.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { idle: AtomicU64::new(0), stale: AtomicU64::new(0) }
    }

    /// Returns a set without processors.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self { idle: AtomicU64::new(0), stale: AtomicU64::new(0) }
    }

    /// Notes that the processors of a mask do not use what others may change, until they
    /// [`leave`](Self::leave).
    pub fn enter(&self, cpus: u64) {
        self.idle.fetch_or(cpus, Ordering::AcqRel);
    }

    /// Ends [`enter`](Self::enter) for one processor; returns whether it was excused meanwhile, so
    /// that it has to forget what it knows.
    #[must_use]
    pub fn leave(&self, cpu: u64) -> bool {
        self.idle.fetch_and(!cpu, Ordering::AcqRel);
        self.stale.fetch_and(!cpu, Ordering::AcqRel) & cpu != 0
    }

    /// Returns which of the processors of a mask need not be told of a change that was made before:
    /// they idle, and [`leave`](Self::leave) tells them.
    pub fn excuse(&self, cpus: u64) -> u64 {
        let idle = self.idle.load(Ordering::Relaxed) & cpus;
        if idle == 0 {
            return 0;
        }
        self.stale.fetch_or(idle, Ordering::AcqRel);
        // Who has gone on meanwhile may not have seen that.
        self.idle.load(Ordering::Acquire) & idle
    }

    /// Returns which of the processors of a mask do not idle. Who idles passes a barrier before it
    /// goes on, so that what was changed before this call is seen by all.
    pub fn busy(&self, cpus: u64) -> u64 {
        cpus & !self.idle.fetch_or(0, Ordering::AcqRel)
    }

    /// Returns whether a processor is between [`enter`](Self::enter) and [`leave`](Self::leave), for
    /// itself to ask.
    pub fn contains(&self, cpu: u64) -> bool {
        self.idle.load(Ordering::Relaxed) & cpu != 0
    }
}

impl Default for IdleSet {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(loom))]
    #[test]
    fn who_idles_is_excused_and_told_when_it_goes_on() {
        let set = IdleSet::new();
        set.enter(0b0110);
        assert!(set.contains(0b0010) && !set.contains(0b1000));
        assert_eq!(set.excuse(0b1010), 0b0010);
        assert_eq!(set.busy(0b1111), 0b1001);
        assert!(set.leave(0b0010));
        assert!(!set.leave(0b0100));
        assert_eq!(set.excuse(0b1111), 0);
    }

    #[cfg(not(loom))]
    #[test]
    fn a_processor_is_told_once() {
        let set = IdleSet::new();
        set.enter(1);
        assert_eq!(set.excuse(1), 1);
        assert!(set.leave(1));
        set.enter(1);
        assert!(!set.leave(1));
    }

    /// All orders in which two processors can do this, by `loom`: see docs/testing.md.
    #[cfg(loom)]
    mod model {
        use loom::sync::Arc;
        use loom::sync::atomic::AtomicBool;
        use loom::thread;

        use super::*;

        const CPU: u64 = 1 << 1;

        #[test]
        fn who_is_excused_forgets_before_it_goes_on() {
            loom::model(|| {
                let set = Arc::new(IdleSet::new());
                let other = set.clone();
                let idler = thread::spawn(move || {
                    other.enter(CPU);
                    let mut has_forgotten = other.leave(CPU);
                    other.enter(CPU);
                    has_forgotten |= other.leave(CPU);
                    has_forgotten
                });
                let is_excused = set.excuse(CPU) != 0;
                let has_forgotten = idler.join().unwrap();
                assert!(has_forgotten || !is_excused);
            });
        }

        #[test]
        fn who_goes_on_sees_what_was_changed_before_it_was_excused() {
            loom::model(|| {
                let state = Arc::new((IdleSet::new(), AtomicBool::new(false)));
                let other = state.clone();
                let idler = thread::spawn(move || {
                    other.0.enter(CPU);
                    let has_forgotten = other.0.leave(CPU);
                    (has_forgotten, other.1.load(Ordering::Relaxed))
                });
                state.1.store(true, Ordering::Relaxed);
                state.0.excuse(CPU);
                let (has_forgotten, has_seen) = idler.join().unwrap();
                assert!(has_seen || !has_forgotten);
            });
        }

        #[test]
        fn who_was_taken_for_idle_passes_a_barrier() {
            loom::model(|| {
                let state = Arc::new((IdleSet::new(), AtomicBool::new(false)));
                state.0.enter(CPU);
                let other = state.clone();
                let idler = thread::spawn(move || {
                    let _ = other.0.leave(CPU);
                    other.1.load(Ordering::Relaxed)
                });
                state.1.store(true, Ordering::Relaxed);
                let is_told = state.0.busy(CPU) != 0;
                let has_seen = idler.join().unwrap();
                assert!(has_seen || is_told);
            });
        }
    }
}
