//! File systems.

pub mod ramfs;

#[cfg(test)]
mod conformance;
