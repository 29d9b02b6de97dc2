//! Free stretches of the address space, found without looking at every mapping.
//!
//! Gaps are filed by the binary logarithm of their size. A search looks at a few of the highest
//! gaps of each size that can do, so it costs the same for ten mappings as for ten thousand.
//! Whoever maps and unmaps knows the neighbours, and says which gaps come and go.

use alloc::collections::BTreeMap;
use core::ops::Range;

/// Number of size classes: gaps are smaller than 2^47 bytes.
const CLASSES: usize = 48;
/// How many gaps of a class the quick search looks at.
const QUICK: usize = 8;

/// What a search asks for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Bytes, more than 0.
    pub(crate) length: u64,
    /// Alignment of the start, a power of two.
    pub(crate) align: u64,
    /// Where it has to lie.
    pub(crate) within: Range<u64>,
}

impl Wanted {
    /// Returns the highest fitting address in a gap.
    fn fit(&self, start: u64, end: u64) -> Option<u64> {
        let low = start.max(self.within.start);
        let high = end.min(self.within.end);
        let address = high.checked_sub(self.length)? & !(self.align - 1);
        (address >= low).then_some(address)
    }
}

/// The free stretches.
#[derive(Debug)]
pub(crate) struct Gaps {
    /// The ends of the gaps of each class by their starts.
    classes: [BTreeMap<u64, u64>; CLASSES],
    /// Bit `class` is set if there are gaps of that class.
    nonempty: u64,
}

fn class_of(length: u64) -> usize {
    (length.ilog2() as usize).min(CLASSES - 1)
}

impl Gaps {
    /// Returns one gap over all of `whole`.
    pub(crate) fn new(whole: Range<u64>) -> Self {
        let mut gaps = Self { classes: [const { BTreeMap::new() }; CLASSES], nonempty: 0 };
        gaps.add(whole);
        gaps
    }

    /// Adds a gap; an empty one is none.
    pub(crate) fn add(&mut self, gap: Range<u64>) {
        if gap.start < gap.end {
            let class = class_of(gap.end - gap.start);
            self.classes[class].insert(gap.start, gap.end);
            self.nonempty |= 1 << class;
        }
    }

    /// Removes a gap that was added; an empty one is none.
    pub(crate) fn remove(&mut self, gap: Range<u64>) {
        if gap.start < gap.end {
            let class = class_of(gap.end - gap.start);
            self.classes[class].remove(&gap.start);
            if self.classes[class].is_empty() {
                self.nonempty &= !(1 << class);
            }
        }
    }

    /// Returns the classes from `first` on that have gaps.
    fn classes_from(&self, first: usize) -> impl Iterator<Item = &BTreeMap<u64, u64>> {
        let mut left = self.nonempty >> first << first;
        core::iter::from_fn(move || {
            let class = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            self.classes.get(class)
        })
    }

    /// Returns the start of a free stretch as wanted, as high as a quick search finds.
    pub(crate) fn find(&self, wanted: &Wanted) -> Option<u64> {
        let below = |class: &BTreeMap<u64, u64>, most| {
            let gaps = class.range(..wanted.within.end).rev().take(most);
            gaps.map(|(start, end)| wanted.fit(*start, *end)).find_map(|fit| fit)
        };
        let first = class_of(wanted.length);
        self.classes_from(first)
            .filter_map(|class| below(class, QUICK))
            .max()
            .or_else(|| self.classes_from(first).filter_map(|class| below(class, usize::MAX)).max())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(length: u64) -> Wanted {
        Wanted { length, align: 4096, within: 0x1000..0x100_0000 }
    }

    #[test]
    fn highest_gap_that_fits_is_found() {
        let mut gaps = Gaps::new(0x1000..0x200_0000);
        assert_eq!(gaps.find(&wanted(0x3000)), Some(0xff_d000));
        gaps.remove(0x1000..0x200_0000);
        assert_eq!(gaps.find(&wanted(0x1000)), None);
        gaps.add(0x1000..0xf0_0000);
        gaps.add(0x100_0000..0x200_0000);
        assert_eq!(gaps.find(&wanted(0x3000)), Some(0xef_d000));
        gaps.add(0xff_0000..0xff_2000);
        assert_eq!(gaps.find(&wanted(0x2000)), Some(0xff_0000));
        assert_eq!(gaps.find(&wanted(0x3000)), Some(0xef_d000));
    }

    #[test]
    fn tight_gap_among_many_small_ones_is_found() {
        let mut gaps = Gaps::new(0x1000..0x2000);
        for number in 0..1000 {
            let start = 0x10_0000 + number * 0x4000;
            gaps.add(start..start + 0x2000);
        }
        gaps.add(0x8000..0xb000);
        assert_eq!(gaps.find(&wanted(0x3000)), Some(0x8000));
        assert_eq!(gaps.find(&wanted(0x4000)), None);
    }

    #[test]
    fn alignment_is_honoured() {
        let gaps = Gaps::new(0x1000..0xa0_1000);
        let wanted = Wanted { align: 0x20_0000, ..wanted(0x20_0000) };
        assert_eq!(gaps.find(&wanted), Some(0x80_0000));
    }
}
