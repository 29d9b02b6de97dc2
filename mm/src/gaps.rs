//! Free stretches of the address space, found without looking at every mapping.
//!
//! Gaps are filed by the binary logarithm of their size. A search looks at a few of the highest
//! gaps of each size that can do, so it costs the same for ten mappings as for ten thousand.

use alloc::collections::{BTreeMap, BTreeSet};
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
    /// End of each gap by its start.
    ends: BTreeMap<u64, u64>,
    /// Starts of the gaps of each class.
    classes: [BTreeSet<u64>; CLASSES],
}

fn class_of(length: u64) -> usize {
    (length.ilog2() as usize).min(CLASSES - 1)
}

impl Gaps {
    /// Returns one gap over all of `whole`.
    pub(crate) fn new(whole: Range<u64>) -> Self {
        let mut gaps =
            Self { ends: BTreeMap::new(), classes: [const { BTreeSet::new() }; CLASSES] };
        gaps.add(whole);
        gaps
    }

    fn add(&mut self, gap: Range<u64>) {
        if gap.start < gap.end {
            self.classes[class_of(gap.end - gap.start)].insert(gap.start);
            self.ends.insert(gap.start, gap.end);
        }
    }

    fn remove(&mut self, start: u64) -> Option<u64> {
        let end = self.ends.remove(&start)?;
        self.classes[class_of(end - start)].remove(&start);
        Some(end)
    }

    /// Marks `range`, all of it free, as used.
    pub(crate) fn occupy(&mut self, range: &Range<u64>) {
        let gap = self.ends.range(..=range.start).next_back().map(|(start, _)| *start);
        if let Some(start) = gap
            && let Some(end) = self.remove(start)
        {
            self.add(start..range.start);
            self.add(range.end..end);
        }
    }

    /// Marks all of `gap`, whose neighbours on both sides are used, as free.
    pub(crate) fn vacate(&mut self, gap: Range<u64>) {
        while let Some((start, _)) = self.ends.range(gap.clone()).next() {
            let start = *start;
            self.remove(start);
        }
        self.add(gap);
    }

    /// Returns the start of a free stretch as wanted, as high as a quick search finds.
    pub(crate) fn find(&self, wanted: &Wanted) -> Option<u64> {
        let found = self.classes[class_of(wanted.length)..].iter().filter_map(|class| {
            class
                .range(..wanted.within.end)
                .rev()
                .take(QUICK)
                .find_map(|start| self.ends.get(start).and_then(|end| wanted.fit(*start, *end)))
        });
        found.max().or_else(|| self.find_thoroughly(wanted))
    }

    fn find_thoroughly(&self, wanted: &Wanted) -> Option<u64> {
        let below = self.ends.range(..wanted.within.end).rev();
        below
            .map_while(|(start, end)| (*end > wanted.within.start).then_some((*start, *end)))
            .find_map(|(start, end)| wanted.fit(start, end))
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
        gaps.occupy(&(0xf0_0000..0x100_0000));
        assert_eq!(gaps.find(&wanted(0x3000)), Some(0xef_d000));
        gaps.vacate(0xff_0000..0xff_2000);
        assert_eq!(gaps.find(&wanted(0x2000)), Some(0xff_0000));
        assert_eq!(gaps.find(&wanted(0x3000)), Some(0xef_d000));
    }

    #[test]
    fn tight_gap_among_many_small_ones_is_found() {
        let mut gaps = Gaps::new(0x1000..0x2000);
        for number in 0..1000 {
            let start = 0x10_0000 + number * 0x4000;
            gaps.vacate(start..start + 0x2000);
        }
        gaps.vacate(0x8000..0xb000);
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
