//! Entries of directories as `getdents64(2)` and `getdents(2)` give them.

use crate::stat::FileType;

/// What one entry says besides its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dirent {
    /// The number of the file.
    pub ino: u64,
    /// The directory offset of the entry after this one.
    pub next: u64,
    /// The type of the file.
    pub kind: FileType,
}

/// Bytes of `struct linux_dirent64` before the name.
const HEADER_64: usize = 19;
/// Bytes of `struct linux_dirent` before the name.
const HEADER_OLD: usize = 18;

/// Returns how many bytes an entry of `getdents64(2)` takes, a multiple of 8.
pub const fn dirent64_len(name: &[u8]) -> usize {
    (HEADER_64 + name.len() + 1).next_multiple_of(8)
}

/// Returns how many bytes an entry of `getdents(2)` takes, a multiple of 8.
pub const fn dirent_len(name: &[u8]) -> usize {
    (HEADER_OLD + name.len() + 2).next_multiple_of(8)
}

/// Writes a `struct linux_dirent64` to the front of `out` and returns its length; `None` if `out`
/// is too short or the name longer than any name may be.
pub fn put_dirent64(out: &mut [u8], entry: &Dirent, name: &[u8]) -> Option<usize> {
    let (len, record) = start(out, dirent64_len(name), entry)?;
    record[18] = entry.kind.dirent_type();
    record[HEADER_64..HEADER_64 + name.len()].copy_from_slice(name);
    Some(len)
}

/// Writes a `struct linux_dirent` to the front of `out` and returns its length; `None` if `out`
/// is too short or the name longer than any name may be.
pub fn put_dirent(out: &mut [u8], entry: &Dirent, name: &[u8]) -> Option<usize> {
    let (len, record) = start(out, dirent_len(name), entry)?;
    record[HEADER_OLD..HEADER_OLD + name.len()].copy_from_slice(name);
    record[len - 1] = entry.kind.dirent_type();
    Some(len)
}

fn start<'a>(out: &'a mut [u8], len: usize, entry: &Dirent) -> Option<(usize, &'a mut [u8])> {
    let record = out.get_mut(..len)?;
    record.fill(0);
    record[..8].copy_from_slice(&entry.ino.to_le_bytes());
    record[8..16].copy_from_slice(&entry.next.to_le_bytes());
    record[16..18].copy_from_slice(&u16::try_from(len).ok()?.to_le_bytes());
    Some((len, record))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: Dirent = Dirent { ino: 7, next: 9, kind: FileType::Directory };

    #[test]
    fn an_entry_is_aligned_and_ends_with_nul() {
        let mut out = [0xff; 32];
        assert_eq!(put_dirent64(&mut out, &ENTRY, b"bin"), Some(24));
        assert_eq!(&out[16..24], &[24, 0, 4, b'b', b'i', b'n', 0, 0]);
        assert_eq!(put_dirent64(&mut out[..23], &ENTRY, b"bin"), None);
        assert_eq!(put_dirent(&mut out, &ENTRY, b"bin"), Some(24));
        assert_eq!(&out[16..24], &[24, 0, b'b', b'i', b'n', 0, 0, 4]);
    }
}
