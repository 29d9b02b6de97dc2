//! The machine's memory: frames, the kernel's heap, the application's address space.

pub(crate) mod backing;
pub(crate) mod fault;
pub(crate) mod heap;
pub(crate) mod maps;
pub(crate) mod report;
pub(crate) mod space;
pub(crate) mod tlb;
pub(crate) mod user;

pub(crate) use backing::file_backing;

use alloc::vec::Vec;
use core::alloc::Layout;

use abi::{Errno, Result};
use mm::{Frames, PAGE_SIZE, PROCESSORS, PhysAddr};

use crate::arch::cpu::{Cpu, MAX_CPUS};
use crate::arch::{boot, paging};
use crate::boot::pvh::{BOOT_MAPPED_END, Region, StartInfo};

/// All free frames. Its locks are leaves: nothing else is locked while they are held.
pub(crate) static FRAMES: Frames = Frames::new(|| Cpu::current().id);

const _: () = assert!(MAX_CPUS <= PROCESSORS);

/// Checks that the kernel may keep one thing more for the program: a descriptor, a name, a thread.
/// The memory that is left if not is for what cannot fail.
///
/// # Errors
/// `ENOMEM`.
pub(crate) fn check_room() -> Result<()> {
    if FRAMES.is_short() { Err(Errno::ENOMEM) } else { Ok(()) }
}

/// Returns a buffer of zeros, as long as a program wants it.
///
/// # Errors
/// `ENOMEM`.
pub(crate) fn buffer(length: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| Errno::ENOMEM)?;
    bytes.resize(length, 0);
    Ok(bytes)
}

/// What is below 1 MiB stays with the firmware's tables and the start of other processors.
const LOW_MEMORY_END: u64 = 0x10_0000;

/// Takes the machine's memory into use and switches to the kernel's page tables.
///
/// Returns `None` if there is too little memory to run at all.
pub(crate) fn start(info: &StartInfo) -> Option<()> {
    let memory_end = info.memory_end();
    let words = mm::frame::FrameAllocator::metadata_words(PhysAddr::new(memory_end));
    let metadata = Layout::array::<u64>(words).ok()?.size() as u64;
    let kernel = Region {
        start: paging::kernel_start(),
        end: (paging::kernel_end() + metadata).next_multiple_of(PAGE_SIZE),
    };
    let is_backed = info.memory().iter().any(|r| r.start <= kernel.start && kernel.end <= r.end);
    if !is_backed || kernel.end > BOOT_MAPPED_END {
        return None;
    }
    FRAMES.init(heap::metadata(PhysAddr::new(paging::kernel_end()), words));
    let image = Region {
        start: info.image.start & !(PAGE_SIZE - 1),
        end: info.image.end.next_multiple_of(PAGE_SIZE),
    };
    let taken = [Region { start: 0, end: LOW_MEMORY_END }, kernel, image];
    for region in info.memory() {
        let low = Region { start: region.start, end: region.end.min(BOOT_MAPPED_END) };
        add_frames(low, &taken);
    }
    paging::switch_to_kernel_tables(&FRAMES, memory_end)?;
    for region in info.memory() {
        let high = Region { start: region.start.max(BOOT_MAPPED_END), end: region.end };
        add_frames(high, &taken);
    }
    Some(())
}

/// Adds what of `region` lies in none of `taken`.
fn add_frames(region: Region, taken: &[Region]) {
    if region.start >= region.end {
        return;
    }
    let Some((first, rest)) = taken.split_first() else {
        FRAMES.add(PhysAddr::new(region.start), PhysAddr::new(region.end));
        return;
    };
    add_frames(Region { start: region.start, end: region.end.min(first.start) }, rest);
    add_frames(Region { start: region.start.max(first.end), end: region.end }, rest);
}

/// Gives the image's bytes away, to be used in place; at the second call there are none.
pub(crate) fn image(info: &StartInfo) -> &'static mut [u8] {
    let length = info.image.end - info.image.start;
    boot::take_image(info.image.start, length).unwrap_or_default()
}
