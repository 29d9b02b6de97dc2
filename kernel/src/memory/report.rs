//! What is told of memory when a program dies of it. It goes to the host, not to the console,
//! which is the program's.

use alloc::string::String;

use mm::PAGE_SIZE;

use super::heap::HEAP;
use super::{FRAMES, maps, space};
use crate::arch::frame::TrapFrame;
use crate::panic::Registers;

/// Tells of an exception that ends the program: its registers, and what is mapped where it was.
pub(crate) fn fault(frame: &TrapFrame, address: u64) {
    log::error!("{}", Registers(frame));
    for (what, at) in [("code", frame.rip), ("stack", frame.rsp), ("address", address)] {
        match maps::line_at(at) {
            Some(line) => log::error!("{what} {at:#x}: {}", String::from_utf8_lossy(&line)),
            None => log::error!("{what} {at:#x}: not mapped"),
        }
    }
}

/// Tells who holds the machine's memory.
pub(crate) fn exhaustion() {
    let frames = FRAMES.statistics();
    let usage = space::lock().usage();
    let kib = |pages: u64| pages * PAGE_SIZE / 1024;
    log::error!(
        "memory: {} KiB, free {} KiB; program's own {} KiB, files' pages mapped {} KiB, page \
         tables {} KiB",
        kib(frames.total),
        kib(frames.free),
        kib(usage.resident_anonymous),
        kib(usage.resident_file),
        kib(usage.tables),
    );
    for class in HEAP.statistics().filter(|class| class.slab_bytes > 1 << 20) {
        log::error!(
            "kernel heap: {} objects of {} bytes in {} KiB",
            class.used,
            class.size,
            class.slab_bytes / 1024
        );
    }
}
