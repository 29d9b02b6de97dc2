//! What a loader has to know of an executable.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use abi::elf::{
    ET_EXEC, PATH_MAX, PF_R, PF_W, PF_X, PT_DYNAMIC, PT_GNU_STACK, PT_INTERP, PT_LOAD, PT_TLS,
};
use xmas_elf::ElfFile;
use xmas_elf::program::ProgramHeader64;

use crate::header::{Head, is_inside};
use crate::{Error, Reader};

/// Size of a page, in bytes.
pub const PAGE_SIZE: u64 = 4096;

/// The first address above those a program can have.
pub const USER_END: u64 = 0x7fff_ffff_f000;

/// The lowest address a program can have: page 0 is never mapped.
const USER_START: u64 = PAGE_SIZE;

/// Whether a program may be loaded anywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `ET_EXEC`: at its own addresses only.
    Fixed,
    /// `ET_DYN`: anywhere. A position-independent executable, a shared object, an interpreter.
    Relocatable,
}

bitflags::bitflags! {
    /// What a program may do with a segment's memory.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Flags: u32 {
        /// `PF_X`: execute it.
        const EXECUTE = PF_X;
        /// `PF_W`: write to it.
        const WRITE = PF_W;
        /// `PF_R`: read it.
        const READ = PF_R;
    }
}

/// A part of the file to be mapped, a `PT_LOAD` header.
///
/// Checked: `vaddr + memsz` does not overflow and stays below [`USER_END`], `filesz` is not
/// above `memsz`, the file has the bytes, and where there are any, `vaddr` and `offset` are equal
/// modulo [`PAGE_SIZE`]. Segments may share pages or overlap; a later one lies on top.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Where it goes, before the load bias of a relocatable program is added.
    pub vaddr: u64,
    /// Where its bytes are in the file.
    pub offset: u64,
    /// How many bytes come from the file.
    pub filesz: u64,
    /// How many bytes of memory it takes, never 0; those above `filesz` are zero.
    pub memsz: u64,
    /// What may be done with its memory.
    pub flags: Flags,
}

impl Segment {
    /// Returns the whole pages that the segment touches, as addresses before the load bias.
    pub const fn pages(&self) -> Range<u64> {
        self.vaddr - self.vaddr % PAGE_SIZE..(self.vaddr + self.memsz).next_multiple_of(PAGE_SIZE)
    }

    /// Returns the segment's end in the file's part, as an address before the load bias.
    pub const fn file_end(&self) -> u64 {
        self.vaddr + self.filesz
    }
}

/// The template of thread-local storage, the `PT_TLS` header. It is not checked: the program's
/// own start-up code uses it, not the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tls {
    /// Address of the initialised part, before the load bias.
    pub vaddr: u64,
    /// Size of the initialised part, in bytes.
    pub filesz: u64,
    /// Size of the whole block, in bytes.
    pub memsz: u64,
    /// Alignment of the block, in bytes.
    pub align: u64,
}

/// An executable that has been read and found loadable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// Whether it may be loaded anywhere.
    pub kind: Kind,
    /// Where it starts, before the load bias. Not checked; 0 in most shared libraries.
    pub entry: u64,
    /// What to map, in the file's order; never empty.
    pub segments: Vec<Segment>,
    /// The path of the program that is to load this one (`PT_INTERP`), without its zero.
    pub interpreter: Option<Vec<u8>>,
    /// Where the program headers are in memory, before the load bias; `None` if not loaded.
    pub phdr_vaddr: Option<u64>,
    /// Number of program headers.
    pub phnum: u16,
    /// Whether the program asks for a stack that can be executed (`PT_GNU_STACK`).
    pub stack_executable: bool,
    /// The template of thread-local storage.
    pub tls: Option<Tls>,
    /// Where the dynamic section is in the file (`PT_DYNAMIC`); inside the file.
    pub dynamic: Option<Range<u64>>,
    /// All pages from the lowest to the highest that any segment touches.
    pub load_span: Range<u64>,
    /// The largest alignment any segment asks for, at least [`PAGE_SIZE`]; a power of two.
    pub align: u64,
}

impl Program {
    /// Reads an executable's headers and checks them.
    ///
    /// # Errors
    /// Any [`Error`] but [`Error::Dynamic`].
    pub fn read(reader: &dyn Reader) -> Result<Self, Error> {
        let head = Head::read(reader)?;
        let file = ElfFile::new(head.bytes()).map_err(|_| Error::NotElf)?;
        let kind = if head.kind == ET_EXEC { Kind::Fixed } else { Kind::Relocatable };
        let mut program = Self {
            kind,
            entry: file.header.pt2.entry_point(),
            segments: Vec::new(),
            interpreter: None,
            phdr_vaddr: None,
            phnum: head.count,
            stack_executable: false,
            tls: None,
            dynamic: None,
            load_span: 0..0,
            align: PAGE_SIZE,
        };
        for header in file.program_iter() {
            if let xmas_elf::program::ProgramHeader::Ph64(header) = header {
                program.add(reader, header, head.table_offset)?;
            }
        }
        if program.segments.is_empty() {
            return Err(Error::NoSegments);
        }
        Ok(program)
    }

    /// Takes in what one program header says.
    fn add(
        &mut self,
        reader: &dyn Reader,
        header: &ProgramHeader64,
        table_offset: u64,
    ) -> Result<(), Error> {
        match raw_type(header) {
            PT_LOAD => self.add_segment(reader, header, table_offset)?,
            PT_INTERP if self.interpreter.is_none() => {
                self.interpreter = Some(read_interpreter(reader, header)?);
            }
            PT_GNU_STACK => self.stack_executable = header.flags.is_execute(),
            PT_TLS => {
                self.tls = Some(Tls {
                    vaddr: header.virtual_addr,
                    filesz: header.file_size,
                    memsz: header.mem_size,
                    align: header.align,
                });
            }
            PT_DYNAMIC if self.dynamic.is_none() => {
                if !is_inside(reader, header.offset, header.file_size) {
                    return Err(Error::Truncated);
                }
                self.dynamic = Some(header.offset..header.offset + header.file_size);
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks a `PT_LOAD` header and takes it in.
    fn add_segment(
        &mut self,
        reader: &dyn Reader,
        header: &ProgramHeader64,
        table_offset: u64,
    ) -> Result<(), Error> {
        let segment = Segment {
            vaddr: header.virtual_addr,
            offset: header.offset,
            filesz: header.file_size,
            memsz: header.mem_size,
            flags: Flags::from_bits_truncate(header.flags.0),
        };
        check_segment(reader, &segment, self.kind)?;
        if segment.memsz == 0 {
            return Ok(());
        }
        // As Linux does: an alignment that is no power of two counts for nothing.
        if header.align.is_power_of_two() {
            if header.align > USER_END {
                return Err(Error::SegmentAlignment);
            }
            self.align = self.align.max(header.align);
        }
        let file_part = segment.offset..segment.offset + segment.filesz;
        if file_part.contains(&table_offset) {
            self.phdr_vaddr = Some(segment.vaddr + (table_offset - segment.offset));
        }
        let pages = segment.pages();
        self.load_span = if self.segments.is_empty() {
            pages
        } else {
            self.load_span.start.min(pages.start)..self.load_span.end.max(pages.end)
        };
        self.segments.push(segment);
        Ok(())
    }

    /// Returns the place in the file of a loaded address and how many bytes of the file follow
    /// it in its segment.
    pub(crate) fn file_offset(&self, vaddr: u64) -> Option<(u64, u64)> {
        self.segments.iter().find_map(|segment| {
            let inside = vaddr.checked_sub(segment.vaddr)?;
            (inside < segment.filesz).then(|| (segment.offset + inside, segment.filesz - inside))
        })
    }
}

/// Returns a header's `p_type`, which xmas-elf gives by name only.
fn raw_type(header: &ProgramHeader64) -> u32 {
    use xmas_elf::program::Type;
    match header.get_type() {
        Ok(Type::Load) => PT_LOAD,
        Ok(Type::Dynamic) => PT_DYNAMIC,
        Ok(Type::Interp) => PT_INTERP,
        Ok(Type::Tls) => PT_TLS,
        Ok(Type::OsSpecific(other)) => other,
        Ok(_) | Err(_) => 0,
    }
}

/// Checks what [`Segment`] promises.
fn check_segment(reader: &dyn Reader, segment: &Segment, kind: Kind) -> Result<(), Error> {
    let lowest = if kind == Kind::Fixed && segment.memsz > 0 { USER_START } else { 0 };
    let end = segment.vaddr.checked_add(segment.memsz).ok_or(Error::SegmentRange)?;
    if segment.vaddr < lowest || end > USER_END || segment.filesz > segment.memsz {
        return Err(Error::SegmentRange);
    }
    if segment.filesz == 0 {
        return if segment.offset > i64::MAX.cast_unsigned() {
            Err(Error::SegmentRange)
        } else {
            Ok(())
        };
    }
    if !is_inside(reader, segment.offset, segment.filesz) {
        return Err(Error::Truncated);
    }
    if segment.vaddr % PAGE_SIZE != segment.offset % PAGE_SIZE {
        return Err(Error::SegmentAlignment);
    }
    Ok(())
}

/// Reads the path that a `PT_INTERP` header points to.
fn read_interpreter(reader: &dyn Reader, header: &ProgramHeader64) -> Result<Vec<u8>, Error> {
    let size = usize::try_from(header.file_size).map_err(|_| Error::Interpreter)?;
    if !(2..=PATH_MAX).contains(&size) {
        return Err(Error::Interpreter);
    }
    if !is_inside(reader, header.offset, header.file_size) {
        return Err(Error::Truncated);
    }
    let mut path = vec![0; size];
    reader.read_at(header.offset, &mut path).map_err(Error::Read)?;
    if path.last() != Some(&0) {
        return Err(Error::Interpreter);
    }
    path.truncate(path.iter().position(|byte| *byte == 0).unwrap_or(0));
    if path.is_empty() { Err(Error::Interpreter) } else { Ok(path) }
}

#[cfg(test)]
mod tests;
