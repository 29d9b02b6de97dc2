use std::fs;

use abi::elf::{EHDR_SIZE, PHDR_SIZE};
use proptest::prelude::*;

use super::*;
use crate::Dynamic;

/// The head of this very test program, a real file with all kinds of headers.
fn real_file() -> Vec<u8> {
    fs::read("/proc/self/exe").unwrap()
}

/// An executable with the given program headers and a page of bytes, built by hand.
fn made_file(kind: u16, headers: &[[u64; 8]]) -> Vec<u8> {
    let mut file = Vec::from(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    file.extend(kind.to_le_bytes());
    file.extend(62u16.to_le_bytes());
    file.extend(1u32.to_le_bytes());
    for word in [0x40_1000, EHDR_SIZE as u64, 0] {
        file.extend(word.to_le_bytes());
    }
    file.extend(0u32.to_le_bytes());
    let count = u16::try_from(headers.len()).unwrap();
    for half in [64, 56, count, 64, 0, 0] {
        file.extend(half.to_le_bytes());
    }
    for [kind, flags, rest @ ..] in headers {
        file.extend(u32::try_from(*kind).unwrap().to_le_bytes());
        file.extend(u32::try_from(*flags).unwrap().to_le_bytes());
        for word in rest {
            file.extend(word.to_le_bytes());
        }
    }
    assert_eq!(file.len(), EHDR_SIZE + headers.len() * PHDR_SIZE);
    file.resize(0x3000, 0);
    file
}

/// A `PT_LOAD` header: offset, vaddr, filesz, memsz; aligned to pages, readable and executable.
const fn load(offset: u64, vaddr: u64, filesz: u64, memsz: u64) -> [u64; 8] {
    [1, 5, offset, vaddr, vaddr, filesz, memsz, 0x1000]
}

fn read(file: &[u8]) -> Result<Program, Error> {
    Program::read(&file)
}

#[test]
fn reads_this_program() {
    let program = read(&real_file()).unwrap();
    assert_eq!(program.kind, Kind::Relocatable);
    assert_eq!(program.interpreter.as_deref(), Some(&b"/lib64/ld-linux-x86-64.so.2"[..]));
    assert_eq!(program.phdr_vaddr, Some(64));
    assert!(!program.stack_executable);
    assert!(program.tls.is_some());
    assert!(program.load_span.contains(&program.entry));
    assert!(program.segments.iter().any(|segment| segment.flags.contains(Flags::EXECUTE)));
}

#[test]
fn reads_programs_of_the_host() {
    for path in ["/bin/ls", "/bin/sh", "/lib64/ld-linux-x86-64.so.2", "/usr/bin/env"] {
        let Ok(file) = fs::read(path) else { continue };
        let program = read(&file).unwrap();
        assert_eq!(program.interpreter.is_none(), path.contains("ld-linux"), "{path}");
    }
}

#[test]
fn fixed_program_keeps_its_addresses() {
    let file =
        made_file(2, &[load(0, 0x40_0000, 0x200, 0x200), load(0x1100, 0x40_1100, 8, 0x2000)]);
    let program = read(&file).unwrap();
    assert_eq!(program.kind, Kind::Fixed);
    assert_eq!(program.load_span, 0x40_0000..0x40_4000);
    assert_eq!(program.phdr_vaddr, Some(0x40_0040));
    assert_eq!(program.segments[1].pages(), 0x40_1000..0x40_4000);
    assert_eq!(program.segments[1].file_end(), 0x40_1108);
}

#[test]
fn other_files_are_named() {
    let elf = made_file(2, &[load(0, 0x40_0000, 8, 8)]);
    let changed = |offset: usize, value: u8| {
        let mut file = elf.clone();
        file[offset] = value;
        read(&file).unwrap_err()
    };
    assert_eq!(read(b""), Err(Error::Empty));
    assert_eq!(read(b"#!/bin/sh\n"), Err(Error::Script));
    assert_eq!(read(b"MZ"), Err(Error::NotElf));
    assert_eq!(read(b"\x7fEL"), Err(Error::NotElf));
    assert_eq!(read(&elf[..63]), Err(Error::Truncated));
    assert_eq!(read(&elf[..64]), Err(Error::Truncated));
    assert_eq!(changed(4, 1), Error::Not64Bit);
    assert_eq!(changed(5, 2), Error::BigEndian);
    assert_eq!(changed(18, 183), Error::Machine(183));
    assert_eq!(changed(16, 1), Error::Kind(1));
    assert_eq!(changed(54, 32), Error::ProgramHeaders);
    assert_eq!(changed(56, 0), Error::ProgramHeaders);
    assert_eq!(changed(57, 0xff), Error::ProgramHeaders);
    assert_eq!(changed(39, 0xff), Error::Truncated);
}

#[test]
fn impossible_segments_are_refused() {
    let one = |header| read(&made_file(2, &[header])).unwrap_err();
    assert_eq!(one(load(0, 0x40_0000, 9, 8)), Error::SegmentRange);
    assert_eq!(one(load(0, u64::MAX - 0xfff, 8, 0x2000)), Error::SegmentRange);
    assert_eq!(one(load(0, USER_END, 8, 8)), Error::SegmentRange);
    assert_eq!(one(load(0, 0, 8, 8)), Error::SegmentRange);
    assert_eq!(one(load(0, 0x40_0001, 8, 8)), Error::SegmentAlignment);
    assert_eq!(one(load(0x2000, 0x40_0000, 0x1001, 0x1001)), Error::Truncated);
    assert_eq!(one(load(u64::MAX, 0x40_0fff, 8, 8)), Error::Truncated);
    assert_eq!(one(load(0, 0x40_0000, 0, 0)), Error::NoSegments);
    assert_eq!(one([1, 5, 0, 0x40_0000, 0, 8, 8, 1 << 60]), Error::SegmentAlignment);
    assert_eq!(one([4, 5, 0, 0x40_0000, 0, 8, 8, 0x1000]), Error::NoSegments);
}

#[test]
fn interpreter_must_be_a_terminated_path() {
    let with = |place: [u64; 2], text: &[u8]| {
        let interp = [3, 4, place[0], 0, 0, place[1], place[1], 1];
        let mut file = made_file(3, &[load(0, 0, 8, 8), interp]);
        file[0x1000..0x1000 + text.len()].copy_from_slice(text);
        read(&file).map(|program| program.interpreter)
    };
    assert_eq!(with([0x1000, 5], b"/ld.\0"), Ok(Some(b"/ld.".to_vec())));
    assert_eq!(with([0x1000, 4], b"/ld."), Err(Error::Interpreter));
    assert_eq!(with([0x1000, 2], b"\0\0"), Err(Error::Interpreter));
    assert_eq!(with([0x1000, 1], b"\0"), Err(Error::Interpreter));
    assert_eq!(with([0x1000, 5000], b"/"), Err(Error::Interpreter));
    assert_eq!(with([u64::MAX, 5], b"/ld.\0"), Err(Error::Truncated));
}

#[test]
fn stack_flags_are_read() {
    let with = |flags| {
        let stack = [0x6474_e551, flags, 0, 0, 0, 0, 0, 16];
        read(&made_file(2, &[load(0, 0x40_0000, 8, 8), stack])).unwrap().stack_executable
    };
    assert!(with(7));
    assert!(!with(6));
}

/// Checks what [`Segment`] and [`Program`] promise of any file that was accepted.
fn check_promises(file: &[u8]) {
    let Ok(program) = read(file) else { return };
    assert!(program.align.is_power_of_two() && program.align >= PAGE_SIZE);
    for segment in &program.segments {
        let end = segment.vaddr.checked_add(segment.memsz).unwrap();
        assert!(end <= USER_END && segment.filesz <= segment.memsz && segment.memsz > 0);
        assert!(program.load_span.start <= segment.vaddr && end <= program.load_span.end);
        let file_end = segment.offset.checked_add(segment.filesz).unwrap();
        assert!(segment.filesz == 0 || file_end <= file.len() as u64);
    }
    let _ = Dynamic::read(&file, &program);
}

#[test]
fn mutated_heads_never_panic() {
    // xorshift64: a fixed seed makes a failure repeatable.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let original = real_file();
    let table = EHDR_SIZE + PHDR_SIZE * usize::from(read(&original).unwrap().phnum);
    let mut file = original.clone();
    for _ in 0..200_000 {
        let mut changed = Vec::new();
        for _ in 0..=random() % 6 {
            let offset = usize::try_from(random()).unwrap() % table;
            let value = random().to_le_bytes();
            file[offset] = [value[0], 0, 0xff, 0x80, 1][usize::from(value[1]) % 5];
            changed.push(offset);
        }
        check_promises(&file);
        for offset in changed {
            file[offset] = original[offset];
        }
    }
}

proptest! {
    #[test]
    fn any_headers_never_panic(
        kind in 2_u16..4,
        headers in prop::collection::vec(
            (prop::sample::select(&[1_u64, 2, 3, 7, 0x6474_e551][..]), any::<[u64; 6]>(), any::<[bool; 6]>()),
            1..6,
        ),
        bytes in prop::collection::vec(any::<u8>(), 256),
    ) {
        let headers: Vec<_> = headers
            .into_iter()
            .map(|(kind, words, small)| {
                let [a, b, c, d, e, f] =
                    core::array::from_fn(|i| if small[i] { words[i] & 0x1fff } else { words[i] });
                [kind, 7, a, b, c, d, e, f]
            })
            .collect();
        let mut file = made_file(kind, &headers);
        file[0x1000..0x1100].copy_from_slice(&bytes);
        check_promises(&file);
    }

    #[test]
    fn any_dynamic_section_never_panics(
        entries in prop::collection::vec((0_u64..32, 0_u64..0x4000), 0..64),
    ) {
        let section = [2, 6, 0x1000, 0x1000, 0x1000, 0x400, 0x400, 8];
        let mut file = made_file(3, &[load(0, 0, 0x3000, 0x3000), section]);
        for (index, (tag, value)) in entries.iter().enumerate() {
            let at = 0x1000 + index * 16;
            file[at..at + 8].copy_from_slice(&tag.to_le_bytes());
            file[at + 8..at + 16].copy_from_slice(&value.to_le_bytes());
        }
        check_promises(&file);
    }
}
