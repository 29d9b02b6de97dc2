//! The host tool `scull`.
fn main() {}
