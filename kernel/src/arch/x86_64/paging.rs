//! The kernel's half of the address space.
//!
//! There is one set of page tables. Its upper half holds the direct map of all memory, the area
//! of kernel stacks, and the kernel's image with text, read-only data and data each as it should
//! be: nothing is both writable and executable. The lower half is the application's.

use core::arch::asm;
use core::sync::atomic::{AtomicU64, Ordering};

use mm::{Frames, PhysAddr};

use crate::arch::index;

/// Where physical address 0 is mapped.
pub(crate) const DIRECT_BASE: u64 = 0xffff_8000_0000_0000;
/// Where kernel stacks are.
pub(crate) const STACKS_BASE: u64 = 0xffff_c900_0000_0000;
/// What the kernel's image is linked above its physical place by.
pub(crate) const KERNEL_BASE: u64 = 0xffff_ffff_8000_0000;

const PRESENT: u64 = 1;
const WRITABLE: u64 = 1 << 1;
const WRITE_THROUGH: u64 = 1 << 3;
const UNCACHED: u64 = 1 << 4;
const HUGE: u64 = 1 << 7;
const GLOBAL: u64 = 1 << 8;
const NO_EXECUTE: u64 = 1 << 63;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const TABLE: u64 = PRESENT | WRITABLE;
const PAGE: u64 = 0x1000;
const HUGE_PAGE: u64 = 0x20_0000;
/// The devices' area below 4 GiB: APICs, virtio-mmio slots, PCI.
const DEVICES: u64 = 0xc000_0000;
const DEVICES_END: u64 = 0x1_0000_0000;

static ROOT: AtomicU64 = AtomicU64::new(0);

unsafe extern "C" {
    static __kernel_start: u8;
    static __text_start: u8;
    static __text_end: u8;
    static __rodata_end: u8;
    static __kernel_end: u8;
}

/// What a page of the kernel may be used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Use {
    Text,
    ReadOnly,
    Data,
    Device,
}

impl Use {
    const fn bits(self) -> u64 {
        match self {
            Self::Text => PRESENT | GLOBAL,
            Self::ReadOnly => PRESENT | GLOBAL | NO_EXECUTE,
            Self::Data => PRESENT | GLOBAL | WRITABLE | NO_EXECUTE,
            Self::Device => PRESENT | GLOBAL | WRITABLE | NO_EXECUTE | UNCACHED | WRITE_THROUGH,
        }
    }
}

/// Returns where physical memory is found in the direct map.
#[inline]
pub(crate) const fn direct(physical: u64) -> u64 {
    DIRECT_BASE + physical
}

/// Returns the physical address of a byte of the direct map or of the kernel's image.
#[inline]
pub(crate) const fn physical(address: u64) -> u64 {
    if address >= KERNEL_BASE { address - KERNEL_BASE } else { address - DIRECT_BASE }
}

/// The end of the kernel's image in physical memory.
pub(crate) fn kernel_end() -> u64 {
    physical(&raw const __kernel_end as u64)
}

/// The start of the kernel's image in physical memory.
pub(crate) fn kernel_start() -> u64 {
    physical(&raw const __kernel_start as u64)
}

/// The kernel's text as addresses, for backtraces.
pub(crate) fn text() -> core::ops::Range<u64> {
    &raw const __text_start as u64..&raw const __text_end as u64
}

/// Returns the physical address of the top table.
pub(crate) fn root() -> PhysAddr {
    PhysAddr::new(ROOT.load(Ordering::Relaxed))
}

fn entry(table: u64, index: u64) -> *mut u64 {
    (direct(table) + (index & 511) * 8) as *mut u64
}

/// Returns the table that `slot` points to, making it if it is not there.
fn descend(frames: &Frames, slot: *mut u64) -> Option<u64> {
    // SAFETY: `slot` is an entry of a table that this module made.
    let value = unsafe { *slot };
    if value & PRESENT != 0 {
        return Some(value & ADDRESS);
    }
    let table = frames.allocate(0)?.as_u64();
    // SAFETY: the frame is ours and mapped in the direct map.
    unsafe { core::ptr::write_bytes(direct(table) as *mut u8, 0, index(PAGE)) };
    // SAFETY: as above.
    unsafe { *slot = table | TABLE };
    Some(table)
}

fn map(frames: &Frames, root: u64, address: u64, to: u64, bits: u64) -> Option<()> {
    let third = descend(frames, entry(root, address >> 39))?;
    let second = descend(frames, entry(third, address >> 30))?;
    if bits & HUGE != 0 {
        // SAFETY: an entry of a table that this module made.
        unsafe { *entry(second, address >> 21) = to | bits };
        return Some(());
    }
    let first = descend(frames, entry(second, address >> 21))?;
    // SAFETY: as above.
    unsafe { *entry(first, address >> 12) = to | bits };
    Some(())
}

fn map_range(frames: &Frames, root: u64, range: [u64; 2], offset: u64, usage: Use) -> Option<()> {
    let [mut at, end] = range;
    while at < end {
        let is_huge = at % HUGE_PAGE == 0 && end - at >= HUGE_PAGE;
        let (size, bits) = if is_huge { (HUGE_PAGE, HUGE) } else { (PAGE, 0) };
        map(frames, root, offset + at, at, usage.bits() | bits)?;
        at += size;
    }
    Some(())
}

/// Builds the kernel's tables for memory up to `memory_end` and switches to them.
///
/// Returns `None` if there are not enough frames.
pub(crate) fn switch_to_kernel_tables(frames: &Frames, memory_end: u64) -> Option<()> {
    let root = frames.allocate(0)?.as_u64();
    // SAFETY: the frame is ours; boot.S maps the first 4 GiB in the direct map, and frames are
    // only from there until this function is done.
    unsafe { core::ptr::write_bytes(direct(root) as *mut u8, 0, index(PAGE)) };
    let [start, text, text_end, rodata_end, end] = [
        &raw const __kernel_start as u64,
        &raw const __text_start as u64,
        &raw const __text_end as u64,
        &raw const __rodata_end as u64,
        &raw const __kernel_end as u64,
    ]
    .map(physical);
    let low_end = memory_end.min(DEVICES).next_multiple_of(HUGE_PAGE);
    // The image is writable through the direct map nowhere but where it is data.
    let direct_map = [
        ([0, start], Use::Data),
        ([start, rodata_end], Use::ReadOnly),
        ([rodata_end, low_end], Use::Data),
        ([DEVICES, DEVICES_END], Use::Device),
        ([DEVICES_END, memory_end.next_multiple_of(HUGE_PAGE)], Use::Data),
    ];
    for (range, usage) in direct_map {
        map_range(frames, root, range, DIRECT_BASE, usage)?;
    }
    let image = [
        ([text, text_end], Use::Text),
        ([text_end, rodata_end], Use::ReadOnly),
        ([rodata_end, end], Use::Data),
    ];
    for (range, usage) in image {
        map_range(frames, root, range, KERNEL_BASE, usage)?;
    }
    // The area of stacks gets its table now, so that the top table never changes up there.
    descend(frames, entry(root, STACKS_BASE >> 39))?;
    ROOT.store(root, Ordering::Relaxed);
    // SAFETY: the new tables map everything in use at the same addresses: image, direct map.
    unsafe { asm!("mov cr3, {}", in(reg) root, options(nostack, preserves_flags)) };
    Some(())
}

/// Maps a device's registers above 4 GiB, uncached, and returns their address; below 4 GiB they
/// are mapped already.
pub(crate) fn map_device(frames: &Frames, start: u64, length: u64) -> Option<u64> {
    let end = start.checked_add(length)?;
    if end > DEVICES_END || start < DEVICES {
        let range = [start & !(PAGE - 1), end.next_multiple_of(PAGE)];
        map_range(frames, root().as_u64(), range, DIRECT_BASE, Use::Device)?;
    }
    Some(direct(start))
}

/// Maps a page of the stacks' area to a frame.
pub(crate) fn map_stack_page(frames: &Frames, address: u64, frame: PhysAddr) -> Option<()> {
    map(frames, root().as_u64(), address, frame.as_u64(), Use::Data.bits())
}

/// Maps a page of the stacks' area where there are tables already, and nothing is mapped; returns
/// whether there are. Takes no lock and needs no memory.
pub(crate) fn fill_stack_page(address: u64, frame: PhysAddr) -> bool {
    let mut table = root().as_u64();
    for level in [39, 30, 21] {
        // SAFETY: an entry of a table that this module made.
        let value = unsafe { entry(table, address >> level).read_volatile() };
        if value & PRESENT == 0 {
            return false;
        }
        table = value & ADDRESS;
    }
    // SAFETY: as above; the entry is the faulting processor's to fill, for the stack is its own.
    unsafe { entry(table, address >> 12).write_volatile(frame.as_u64() | Use::Data.bits()) };
    true
}

/// Forgets what this processor knows about the page at `address`.
pub(crate) fn invalidate(address: u64) {
    // SAFETY: invlpg changes no memory.
    unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags)) };
}

/// Forgets what this processor knows about the application's half, and all else not global.
pub(crate) fn invalidate_all() {
    // SAFETY: writing CR3 what it holds flushes and does no more.
    unsafe {
        asm!("mov {scratch}, cr3", "mov cr3, {scratch}", scratch = out(reg) _,
            options(nostack, preserves_flags));
    }
}
