//! The address space against a model that knows every page.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use abi::mman::MapFlags;
use proptest::prelude::*;

use super::tests::{Space, load, request, space, store};
use super::*;
use crate::remap::RemapRequest;
use crate::testing::HostMemory;

const BASE: u64 = 0x4000_0000;
const PAGES: u64 = 2048;

/// What a page allows and holds.
type Model = BTreeMap<u64, (Prot, u8)>;

#[derive(Clone, Debug)]
enum Step {
    Map { page: u64, count: u64, prot: Prot },
    Unmap { page: u64, count: u64 },
    Protect { page: u64, count: u64, prot: Prot },
    Discard { page: u64, count: u64 },
    Move { page: u64, count: u64, to: u64 },
    Store { page: u64, value: u8 },
    Load { page: u64 },
}

fn prots() -> impl Strategy<Value = Prot> {
    const PROTS: &[Prot] =
        &[Prot::empty(), Prot::READ, Prot::READ.union(Prot::WRITE), Prot::READ.union(Prot::WRITE)];
    prop::sample::select(PROTS)
}

fn steps() -> impl Strategy<Value = Step> {
    let page = 0..PAGES;
    let count = prop_oneof![1u64..20, 400u64..1200];
    prop_oneof![
        2 => (page.clone(), count.clone(), prots())
            .prop_map(|(page, count, prot)| Step::Map { page, count, prot }),
        1 => (page.clone(), count.clone()).prop_map(|(page, count)| Step::Unmap { page, count }),
        2 => (page.clone(), count.clone(), prots())
            .prop_map(|(page, count, prot)| Step::Protect { page, count, prot }),
        1 => (page.clone(), count.clone()).prop_map(|(page, count)| Step::Discard { page, count }),
        1 => (page.clone(), count, page.clone())
            .prop_map(|(page, count, to)| Step::Move { page, count, to }),
        4 => (page.clone(), any::<u8>()).prop_map(|(page, value)| Step::Store { page, value }),
        3 => page.prop_map(|page| Step::Load { page }),
    ]
}

fn address(page: u64) -> u64 {
    BASE + page * PAGE_SIZE
}

struct Pair {
    space: Space,
    memory: HostMemory,
    model: Model,
}

impl Pair {
    fn map(&mut self, page: u64, count: u64, prot: Prot) {
        let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS | MapFlags::FIXED;
        let request = request(address(page), count * PAGE_SIZE, prot, flags);
        assert_eq!(self.space.mmap(request), Ok(address(page)));
        self.model.extend((page..page + count).map(|page| (page, (prot, 0))));
    }

    fn protect(&mut self, page: u64, count: u64, prot: Prot) {
        let hole = (page..page + count).find(|page| !self.model.contains_key(page));
        let result = self.space.mprotect(address(page), count * PAGE_SIZE, prot.bits().into());
        assert_eq!(result.is_ok(), hole.is_none());
        for (_, known) in self.model.range_mut(page..hole.unwrap_or(page + count)) {
            known.0 = prot;
        }
    }

    fn discard(&mut self, page: u64, count: u64) {
        let is_whole = (page..page + count).all(|page| self.model.contains_key(&page));
        let result = self.space.madvise(address(page), count * PAGE_SIZE, 4);
        assert_eq!(result.is_ok(), is_whole);
        for (_, known) in self.model.range_mut(page..page + count) {
            known.1 = 0;
        }
    }

    /// Moves as much of one mapping as there is at `page`.
    fn relocate(&mut self, page: u64, count: u64, to: u64) {
        let Some(vma) = self.space.mapping(address(page)) else { return };
        let count = count.min((vma.end - address(page)) / PAGE_SIZE);
        let request = RemapRequest {
            old_address: address(page),
            old_length: count * PAGE_SIZE,
            new_length: count * PAGE_SIZE,
            flags: 3,
            new_address: address(to),
        };
        let overlaps = page < to + count && to < page + count;
        let result = self.space.mremap(request);
        assert_eq!(result.is_ok(), !overlaps);
        if !overlaps {
            self.model.retain(|known, _| !(to..to + count).contains(known));
            for offset in 0..count {
                let known = self.model.remove(&(page + offset)).unwrap();
                self.model.insert(to + offset, known);
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Map { page, count, prot } => self.map(page, count, prot),
            Step::Unmap { page, count } => {
                self.space.munmap(address(page), count * PAGE_SIZE).unwrap();
                self.model.retain(|known, _| !(page..page + count).contains(known));
            }
            Step::Protect { page, count, prot } => self.protect(page, count, prot),
            Step::Discard { page, count } => self.discard(page, count),
            Step::Move { page, count, to } => self.relocate(page, count, to),
            Step::Store { page, value } => {
                let known = self.model.get_mut(&page).filter(|known| known.0.contains(Prot::WRITE));
                let lives = store(&mut self.space, self.memory, address(page) + 7, value);
                assert_eq!(lives, known.is_some());
                if let Some(known) = known {
                    known.1 = value;
                }
            }
            Step::Load { page } => {
                let known = self.model.get(&page).filter(|known| !known.0.is_empty());
                let value = load(&mut self.space, self.memory, address(page) + 7);
                assert_eq!(value, known.map(|known| known.1));
            }
        }
    }

    /// Checks what must hold after every step.
    fn check(&self) {
        assert_eq!(self.space.usage().total, self.model.len() as u64);
        let data = self.model.values().filter(|known| known.0.contains(Prot::WRITE)).count();
        assert_eq!(self.space.usage().data, data as u64);
        assert_eq!(self.space.usage().resident_file, 0);
        let mappings: Vec<&Vma> = self.space.mappings().collect();
        for pair in mappings.windows(2) {
            assert!(pair[0].end <= pair[1].start);
            assert!(!pair[0].continues_in(pair[1]), "neighbours that are one stay two");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn space_agrees_with_the_model(
        steps in prop::collection::vec(steps(), 1..80),
        huge_pages in any::<bool>(),
    ) {
        let (mut space, memory) = space(256 << 20);
        space.policy.huge_pages = huge_pages;
        let free = space.frames().statistics().free;
        let mut pair = Pair { space, memory, model: Model::new() };
        for step in steps {
            pair.step(step);
            pair.check();
        }
        for page in 0..2 * PAGES {
            pair.step(Step::Load { page });
        }
        pair.space.clear();
        prop_assert_eq!(pair.space.frames().statistics().free, free);
        let whole = pair.space.find_free(TASK_SIZE - (2 << 30), true, false);
        prop_assert!(whole.is_some(), "the gaps are one again");
    }
}
