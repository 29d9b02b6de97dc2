//! The vDSO: a shared object that the kernel puts into every program, so that the program can
//! tell the time without a call (`vdso(7)`).
//!
//! `vdso.S` is its code, built to an ELF file that is part of the kernel's image. In front of the
//! code the program has a page to read that the kernel writes here: [`Data`].

use alloc::sync::Arc;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use abi::Result;
use abi::mman::{MapFlags, Prot};
use mm::vma::{Access, Backing, BackingError, Identity, Role};
use mm::{FileMapping, MapRequest};
use mm::{PAGE_SIZE, PhysAddr};
use sync::SpinLock;

use crate::arch::clock::Scale;
use crate::arch::{cpu, index, paging};
use crate::memory::space::Space;

/// The shift that the code knows: nanoseconds = ticks * multiplier >> 32.
const SHIFT: u32 = 32;

/// What the code reads; it knows the offsets.
#[derive(Debug)]
#[repr(C, align(4096))]
struct Data {
    /// Odd while the rest changes; a reader tries again if it did.
    sequence: AtomicU32,
    /// The time stamp at time zero.
    origin: AtomicU64,
    /// The factor from time stamps to nanoseconds; while it is 0 the code asks the kernel.
    multiplier: AtomicU64,
    /// The time of day at time zero, in nanoseconds since 1970.
    wall: AtomicU64,
    /// Where a processor's number is in its area, which GS base points to, in bytes.
    cpu_id: AtomicU64,
}

const _: () = assert!(
    offset_of!(Data, origin) == 8
        && offset_of!(Data, multiplier) == 16
        && offset_of!(Data, wall) == 24
        && offset_of!(Data, cpu_id) == 32
        && size_of::<Data>() as u64 == PAGE_SIZE
);

/// Whole pages of the program's are these bytes, hence the alignment.
static DATA: Data = Data {
    sequence: AtomicU32::new(0),
    origin: AtomicU64::new(0),
    multiplier: AtomicU64::new(0),
    wall: AtomicU64::new(0),
    cpu_id: AtomicU64::new(cpu::ID_OFFSET as u64),
};

/// Orders those who change [`DATA`].
static WRITER: SpinLock<()> = SpinLock::new(());

const FILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/vdso.so"));

#[repr(align(4096))]
struct Code([u8; CODE_SIZE]);

/// Size of the code's pages, in bytes.
const CODE_SIZE: usize = FILE.len().next_multiple_of(index(PAGE_SIZE));

static CODE: Code = {
    let mut pages = [0; CODE_SIZE];
    let mut at = 0;
    while at < FILE.len() {
        pages[at] = FILE[at];
        at += 1;
    }
    Code(pages)
};

/// Tells the program how to read the clock. `wall` is the time of day at time zero, in nanoseconds
/// since 1970.
pub(crate) fn update(scale: Scale, wall: u64) {
    let multiplier = if scale.shift == SHIFT { scale.multiplier } else { 0 };
    let guard = WRITER.lock();
    let sequence = DATA.sequence.load(Ordering::Relaxed);
    DATA.sequence.store(sequence.wrapping_add(1), Ordering::Relaxed);
    fence(Ordering::Release);
    DATA.origin.store(scale.origin, Ordering::Relaxed);
    DATA.multiplier.store(multiplier, Ordering::Relaxed);
    DATA.wall.store(wall, Ordering::Relaxed);
    DATA.sequence.store(sequence.wrapping_add(2), Ordering::Release);
    drop(guard);
}

/// The data page and the code's pages as a file.
#[derive(Debug)]
struct Pages;

impl Backing for Pages {
    fn frame(&self, page: u64, _access: Access) -> Result<PhysAddr, BackingError> {
        let address = match page {
            0 => &raw const DATA as u64,
            _ if page * PAGE_SIZE <= CODE_SIZE as u64 => {
                &raw const CODE.0 as u64 + (page - 1) * PAGE_SIZE
            }
            _ => return Err(BackingError::BeyondEnd),
        };
        Ok(PhysAddr::new(paging::physical(address)))
    }

    fn identity(&self) -> Identity {
        Identity::default()
    }
}

/// Maps the vDSO and returns the address of its ELF header, `AT_SYSINFO_EHDR`.
///
/// # Errors
/// As `mmap(2)`.
pub(crate) fn map(space: &mut Space) -> Result<u64> {
    let backing: Arc<dyn Backing> = Arc::new(Pages);
    let request = |address, length, offset, prot, flags, role| MapRequest {
        address,
        length,
        prot,
        flags: MapFlags::PRIVATE | flags,
        file: Some(FileMapping { backing: backing.clone(), offset, is_writable: false }),
        role,
    };
    let length = PAGE_SIZE + CODE_SIZE as u64;
    let data = space.mmap(request(0, length, 0, Prot::READ, MapFlags::empty(), Role::Vvar))?;
    let code = data + PAGE_SIZE;
    let prot = Prot::READ | Prot::EXEC;
    space.mmap(request(code, length - PAGE_SIZE, PAGE_SIZE, prot, MapFlags::FIXED, Role::Vdso))
}
