//! Why a file cannot be run, in words for people and as an error number for programs.

use core::fmt;

use abi::Errno;
use abi::elf::{ET_CORE, ET_REL};

/// Why a file is not an executable that can be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// The file could not be read.
    Read(Errno),
    /// The file is empty.
    Empty,
    /// The file begins with `#!`.
    Script,
    /// The file does not begin as an ELF file does.
    NotElf,
    /// An ELF file of the 32-bit class, or of none that there is.
    Not64Bit,
    /// An ELF file for big-endian machines.
    BigEndian,
    /// An ELF file for another processor; its `e_machine`.
    Machine(u16),
    /// An ELF file that is no executable: an object file, a core dump; its `e_type`.
    Kind(u16),
    /// The file ends before what its headers promise.
    Truncated,
    /// The table of program headers is absent, too large, or has entries of a wrong size.
    ProgramHeaders,
    /// There is no segment to load.
    NoSegments,
    /// A segment lies outside the addresses that a program can have, or is smaller in memory
    /// than in the file.
    SegmentRange,
    /// A segment's address and its place in the file do not lie equally in a page.
    SegmentAlignment,
    /// The interpreter's path is empty, too long or not terminated.
    Interpreter,
    /// The dynamic section has no usable string table, or a string outside it.
    Dynamic,
}

impl Error {
    /// Returns what `execve(2)` fails with when the program itself has this fault.
    ///
    /// Linux kills the process for some of these, since it finds them past the point of no
    /// return. Here all are found before.
    pub const fn errno(self) -> Errno {
        match self {
            Self::Read(errno) => errno,
            _ => Errno::ENOEXEC,
        }
    }

    /// Returns what `execve(2)` fails with when the program's interpreter has this fault.
    pub const fn errno_of_interpreter(self) -> Errno {
        match self {
            Self::Read(errno) => errno,
            _ => Errno::ELIBBAD,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::Read(errno) => return write!(f, "the file cannot be read: {errno}"),
            Self::Empty => "the file is empty",
            Self::Script => "a script, not an ELF file: run its interpreter instead",
            Self::NotElf => "not an ELF file",
            Self::Not64Bit => "a 32-bit ELF file, where a 64-bit one is needed",
            Self::BigEndian => "an ELF file for a big-endian machine, not for x86-64",
            Self::Machine(machine) => {
                return write!(f, "an ELF file for {}, not for x86-64", Processor(machine));
            }
            Self::Kind(ET_REL) => "an object file, not an executable: it has yet to be linked",
            Self::Kind(ET_CORE) => "a core dump, not an executable",
            Self::Kind(_) => "an ELF file that is no executable",
            Self::Truncated => "the ELF file is truncated",
            Self::ProgramHeaders => "the ELF file has no usable table of program headers",
            Self::NoSegments => "the ELF file has nothing to load",
            Self::SegmentRange => "a segment of the ELF file has an impossible address or size",
            Self::SegmentAlignment => "a segment of the ELF file is not aligned to pages",
            Self::Interpreter => "the ELF file names its interpreter in an impossible way",
            Self::Dynamic => "the dynamic section of the ELF file is malformed",
        })
    }
}

impl core::error::Error for Error {}

/// A processor as people call it, by its `e_machine`.
struct Processor(u16);

impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            3 => "32-bit x86",
            8 => "MIPS",
            20 => "32-bit PowerPC",
            21 => "PowerPC",
            22 => "S/390",
            40 => "32-bit Arm",
            183 => "64-bit Arm",
            243 => "RISC-V",
            258 => "LoongArch",
            other => return write!(f, "processor {other}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn words_name_the_processor() {
        assert_eq!(Error::Machine(183).to_string(), "an ELF file for 64-bit Arm, not for x86-64");
        assert_eq!(Error::Machine(9999).errno(), Errno::ENOEXEC);
        assert_eq!(Error::NotElf.errno_of_interpreter(), Errno::ELIBBAD);
        assert_eq!(Error::Read(Errno::EACCES).errno_of_interpreter(), Errno::EACCES);
    }
}
