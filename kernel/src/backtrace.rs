//! Return addresses on the stack, for the report of a panic.
//!
//! The kernel is compiled without frame pointers, so the stack is searched for what a call can
//! have left there: addresses in the kernel's text behind an instruction that calls. Some of them
//! may be of calls that are over. Frames of interrupts lie on the same stack and hide nothing.

use crate::arch::paging;
use crate::arch::user::load_u32;

/// How much of the stack is looked at, in bytes; it ends before where it is not mapped.
const DEPTH: u64 = 32 << 10;
/// Most addresses that are told of.
const MOST: usize = 40;

/// Passes return addresses to `visit`, innermost first.
pub(crate) fn each(mut visit: impl FnMut(u64)) {
    let here = 0_u64;
    let start = &raw const here as u64 & !7;
    let words = (start..start + DEPTH).step_by(8).map_while(word);
    words.filter(|&address| is_return_address(address)).take(MOST).for_each(&mut visit);
}

/// Reads a word; `None` where nothing is mapped.
fn word(at: u64) -> Option<u64> {
    let (low, high) = (load_u32(at)?, load_u32(at + 4)?);
    Some(u64::from(high) << 32 | u64::from(low))
}

/// Returns whether `address` is in the kernel's text, behind a call.
fn is_return_address(address: u64) -> bool {
    /// Opcode of a call by a distance, which takes 5 bytes.
    const CALL: u8 = 0xe8;
    /// Opcode of a group in which a call by a register or memory is number 2, of 2 to 7 bytes.
    const GROUP: u8 = 0xff;
    let text = paging::text();
    if !text.contains(&address) || address - text.start < 8 {
        return false;
    }
    let Some(before) = word(address - 8).map(u64::to_le_bytes) else { return false };
    let is_indirect = |at: usize| before[at] == GROUP && before[at + 1] >> 3 & 7 == 2;
    before[3] == CALL || (1..=6).any(is_indirect)
}
