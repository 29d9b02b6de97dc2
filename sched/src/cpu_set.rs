//! Sets of processors, `CPU_SET(3)`.

use core::ops::BitAnd;

/// A set of processors, numbered from 0 to [`CpuSet::LIMIT`] - 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CpuSet(u64);

impl CpuSet {
    /// How many processors a set can tell apart.
    pub const LIMIT: usize = 64;
    /// The set of every processor.
    pub const ALL: Self = Self(u64::MAX);
    /// The set of none.
    pub const NONE: Self = Self(0);

    /// Makes a set of a bit mask: bit `n` stands for processor `n`.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the bit mask.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Returns the set of the first `count` processors.
    pub const fn first(count: usize) -> Self {
        if count >= Self::LIMIT { Self::ALL } else { Self((1 << count) - 1) }
    }

    /// Returns the set of one processor; none if the number is out of range.
    pub const fn only(cpu: usize) -> Self {
        if cpu >= Self::LIMIT { Self::NONE } else { Self(1 << cpu) }
    }

    /// Returns whether a processor is in the set.
    pub const fn contains(self, cpu: usize) -> bool {
        self.0 & Self::only(cpu).0 != 0
    }

    /// Returns whether no processor is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns how many processors are in the set.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Returns the processor of the lowest number.
    pub const fn lowest(self) -> Option<usize> {
        if self.0 == 0 { None } else { Some(self.0.trailing_zeros() as usize) }
    }
}

impl BitAnd for CpuSet {
    type Output = Self;

    fn bitand(self, rhs: Self) -> Self {
        Self(self.0 & rhs.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_bits() {
        let set = CpuSet::first(3) & CpuSet::from_bits(0b1110);
        assert_eq!(set, CpuSet::from_bits(0b110));
        assert!(set.contains(2) && !set.contains(0) && !set.contains(64));
        assert_eq!((set.len(), set.lowest()), (2, Some(1)));
        assert_eq!(CpuSet::first(64), CpuSet::ALL);
        assert!(CpuSet::only(64).is_empty());
    }
}
