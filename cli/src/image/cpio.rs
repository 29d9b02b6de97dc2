//! Archives in cpio's "newc" form, with file data on page boundaries.
//!
//! The kernel maps a file of the image where it lies in memory, so the data of
//! every file starts at a multiple of 4096: the name field, whose length newc
//! states, is filled up with NULs as far as needed. Any reader of newc takes
//! such an archive, for a name ends at its first NUL.
//!
//! Format: cpio(5), "New ASCII Format".

use std::io::{self, Write};

/// Bytes of a newc header.
const HEADER: usize = 110;
/// File data starts at multiples of this.
const PAGE: usize = 4096;
/// What a header starts with.
pub(crate) const MAGIC: &[u8] = b"070701";

/// What is said of a file beside its name and data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meta {
    /// Type and permissions, as in `st_mode`.
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) mtime: u32,
    /// User and group that own it.
    pub(crate) owner: (u32, u32),
}

/// Writes an archive entry by entry.
#[derive(Debug)]
pub(crate) struct Writer<W> {
    out: W,
    position: usize,
    inode: u32,
}

impl<W: Write> Writer<W> {
    /// Starts an archive in `out`.
    pub(crate) const fn new(out: W) -> Self {
        Self { out, position: 0, inode: 0 }
    }

    /// Adds one entry; `name` has no leading slash.
    ///
    /// # Errors
    /// Fails with those of `out`, and where a number does not fit into newc's 32 bits.
    pub(crate) fn add(&mut self, name: &[u8], meta: Meta, data: &[u8]) -> io::Result<()> {
        self.inode += 1;
        let is_directory = meta.mode & 0o170_000 == 0o040_000;
        let mut name_field = name.len() + 1;
        let start = self.position + HEADER;
        let align = if data.is_empty() { 4 } else { PAGE };
        name_field += (start + name_field).next_multiple_of(align) - (start + name_field);
        // After the name newc pads to 4 by itself: a field that ends there needs none.
        let fields = [
            self.inode,
            meta.mode,
            meta.owner.0,
            meta.owner.1,
            if is_directory { 2 } else { 1 },
            meta.mtime,
            number(data.len())?,
            0,
            0,
            0,
            0,
            number(name_field)?,
            0,
        ];
        let mut header = Vec::with_capacity(HEADER + name_field);
        header.extend_from_slice(MAGIC);
        for field in fields {
            write!(header, "{field:08X}")?;
        }
        header.extend_from_slice(name);
        header.resize(HEADER + name_field, 0);
        self.put(&header)?;
        self.put(data)?;
        self.pad(4)
    }

    /// Ends the archive and gives `out` back.
    ///
    /// # Errors
    /// Fails with those of `out`.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.add(b"TRAILER!!!", Meta { mode: 0, mtime: 0, owner: (0, 0) }, &[])?;
        self.pad(512)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.position += bytes.len();
        Ok(())
    }

    fn pad(&mut self, align: usize) -> io::Result<()> {
        let missing = self.position.next_multiple_of(align) - self.position;
        self.put(&[0; 512][..missing])
    }
}

/// Returns `value` as newc can hold it.
fn number(value: usize) -> io::Result<u32> {
    u32::try_from(value).map_err(|_| io::Error::other("a file of 4 GiB or more does not fit"))
}

/// Returns the data of the first entry when it is called `name`.
pub(crate) fn first_entry<'a>(archive: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let header = archive.get(..HEADER)?;
    let field = |index: usize| {
        let start = MAGIC.len() + index * 8;
        let digits = core::str::from_utf8(header.get(start..start + 8)?).ok()?;
        usize::from_str_radix(digits, 16).ok()
    };
    if !header.starts_with(MAGIC) {
        return None;
    }
    let data = (HEADER + field(11)?).next_multiple_of(4);
    let found = archive.get(HEADER..data)?;
    let end = found.iter().position(|byte| *byte == 0)?;
    if &found[..end] != name {
        return None;
    }
    archive.get(data..data.checked_add(field(6)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    const FILE: Meta = Meta { mode: 0o100_644, mtime: 1, owner: (0, 0) };

    fn sample(data: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        writer.add(b"first", FILE, b"words").unwrap();
        writer.add(b"dir", Meta { mode: 0o040_755, ..FILE }, b"").unwrap();
        writer.add(b"dir/second", FILE, data).unwrap();
        writer.add(b"link", Meta { mode: 0o120_777, ..FILE }, b"dir/second").unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn data_starts_on_a_page() {
        let marker = [0xa5; 5000];
        let archive = sample(&marker);
        let at = archive.windows(marker.len()).position(|w| w == marker).unwrap();
        assert_eq!(at % PAGE, 0);
        assert_eq!(archive.len() % 512, 0);
    }

    #[test]
    fn first_entry_is_found_by_name_only() {
        let archive = sample(b"x");
        assert_eq!(first_entry(&archive, b"first"), Some(&b"words"[..]));
        assert_eq!(first_entry(&archive, b"dir"), None);
        assert_eq!(first_entry(&archive[..50], b"first"), None);
        assert_eq!(first_entry(b"", b"first"), None);
    }

    #[test]
    fn another_cpio_reads_it_when_there_is_one() {
        let Ok(mut cpio) = Command::new("cpio")
            .args(["-t", "--quiet"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
        else {
            return;
        };
        cpio.stdin.take().unwrap().write_all(&sample(&[7; 9000])).unwrap();
        let listing = cpio.wait_with_output().unwrap().stdout;
        assert_eq!(String::from_utf8(listing).unwrap(), "first\ndir\ndir/second\nlink\n");
    }
}
