//! The first Rust code, called by boot.S.

use core::sync::atomic::{AtomicBool, Ordering};

use super::paging::direct;
use crate::arch::index;
use crate::boot::pvh;

/// Enters the kernel from boot.S: start info of the PVH boot protocol, time stamp at entry.
#[unsafe(no_mangle)]
extern "C" fn kernel_main(start_info: u64, entry_stamp: u64) -> ! {
    crate::start(start_info, entry_stamp)
}

/// Where boot.S's stack is: bottom and top address.
pub(crate) fn boot_stack() -> (u64, u64) {
    unsafe extern "C" {
        static boot_stack_bottom: u8;
        static boot_stack_top: u8;
    }
    (&raw const boot_stack_bottom as u64, &raw const boot_stack_top as u64)
}

/// Returns physical memory as bytes, `None` if it is not below 4 GiB, which is all that the first
/// page tables map.
///
/// What the boot loader left there is only read before the frames are handed out.
pub(crate) fn boot_memory(start: u64, length: u64) -> Option<&'static [u8]> {
    let end = start.checked_add(length)?;
    if start == 0 || end > pvh::BOOT_MAPPED_END {
        return None;
    }
    let pointer = direct(start) as *const u8;
    // SAFETY: the range is mapped by boot.S and by paging.rs after it; nothing writes to it while
    // it is read, as said above.
    Some(unsafe { core::slice::from_raw_parts(pointer, index(length)) })
}

/// Gives the boot image away as bytes, once; `None` if it is not below 4 GiB.
///
/// Its frames are never handed out, and nothing else looks at it.
pub(crate) fn take_image(start: u64, length: u64) -> Option<&'static mut [u8]> {
    static IS_TAKEN: AtomicBool = AtomicBool::new(false);
    let end = start.checked_add(length)?;
    if start == 0 || end > pvh::BOOT_MAPPED_END || IS_TAKEN.swap(true, Ordering::Relaxed) {
        return None;
    }
    let pointer = direct(start) as *mut u8;
    // SAFETY: the range is mapped as `boot_memory` says and writable in the direct map; the flag
    // makes this the only reference to it, and the frame allocator was never given it.
    Some(unsafe { core::slice::from_raw_parts_mut(pointer, index(length)) })
}
