//! The application's address space.

use super::fault::Cause;
use crate::process::fault::Problem;

/// Makes the page at `address` fit for an access, or says why it cannot be.
///
/// # Errors
/// Why the access is not permitted.
pub(crate) fn resolve(_address: u64, _cause: Cause) -> Result<(), Problem> {
    Err(Problem::NotMapped)
}
