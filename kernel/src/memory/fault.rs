//! Page faults.

use crate::arch::frame::TrapFrame;
use crate::arch::user as access;
use crate::memory::user;
use crate::process::fault;

bitflags::bitflags! {
    /// A page fault's error code, Intel SDM vol. 3 §4.7.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) struct Cause: u64 {
        /// The page is there but does not permit the access.
        const PROTECTION = 1;
        /// The access was a write.
        const WRITE = 2;
        /// The access was an instruction fetch.
        const FETCH = 16;
    }
}

/// Serves a page fault of the application, or of the kernel touching the application's memory.
/// Any other fault of the kernel is a panic.
pub(crate) fn page_fault(frame: &mut TrapFrame, address: u64) {
    let cause = Cause::from_bits_truncate(frame.error);
    if frame.is_application() {
        if let Err(problem) = super::space::resolve(address, cause) {
            fault::segmentation(frame, address, problem);
        }
        return;
    }
    let Some(continuation) = access::fixup(frame.rip) else {
        fault::kernel_fault(frame, Some(address));
    };
    let is_resolved = address < user::END
        && user::may_resolve_faults()
        && super::space::resolve(address, cause).is_ok();
    if !is_resolved {
        frame.rip = continuation;
    }
}
