//! Resource limits, `getrlimit(2)`.

use abi::resource::{RLIM_INFINITY, RLIM_NLIMITS, RLIMIT_NOFILE, RLIMIT_STACK, Rlimit};
use abi::{Errno, Result};

/// Soft and hard limit of open descriptors: enough for a server that does not raise it itself.
const OPEN_FILES: Rlimit = Rlimit { rlim_cur: 65_536, rlim_max: 1 << 20 };
/// The main thread's stack, as Linux has it.
const STACK: Rlimit = Rlimit { rlim_cur: 8 << 20, rlim_max: RLIM_INFINITY };
const NONE: Rlimit = Rlimit { rlim_cur: RLIM_INFINITY, rlim_max: RLIM_INFINITY };

/// The program's limits by their numbers.
#[derive(Debug)]
pub(crate) struct Limits([Rlimit; RLIM_NLIMITS]);

impl Limits {
    /// Returns the limits that a program starts with.
    pub(crate) const fn new() -> Self {
        let mut limits = [NONE; RLIM_NLIMITS];
        limits[RLIMIT_NOFILE as usize] = OPEN_FILES;
        limits[RLIMIT_STACK as usize] = STACK;
        Self(limits)
    }

    /// Returns a limit.
    ///
    /// # Errors
    /// `EINVAL` for a number that is no limit.
    pub(crate) fn get(&self, resource: u32) -> Result<Rlimit> {
        usize::try_from(resource)
            .ok()
            .and_then(|index| self.0.get(index))
            .copied()
            .ok_or(Errno::EINVAL)
    }

    /// Sets a limit.
    ///
    /// # Errors
    /// `EINVAL` for a number that is no limit or a soft limit above the hard one; `EPERM` for
    /// raising a hard limit without being privileged, or that of open files beyond what there is.
    pub(crate) fn set(&mut self, resource: u32, limit: Rlimit, is_privileged: bool) -> Result<()> {
        let old = self.get(resource)?;
        if limit.rlim_cur > limit.rlim_max {
            return Err(Errno::EINVAL);
        }
        let is_beyond = resource == RLIMIT_NOFILE && limit.rlim_max > OPEN_FILES.rlim_max;
        if is_beyond || (limit.rlim_max > old.rlim_max && !is_privileged) {
            return Err(Errno::EPERM);
        }
        self.0[resource as usize] = limit;
        Ok(())
    }
}
