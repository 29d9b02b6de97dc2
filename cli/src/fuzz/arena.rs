//! The arena: the memory that the arguments of a plan's calls lie in.
//!
//! `interpreter/interpreter.h` has the same addresses, and maps what is there.

/// Where the memory begins that can be read and written.
pub(super) const DATA: u64 = 0x10_0000_0000;
/// Where it ends; the page behind is not mapped.
pub(super) const DATA_END: u64 = DATA + 0x1_0000;
/// What must be sane where it is read (masks, actions, stacks) lies in the first page, below all
/// that calls write to.
pub(super) const SANE_END: u64 = DATA + PAGE;
/// A page that can be read only.
pub(super) const READ_ONLY: u64 = DATA + 0x2_0000;
/// A page that cannot be touched.
pub(super) const NO_ACCESS: u64 = DATA + 0x2_2000;
/// An address at which nothing is mapped.
pub(super) const HOLE: u64 = DATA + 0x2_4000;
/// Where the memory begins that calls write what is not determined to, so that no other call reads
/// it.
pub(super) const TRASH: u64 = DATA + 0x2_8000;
/// Where it ends; the page behind is not mapped.
pub(super) const TRASH_END: u64 = TRASH + 4 * PAGE;
/// Where the memory begins that calls may map, protect and unmap.
pub(super) const ZONE: u64 = DATA + 0x10_0000;
/// Its size in pages; what is behind is not mapped.
pub(super) const ZONE_PAGES: u64 = 64;
/// A stack for signal handlers, of [`ALT_STACK_SIZE`] bytes.
pub(super) const ALT_STACK: u64 = DATA + 0x20_0000;
/// Its size.
pub(super) const ALT_STACK_SIZE: u64 = 0x1_0000;
/// A signal handler that returns at once.
pub(super) const HANDLER: u64 = DATA + 0x30_0000;
/// What signal handlers return to.
pub(super) const RESTORER: u64 = HANDLER + 16;
/// Bytes of a page.
pub(super) const PAGE: u64 = 4096;

/// Pointers that are wrong for most calls.
pub(super) const BAD_POINTERS: [u64; 16] = [
    0,
    8,
    NO_ACCESS,
    NO_ACCESS + PAGE - 8,
    HOLE,
    TRASH_END - 1,
    DATA_END,
    READ_ONLY,
    READ_ONLY + PAGE - 4,
    0x7fff_ffff_f000,
    0x7fff_ffff_efff,
    0x8000_0000_0000,
    0xffff_8000_0000_1000,
    0xffff_ffff_8000_0000,
    u64::MAX - 7,
    u64::MAX,
];
