//! Programs: what of an ELF file decides how it is packed.
//!
//! A file that Linux on x86-64 would not run, or Scull cannot, is refused here,
//! before a machine is started, with a line that says why. Source: elf(5).

use std::fs;
use std::path::Path;

use anyhow::Result;
use object::elf;
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _};
use object::{Endianness, LittleEndian};

use crate::error;

/// What is read of an ELF file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Program {
    /// The interpreter (`PT_INTERP`) of a dynamic program.
    pub(crate) interpreter: Option<String>,
    /// Names of the libraries it needs (`DT_NEEDED`), in order.
    pub(crate) needed: Vec<String>,
    /// Folders of `DT_RUNPATH`, or of `DT_RPATH` where that is missing.
    pub(crate) run_path: Vec<String>,
}

/// Reads the program `path`, checked to be one that can be started.
///
/// # Errors
/// Fails with a usage error that names what is wrong with the file.
pub(crate) fn read(path: &Path) -> Result<Program> {
    let data = read_file(path)?;
    check(&data).map_err(|why| error::usage(format!("{}: {why}", path.display())))?;
    let program = parse(&data).map_err(|why| error::usage(format!("{}: {why}", path.display())))?;
    Ok(program)
}

/// Reads a file whole.
///
/// # Errors
/// Fails with a usage error that names the cause.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    if path.is_dir() {
        return Err(error::usage(format!("{} is a directory; give a program", path.display())));
    }
    fs::read(path).map_err(|why| match why.kind() {
        std::io::ErrorKind::NotFound => {
            error::usage(format!("no file or port '{}'; see scull ports", path.display()))
        }
        _ => error::usage(format!("cannot read {}: {why}", path.display())),
    })
}

/// Says why `data` is not a program that Scull can start.
fn check(data: &[u8]) -> Result<(), String> {
    if data.is_empty() {
        return Err("is empty; give an x86-64 Linux ELF program".to_owned());
    }
    if let Some(rest) = data.strip_prefix(b"#!") {
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let interpreter = String::from_utf8_lossy(line).trim().chars().take(80).collect::<String>();
        return Err(format!(
            "is a script for {interpreter}; run the interpreter itself and add the script with --file"
        ));
    }
    if !data.starts_with(&elf::ELFMAG) {
        return Err("is not an ELF program; give an x86-64 Linux ELF program".to_owned());
    }
    if data.len() < size_of::<elf::FileHeader64<LittleEndian>>() {
        return Err("is a truncated ELF file; build or copy it again".to_owned());
    }
    if data[4] != elf::ELFCLASS64.0 {
        return Err("is a 32-bit program; build it for x86-64 (without -m32)".to_owned());
    }
    if data[5] != elf::ELFDATA2LSB.0 {
        return Err("is a big-endian program; build it for x86-64".to_owned());
    }
    let machine = u16::from_le_bytes([data[18], data[19]]);
    if machine != elf::EM_X86_64.0 {
        return Err(format!("is not for x86-64 (ELF machine {machine}); build it for x86-64"));
    }
    if ![elf::ELFOSABI_SYSV.0, elf::ELFOSABI_GNU.0].contains(&data[7]) {
        return Err(format!("is not for Linux (OS ABI {}); build it for Linux", data[7]));
    }
    match elf::FileType(u16::from_le_bytes([data[16], data[17]])) {
        elf::ET_EXEC | elf::ET_DYN => Ok(()),
        elf::ET_REL => Err("is an object file; link it into a program".to_owned()),
        elf::ET_CORE => Err("is a core dump; give the program itself".to_owned()),
        kind => Err(format!("is an ELF file of unknown type {}", kind.0)),
    }
}

/// Reads the program headers and the dynamic section of `data`, a checked program.
fn parse(data: &[u8]) -> Result<Program, String> {
    let truncated = || "is a truncated ELF file; build or copy it again".to_owned();
    let header =
        elf::FileHeader64::<Endianness>::parse(data).map_err(|why| format!("is damaged: {why}"))?;
    let endian = header.endian().map_err(|why| format!("is damaged: {why}"))?;
    let segments = header.program_headers(endian, data).map_err(|_| truncated())?;
    let mut program = Program::default();
    let mut is_dynamic_program = header.e_type(endian) == elf::ET_EXEC;
    let mut has_load = false;
    for segment in segments {
        match segment.p_type(endian) {
            elf::PT_LOAD => {
                has_load = true;
                segment.data(endian, data).map_err(|()| truncated())?;
            }
            elf::PT_INTERP => {
                let name = segment.data(endian, data).map_err(|()| truncated())?;
                let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                program.interpreter = Some(String::from_utf8_lossy(name).into_owned());
                is_dynamic_program = true;
            }
            _ => {}
        }
    }
    if !has_load {
        return Err("has nothing to load; give a program".to_owned());
    }
    let flags = read_dynamic(&mut program, header, endian, data).map_err(|why| why.to_string())?;
    if !is_dynamic_program && flags & elf::DF_1_PIE.0 == 0 {
        return Err("is a shared library, not a program; give a program that uses it".to_owned());
    }
    Ok(program)
}

/// Reads libraries and search paths into `program`; returns `DT_FLAGS_1`.
fn read_dynamic(
    program: &mut Program,
    header: &elf::FileHeader64<Endianness>,
    endian: Endianness,
    data: &[u8],
) -> object::read::Result<u64> {
    let sections = header.program_headers(endian, data)?;
    let mut flags = 0;
    let (mut entries, mut strings) = (&[][..], (0, 0));
    for segment in sections {
        if let Some(found) = segment.dynamic(endian, data)? {
            entries = found;
        }
    }
    for entry in entries {
        match entry.d_tag(endian) {
            elf::DT_STRTAB => strings.0 = entry.d_val(endian),
            elf::DT_STRSZ => strings.1 = entry.d_val(endian),
            elf::DT_FLAGS_1 => flags = entry.d_val(endian),
            _ => {}
        }
    }
    let table = sections
        .iter()
        .find_map(|segment| segment.data_range(endian, data, strings.0, strings.1).ok().flatten())
        .unwrap_or_default();
    let string = |offset: u64| {
        let start = usize::try_from(offset).ok()?;
        let text = table.get(start..)?.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    let (mut run_path, mut old_path) = (None, None);
    for entry in entries {
        let value = entry.d_val(endian);
        match entry.d_tag(endian) {
            elf::DT_NEEDED => program.needed.extend(string(value)),
            elf::DT_RUNPATH => run_path = string(value),
            elf::DT_RPATH => old_path = string(value),
            elf::DT_NULL => break,
            _ => {}
        }
    }
    let path = run_path.or(old_path).unwrap_or_default();
    program.run_path = path.split(':').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    Ok(flags)
}

/// Reads the shared library `path`.
///
/// # Errors
/// Fails with a usage error that names what is wrong with the file.
pub(crate) fn read_library(path: &Path) -> Result<Program> {
    let data = read_file(path)?;
    let problem = |why: String| error::usage(format!("{}: {why}", path.display()));
    check(&data).map_err(problem)?;
    let mut library = Program::default();
    let header = elf::FileHeader64::<Endianness>::parse(&*data);
    header
        .and_then(|header| read_dynamic(&mut library, header, header.endian()?, &data))
        .map_err(|why| problem(format!("is damaged: {why}")))?;
    Ok(library)
}
