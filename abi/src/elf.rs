//! The executable format's numbers: `elf(5)`.
//!
//! Sizes and offsets are those of the 64-bit class, which is the only one there is here.

pub use linux_raw_sys::elf::{
    ELFCLASS as ELFCLASS64, ELFDATA as ELFDATA2LSB, ELFMAG, EM_CURRENT as EM_X86_64, ET_DYN, PF_R,
    PF_W, PF_X, PT_DYNAMIC, PT_GNU_STACK, PT_INTERP, PT_LOAD, PT_TLS,
};

/// `e_type` of a relocatable file, the output of a compiler.
pub const ET_REL: u16 = 1;
/// `e_type` of an executable that must be loaded at the addresses in it.
pub const ET_EXEC: u16 = 2;
/// `e_type` of a core dump.
pub const ET_CORE: u16 = 4;

/// Size of the file header, in bytes.
pub const EHDR_SIZE: usize = 64;
/// Size of one program header, in bytes.
pub const PHDR_SIZE: usize = 56;
/// Size of one entry of the dynamic section, in bytes.
pub const DYN_SIZE: usize = 16;

/// `d_tag`: end of the dynamic section.
pub const DT_NULL: u64 = 0;
/// `d_tag`: offset of a needed library's name in the string table.
pub const DT_NEEDED: u64 = 1;
/// `d_tag`: address of the string table.
pub const DT_STRTAB: u64 = 5;
/// `d_tag`: size of the string table, in bytes.
pub const DT_STRSZ: u64 = 10;
/// `d_tag`: offset of the shared object's own name in the string table.
pub const DT_SONAME: u64 = 14;
/// `d_tag`: offset of the old form of the library search path in the string table.
pub const DT_RPATH: u64 = 15;
/// `d_tag`: offset of the library search path in the string table.
pub const DT_RUNPATH: u64 = 29;

/// The longest path, its terminating zero included (limits.h).
pub const PATH_MAX: usize = 4096;
