//! The mappings of an address space, in order: found, split and merged.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

use crate::gaps::{Gaps, Wanted};
use crate::vma::Vma;

/// The mappings by their start; none overlap, and neighbours that could be one are one.
#[derive(Debug)]
pub(crate) struct Areas {
    map: BTreeMap<u64, Vma>,
    gaps: Gaps,
    whole: Range<u64>,
}

impl Areas {
    /// Returns no mappings in the address space `whole`.
    pub(crate) fn new(whole: Range<u64>) -> Self {
        Self { map: BTreeMap::new(), gaps: Gaps::new(whole.clone()), whole }
    }

    /// Returns how many mappings there are.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// Returns the mapping that `address` is in.
    pub(crate) fn get(&self, address: u64) -> Option<&Vma> {
        let (_, vma) = self.map.range(..=address).next_back()?;
        (address < vma.end).then_some(vma)
    }

    /// Returns the mappings that overlap `range`, in order.
    pub(crate) fn overlapping(&self, range: Range<u64>) -> impl Iterator<Item = &Vma> {
        let first = self.get(range.start).map_or(range.start, |vma| vma.start);
        // A range with its start after its end would panic.
        self.map.range(first..range.end.max(first)).map(|(_, vma)| vma)
    }

    /// Returns the last mapping that starts before `address`.
    pub(crate) fn before(&self, address: u64) -> Option<&Vma> {
        self.map.range(..address).next_back().map(|(_, vma)| vma)
    }

    /// Returns the first mapping that starts at or after `address`.
    pub(crate) fn after(&self, address: u64) -> Option<&Vma> {
        self.map.range(address..).next().map(|(_, vma)| vma)
    }

    /// Returns all mappings in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Vma> {
        self.map.values()
    }

    /// Returns whether nothing is mapped in `range`.
    pub(crate) fn is_free(&self, range: Range<u64>) -> bool {
        self.overlapping(range).next().is_none()
    }

    /// Returns whether all of `range` is mapped.
    pub(crate) fn is_covered(&self, range: Range<u64>) -> bool {
        let mut at = range.start;
        for vma in self.overlapping(range.clone()) {
            if vma.start > at {
                return false;
            }
            at = vma.end;
        }
        at >= range.end
    }

    /// Returns where nothing is mapped, as wanted.
    pub(crate) fn find_gap(&self, wanted: &Wanted) -> Option<u64> {
        self.gaps.find(wanted)
    }

    /// Returns how many more mappings there are once `range` starts and ends with one.
    pub(crate) fn splits(&self, range: &Range<u64>) -> usize {
        let is_inside = |address| self.get(address).is_some_and(|vma| vma.start < address);
        usize::from(is_inside(range.start)) + usize::from(is_inside(range.end))
    }

    /// Adds a mapping where none is, merged with its neighbours.
    pub(crate) fn insert(&mut self, vma: Vma) {
        self.gaps.occupy(&vma.range());
        self.put(vma);
    }

    fn put(&mut self, vma: Vma) {
        let mut vma = vma;
        if self.map.get(&vma.end).is_some_and(|next| vma.continues_in(next))
            && let Some(next) = self.map.remove(&vma.end)
        {
            vma.end = next.end;
        }
        if let Some((_, previous)) = self.map.range_mut(..vma.start).next_back()
            && previous.continues_in(&vma)
        {
            previous.end = vma.end;
            return;
        }
        self.map.insert(vma.start, vma);
    }

    fn split_at(&mut self, address: u64) {
        if let Some((_, vma)) = self.map.range_mut(..address).next_back()
            && address < vma.end
        {
            let upper = vma.split_off(address);
            self.map.insert(address, upper);
        }
    }

    /// Takes out what is mapped in `range`, split at its ends; the gap stays occupied.
    fn detach(&mut self, range: &Range<u64>) -> Vec<Vma> {
        self.split_at(range.start);
        self.split_at(range.end);
        let mut taken = Vec::new();
        while let Some((start, _)) = self.map.range(range.clone()).next() {
            let start = *start;
            taken.extend(self.map.remove(&start));
        }
        taken
    }

    /// Removes what is mapped in `range` and returns it, split at the range's ends.
    pub(crate) fn remove(&mut self, range: &Range<u64>) -> Vec<Vma> {
        let taken = self.detach(range);
        if !taken.is_empty() {
            let start = self.before(range.start).map_or(self.whole.start, |vma| vma.end);
            let end = self.after(range.end).map_or(self.whole.end, |vma| vma.start);
            self.gaps.vacate(start..end);
        }
        taken
    }

    /// Changes the mappings in `range`, split at its ends and merged again where they can be.
    pub(crate) fn update(&mut self, range: &Range<u64>, mut change: impl FnMut(&mut Vma)) {
        for mut vma in self.detach(range) {
            change(&mut vma);
            self.put(vma);
        }
        // What follows the range may be a continuation of its last mapping now.
        if let Some(next) = self.map.remove(&range.end) {
            self.put(next);
        }
    }
}
