//! The Scull kernel.
fn main() {}
