//! The boot image: a cpio archive in the "newc" format, unpacked into the root file system.
//!
//! The format is that of the kernel's `Documentation/driver-api/early-userspace/
//! buffer-format.rst`: a header of hexadecimal digits, a name, the data, each padded to 4 bytes.
//! A name may be padded with NULs, which is how the data come to lie at page boundaries: those
//! become the files' pages as they are.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;

use abi::stat::{FileType, S_IALLUGO, make_device};
use abi::time::Timespec;
use abi::{Errno, Result};

use super::ramfs::RamFs;
use crate::path::LastLink;
use crate::{Changes, Creation, Inode, Namespace};

/// Bytes in a header.
const HEADER: usize = 110;
/// The name that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

/// What is wrong with an archive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A header does not begin with the magic digits.
    Magic,
    /// A header has something else than hexadecimal digits.
    Digits,
    /// The archive ends within an entry.
    Truncated,
    /// An entry could not be made in the file system.
    File(Errno),
}

/// A fault and the byte of the archive where the entry with it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CpioError {
    /// Where the entry begins, in bytes from the start of the archive.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for CpioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cpio entry at byte {}: {:?}", self.offset, self.fault)
    }
}

/// One file of an archive.
#[derive(PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The number that hard links share.
    pub ino: (u32, u32, u32),
    /// Type and permissions.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// How many names the file has.
    pub nlink: u32,
    /// The last change, in seconds since 1970.
    pub mtime: u32,
    /// The device that it is: major and minor number.
    pub rdev: (u32, u32),
    /// The path, without the NULs behind it.
    pub name: &'a [u8],
    /// The contents; of a symbolic link, where it points.
    pub data: &'a mut [u8],
}

/// The entries of an archive, one after the other; ends after the first fault.
#[derive(Debug)]
pub struct Entries<'a> {
    rest: &'a mut [u8],
    offset: usize,
}

impl<'a> Entries<'a> {
    /// Returns the entries of `archive`.
    pub fn new(archive: &'a mut [u8]) -> Self {
        Self { rest: archive, offset: 0 }
    }

    fn take(&mut self, len: usize) -> Result<&'a mut [u8], Fault> {
        let rest = core::mem::take(&mut self.rest);
        let (taken, rest) = rest.split_at_mut_checked(len).ok_or(Fault::Truncated)?;
        self.rest = rest;
        self.offset += len;
        Ok(taken)
    }

    /// Skips to the next multiple of 4; the last padding of an archive may be missing.
    fn align(&mut self) -> Result<(), Fault> {
        let padding = self.offset.next_multiple_of(4) - self.offset;
        self.take(padding.min(self.rest.len())).map(drop)
    }

    /// Reads an entry; `None` for the trailer.
    fn entry(&mut self) -> Result<Option<Entry<'a>>, Fault> {
        let header: &'a [u8] = self.take(HEADER)?;
        if !matches!(&header[..6], b"070701" | b"070702") {
            return Err(Fault::Magic);
        }
        let mut fields = [0; 13];
        for (field, digits) in fields.iter_mut().zip(header[6..].chunks_exact(8)) {
            *field = hexadecimal(digits).ok_or(Fault::Digits)?;
        }
        let [ino, mode, uid, gid, nlink, mtime, size, major, minor, r_major, r_minor, name_size, _] =
            fields;
        let name: &'a [u8] = self.take(as_len(name_size))?;
        self.align()?;
        let name = &name[..name.iter().position(|&b| b == 0).unwrap_or(name.len())];
        if name == TRAILER {
            return Ok(None);
        }
        let data = self.take(as_len(size))?;
        self.align()?;
        let (ino, rdev) = ((major, minor, ino), (r_major, r_minor));
        Ok(Some(Entry { ino, mode, uid, gid, nlink, mtime, rdev, name, data }))
    }

    /// Skips the NULs between two archives and returns whether another begins.
    fn has_another(&mut self) -> bool {
        let zeros = self.rest.iter().take_while(|&&b| b == 0).count();
        self.take(zeros).is_ok() && !self.rest.is_empty()
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, CpioError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let offset = self.offset;
            match self.entry() {
                Ok(Some(entry)) => return Some(Ok(entry)),
                Ok(None) if self.has_another() => {}
                Ok(None) => break,
                Err(fault) => {
                    self.rest = &mut [];
                    return Some(Err(CpioError { offset, fault }));
                }
            }
        }
        None
    }
}

/// Unpacks `archive` into the tree `names`, whose root is in memory. Files lie in the archive's
/// memory from then on; later entries replace earlier ones. Returns how many entries there were.
///
/// # Errors
/// The first fault of the archive; what was unpacked before it stays.
pub fn unpack(archive: &'static mut [u8], names: &Namespace) -> Result<usize, CpioError> {
    let mut entries = Entries::new(archive);
    let mut links = BTreeMap::new();
    let mut count = 0;
    loop {
        let offset = entries.offset;
        let Some(entry) = entries.next() else { return Ok(count) };
        let fail = |errno| CpioError { offset, fault: Fault::File(errno) };
        place(entry?, names, &mut links).map_err(fail)?;
        count += 1;
    }
}

type Links = BTreeMap<(u32, u32, u32), Arc<dyn Inode>>;

fn place(entry: Entry<'static>, names: &Namespace, links: &mut Links) -> Result<()> {
    let kind = FileType::from_mode(entry.mode).ok_or(Errno::EINVAL)?;
    let (major, minor) = entry.rdev;
    let creation = Creation {
        kind,
        permissions: entry.mode & S_IALLUGO,
        uid: entry.uid,
        gid: entry.gid,
        rdev: make_device(major, minor),
    };
    let is_linked = kind == FileType::Regular && entry.nlink > 1;
    let known = if is_linked { links.get(&entry.ino).cloned() } else { None };
    let inode = match known {
        Some(inode) => {
            clear(names, entry.name, kind)?;
            let location = crate::Location { inode, ..names.root().clone() };
            names.link(&location, names.root(), entry.name)?;
            location.inode
        }
        None => make(names, &entry, &creation)?,
    };
    if kind == FileType::Regular && !entry.data.is_empty() {
        RamFs::lend(&inode, entry.data)?;
    }
    if is_linked {
        links.insert(entry.ino, inode.clone());
    }
    let time = Some(Timespec { tv_sec: i64::from(entry.mtime), tv_nsec: 0 });
    inode.change(&Changes { atime: time, mtime: time, ..Changes::default() })
}

/// Makes the file of an entry, empty if it is a regular one.
fn make(names: &Namespace, entry: &Entry<'_>, creation: &Creation) -> Result<Arc<dyn Inode>> {
    make_parents(names, entry.name)?;
    if let Some(directory) = clear(names, entry.name, creation.kind)? {
        directory.change(&Changes {
            permissions: Some(creation.permissions),
            uid: Some(creation.uid),
            gid: Some(creation.gid),
            ..Changes::default()
        })?;
        return Ok(directory);
    }
    let root = names.root();
    if creation.kind == FileType::Symlink {
        names.symlink(entry.data, root, entry.name, creation)?;
        return names.find(root, entry.name, LastLink::Keep).map(|found| found.location.inode);
    }
    names.make(root, entry.name, creation).map(|location| location.inode)
}

/// Makes the directories on the way to `path` that are missing.
fn make_parents(names: &Namespace, path: &[u8]) -> Result<()> {
    let root = names.root();
    let ends = path.iter().enumerate().filter(|&(at, &b)| b == b'/' && at != 0);
    for (end, _) in ends {
        if names.find(root, &path[..end], LastLink::Follow).err() == Some(Errno::ENOENT) {
            names.make(root, &path[..end], &Creation::new(FileType::Directory, 0o755))?;
        }
    }
    Ok(())
}

/// Removes what stands in the way of a new file at `path`; a directory where one is to be stays
/// and is returned.
fn clear(names: &Namespace, path: &[u8], kind: FileType) -> Result<Option<Arc<dyn Inode>>> {
    let root = names.root();
    match names.find(root, path, LastLink::Name) {
        Ok(found) if !found.location.is_directory() => names.unlink(root, path).map(|()| None),
        Ok(found) if kind == FileType::Directory => Ok(Some(found.location.inode)),
        Ok(_) => Err(Errno::EISDIR),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |value: u32, &digit| Some(value << 4 | char::from(digit).to_digit(16)?))
}

fn as_len(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use abi::fcntl::OpenFlags;
    use proptest::prelude::*;

    use super::*;
    use crate::fs::conformance::{Noon, Tree, read_all};

    /// Appends an entry; its data begin at a multiple of `align` bytes.
    fn put(archive: &mut Vec<u8>, align: usize, name: &str, mode: u32, nlink: u32, data: &[u8]) {
        let name_end = archive.len() + HEADER + name.len() + 1;
        let name_size = name_end.next_multiple_of(align) - archive.len() - HEADER;
        let (ino, size) = (u32::from(nlink > 1) * 7, data.len());
        let header = format!(
            "070701{ino:08x}{mode:08x}{:08x}{:08x}{nlink:08X}{:08x}{size:08x}{:08x}{:08x}{:08x}{:08x}{name_size:08x}{:08x}",
            0, 0, 99, 0, 0, 1, 3, 0
        );
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(name.as_bytes());
        archive.resize(archive.len() + name_size - name.len(), 0);
        archive.resize(archive.len().next_multiple_of(4), 0);
        archive.extend_from_slice(data);
        archive.resize(archive.len().next_multiple_of(4), 0);
    }

    fn sample() -> Vec<u8> {
        let mut archive = Vec::new();
        put(&mut archive, 4, ".", 0o040_700, 2, b"");
        put(&mut archive, 4, "usr/bin", 0o040_755, 2, b"");
        put(&mut archive, 4, "bin", 0o120_777, 1, b"usr/bin");
        put(&mut archive, 4096, "bin/prog", 0o100_755, 1, &[5; 9000]);
        put(&mut archive, 4, "a", 0o100_644, 2, b"");
        put(&mut archive, 4, "b", 0o100_644, 2, b"linked");
        put(&mut archive, 4, "null", 0o020_666, 1, b"");
        put(&mut archive, 4, "a2", 0o100_644, 1, b"old");
        put(&mut archive, 4, "TRAILER!!!", 0, 1, b"");
        archive.resize(archive.len().next_multiple_of(512), 0);
        put(&mut archive, 4, "/a2", 0o100_600, 1, b"newer");
        archive
    }

    fn aligned(bytes: &[u8]) -> &'static mut [u8] {
        let memory = std::vec![0; bytes.len() + 4096].leak();
        let start = memory.as_ptr().addr().next_multiple_of(4096) - memory.as_ptr().addr();
        let memory = &mut memory[start..start + bytes.len()];
        memory.copy_from_slice(bytes);
        memory
    }

    #[test]
    fn an_archive_becomes_a_tree() {
        let tree = Tree::new(RamFs::new(1, Arc::new(Noon), 100));
        let archive = aligned(&sample());
        let range = archive.as_ptr_range();
        assert_eq!(unpack(archive, &tree.names), Ok(9));
        assert_eq!(tree.stat("/").unwrap().permissions, 0o700);
        let program = tree.open("/usr/bin/prog", OpenFlags::RDONLY).unwrap();
        assert_eq!(read_all(&program), [5; 9000]);
        let page = program.file().unwrap().page(1).unwrap();
        assert!((range.start.addr()..range.end.addr()).contains(&page.address()));
        let metadata = tree.stat("/bin/prog").unwrap();
        assert_eq!((metadata.mode(), metadata.mtime.tv_sec), (0o100_755, 99));
        let linked = tree.open("/a", OpenFlags::RDONLY).unwrap();
        assert_eq!((read_all(&linked), linked.metadata().nlink), (b"linked".to_vec(), 2));
        assert_eq!(tree.stat("/null").unwrap().rdev, 0x103);
        assert_eq!(read_all(&tree.open("/a2", OpenFlags::RDONLY).unwrap()), b"newer");
    }

    #[test]
    fn faults_are_named_with_their_place() {
        let mut archive = sample();
        archive.truncate(120);
        let mut second = archive.clone();
        let faults: Vec<_> = Entries::new(&mut second).map(|e| e.map(drop)).collect();
        assert_eq!(faults, [Ok(()), Err(CpioError { offset: 112, fault: Fault::Truncated })]);
        archive[20] = b'x';
        let first = Entries::new(&mut archive).next().unwrap().map(drop);
        assert_eq!(first, Err(CpioError { offset: 0, fault: Fault::Digits }));
        let mut zip = *b"PK";
        assert_eq!(Entries::new(&mut zip).next().unwrap().err().unwrap().fault, Fault::Truncated);
    }

    proptest! {
        #[test]
        fn no_archive_makes_it_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40), cut in any::<prop::sample::Index>()) {
            let mut archive = sample();
            for (at, byte) in changes {
                let at = at.index(archive.len());
                archive[at] = byte;
            }
            archive.truncate(cut.index(archive.len() + 1));
            let tree = Tree::new(RamFs::new(1, Arc::new(Noon), 100));
            let _outcome = unpack(aligned(&archive), &tree.names);
        }
    }
}
