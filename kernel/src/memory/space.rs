//! The application's address space.
//!
//! **Lock:** one, around all of it. It is taken with no other lock held but a thread's own, and
//! never while user memory is touched: resolving a fault takes it. Under it the other processors are
//! made to forget pages, which takes as long as the hypervisor keeps one of them aside.

use abi::resource::{RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK, RLIMIT_STACK};
use mm::AddressSpace;
use mm::fault::Fault;
use mm::space::{Limits, Policy};
use mm::vma::{Access, Backing, BackingError};
use sync::{HaltingLock, HaltingLockGuard, Once};

use super::FRAMES;
use super::fault::Cause;
use super::heap::{self, DirectMap};
use super::tlb::Processors;
use crate::process::Process;
use crate::process::fault::Problem;

/// The address space over the machine's memory.
pub(crate) type Space = AddressSpace<DirectMap>;

static SPACE: Once<HaltingLock<Space, Processors>> = Once::new();

/// Makes the address space, in which nothing is mapped. `random` shifts where mappings go; 0 puts
/// them where Linux does without randomisation.
///
/// Returns `None` if there is no memory for it.
pub(crate) fn start(random: u64) -> Option<()> {
    let policy = Policy::new(FRAMES.total(), random);
    let space = Space::new(heap::application_tables(), &Processors, policy).ok()?;
    SPACE.call_once(|| HaltingLock::new(space));
    Some(())
}

/// Locks the address space. User memory must not be touched until the guard is dropped.
///
/// # Panics
/// If [`start`] did not run, which `main.rs` does before any program.
pub(crate) fn lock() -> HaltingLockGuard<'static, Space, Processors> {
    SPACE.get().expect("the space is there before the program is").lock()
}

/// Takes over the program's resource limits, which have changed, or its privileges.
pub(crate) fn limits_changed() {
    let may_lock_all = Process::current().credentials.lock().is_privileged();
    let limits = {
        let limits = Process::current().limits.lock();
        Limits {
            address_space: limits.soft(RLIMIT_AS),
            data: limits.soft(RLIMIT_DATA),
            stack: limits.soft(RLIMIT_STACK),
            locked: if may_lock_all { u64::MAX } else { limits.soft(RLIMIT_MEMLOCK) },
        }
    };
    lock().set_limits(limits);
}

/// Makes the page at `address` fit for an access, or says why it cannot be. May sleep if the page
/// is of a file that is not in memory.
///
/// # Errors
/// Why the access is not permitted.
pub(crate) fn resolve(address: u64, cause: Cause) -> Result<(), Problem> {
    let access = if cause.contains(Cause::FETCH) {
        Access::Execute
    } else if cause.contains(Cause::WRITE) {
        Access::Write
    } else {
        Access::Read
    };
    fetching(|space| space.fault(address, access)).map_err(|fault| match fault {
        Fault::Maperr => Problem::NotMapped,
        Fault::Accerr => Problem::NotPermitted,
        Fault::Buserr | Fault::Absent { .. } => Problem::BeyondFile,
        Fault::OutOfMemory => Problem::OutOfMemory,
    })
}

/// Brings the pages of a range in, as `access` would.
///
/// # Errors
/// Why the first page that could not be brought in could not.
pub(crate) fn populate(range: core::ops::Range<u64>, access: Access) -> Result<(), Fault> {
    let mut range = range;
    fetching(|space| space.populate(&mut range, access))
}

/// Does something to the address space, and again each time after bringing in the page of a file
/// that it lacked.
fn fetching(mut attempt: impl FnMut(&mut Space) -> Result<(), Fault>) -> Result<(), Fault> {
    loop {
        let outcome = attempt(&mut lock());
        let Err(Fault::Absent { backing, page }) = outcome else {
            return outcome;
        };
        fetch(&*backing, page)?;
    }
}

fn fetch(backing: &dyn Backing, page: u64) -> Result<(), Fault> {
    backing.fetch(page).map_err(|error| match error {
        BackingError::OutOfMemory => Fault::OutOfMemory,
        BackingError::Absent | BackingError::BeyondEnd | BackingError::Failed => Fault::Buserr,
    })
}
