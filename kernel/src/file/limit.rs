//! The limit of the size of files, `RLIMIT_FSIZE`.

use abi::resource::{RLIM_INFINITY, RLIMIT_FSIZE};
use abi::signal::Signal;
use abi::{Errno, Result};

use crate::process::{Process, signal};

fn limit() -> u64 {
    let limit = Process::current().limits.lock().get(RLIMIT_FSIZE);
    limit.map_or(RLIM_INFINITY, |limit| limit.rlim_cur)
}

/// Returns how many bytes may be written from byte `at` on.
///
/// # Errors
/// `EFBIG` with `SIGXFSZ` if there are none.
pub(super) fn room_at(at: impl FnOnce() -> u64) -> Result<u64> {
    match limit() {
        RLIM_INFINITY => Ok(u64::MAX),
        limit => limit.checked_sub(at()).filter(|&room| room > 0).ok_or_else(refuse),
    }
}

/// Checks that a file may have this size, in bytes.
///
/// # Errors
/// `EFBIG` with `SIGXFSZ` if not.
pub(crate) fn check_size(size: u64) -> Result<()> {
    if size <= limit() { Ok(()) } else { Err(refuse()) }
}

fn refuse() -> Errno {
    signal::send_to_current(Signal::SIGXFSZ);
    Errno::EFBIG
}
