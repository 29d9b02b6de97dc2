//! File systems.

pub mod anonymous;
pub mod cpio;
pub mod devices;
pub mod procfs;
pub mod ramfs;

#[cfg(test)]
pub(crate) mod conformance;
