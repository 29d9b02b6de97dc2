//! File systems.

pub mod cpio;
pub mod devices;
pub mod procfs;
pub mod ramfs;

#[cfg(test)]
mod conformance;
