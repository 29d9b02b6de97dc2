//! Memory: `mmap(2)`, `munmap(2)`, `mprotect(2)`, `mremap(2)`, `madvise(2)`, `brk(2)`, `mlock(2)`,
//! `msync(2)`, `mincore(2)`.
//!
//! The address space decides; here are descriptors and user buffers, and what may sleep.

use alloc::vec;
use core::ops::Range;
use core::sync::atomic::Ordering;

use abi::fcntl::{F_SEAL_FUTURE_WRITE, F_SEAL_WRITE, OpenFlags};
use abi::mman::{LockAllFlags, MLOCK_ONFAULT, MapFlags, MapType, Prot, SyncFlags};
use abi::{Errno, Result};
use mm::advise::{Advised, populate_errno};
use mm::fault::{Fault, populate_access};
use mm::lock::Locking;
use mm::protect;
use mm::remap::RemapRequest;
use mm::vma::{Access, Role};
use mm::{FileMapping, MapRequest, PAGE_SIZE, TASK_SIZE};
use vfs::Mapping;
use vfs::fs::ramfs::RamInode;

use super::Context;
use crate::arch::index;
use crate::file;
use crate::memory::{FRAMES, backing, file_backing, space, user};
use crate::process::READ_IMPLIES_EXEC;
use crate::process::thread::Thread;

/// `mmap(2)`.
pub(super) fn mmap(
    _cx: &mut Context<'_>,
    address: u64,
    length: u64,
    prot: u64,
    flags: u32,
    fd: i32,
    offset: u64,
) -> Result<u64> {
    let flags = MapFlags::from_bits_retain(flags);
    if !offset.is_multiple_of(PAGE_SIZE) {
        return Err(Errno::EINVAL);
    }
    // Bits without a meaning do not count, wherever they are.
    let meant = with_implied(prot) & u64::from(Prot::all().bits());
    let prot = Prot::from_bits_truncate(u32::try_from(meant).unwrap_or(0));
    let file = if flags.contains(MapFlags::ANONYMOUS) {
        None
    } else {
        mapped_file(fd, (address, length), offset, prot, flags)?
    };
    let is_shared = flags.map_type() == Some(MapType::Shared);
    let file = match file {
        None if is_shared && !flags.contains(MapFlags::HUGETLB) => Some(shared(length, flags)?),
        file => file,
    };
    let request = MapRequest { address, length, prot, flags, file, role: Role::Plain };
    let (address, is_locked) = {
        let mut space = space::lock();
        let address = space.mmap(request)?;
        (address, space.mapping(address).is_some_and(mm::vma::Vma::is_locked))
    };
    let is_populated = flags.contains(MapFlags::POPULATE) && !flags.contains(MapFlags::NONBLOCK);
    if is_populated || is_locked {
        // The mapping is there; pages that cannot be are found missing when they are touched.
        let _ = populate(address..address + length);
    }
    Ok(address)
}

/// Returns a protection with what `personality(2)` adds to it.
fn with_implied(prot: u64) -> u64 {
    let is_read = prot & u64::from(Prot::READ.bits()) != 0;
    let personality = Thread::current().personality.load(Ordering::Relaxed);
    let implies = is_read && personality & READ_IMPLIES_EXEC != 0;
    if implies { prot | u64::from(Prot::EXEC.bits()) } else { prot }
}

/// Returns memory to be shared, as if it were a file.
fn shared(length: u64, flags: MapFlags) -> Result<FileMapping> {
    let is_reserved = !flags.contains(MapFlags::NORESERVE);
    if is_reserved && length / PAGE_SIZE > FRAMES.total() {
        return Err(Errno::ENOMEM);
    }
    Ok(FileMapping { backing: backing::shared_memory(), offset: 0, is_writable: true })
}

/// Returns the file to be mapped; `None` if it is one that stands for anonymous memory.
fn mapped_file(
    fd: i32,
    (address, length): (u64, u64),
    offset: u64,
    prot: Prot,
    flags: MapFlags,
) -> Result<Option<FileMapping>> {
    let open = file::current().get(fd.cast_unsigned())?;
    let file = open.file()?;
    // Whether there can be room comes before what may be done with the file.
    space::lock().check_place(address, length, flags)?;
    if flags.map_type().is_none() {
        return Err(Errno::EINVAL);
    }
    let access = open.flags();
    if access.contains(OpenFlags::WRONLY) {
        return Err(Errno::EACCES);
    }
    let is_writable = access.contains(OpenFlags::RDWR);
    if flags.contains(MapFlags::SHARED) && prot.contains(Prot::WRITE) && !is_writable {
        return Err(Errno::EACCES);
    }
    let sealed = open.downcast::<RamInode>().map_or(0, |inode| inode.seals());
    let is_sealed = sealed & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) != 0;
    if flags.contains(MapFlags::SHARED) && prot.contains(Prot::WRITE) && is_sealed {
        return Err(Errno::EPERM);
    }
    let is_writable = is_writable && !is_sealed;
    Ok(match file.mapping()? {
        Mapping::Anonymous => None,
        Mapping::Pages => Some(FileMapping { backing: file_backing(&open)?, offset, is_writable }),
    })
}

/// Brings in what is mapped in a range, each mapping as it will be used.
///
/// # Errors
/// The first fault; what comes after it is not brought in.
fn populate(range: Range<u64>) -> Result<(), Fault> {
    for_each_mapping(range, space::populate)
}

/// Calls `act` for what of a range is in each mapping, with how that will be used.
///
/// # Errors
/// The first that `act` returns.
fn for_each_mapping(
    mut range: Range<u64>,
    mut act: impl FnMut(Range<u64>, Access) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let next = |range: &Range<u64>| {
        let space = space::lock();
        let vma = space.mappings_in(range.clone()).next()?;
        let part = vma.start.max(range.start)..vma.end.min(range.end);
        let is_private = !vma.is_shared();
        Some((part, if is_private { populate_access(vma.prot) } else { Access::Read }))
    };
    while !range.is_empty()
        && let Some((part, access)) = next(&range)
    {
        range.start = part.end;
        act(part, access)?;
    }
    Ok(())
}

/// `munmap(2)`.
pub(super) fn munmap(_cx: &mut Context<'_>, address: u64, length: u64) -> Result<()> {
    space::lock().munmap(address, length)
}

/// `mprotect(2)`.
pub(super) fn mprotect(_cx: &mut Context<'_>, address: u64, length: u64, prot: u64) -> Result<()> {
    space::lock().mprotect(address, length, with_implied(prot))
}

/// `pkey_mprotect(2)`: without a key it is `mprotect(2)`, and there are none.
pub(super) fn pkey_mprotect(
    cx: &mut Context<'_>,
    address: u64,
    length: u64,
    prot: u64,
    key: i32,
) -> Result<()> {
    const NO_KEY: i32 = -1;
    if key == NO_KEY {
        return mprotect(cx, address, length, prot);
    }
    match protect::check(address, length, prot)? {
        Some(_) => Err(Errno::EINVAL),
        None => Ok(()),
    }
}

/// `pkey_alloc(2)`: as on a processor without protection keys.
pub(super) fn pkey_alloc(_cx: &mut Context<'_>, flags: u64, rights: u64) -> Result<()> {
    /// `PKEY_DISABLE_ACCESS`, `PKEY_DISABLE_WRITE`.
    const KNOWN_RIGHTS: u64 = 3;
    let is_wrong = flags != 0 || rights & !KNOWN_RIGHTS != 0;
    Err(if is_wrong { Errno::EINVAL } else { Errno::ENOSPC })
}

/// `pkey_free(2)`: no key was given.
pub(super) fn pkey_free(_cx: &mut Context<'_>, _key: i32) -> Result<()> {
    Err(Errno::EINVAL)
}

/// `remap_file_pages(2)`: another mapping of the same file in place of what is there, as Linux has
/// done it since 4.0.
pub(super) fn remap_file_pages(
    _cx: &mut Context<'_>,
    address: u64,
    length: u64,
    prot: u32,
    page: u64,
    flags: u32,
) -> Result<()> {
    let start = address & !(PAGE_SIZE - 1);
    let length = length & !(PAGE_SIZE - 1);
    if prot != 0 || length == 0 || page.checked_add(length / PAGE_SIZE).is_none() {
        return Err(Errno::EINVAL);
    }
    let end = start.checked_add(length).ok_or(Errno::EINVAL)?;
    let mut space = space::lock();
    let vma = space.mapping(start).filter(|vma| vma.is_shared() && end <= vma.end);
    let vma = vma.ok_or(Errno::EINVAL)?.clone();
    let backing = vma.backing.ok_or(Errno::EINVAL)?;
    let offset = page.checked_mul(PAGE_SIZE).ok_or(Errno::EOVERFLOW)?;
    let is_writable = vma.max.contains(Prot::WRITE);
    let kept = MapFlags::from_bits_retain(flags) & MapFlags::NONBLOCK;
    space.mmap(MapRequest {
        address: start,
        length,
        prot: vma.prot,
        flags: MapFlags::SHARED | MapFlags::FIXED | MapFlags::POPULATE | kept,
        file: Some(FileMapping { backing, offset, is_writable }),
        role: vma.role,
    })?;
    drop(space);
    // What is not in memory is brought in when it is touched.
    let _ = populate(start..end);
    Ok(())
}

/// `mremap(2)`.
pub(super) fn mremap(
    _cx: &mut Context<'_>,
    old_address: u64,
    old_length: u64,
    new_length: u64,
    flags: u64,
    new_address: u64,
) -> Result<u64> {
    let flags = u32::try_from(flags).map_err(|_| Errno::EINVAL)?;
    let request = RemapRequest { old_address, old_length, new_length, flags, new_address };
    let (address, is_locked) = {
        let mut space = space::lock();
        let address = space.mremap(request)?;
        (address, space.mapping(address).is_some_and(mm::vma::Vma::is_locked))
    };
    if is_locked {
        // As in Linux, the call succeeded whatever comes of this.
        let _ = populate(address..address + new_length);
    }
    Ok(address)
}

/// `brk`, the system call: `brk(2)` "C library/kernel differences".
pub(super) fn brk(_cx: &mut Context<'_>, end: u64) -> Result<u64> {
    Ok(space::lock().set_brk(end))
}

/// `madvise(2)`.
pub(super) fn madvise(_cx: &mut Context<'_>, address: u64, length: u64, advice: i32) -> Result<()> {
    let advised = space::lock().madvise(address, length, advice)?;
    match advised {
        Advised::Done => Ok(()),
        Advised::Populate(range, access) => {
            space::populate(range, access).map_err(|fault| populate_errno(&fault))
        }
    }
}

/// `mincore(2)`.
pub(super) fn mincore(_cx: &mut Context<'_>, address: u64, length: u64, vector: u64) -> Result<()> {
    /// Pages looked at while the address space is locked.
    const CHUNK: u64 = 4096;
    if !address.is_multiple_of(PAGE_SIZE) {
        return Err(Errno::EINVAL);
    }
    if length > TASK_SIZE || address > TASK_SIZE - length {
        return Err(Errno::ENOMEM);
    }
    let pages = length.div_ceil(PAGE_SIZE);
    user::check(vector, index(pages))?;
    let mut resident = vec![0; index(pages.min(CHUNK))];
    let mut done = 0;
    while done < pages {
        let part = &mut resident[..index((pages - done).min(CHUNK))];
        space::lock().mincore(address + done * PAGE_SIZE, part)?;
        user::write_bytes(vector + done, part)?;
        done += part.len() as u64;
    }
    Ok(())
}

/// `msync(2)`.
pub(super) fn msync(_cx: &mut Context<'_>, address: u64, length: u64, flags: u32) -> Result<()> {
    let (unsynced, outcome) = space::lock().msync(address, length, flags)?;
    let flags = SyncFlags::from_bits_truncate(flags);
    for part in unsynced {
        part.backing.sync(part.bytes, flags)?;
    }
    outcome
}

/// `mlock(2)`.
pub(super) fn mlock(cx: &mut Context<'_>, address: u64, length: u64) -> Result<()> {
    mlock2(cx, address, length, 0)
}

/// `mlock2(2)`.
pub(super) fn mlock2(_cx: &mut Context<'_>, address: u64, length: u64, flags: u32) -> Result<()> {
    if flags & !MLOCK_ONFAULT != 0 {
        return Err(Errno::EINVAL);
    }
    let range = space::lock().lock(address, length, Locking::Lock)?;
    if flags & MLOCK_ONFAULT != 0 {
        return Ok(());
    }
    populate(range).map_err(|fault| match fault {
        Fault::OutOfMemory => Errno::EAGAIN,
        _ => Errno::ENOMEM,
    })
}

/// `munlock(2)`.
pub(super) fn munlock(_cx: &mut Context<'_>, address: u64, length: u64) -> Result<()> {
    space::lock().lock(address, length, Locking::Unlock).map(drop)
}

/// `mlockall(2)`.
pub(super) fn mlockall(_cx: &mut Context<'_>, flags: u32) -> Result<()> {
    let flags = space::lock().lock_all(flags)?;
    if flags.contains(LockAllFlags::CURRENT) && !flags.contains(LockAllFlags::ONFAULT) {
        populate_all();
    }
    Ok(())
}

/// Brings in all there is, as far as there is memory; as in Linux nobody hears of what is not.
fn populate_all() {
    let _ = for_each_mapping(0..TASK_SIZE, |part, access| match space::populate(part, access) {
        Err(Fault::OutOfMemory) => Err(Fault::OutOfMemory),
        _ => Ok(()),
    });
}

/// `munlockall(2)`.
pub(super) fn munlockall(_cx: &mut Context<'_>) -> Result<()> {
    space::lock().unlock_all();
    Ok(())
}
