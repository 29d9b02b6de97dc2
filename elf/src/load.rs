//! The steps by which a program comes into memory.
//!
//! A loader maps [`Step`]s in their order, each over what lies there already: segments may share
//! pages, and then the later one counts, as on Linux.

use alloc::vec::Vec;

use crate::program::{Flags, Kind, PAGE_SIZE, Program, Segment};

/// Where relocatable programs go at the lowest: two thirds of the address space, as on Linux.
pub const RELOCATABLE_BASE: u64 = 0x5555_5555_4000;

/// One step. Addresses and lengths are multiples of the page size but for [`Step::Clear`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Map a part of the file, privately.
    Map {
        /// Where to.
        address: u64,
        /// How much, in bytes.
        length: u64,
        /// What part of the file.
        offset: u64,
        /// What may be done with it.
        flags: Flags,
    },
    /// Set bytes of the page mapped last to zero: those after the end of the file's part. It is
    /// only asked for where the program may write.
    Clear {
        /// The first one.
        address: u64,
        /// How many, less than a page.
        length: u64,
    },
    /// Map memory that is zero.
    MapZero {
        /// Where to.
        address: u64,
        /// How much, in bytes.
        length: u64,
        /// What may be done with it.
        flags: Flags,
    },
}

impl Program {
    /// Returns the bias that puts the program's first page at `address`, rounded down to the
    /// alignment it needs; 0 if it must stay where it is. The result wraps around.
    pub const fn bias_at(&self, address: u64) -> u64 {
        match self.kind {
            Kind::Fixed => 0,
            Kind::Relocatable => {
                (address & !(self.align - 1)).wrapping_sub(self.load_span.start & !(self.align - 1))
            }
        }
    }

    /// Returns the steps that load the program `bias` above its own addresses.
    pub fn steps(&self, bias: u64) -> Vec<Step> {
        let mut steps = Vec::new();
        for segment in &self.segments {
            segment.push_steps(bias, &mut steps);
        }
        steps
    }

    /// Returns where the heap may begin: the end of the last page, before the bias.
    pub const fn heap_start(&self) -> u64 {
        self.load_span.end
    }
}

impl Segment {
    /// Adds the steps of one segment.
    fn push_steps(&self, bias: u64, steps: &mut Vec<Step>) {
        let pages = self.pages();
        let flags = self.flags;
        let file_pages_end = if self.filesz == 0 {
            pages.start
        } else {
            self.file_end().next_multiple_of(PAGE_SIZE)
        };
        if self.filesz > 0 {
            steps.push(Step::Map {
                address: pages.start.wrapping_add(bias),
                length: file_pages_end - pages.start,
                offset: self.offset - self.offset % PAGE_SIZE,
                flags,
            });
            let rest = file_pages_end - self.file_end();
            if rest > 0 && self.memsz > self.filesz && flags.contains(Flags::WRITE) {
                let address = self.file_end().wrapping_add(bias);
                steps.push(Step::Clear { address, length: rest });
            }
        }
        if pages.end > file_pages_end {
            steps.push(Step::MapZero {
                address: file_pages_end.wrapping_add(bias),
                length: pages.end - file_pages_end,
                flags,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use std::fs;

    use super::*;

    const DATA: Flags = Flags::READ.union(Flags::WRITE);

    fn steps(segment: Segment, bias: u64) -> Vec<Step> {
        let mut steps = Vec::new();
        segment.push_steps(bias, &mut steps);
        steps
    }

    #[test]
    fn data_segment_is_mapped_cleared_and_extended() {
        let segment =
            Segment { vaddr: 0x1e10, offset: 0xe10, filesz: 0x300, memsz: 0x2000, flags: DATA };
        let expected = vec![
            Step::Map { address: 0x10_1000, length: 0x2000, offset: 0, flags: DATA },
            Step::Clear { address: 0x10_2110, length: 0xef0 },
            Step::MapZero { address: 0x10_3000, length: 0x1000, flags: DATA },
        ];
        assert_eq!(steps(segment, 0x10_0000), expected);
    }

    #[test]
    fn text_segment_is_mapped_and_no_more() {
        let flags = Flags::READ | Flags::EXECUTE;
        let segment =
            Segment { vaddr: 0x40_1000, offset: 0x1000, filesz: 0x1234, memsz: 0x1234, flags };
        let expected =
            vec![Step::Map { address: 0x40_1000, length: 0x2000, offset: 0x1000, flags }];
        assert_eq!(steps(segment, 0), expected);
    }

    #[test]
    fn segment_without_bytes_is_zero_memory() {
        let segment = Segment { vaddr: 0x5008, offset: 0x77, filesz: 0, memsz: 8, flags: DATA };
        let expected = vec![Step::MapZero { address: 0x5000, length: 0x1000, flags: DATA }];
        assert_eq!(steps(segment, 0), expected);
    }

    #[test]
    fn bias_keeps_the_alignment() {
        let file = fs::read("/proc/self/exe").unwrap();
        let mut program = Program::read(&file.as_slice()).unwrap();
        assert_eq!(program.bias_at(RELOCATABLE_BASE), RELOCATABLE_BASE);
        program.align = 0x20_0000;
        assert_eq!(program.bias_at(RELOCATABLE_BASE), 0x5555_5540_0000);
        program.load_span.start = 0x40_1000;
        assert_eq!(program.bias_at(0x5555_5540_0000), 0x5555_5500_0000);
        program.kind = Kind::Fixed;
        assert_eq!(program.bias_at(RELOCATABLE_BASE), 0);
    }
}
