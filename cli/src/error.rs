//! What can go wrong, and with which exit status it ends.
//!
//! `scull run` ends with the application's own status, so the statuses of the
//! tool itself are few: [`USAGE`] for what the user can mend by another
//! command line, [`HOST`] for trouble of the host, [`KERNEL`] for a kernel that
//! died, [`TIMEOUT`] for a run that took longer than it was given.

use core::fmt;

/// Exit status for a wrong option, file, port or a missing prerequisite.
pub(crate) const USAGE: u8 = 2;
/// Exit status when the guest's kernel panicked or reset (`EX_SOFTWARE` of sysexits).
pub(crate) const KERNEL: u8 = 70;
/// Exit status when the host failed: QEMU died, a disk is full (`EX_OSERR`).
pub(crate) const HOST: u8 = 71;
/// Exit status when `--timeout` ran out, as timeout(1) has it.
pub(crate) const TIMEOUT: u8 = 124;

/// An error that ends the tool with a status of its own.
#[derive(Debug)]
pub(crate) struct Failure {
    /// One of the constants of this module.
    pub(crate) status: u8,
    /// One line that names the cause and the mend.
    message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Failure {}

/// Returns an error of status [`USAGE`].
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    Failure { status: USAGE, message: message.into() }.into()
}

/// Returns an error of status [`KERNEL`].
pub(crate) fn kernel(message: impl Into<String>) -> anyhow::Error {
    Failure { status: KERNEL, message: message.into() }.into()
}

/// Returns the exit status for `error`; whatever has none of its own is [`HOST`].
pub(crate) fn status(error: &anyhow::Error) -> u8 {
    error.downcast_ref::<Failure>().map_or(HOST, |failure| failure.status)
}
