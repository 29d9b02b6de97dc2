//! Tests of the address space.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::mman::{MapFlags, RemapFlags};
use sync::SpinLock;

use super::*;
use crate::addr::HUGE_SIZE;
use crate::advise::Advised;
use crate::fault::{Copies, Fault};
use crate::lock::Locking;
use crate::map::{FileMapping, MapRequest};
use crate::remap::RemapRequest;
use crate::shared::SharedMemory;
use crate::testing::HostMemory;
use crate::tlb::Scope;
use crate::vma::{Access, Backing, BackingError, Identity, Role};

#[derive(Debug)]
struct NoTlb;

impl Tlb for NoTlb {
    fn invalidate(&self, _: VirtAddr, _: VirtAddr, _: Scope) {}
}

pub(crate) type Space = AddressSpace<HostMemory>;

const RW: Prot = Prot::READ.union(Prot::WRITE);
const BASE: u64 = 0x7000_0000_0000;

/// A space over `bytes` of memory, without huge pages.
pub(crate) fn space(bytes: u64) -> (Space, HostMemory) {
    let (memory, frames) = HostMemory::with_frames(bytes);
    let table = PageTable::new(memory, frames).unwrap();
    let policy = Policy { huge_pages: false, reserve: 16, mmap_base: BASE, ..Policy::new(0, 0) };
    (AddressSpace::new(table, &NoTlb, policy).unwrap(), memory)
}

pub(crate) fn request(address: u64, length: u64, prot: Prot, flags: MapFlags) -> MapRequest {
    MapRequest { address, length, prot, flags, file: None, role: Role::Plain }
}

fn map(space: &mut Space, address: u64, pages: u64, prot: Prot) -> Result<u64> {
    let fixed = if address == 0 { MapFlags::empty() } else { MapFlags::FIXED };
    let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS | fixed;
    space.mmap(request(address, pages * PAGE_SIZE, prot, flags))
}

/// Does what a load would; `None` if the program would be killed.
pub(crate) fn load(space: &mut Space, memory: HostMemory, address: u64) -> Option<u8> {
    space.fault(address, Access::Read).ok()?;
    let physical = space.table().translate(VirtAddr::new(address))?;
    Some(memory.get(physical))
}

/// Does what a store would; returns whether the program lives.
pub(crate) fn store(space: &mut Space, memory: HostMemory, address: u64, value: u8) -> bool {
    if space.fault(address, Access::Write).is_err() {
        return false;
    }
    let leaf = space.table().leaf(VirtAddr::new(address)).unwrap();
    assert!(leaf.entry.flags().contains(Flags::PRESENT | Flags::WRITE));
    memory.put(space.table().translate(VirtAddr::new(address)).unwrap(), value);
    true
}

/// A file of three pages, whose page n is filled with n + 1.
#[derive(Debug)]
struct TestFile {
    pages: Vec<PhysAddr>,
    absent: SpinLock<Option<u64>>,
}

impl TestFile {
    fn make(space: &Space, memory: HostMemory) -> Arc<Self> {
        let pages = (1..=3).map(|value| {
            let frame = space.frames().allocate(0).unwrap();
            (0..PAGE_SIZE).for_each(|offset| memory.put(frame.offset(offset), value));
            frame
        });
        Arc::new(Self { pages: pages.collect(), absent: SpinLock::new(None) })
    }
}

impl Backing for TestFile {
    fn frame(&self, page: u64, _: Access) -> Result<PhysAddr, BackingError> {
        if *self.absent.lock() == Some(page) {
            return Err(BackingError::Absent);
        }
        let page = usize::try_from(page).unwrap();
        self.pages.get(page).copied().ok_or(BackingError::BeyondEnd)
    }

    fn resident(&self, first: u64, frames: &mut [Option<PhysAddr>]) {
        for (page, frame) in (first..).zip(frames) {
            *frame = self.frame(page, Access::Read).ok();
        }
    }

    fn fetch(&self, page: u64) -> Result<(), BackingError> {
        assert_eq!(*self.absent.lock(), Some(page));
        *self.absent.lock() = None;
        Ok(())
    }

    fn identity(&self) -> Identity {
        Identity::default()
    }
}

fn map_file(
    space: &mut Space,
    file: &Arc<TestFile>,
    pages: u64,
    prot: Prot,
    flags: MapFlags,
) -> u64 {
    let file = FileMapping { backing: file.clone(), offset: 0, is_writable: true };
    let request = request(0, pages * PAGE_SIZE, prot, flags);
    space.mmap(MapRequest { file: Some(file), ..request }).unwrap()
}

#[test]
fn anonymous_memory_is_zero_then_what_was_stored() {
    let (mut space, memory) = space(8 << 20);
    let at = map(&mut space, 0, 4, RW).unwrap();
    assert_eq!(at, BASE - 4 * PAGE_SIZE);
    assert_eq!(load(&mut space, memory, at + 5), Some(0));
    assert_eq!(space.usage().resident_anonymous, 0);
    assert!(store(&mut space, memory, at + 5, 7));
    assert_eq!(load(&mut space, memory, at + 5), Some(7));
    assert_eq!(load(&mut space, memory, at + 6), Some(0));
    assert_eq!(space.usage().resident_anonymous, 1);
    assert!(!store(&mut space, memory, at - 1, 7));
    space.munmap(at, 4 * PAGE_SIZE).unwrap();
    let usage = space.usage();
    assert_eq!((usage.peak_total, usage.peak_resident), (4, 1));
    assert_eq!((usage.total, usage.resident(), usage.tables), (0, 0, 1));
}

#[test]
fn errors_of_mmap_are_those_of_linux() {
    let (mut space, _) = space(8 << 20);
    let private = MapFlags::PRIVATE | MapFlags::ANONYMOUS;
    let mut errno = |address, length, flags| space.mmap(request(address, length, RW, flags)).err();
    assert_eq!(errno(0, 0, private), Some(Errno::EINVAL));
    assert_eq!(errno(0, u64::MAX, private), Some(Errno::ENOMEM));
    assert_eq!(errno(0, 1 << 47, private | MapFlags::NORESERVE), Some(Errno::ENOMEM));
    assert_eq!(errno(0, 4096, MapFlags::ANONYMOUS), Some(Errno::EINVAL));
    assert_eq!(errno(0x1_0001, 4096, private | MapFlags::FIXED), Some(Errno::EINVAL));
    assert_eq!(errno(TASK_SIZE, 4096, private | MapFlags::FIXED), Some(Errno::ENOMEM));
    assert_eq!(errno(0, 4096, private | MapFlags::FIXED), Some(Errno::EPERM));
    assert_eq!(errno(0x2_0000, 4096, private | MapFlags::FIXED), None);
    assert_eq!(errno(0x2_0000, 4096, private | MapFlags::FIXED_NOREPLACE), Some(Errno::EEXIST));
    assert_eq!(errno(0, 4096, private | MapFlags::SHARED), Some(Errno::EINVAL));
    // More than there is memory, and the same without a reservation.
    assert_eq!(errno(0, 16 << 20, private), Some(Errno::ENOMEM));
    assert_eq!(errno(0, 1 << 40, private | MapFlags::NORESERVE), None);
}

#[test]
fn hint_is_taken_when_free() {
    let (mut space, _) = space(8 << 20);
    let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS;
    let mut at = |hint| space.mmap(request(hint, 4096, RW, flags)).unwrap();
    assert_eq!(at(0x5000_0123), 0x5000_0000);
    assert_eq!(at(0x5000_0fff), BASE - 4096);
    assert_eq!(at(u64::MAX), BASE - 8192);
}

#[test]
fn terabytes_can_be_reserved_and_cost_nothing() {
    let (mut space, memory) = space(8 << 20);
    let free = space.frames().statistics().free;
    let at = map(&mut space, 0, 16 << 28, Prot::empty()).unwrap();
    assert!(free - space.frames().statistics().free <= 1);
    assert!(!store(&mut space, memory, at + (1 << 40), 1));
    space.mprotect(at + (1 << 40), 8192, RW.bits().into()).unwrap();
    assert!(store(&mut space, memory, at + (1 << 40), 1));
    space.munmap(at, (16 << 28) * PAGE_SIZE).unwrap();
    assert!(free - space.frames().statistics().free <= 1);
}

#[test]
fn mprotect_splits_merges_and_stops_at_holes() {
    let (mut space, memory) = space(8 << 20);
    let at = map(&mut space, 0, 8, RW).unwrap();
    assert!(store(&mut space, memory, at + 2 * PAGE_SIZE, 9));
    space.mprotect(at + PAGE_SIZE, 3 * PAGE_SIZE, 0).unwrap();
    assert_eq!(space.mappings().count(), 3);
    assert_eq!(load(&mut space, memory, at + 2 * PAGE_SIZE), None);
    space.mprotect(at + PAGE_SIZE, 3 * PAGE_SIZE, Prot::READ.bits().into()).unwrap();
    assert_eq!(load(&mut space, memory, at + 2 * PAGE_SIZE), Some(9));
    assert!(!store(&mut space, memory, at + 2 * PAGE_SIZE, 1));
    space.mprotect(at, 8 * PAGE_SIZE, RW.bits().into()).unwrap();
    assert_eq!(space.mappings().count(), 1);
    assert!(store(&mut space, memory, at + 2 * PAGE_SIZE, 1));
    space.munmap(at + 4 * PAGE_SIZE, PAGE_SIZE).unwrap();
    assert_eq!(space.mprotect(at, 8 * PAGE_SIZE, 1), Err(Errno::ENOMEM));
    assert_eq!(space.mapping(at).unwrap().prot, Prot::READ);
    assert_eq!(space.mapping(at + 5 * PAGE_SIZE).unwrap().prot, RW);
    assert_eq!(space.mprotect(at + 1, 1, 1), Err(Errno::EINVAL));
    assert_eq!(space.mprotect(at, 1, 0x100), Err(Errno::EINVAL));
    assert_eq!(space.mprotect(at, 0, 1), Ok(()));
    assert_eq!(space.mprotect(at, u64::MAX, 1), Err(Errno::ENOMEM));
}

#[test]
fn private_file_pages_are_copied_and_shared_ones_are_not() {
    let (mut space, memory) = space(8 << 20);
    let file = TestFile::make(&space, memory);
    let private = map_file(&mut space, &file, 4, RW, MapFlags::PRIVATE);
    let shared = map_file(&mut space, &file, 4, RW, MapFlags::SHARED);
    assert_eq!(load(&mut space, memory, private + PAGE_SIZE), Some(2));
    assert_eq!(space.usage().resident_file, 3, "neighbours in memory are mapped too");
    assert!(store(&mut space, memory, shared + PAGE_SIZE, 50));
    assert_eq!(load(&mut space, memory, private + PAGE_SIZE), Some(50));
    assert!(store(&mut space, memory, private + PAGE_SIZE, 60));
    assert_eq!(load(&mut space, memory, shared + PAGE_SIZE), Some(50));
    assert_eq!(memory.get(file.pages[1]), 50);
    let beyond = space.fault(private + 3 * PAGE_SIZE, Access::Read);
    assert!(matches!(beyond, Err(Fault::Buserr)));
    space.madvise(private, 4 * PAGE_SIZE, 4).unwrap();
    assert_eq!(load(&mut space, memory, private + PAGE_SIZE), Some(50));
    space.munmap(private, 8 * PAGE_SIZE).unwrap();
    space.munmap(shared, 4 * PAGE_SIZE).unwrap();
    assert_eq!(space.usage().resident_file, 0);
}

#[test]
fn absent_page_is_fetched_without_the_space() {
    let (mut space, memory) = space(8 << 20);
    let file = TestFile::make(&space, memory);
    *file.absent.lock() = Some(2);
    let at = map_file(&mut space, &file, 3, Prot::READ, MapFlags::PRIVATE);
    let mut range = at..at + 3 * PAGE_SIZE;
    let Err(Fault::Absent { backing, page }) = space.populate(&mut range, Access::Read) else {
        panic!("the page is not there");
    };
    assert_eq!((range.start, page), (at + 2 * PAGE_SIZE, 2));
    backing.fetch(page).unwrap();
    space.populate(&mut range, Access::Read).unwrap();
    assert_eq!(load(&mut space, memory, at + 2 * PAGE_SIZE), Some(3));
}

#[test]
fn read_only_file_cannot_become_writable_when_shared() {
    let (mut space, memory) = space(8 << 20);
    let file = TestFile::make(&space, memory);
    let mapping = FileMapping { backing: file, offset: 0, is_writable: false };
    let mut ask = |prot, flags| {
        let request = request(0, 4096, prot, flags);
        space.mmap(MapRequest { file: Some(mapping.clone()), ..request })
    };
    assert_eq!(ask(RW, MapFlags::SHARED), Err(Errno::EACCES));
    let private = ask(RW, MapFlags::PRIVATE);
    let shared = ask(Prot::READ, MapFlags::SHARED).unwrap();
    assert!(private.is_ok_and(|address| address > 0));
    assert_eq!(space.mprotect(shared, 4096, RW.bits().into()), Err(Errno::EACCES));
}

#[test]
fn cut_file_is_forgotten_with_its_copies() {
    let (mut space, memory) = space(8 << 20);
    let file = TestFile::make(&space, memory);
    let at = map_file(&mut space, &file, 3, RW, MapFlags::PRIVATE);
    assert!(store(&mut space, memory, at + PAGE_SIZE, 9));
    space.forget(&*file, 0..3, Copies::Keep);
    assert_eq!(load(&mut space, memory, at + PAGE_SIZE), Some(9));
    space.forget(&*file, 1..u64::MAX, Copies::Drop);
    assert_eq!(load(&mut space, memory, at + PAGE_SIZE), Some(2));
}

#[test]
fn stack_grows_to_its_limit_and_keeps_its_guard() {
    let (mut space, memory) = space(8 << 20);
    let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS | MapFlags::GROWSDOWN | MapFlags::FIXED;
    let top = 0x7fff_0000_0000;
    space.mmap(request(top - 8192, 8192, RW, flags)).unwrap();
    assert!(store(&mut space, memory, top - (1 << 20), 1));
    assert_eq!(space.mappings().count(), 1);
    assert!(!store(&mut space, memory, top - (8 << 20) - 1, 1));
    map(&mut space, top - (3 << 20), 1, RW).unwrap();
    assert!(!store(&mut space, memory, top - (2 << 20) - (512 << 10), 1));
}

#[test]
fn mremap_grows_shrinks_and_moves_pages_without_copying() {
    let (mut space, memory) = space(8 << 20);
    map(&mut space, 0, 1, Prot::READ).unwrap();
    let at = map(&mut space, 0, 4, RW).unwrap();
    assert!(store(&mut space, memory, at + PAGE_SIZE, 5));
    let frame = space.table().translate(VirtAddr::new(at + PAGE_SIZE)).unwrap();
    let ask = |old, new, flags: RemapFlags, to| RemapRequest {
        old_address: at,
        old_length: old * PAGE_SIZE,
        new_length: new * PAGE_SIZE,
        flags: flags.bits(),
        new_address: to,
    };
    let none = RemapFlags::empty();
    assert_eq!(space.mremap(ask(4, 2, none, 0)), Ok(at));
    assert_eq!(space.mremap(ask(2, 4, none, 0)), Ok(at));
    assert_eq!(space.mremap(ask(4, 5, none, 0)), Err(Errno::ENOMEM));
    assert_eq!(space.mremap(ask(0, 0, none, 0)), Err(Errno::EINVAL));
    assert_eq!(space.mremap(ask(5, 6, none, 0)), Err(Errno::EFAULT));
    let moved = space.mremap(ask(4, 9, RemapFlags::MAYMOVE, 0)).unwrap();
    assert_ne!(moved, at);
    assert_eq!(space.table().translate(VirtAddr::new(moved + PAGE_SIZE)), Some(frame));
    assert_eq!(space.mremap(ask(1, 1, RemapFlags::FIXED, 0)), Err(Errno::EINVAL));
}

#[test]
fn mremap_to_a_fixed_place_replaces_what_is_there() {
    let (mut space, memory) = space(8 << 20);
    let (from, to) = (0x1000_0000, 0x2000_0000);
    map(&mut space, from, 4, RW).unwrap();
    map(&mut space, to, 4, RW).unwrap();
    assert!(store(&mut space, memory, from + PAGE_SIZE, 5));
    assert!(store(&mut space, memory, to + PAGE_SIZE, 6));
    let flags = RemapFlags::MAYMOVE | RemapFlags::FIXED;
    let request = RemapRequest {
        old_address: from,
        old_length: 4 * PAGE_SIZE,
        new_length: 4 * PAGE_SIZE,
        flags: (flags | RemapFlags::DONTUNMAP).bits(),
        new_address: to,
    };
    assert_eq!(space.mremap(request), Ok(to));
    assert_eq!(load(&mut space, memory, to + PAGE_SIZE), Some(5));
    assert_eq!(load(&mut space, memory, from + PAGE_SIZE), Some(0));
    let overlapping =
        RemapRequest { flags: flags.bits(), new_address: from + PAGE_SIZE, ..request };
    assert_eq!(space.mremap(overlapping), Err(Errno::EINVAL));
}

#[test]
fn brk_moves_and_refuses_as_linux() {
    let (mut space, memory) = space(8 << 20);
    space.set_brk_start(0x5555_0000_0100);
    assert_eq!(space.set_brk(0), 0x5555_0000_0100);
    assert_eq!(space.set_brk(0x5555_0000_3100), 0x5555_0000_3100);
    assert!(store(&mut space, memory, 0x5555_0000_3fff, 1));
    assert_eq!(space.mappings().next().unwrap().role, Role::Heap);
    map(&mut space, 0x5555_0001_0000, 1, RW).unwrap();
    assert_eq!(space.set_brk(0x5555_0002_0000), 0x5555_0000_3100);
    assert_eq!(space.set_brk(0x5555_0000_0100), 0x5555_0000_0100);
    assert_eq!(space.usage().resident_anonymous, 0);
}

#[test]
fn madvise_checks_as_linux_and_discards() {
    let (mut space, memory) = space(8 << 20);
    let at = map(&mut space, 0, 4, RW).unwrap();
    assert!(store(&mut space, memory, at, 3));
    assert_eq!(space.madvise(at, 4096, 99), Err(Errno::EINVAL));
    assert_eq!(space.madvise(at + 1, 4096, 4), Err(Errno::EINVAL));
    assert_eq!(space.madvise(at, 0, 4), Ok(Advised::Done));
    space.munmap(at + 2 * PAGE_SIZE, PAGE_SIZE).unwrap();
    assert_eq!(space.madvise(at, 4 * PAGE_SIZE, 4), Err(Errno::ENOMEM));
    assert_eq!(load(&mut space, memory, at), Some(0));
    let mut pages = [9; 2];
    assert!(store(&mut space, memory, at + PAGE_SIZE, 3));
    space.madvise(at, PAGE_SIZE, 8).unwrap();
    space.mincore(at, &mut pages).unwrap();
    assert_eq!(pages, [0, 1]);
    assert_eq!(space.mincore(at, &mut [0; 3]), Err(Errno::ENOMEM));
    space.lock(at, PAGE_SIZE, Locking::Lock).unwrap();
    assert_eq!(space.usage().locked, 1);
    assert_eq!(space.madvise(at, PAGE_SIZE, 4), Err(Errno::EINVAL));
    space.unlock_all();
    assert_eq!(space.usage().locked, 0);
}

#[test]
fn huge_pages_serve_large_aligned_memory_only_when_wanted() {
    let (mut space, memory) = space(64 << 20);
    space.policy.huge_pages = true;
    let at = map(&mut space, 0, 1024, RW).unwrap();
    assert_eq!(at % HUGE_SIZE, 0);
    assert!(store(&mut space, memory, at + 12345, 3));
    assert_eq!(space.usage().resident_anonymous, 512);
    let resident = space.resident(at..at + (4 << 20));
    assert_eq!((resident.anonymous, resident.file, resident.huge), (512, 0, 512));
    space.munmap(at + PAGE_SIZE, PAGE_SIZE).unwrap();
    assert_eq!(space.usage().resident_anonymous, 511);
    assert_eq!(load(&mut space, memory, at + 12345), Some(3));
    space.clear();
    let usage = space.usage();
    assert_eq!((usage.total, usage.resident(), usage.tables), (0, 0, 1));
    assert_eq!(usage.peak_resident, 512);
}

#[test]
fn exhausted_memory_is_reported_and_leaves_the_reserve() {
    let (mut space, memory) = space(8 << 20);
    let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS | MapFlags::NORESERVE;
    let at = space.mmap(request(0, 1 << 30, RW, flags)).unwrap();
    let mut touched = 0;
    while store(&mut space, memory, at + touched * PAGE_SIZE, 1) {
        touched += 1;
    }
    assert!(touched > 1900);
    assert!(space.frames().statistics().free >= 12);
    let outcome = space.fault(at + touched * PAGE_SIZE, Access::Write);
    assert!(matches!(outcome, Err(Fault::OutOfMemory)));
    space.munmap(at, 1 << 30).unwrap();
    assert!(space.frames().statistics().free > 2000);
}

#[test]
fn number_of_mappings_is_limited() {
    let (mut space, _) = space(8 << 20);
    let most = space.most_mappings();
    let at = map(&mut space, 0, 2 * most + 2, Prot::empty()).unwrap();
    let mut failure = None;
    for page in 0..most {
        let result = space.munmap(at + (2 * page + 1) * PAGE_SIZE, PAGE_SIZE);
        failure = result.err();
    }
    assert_eq!(failure, Some(Errno::ENOMEM));
    assert_eq!(space.mappings().count() as u64, most);
}

#[test]
fn limits_of_address_space_and_data_hold() {
    let (mut space, _) = space(8 << 20);
    space.set_limits(Limits { address_space: 1 << 20, data: 1 << 19, ..Limits::default() });
    assert_eq!(map(&mut space, 0, 257, Prot::READ), Err(Errno::ENOMEM));
    assert_eq!(map(&mut space, 0, 129, RW), Err(Errno::ENOMEM));
    let at = map(&mut space, 0, 256, Prot::READ).unwrap();
    assert_eq!(space.mprotect(at, 129 * PAGE_SIZE, RW.bits().into()), Err(Errno::ENOMEM));
    assert_eq!(map(&mut space, at, 256, Prot::READ), Ok(at));
}

#[test]
fn shared_memory_can_be_mapped_twice_and_is_freed_with_the_last() {
    let (mut space, memory) = space(8 << 20);
    let free = space.frames().statistics().free;
    let backing = Arc::new(SharedMemory::new(memory, space.frames(), 16));
    let flags = MapFlags::SHARED | MapFlags::ANONYMOUS;
    let file = Some(FileMapping { backing, offset: 0, is_writable: true });
    let area = space.mmap(MapRequest { file, ..request(0, 8192, RW, flags) }).unwrap();
    assert!(store(&mut space, memory, area + PAGE_SIZE, 6));
    let twin = RemapRequest {
        old_address: area,
        old_length: 0,
        new_length: 8192,
        flags: RemapFlags::MAYMOVE.bits(),
        new_address: 0,
    };
    let twin = space.mremap(twin).unwrap();
    space.munmap(area, 8192).unwrap();
    assert_eq!(load(&mut space, memory, twin + PAGE_SIZE), Some(6));
    space.munmap(twin, 8192).unwrap();
    assert_eq!(space.frames().statistics().free, free);
}

#[test]
fn tables_leave_the_last_reserve_to_the_kernel() {
    let (mut space, _) = space(16 << 20);
    let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS | MapFlags::NORESERVE;
    let length = 1 << 40;
    let at = space.mmap(request(0, length, Prot::READ, flags)).unwrap();
    let frames = space.frames();
    let reserve = frames.last_reserve();
    assert!(reserve > 0);
    // Every read needs a table of its own and no frame.
    let is_refused = (at..at + length)
        .step_by(2 << 20)
        .any(|address| matches!(space.fault(address, Access::Read), Err(Fault::OutOfMemory)));
    assert!(is_refused);
    assert!(frames.statistics().free >= reserve);
    // Mappings that would take kernel memory are refused from then on.
    let taken: Vec<_> = core::iter::from_fn(|| frames.allocate_run_above_reserve(1)).collect();
    assert!(frames.statistics().is_short());
    assert_eq!(space.mmap(request(0, PAGE_SIZE, Prot::READ, flags)), Err(Errno::ENOMEM));
    space.munmap(at, length).unwrap();
    for frame in taken {
        frames.free(frame, 0);
    }
}
