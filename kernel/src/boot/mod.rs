//! What the boot loader hands over.

pub(crate) mod acpi;
pub(crate) mod cmdline;
pub(crate) mod pvh;
pub(crate) mod topology;
