//! The file header and the table of program headers, made safe for xmas-elf to read.
//!
//! xmas-elf panics on headers that point outside the input and on unaligned input. So the
//! fields that it follows are checked first, and it gets an aligned copy in which the table
//! comes right after the file header.

use alloc::vec;
use alloc::vec::Vec;

use abi::elf::{EHDR_SIZE, ELFCLASS64, ELFDATA2LSB, ELFMAG, EM_X86_64, ET_DYN, ET_EXEC, PHDR_SIZE};
use zerocopy::IntoBytes;

use crate::{Error, Reader};

/// The largest table of program headers that Linux accepts, in bytes.
const MAX_TABLE: usize = 65536;

// Offsets of fields in the file header, elf(5).
const EI_CLASS: usize = 4;
const EI_DATA: usize = 5;
const E_TYPE: usize = 16;
const E_MACHINE: usize = 18;
const E_PHOFF: usize = 32;
const E_PHENTSIZE: usize = 54;
const E_PHNUM: usize = 56;

/// A checked file header with its program headers.
pub(crate) struct Head {
    /// The header and then the table, in eights so that they are aligned.
    words: Vec<u64>,
    /// Where the table is in the file.
    pub(crate) table_offset: u64,
    /// Number of program headers, at least 1.
    pub(crate) count: u16,
    /// `e_type`: `ET_EXEC` or `ET_DYN`.
    pub(crate) kind: u16,
}

impl Head {
    /// Reads and checks the head of a file.
    pub(crate) fn read(reader: &dyn Reader) -> Result<Self, Error> {
        let header = read_header(reader)?;
        let kind = u16_at(&header, E_TYPE);
        check_identity(&header, kind)?;
        let count = u16_at(&header, E_PHNUM);
        let size = usize::from(count) * PHDR_SIZE;
        let entry_size = usize::from(u16_at(&header, E_PHENTSIZE));
        if entry_size != PHDR_SIZE || size == 0 || size > MAX_TABLE {
            return Err(Error::ProgramHeaders);
        }
        let table_offset = u64_at(&header, E_PHOFF);
        if !is_inside(reader, table_offset, size as u64) {
            return Err(Error::Truncated);
        }
        let mut words = vec![0; (EHDR_SIZE + size) / size_of::<u64>()];
        let (head, table) = words.as_mut_bytes().split_at_mut(EHDR_SIZE);
        head.copy_from_slice(&header);
        head[E_PHOFF..E_PHOFF + 8].copy_from_slice(&(EHDR_SIZE as u64).to_le_bytes());
        reader.read_at(table_offset, table).map_err(Error::Read)?;
        Ok(Self { words, table_offset, count, kind })
    }

    /// Returns the header and its table as bytes, the table's offset amended.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.words.as_bytes()
    }
}

/// Returns whether `size` bytes at `offset` lie in the file.
pub(crate) fn is_inside(reader: &dyn Reader, offset: u64, size: u64) -> bool {
    offset.checked_add(size).is_some_and(|end| end <= reader.size())
}

/// Reads the file header, having looked whether this is an ELF file at all.
fn read_header(reader: &dyn Reader) -> Result<[u8; EHDR_SIZE], Error> {
    let mut header = [0; EHDR_SIZE];
    let there = usize::try_from(reader.size()).unwrap_or(usize::MAX).min(EHDR_SIZE);
    let front = &mut header[..there];
    reader.read_at(0, front).map_err(Error::Read)?;
    match front {
        [] => Err(Error::Empty),
        [b'#', b'!', ..] => Err(Error::Script),
        _ if !front.starts_with(&ELFMAG) => Err(Error::NotElf),
        _ if there < EHDR_SIZE => Err(Error::Truncated),
        _ => Ok(header),
    }
}

/// Checks that the file is an executable or shared object for this machine.
fn check_identity(header: &[u8; EHDR_SIZE], kind: u16) -> Result<(), Error> {
    let machine = u16_at(header, E_MACHINE);
    if header[EI_CLASS] != ELFCLASS64 {
        Err(Error::Not64Bit)
    } else if header[EI_DATA] != ELFDATA2LSB {
        Err(Error::BigEndian)
    } else if machine != EM_X86_64 {
        Err(Error::Machine(machine))
    } else if kind != ET_EXEC && kind != ET_DYN {
        Err(Error::Kind(kind))
    } else {
        Ok(())
    }
}

/// Returns the little-endian number at a fixed offset of the header.
fn u16_at(header: &[u8; EHDR_SIZE], offset: usize) -> u16 {
    u16::from_le_bytes([header[offset], header[offset + 1]])
}

/// Returns the little-endian number at a fixed offset of the header.
fn u64_at(header: &[u8; EHDR_SIZE], offset: usize) -> u64 {
    (0..8).rev().fold(0, |value, index| value << 8 | u64::from(header[offset + index]))
}
