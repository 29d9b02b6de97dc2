//! Which shared libraries a program wants and where it has them looked for: `ld.so(8)`.

use alloc::vec;
use alloc::vec::Vec;

use abi::elf::{
    DT_NEEDED, DT_NULL, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ, DT_STRTAB, DYN_SIZE, PATH_MAX,
};

use crate::{Error, Program, Reader};

/// The largest dynamic section that is read, in bytes; real ones have less than a page.
const MAX_SECTION: u64 = 1 << 20;

/// Bytes of a string that are read at a time.
const STRING_STEP: usize = 256;

/// What the dynamic section says about libraries. Strings are without their terminating zero.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dynamic {
    /// The object's own name, `DT_SONAME`.
    pub soname: Option<Vec<u8>>,
    /// Names of the libraries needed, in the file's order, `DT_NEEDED`.
    pub needed: Vec<Vec<u8>>,
    /// The old form of the search path, colon-separated, `DT_RPATH`: it counts only without
    /// `runpath`, and then comes before `LD_LIBRARY_PATH`.
    pub rpath: Option<Vec<u8>>,
    /// The search path, colon-separated, `DT_RUNPATH`.
    pub runpath: Option<Vec<u8>>,
}

impl Dynamic {
    /// Reads the dynamic section of a program; `None` if it has none, as if linked statically.
    ///
    /// # Errors
    /// [`Error::Dynamic`] if it is malformed, [`Error::Read`] if reading fails.
    pub fn read(reader: &dyn Reader, program: &Program) -> Result<Option<Self>, Error> {
        let Some(place) = program.dynamic.clone() else {
            return Ok(None);
        };
        let entries = read_entries(reader, place.start, place.end - place.start)?;
        let value_of = |tag| entries.iter().find(|entry| entry.0 == tag).map(|entry| entry.1);
        let wants_strings = |tag| matches!(tag, DT_NEEDED | DT_SONAME | DT_RPATH | DT_RUNPATH);
        if !entries.iter().any(|entry| wants_strings(entry.0)) {
            return Ok(Some(Self::default()));
        }
        let table = value_of(DT_STRTAB).ok_or(Error::Dynamic)?;
        let (offset, available) = program.file_offset(table).ok_or(Error::Dynamic)?;
        let size = value_of(DT_STRSZ).ok_or(Error::Dynamic)?.min(available);
        let strings = Strings { reader, offset, size };

        let mut dynamic = Self::default();
        for (tag, value) in &entries {
            match *tag {
                DT_NEEDED => dynamic.needed.push(strings.get(*value)?),
                DT_SONAME => dynamic.soname = Some(strings.get(*value)?),
                DT_RPATH => dynamic.rpath = Some(strings.get(*value)?),
                DT_RUNPATH => dynamic.runpath = Some(strings.get(*value)?),
                _ => {}
            }
        }
        Ok(Some(dynamic))
    }
}

/// Reads the section's pairs of tag and value up to `DT_NULL`.
fn read_entries(reader: &dyn Reader, offset: u64, size: u64) -> Result<Vec<(u64, u64)>, Error> {
    let size = usize::try_from(size.min(MAX_SECTION)).map_err(|_| Error::Dynamic)?;
    let mut bytes = vec![0; size - size % DYN_SIZE];
    reader.read_at(offset, &mut bytes).map_err(Error::Read)?;
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |value, b| value << 8 | u64::from(*b));
    Ok(bytes
        .chunks_exact(DYN_SIZE)
        .map(|entry| (word(&entry[..8]), word(&entry[8..])))
        .take_while(|entry| entry.0 != DT_NULL)
        .collect())
}

/// The table that names are in.
struct Strings<'a> {
    reader: &'a dyn Reader,
    /// Where it is in the file.
    offset: u64,
    /// How long it is, in bytes; inside the file.
    size: u64,
}

impl Strings<'_> {
    /// Returns the string at `index` without its zero.
    fn get(&self, index: u64) -> Result<Vec<u8>, Error> {
        let mut string = Vec::new();
        let mut index = index;
        while string.len() < PATH_MAX {
            let left = self.size.checked_sub(index).ok_or(Error::Dynamic)?;
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(STRING_STEP);
            if step == 0 {
                return Err(Error::Dynamic);
            }
            let start = string.len();
            string.resize(start + step, 0);
            self.reader.read_at(self.offset + index, &mut string[start..]).map_err(Error::Read)?;
            if let Some(end) = string[start..].iter().position(|byte| *byte == 0) {
                string.truncate(start + end);
                return Ok(string);
            }
            index += step as u64;
        }
        Err(Error::Dynamic)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn names_the_libraries_of_this_program() {
        let file = fs::read("/proc/self/exe").unwrap();
        let program = Program::read(&file.as_slice()).unwrap();
        let dynamic = Dynamic::read(&file.as_slice(), &program).unwrap().unwrap();
        assert!(dynamic.needed.contains(&b"libc.so.6".to_vec()), "{dynamic:?}");
        assert_eq!(dynamic.soname, None);
        assert_eq!(dynamic.runpath, None);
    }

    #[test]
    fn names_the_interpreter_itself() {
        let Ok(file) = fs::read("/lib64/ld-linux-x86-64.so.2") else { return };
        let program = Program::read(&file.as_slice()).unwrap();
        let dynamic = Dynamic::read(&file.as_slice(), &program).unwrap().unwrap();
        assert_eq!(dynamic.soname.as_deref(), Some(&b"ld-linux-x86-64.so.2"[..]));
        assert!(dynamic.needed.is_empty());
    }
}
