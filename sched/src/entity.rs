//! What the scheduler knows of one thread.

use crate::CpuSet;

/// The processor time that a thread asks for at a time, in nanoseconds: what it gets before
/// another one of the same weight has its turn.
pub(crate) const SLICE_NS: u64 = 3_000_000;

/// The weight of a thread of nice 0.
pub(crate) const UNIT_WEIGHT: u64 = 1024;

/// A nice value, `setpriority(2)`: from -20 (gets most) to 19.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Nice(i8);

impl Nice {
    /// Makes a nice value, clamped into the range as `setpriority(2)` clamps it.
    pub fn new(value: i32) -> Self {
        Self(i8::try_from(value.clamp(-20, 19)).unwrap_or(0))
    }

    /// Returns the value, -20 to 19.
    pub const fn value(self) -> i32 {
        self.0 as i32
    }

    /// Returns the share of the processor relative to [`UNIT_WEIGHT`]: each step is a quarter
    /// more or less, so that it moves about a tenth of the processor (`sched(7)`).
    fn weight(self) -> u64 {
        let mut weight = UNIT_WEIGHT << 10;
        for _ in 0..self.0.unsigned_abs() {
            weight = if self.0 < 0 { weight * 5 / 4 } else { weight * 4 / 5 };
        }
        weight >> 10
    }
}

/// What the scheduler knows of one thread: its share, its place in virtual time, where it may
/// run. The kernel keeps it with the thread and hands it in and out of the run queues.
///
/// Virtual time passes for a thread as it runs, the slower the greater its weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entity {
    nice: Nice,
    weight: u64,
    affinity: CpuSet,
    last_cpu: usize,
    /// The virtual time that the thread used up (run queue's time while queued there).
    pub(crate) vruntime: u64,
    /// The virtual time at which its present slice should be over.
    pub(crate) deadline: u64,
    /// While asleep: by how much virtual time it was ahead (positive) of its fair share.
    pub(crate) ahead: i64,
}

impl Entity {
    /// Returns a new thread's: it may run anywhere in `affinity` and starts level with the others.
    pub fn new(nice: Nice, affinity: CpuSet, last_cpu: usize) -> Self {
        let weight = nice.weight();
        Self { nice, weight, affinity, last_cpu, vruntime: 0, deadline: 0, ahead: 0 }
    }

    /// Returns the nice value.
    pub const fn nice(&self) -> Nice {
        self.nice
    }

    /// Sets the nice value; it counts from the thread's next slice on.
    pub fn set_nice(&mut self, nice: Nice) {
        self.nice = nice;
        self.weight = nice.weight();
    }

    /// Returns where the thread may run.
    #[inline]
    pub const fn affinity(&self) -> CpuSet {
        self.affinity
    }

    /// Sets where the thread may run.
    pub const fn set_affinity(&mut self, affinity: CpuSet) {
        self.affinity = affinity;
    }

    /// Returns the processor on which it ran last, whose caches may still hold its data.
    #[inline]
    pub const fn last_cpu(&self) -> usize {
        self.last_cpu
    }

    /// Sets the processor on which it ran last.
    #[inline]
    pub const fn set_last_cpu(&mut self, cpu: usize) {
        self.last_cpu = cpu;
    }

    #[inline]
    pub(crate) const fn weight(&self) -> u64 {
        self.weight
    }

    /// Returns the virtual time that running for so many nanoseconds takes.
    #[inline]
    pub(crate) fn virtual_time(&self, nanos: u64) -> u64 {
        scale(nanos, UNIT_WEIGHT, self.weight)
    }

    /// Returns the virtual length of a slice.
    #[inline]
    pub(crate) fn virtual_slice(&self) -> u64 {
        scale(SLICE_NS, UNIT_WEIGHT, self.weight)
    }

    /// Returns how many nanoseconds `virtual_time` of this thread takes.
    #[inline]
    pub(crate) fn real_time(&self, virtual_time: u64) -> u64 {
        scale(virtual_time, self.weight, UNIT_WEIGHT)
    }
}

/// Returns `value * numerator / denominator`, `u64::MAX` if that is too large.
#[inline]
pub(crate) fn scale(value: u64, numerator: u64, denominator: u64) -> u64 {
    // Nearly every thread has the unit's weight.
    if numerator == denominator {
        return value;
    }
    if let Some(product) = value.checked_mul(numerator) {
        return product / denominator.max(1);
    }
    let product = u128::from(value) * u128::from(numerator) / u128::from(denominator.max(1));
    u64::try_from(product).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_nice_is_a_quarter() {
        assert_eq!(Nice::new(0).weight(), 1024);
        assert_eq!(Nice::new(-1).weight(), 1280);
        assert_eq!(Nice::new(1).weight(), 819);
        assert!(Nice::new(19).weight() >= 14);
        assert_eq!(Nice::new(-100), Nice::new(-20));
        assert_eq!(Nice::new(100).value(), 19);
    }

    #[test]
    fn virtual_time_runs_slower_for_the_heavy() {
        let heavy = Entity::new(Nice::new(-5), CpuSet::ALL, 0);
        let light = Entity::new(Nice::new(5), CpuSet::ALL, 0);
        let time = 1_000_000;
        assert!(heavy.virtual_time(time) < light.virtual_time(time));
        assert!(heavy.real_time(heavy.virtual_slice()) <= SLICE_NS);
    }

    #[test]
    fn scaling_survives_overflow() {
        assert_eq!(scale(u64::MAX, 2, 4), u64::MAX / 2);
        assert_eq!(scale(u64::MAX, 2, 1), u64::MAX);
    }
}
