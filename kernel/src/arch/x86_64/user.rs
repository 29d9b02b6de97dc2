//! The instructions that touch a program's memory, and where a fault in them continues.
//!
//! `memory::user` is their only caller.

unsafe extern "C" {
    fn user_copy(to: *mut u8, from: *const u8, count: usize) -> usize;
    fn user_zero(at: *mut u8, count: usize) -> usize;
    fn user_load_u32(at: *const u32, value: *mut u32) -> u32;
    fn user_compare_exchange_u32(at: *mut u32, value: *mut u32, new: u32) -> u32;
    /// Rows of (first address, address behind the last, continuation), ended by zeros.
    static user_fixups: [u64; 3];
}

/// Returns where a kernel instruction continues that faulted on a program's memory, `None` if the
/// instruction is no such access.
pub(crate) fn fixup(instruction: u64) -> Option<u64> {
    let mut row = &raw const user_fixups;
    loop {
        // SAFETY: the table is ended by a row of zeros, where the loop ends too.
        let [start, end, target] = unsafe { *row };
        if start == 0 {
            return None;
        }
        if (start..end).contains(&instruction) {
            return Some(target);
        }
        row = row.wrapping_add(1);
    }
}

/// Copies `from` to the program's address `to`; returns how many bytes could not be copied.
pub(crate) fn copy_to(to: u64, from: &[u8]) -> usize {
    // SAFETY: the caller checked that the target lies in the application's half; a missing page
    // ends the copy through the fix-up table.
    unsafe { user_copy(to as *mut u8, from.as_ptr(), from.len()) }
}

/// Copies from the program's address `from` to `to`; returns how many bytes could not be copied.
pub(crate) fn copy_from(to: &mut [u8], from: u64) -> usize {
    // SAFETY: as in copy_to, for the source.
    unsafe { user_copy(to.as_mut_ptr(), from as *const u8, to.len()) }
}

/// Clears `count` bytes at the program's address `at`; returns how many could not be cleared.
pub(crate) fn zero(at: u64, count: usize) -> usize {
    // SAFETY: as in copy_to.
    unsafe { user_zero(at as *mut u8, count) }
}

/// Reads an aligned word of the program; `None` after a fault.
pub(crate) fn load_u32(at: u64) -> Option<u32> {
    let mut value = 0;
    // SAFETY: as in copy_from.
    (unsafe { user_load_u32(at as *const u32, &raw mut value) } == 0).then_some(value)
}

/// Replaces an aligned word of the program if it is `expected`; returns what was there, `None`
/// after a fault.
pub(crate) fn compare_exchange_u32(at: u64, expected: u32, new: u32) -> Option<u32> {
    let mut value = expected;
    // SAFETY: as in copy_to.
    (unsafe { user_compare_exchange_u32(at as *mut u32, &raw mut value, new) } == 0)
        .then_some(value)
}
