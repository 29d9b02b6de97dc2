//! What is told of memory: when a program dies of it, and when the host asks. It goes to the host,
//! not to the console, which is the program's.

use alloc::string::String;
use core::fmt;

use mm::PAGE_SIZE;

use super::heap::HEAP;
use super::{FRAMES, maps, space};
use crate::arch::frame::TrapFrame;
use crate::panic::Registers;
use crate::process::stack;

/// Who has the machine's memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    frames_total: u64,
    frames_free: u64,
    /// The program's own pages and its page tables.
    frames_program: u64,
    /// The stacks of threads, also of those that have ended, which the next ones are given.
    frames_stacks: u64,
    /// Bytes of objects in the kernel's heap.
    heap_used: usize,
}

impl Summary {
    /// Returns how it is now.
    pub(crate) fn now() -> Self {
        // The heap first: what it has at hand is free.
        let heap_used = HEAP.statistics().map(|class| class.used * class.size).sum();
        let frames = FRAMES.statistics();
        let usage = space::lock().usage();
        Self {
            frames_total: frames.total,
            frames_free: frames.free,
            frames_program: usage.resident_anonymous + usage.tables,
            frames_stacks: stack::pages(),
            heap_used,
        }
    }
}

impl fmt::Display for Summary {
    /// Writes members of a JSON object.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames_total, frames_free, frames_program, frames_stacks, heap_used } = self;
        write!(f, r#""frames_total":{frames_total},"frames_free":{frames_free},"#)?;
        write!(f, r#""frames_program":{frames_program},"frames_stacks":{frames_stacks},"#)?;
        write!(f, r#""heap_used":{heap_used}"#)
    }
}

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
