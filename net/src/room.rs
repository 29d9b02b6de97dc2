//! Memory that is asked for in a program's or a peer's name, which may be refused.
//!
//! What is small is taken for granted, since the kernel keeps memory for it; what can be large, or
//! many, is asked for here.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use abi::{Errno, Result};
use sync::Once;

static IS_SHORT: Once<fn() -> bool> = Once::new();

/// Sets who says whether memory is so short that nothing may be kept for a program or a peer, once.
pub fn set_is_short(is_short: fn() -> bool) {
    IS_SHORT.call_once(|| is_short);
}

fn check() -> Result<()> {
    let is_short = IS_SHORT.get().is_some_and(|is_short| is_short());
    if is_short { Err(Errno::ENOBUFS) } else { Ok(()) }
}

/// Returns `length` bytes that are zero.
///
/// # Errors
/// `ENOBUFS`.
pub(crate) fn zeroed(length: usize) -> Result<Vec<u8>> {
    check()?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| Errno::ENOBUFS)?;
    bytes.resize(length, 0);
    Ok(bytes)
}

/// Returns a copy of bytes.
///
/// # Errors
/// `ENOBUFS`.
pub(crate) fn copy_of(bytes: &[u8]) -> Result<Vec<u8>> {
    check()?;
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).map_err(|_| Errno::ENOBUFS)?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

/// Sees to it that a vector can take `more` values.
///
/// # Errors
/// `ENOBUFS`.
pub(crate) fn reserve<T>(vector: &mut Vec<T>, more: usize) -> Result<()> {
    vector.try_reserve(more).map_err(|_| Errno::ENOBUFS)
}

/// Sees to it that a queue can take one more value.
///
/// # Errors
/// `ENOBUFS`.
pub(crate) fn reserve_one<T>(queue: &mut VecDeque<T>) -> Result<()> {
    queue.try_reserve(1).map_err(|_| Errno::ENOBUFS)
}
