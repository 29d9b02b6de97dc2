//! The mappings of an address space, in order: found, split and merged.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

use abi::mman::Prot;

use crate::gaps::{Gaps, Wanted};
use crate::vma::{Attributes, Role, Vma};

/// What a page fault has to know of a mapping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) prot: Prot,
    pub(crate) attributes: Attributes,
    pub(crate) role: Role,
    pub(crate) is_file: bool,
}

impl Facts {
    const fn of(vma: &Vma) -> Self {
        let Vma { start, end, prot, attributes, role, .. } = *vma;
        Self { start, end, prot, attributes, role, is_file: vma.backing.is_some() }
    }
}

/// The mappings by their start; none overlap, and neighbours that could be one are one.
#[derive(Debug)]
pub(crate) struct Areas {
    map: BTreeMap<u64, Vma>,
    gaps: Gaps,
    whole: Range<u64>,
    /// The mapping that was asked for last: faults come in rows. Every change forgets it.
    recent: Option<Facts>,
}

impl Areas {
    /// Returns no mappings in the address space `whole`.
    pub(crate) fn new(whole: Range<u64>) -> Self {
        Self { map: BTreeMap::new(), gaps: Gaps::new(whole.clone()), whole, recent: None }
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

    /// Returns what a fault has to know of the mapping that `address` is in.
    pub(crate) fn facts(&mut self, address: u64) -> Option<Facts> {
        if self.recent.is_none_or(|facts| address < facts.start || address >= facts.end) {
            self.recent = Some(Facts::of(self.get(address)?));
        }
        self.recent
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

    /// Returns whether nothing is mapped in `range`, which is not empty.
    pub(crate) fn is_free(&self, range: Range<u64>) -> bool {
        self.before(range.end).is_none_or(|vma| vma.end <= range.start)
    }

    /// Returns whether nothing is mapped in `range`, which is not empty, and what is above it may
    /// grow no closer.
    pub(crate) fn is_open(&self, range: Range<u64>) -> bool {
        self.is_free(range.clone()) && self.ceiling(range.start) >= range.end
    }

    /// Returns where the free addresses from `address` on end: at the next mapping, or at its guard.
    fn ceiling(&self, address: u64) -> u64 {
        self.after(address).map_or(self.whole.end, Vma::guarded_start)
    }

    /// Returns where the first hole in `range` starts, or its end if there is none.
    pub(crate) fn covered_to(&self, range: Range<u64>) -> u64 {
        let mut at = range.start;
        for vma in self.overlapping(range.clone()) {
            if vma.start > at {
                break;
            }
            at = vma.end;
        }
        at.min(range.end)
    }

    /// Returns whether all of `range` is mapped.
    pub(crate) fn is_covered(&self, range: Range<u64>) -> bool {
        self.covered_to(range.clone()) >= range.end
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
        let start = self.before(vma.start).map_or(self.whole.start, |below| below.end);
        let end = self.ceiling(vma.end);
        self.gaps.remove(start..end);
        self.gaps.add(start..vma.guarded_start());
        self.gaps.add(vma.end..end);
        self.put(vma);
    }

    fn put(&mut self, vma: Vma) {
        self.recent = None;
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

    /// Takes the last mapping that overlaps `range` out of it, split at the range's ends. The gaps
    /// stay as they are.
    fn detach_last(&mut self, range: &Range<u64>) -> Option<Vma> {
        let (start, vma) = self.map.range_mut(..range.end).next_back()?;
        if vma.end <= range.start {
            return None;
        }
        let upper = (vma.end > range.end).then(|| vma.split_off(range.end));
        let taken = if vma.start < range.start {
            Some(vma.split_off(range.start))
        } else {
            let start = *start;
            self.map.remove(&start)
        };
        if let Some(upper) = upper {
            self.map.insert(upper.start, upper);
        }
        self.recent = None;
        taken
    }

    /// Removes what is mapped in `range`, split at the range's ends, and shows it to `removed`,
    /// highest addresses first.
    pub(crate) fn remove(&mut self, range: &Range<u64>, mut removed: impl FnMut(Vma)) {
        let mut after = None;
        let mut above = 0;
        while let Some(vma) = self.detach_last(range) {
            if after.is_none() {
                above = self.ceiling(vma.end);
                after = Some(above);
            }
            self.gaps.remove(vma.end..above);
            above = vma.guarded_start();
            removed(vma);
        }
        if let Some(end) = after {
            let start = self.before(range.start).map_or(self.whole.start, |below| below.end);
            self.gaps.remove(start..above);
            self.gaps.add(start..end);
        }
    }

    /// Changes the mappings in `range`, split at its ends and merged again where they can be.
    pub(crate) fn update(&mut self, range: &Range<u64>, mut change: impl FnMut(&mut Vma)) {
        let Some(mut last) = self.detach_last(range) else { return };
        change(&mut last);
        if last.start <= range.start {
            self.put(last);
            return;
        }
        let mut changed: Vec<Vma> = Vec::new();
        changed.push(last);
        while let Some(mut vma) = self.detach_last(range) {
            change(&mut vma);
            changed.push(vma);
        }
        // From the lowest on, each is merged with the one below it.
        while let Some(vma) = changed.pop() {
            self.put(vma);
        }
    }
}
