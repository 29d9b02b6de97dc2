//! File systems whose files are made when they are opened: `/proc`, `/sys`.
//!
//! Whoever knows what the files say registers [`Node`]s in a [`Table`]: a function that makes the
//! contents, a link, or a [`Listing`] for directories whose names come and go.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

use abi::fcntl::OpenFlags;
use abi::io::{Sink, Source};
use abi::stat::FileType;
use abi::statfs::{PROC_SUPER_MAGIC, ST_VALID, SYSFS_MAGIC, Statfs};
use abi::{Errno, Result};
use sync::SpinLock;

use crate::inode::{DirectoryEntry, FIRST_ENTRY};
use crate::{BLOCK_SIZE, Changes, Clock, File, FileSystem, Found, Inode, Metadata};

/// The most that one write to a generated file may have, in bytes.
const LONGEST_WRITE: usize = 4096;
/// The number of the root directory.
const ROOT_INO: u64 = 1;

/// Makes the contents of a file, or the text of a link.
pub type Generate = Arc<dyn Fn() -> Result<Vec<u8>> + Send + Sync>;
/// Takes what is written to a file.
pub type Accept = Arc<dyn Fn(&[u8]) -> Result<()> + Send + Sync>;
/// Finds the file that a link leads to without a walk along its text.
pub type Jump = Arc<dyn Fn() -> Result<Found> + Send + Sync>;

/// What a name in such a file system stands for.
#[derive(Clone)]
pub enum Node {
    /// A directory.
    Directory(Arc<dyn Listing>),
    /// A file; the second part takes what is written to it.
    File(Generate, Option<Accept>),
    /// A symbolic link; the second part leads past its text.
    Link(Generate, Option<Jump>),
}

impl Node {
    /// Returns a file that cannot be written.
    pub fn file(generate: impl Fn() -> Result<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::File(Arc::new(generate), None)
    }

    /// Returns a file that always says the same.
    pub fn constant(contents: &'static [u8]) -> Self {
        Self::file(|| Ok(contents.to_vec()))
    }

    /// Returns a link with a text.
    pub fn link(generate: impl Fn() -> Result<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::Link(Arc::new(generate), None)
    }

    /// Returns the type of file that it is.
    pub fn kind(&self) -> FileType {
        match self {
            Self::Directory(_) => FileType::Directory,
            Self::File(..) => FileType::Regular,
            Self::Link(..) => FileType::Symlink,
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({:?})", self.kind())
    }
}

/// The names in a directory.
pub trait Listing: fmt::Debug + Send + Sync {
    /// Returns what `name` stands for.
    ///
    /// # Errors
    /// `ENOENT`.
    fn lookup(&self, name: &[u8]) -> Result<Node>;

    /// Gives the names whose key is at least `from`, by rising key, to `visit` until it returns
    /// false. A name keeps its key while it is there.
    fn visit(&self, from: u64, visit: &mut dyn FnMut(u64, &[u8], FileType) -> bool);
}

#[derive(Clone, Debug)]
enum Slot {
    Table(Arc<Table>),
    Node(Node),
}

impl Slot {
    fn node(&self) -> Node {
        match self {
            Self::Table(table) => Node::Directory(table.clone()),
            Self::Node(node) => node.clone(),
        }
    }
}

/// A directory whose names were registered.
#[derive(Debug, Default)]
pub struct Table(SpinLock<BTreeMap<Vec<u8>, (u64, Slot)>>);

impl Table {
    /// Returns an empty directory.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Registers what `path`, relative to this directory, stands for; makes the directories on
    /// the way. A name that was registered before stands for the new thing.
    pub fn add(&self, path: &str, node: Node) {
        match path.split_once('/') {
            None => self.put(path.as_bytes(), Slot::Node(node)),
            Some((name, rest)) => self.directory(name.as_bytes()).add(rest, node),
        }
    }

    /// Returns the table called `name`, made if it is not there.
    fn directory(&self, name: &[u8]) -> Arc<Self> {
        if let Some((_, Slot::Table(table))) = self.0.lock().get(name) {
            return table.clone();
        }
        let table = Self::new();
        self.put(name, Slot::Table(table.clone()));
        table
    }

    fn put(&self, name: &[u8], slot: Slot) {
        let mut entries = self.0.lock();
        let next = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let key = entries.get(name).map_or(next, |(key, _)| *key);
        entries.insert(name.to_vec(), (key, slot));
    }
}

impl Listing for Table {
    fn lookup(&self, name: &[u8]) -> Result<Node> {
        self.0.lock().get(name).map(|(_, slot)| slot.node()).ok_or(Errno::ENOENT)
    }

    fn visit(&self, from: u64, visit: &mut dyn FnMut(u64, &[u8], FileType) -> bool) {
        let mut names: Vec<_> = self
            .0
            .lock()
            .iter()
            .map(|(name, (key, slot))| (*key, name.clone(), slot.node().kind()))
            .collect();
        names.retain(|(key, ..)| *key >= from);
        names.sort_unstable_by_key(|(key, ..)| *key);
        let _stopped = names.iter().all(|(key, name, kind)| visit(*key, name, *kind));
    }
}

#[derive(Debug)]
struct Volume {
    dev: u64,
    magic: i64,
    kind_name: &'static str,
    file_size: u64,
    clock: Arc<dyn Clock>,
}

/// A file system of generated files.
#[derive(Debug)]
pub struct ProcFs {
    volume: Arc<Volume>,
    root: Arc<dyn Listing>,
}

/// What kind of generated file system it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flavour {
    /// `/proc`: files have the size 0.
    Proc,
    /// `/sys`: files have the size of a page.
    Sys,
}

impl ProcFs {
    /// Returns a file system with the directory `root`.
    pub fn new(
        dev: u64,
        flavour: Flavour,
        clock: Arc<dyn Clock>,
        root: Arc<dyn Listing>,
    ) -> Arc<Self> {
        let (magic, kind_name, file_size) = match flavour {
            Flavour::Proc => (PROC_SUPER_MAGIC, "proc", 0),
            Flavour::Sys => (SYSFS_MAGIC, "sysfs", u64::from(BLOCK_SIZE)),
        };
        Arc::new(Self {
            volume: Arc::new(Volume { dev, magic, kind_name, file_size, clock }),
            root,
        })
    }
}

impl FileSystem for ProcFs {
    fn root(&self) -> Arc<dyn Inode> {
        Arc::new(ProcInode {
            volume: self.volume.clone(),
            ino: ROOT_INO,
            node: Node::Directory(self.root.clone()),
            place: None,
        })
    }

    fn statistics(&self) -> Statfs {
        Statfs {
            f_type: self.volume.magic,
            f_bsize: i64::from(BLOCK_SIZE),
            f_frsize: i64::from(BLOCK_SIZE),
            f_namelen: 255,
            f_flags: ST_VALID,
            ..Statfs::default()
        }
    }

    fn kind_name(&self) -> &'static str {
        self.volume.kind_name
    }
}

/// A generated file; made anew at each look-up.
#[derive(Clone, Debug)]
struct ProcInode {
    volume: Arc<Volume>,
    ino: u64,
    node: Node,
    /// The directory that it was looked up in, and its name there; `None` for the root.
    place: Option<(Arc<Self>, Arc<[u8]>)>,
}

impl ProcInode {
    fn listing(&self) -> Result<&Arc<dyn Listing>> {
        match &self.node {
            Node::Directory(listing) => Ok(listing),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// Returns the number of the file called `name` here: the same at each look-up.
    fn child_ino(&self, name: &[u8]) -> u64 {
        let start = 0xcbf2_9ce4_8422_2325 ^ self.ino;
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        (name.iter().fold(start, mix) & 0x7fff_ffff_ffff_ffff) | 2
    }
}

impl Inode for ProcInode {
    fn metadata(&self) -> Metadata {
        let now = self.volume.clock.now();
        let (permissions, nlink, size) = match &self.node {
            Node::Directory(_) => (0o555, 2, 0),
            Node::File(_, None) => (0o444, 1, self.volume.file_size),
            Node::File(_, Some(_)) => (0o644, 1, self.volume.file_size),
            Node::Link(..) => (0o777, 1, 0),
        };
        Metadata {
            dev: self.volume.dev,
            permissions,
            nlink,
            size,
            atime: now,
            mtime: now,
            ctime: now,
            btime: now,
            ..Metadata::anonymous(self.node.kind(), self.ino)
        }
    }

    fn kind(&self) -> FileType {
        self.node.kind()
    }

    fn ino(&self) -> u64 {
        self.ino
    }

    /// Lets a writable file be cut, which changes nothing.
    fn change(&self, changes: &Changes) -> Result<()> {
        let only_size = Changes { size: changes.size, ..Changes::default() };
        match &self.node {
            Node::File(_, Some(_)) if *changes == only_size => Ok(()),
            _ => Err(Errno::EPERM),
        }
    }

    fn open(self: Arc<Self>, _flags: OpenFlags) -> Result<Arc<dyn File>> {
        match &self.node {
            Node::Directory(_) => Ok(Arc::new(OpenDirectory)),
            Node::Link(..) => Err(Errno::ELOOP),
            Node::File(generate, accept) => Ok(Arc::new(OpenGenerated {
                contents: SpinLock::new(generate()?),
                generate: generate.clone(),
                accept: accept.clone(),
            })),
        }
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>> {
        let node = self.listing()?.lookup(name)?;
        let ino = self.child_ino(name);
        let place = Some((Arc::new(self.clone()), name.into()));
        Ok(Arc::new(Self { volume: self.volume.clone(), ino, node, place }))
    }

    fn parent(&self) -> Result<Arc<dyn Inode>> {
        self.listing()?;
        Ok(self.place.as_ref().map_or_else(|| Arc::new(self.clone()), |(parent, _)| parent.clone()))
    }

    fn name(&self) -> Result<Vec<u8>> {
        self.listing()?;
        Ok(self.place.as_ref().map_or_else(|| b"/".to_vec(), |(_, name)| name.to_vec()))
    }

    fn create(&self, _name: &[u8], _creation: &crate::Creation) -> Result<Arc<dyn Inode>> {
        // What Linux's /proc answers to all of them: there is no such place.
        Err(Errno::ENOENT)
    }

    fn read_directory(
        &self,
        from: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        let from = from.saturating_sub(FIRST_ENTRY);
        self.listing()?.visit(from, &mut |key, name, kind| {
            let next = key.saturating_add(FIRST_ENTRY + 1);
            visit(&DirectoryEntry { name, ino: self.child_ino(name), kind, next })
        });
        Ok(())
    }

    fn read_link(&self) -> Result<Vec<u8>> {
        match &self.node {
            Node::Link(generate, _) => generate(),
            _ => Err(Errno::EINVAL),
        }
    }

    fn jump(&self) -> Option<Result<Found>> {
        match &self.node {
            Node::Link(_, Some(jump)) => Some(jump()),
            _ => None,
        }
    }
}

/// An open directory; its entries are read through the inode.
#[derive(Debug)]
struct OpenDirectory;

impl File for OpenDirectory {
    fn read(&self, _at: u64, _sink: &mut dyn Sink) -> Result<usize> {
        Err(Errno::EISDIR)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// An open generated file: the contents as of the last read from the start.
struct OpenGenerated {
    contents: SpinLock<Vec<u8>>,
    generate: Generate,
    accept: Option<Accept>,
}

impl fmt::Debug for OpenGenerated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenGenerated")
    }
}

impl File for OpenGenerated {
    fn read(&self, at: u64, sink: &mut dyn Sink) -> Result<usize> {
        if at == 0 {
            let contents = (self.generate)()?;
            *self.contents.lock() = contents;
        }
        let contents = self.contents.lock();
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(contents.len());
        if at == contents.len() { Ok(0) } else { sink.put(&contents[at..]) }
    }

    fn write(&self, _at: u64, source: &mut dyn Source) -> Result<usize> {
        let accept = self.accept.as_ref().ok_or(Errno::EIO)?;
        let mut bytes = vec![0; source.left().min(LONGEST_WRITE)];
        let count = source.take(&mut bytes)?;
        accept(&bytes[..count])?;
        Ok(count)
    }

    fn is_seekable(&self) -> bool {
        true
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::*;
    use crate::Place;
    use crate::fs::conformance::{Noon, Tree, read_all};
    use crate::fs::ramfs::RamFs;
    use crate::path::LastLink;

    fn tree(table: Arc<Table>) -> Tree {
        let tree = Tree::new(RamFs::new(1, Arc::new(Noon), 100));
        tree.mkdir("/proc").unwrap();
        let point = tree.names.find(&tree.here, b"/proc", LastLink::Follow).unwrap().location;
        point.mount(ProcFs::new(4, Flavour::Proc, Arc::new(Noon), table)).unwrap();
        tree
    }

    #[test]
    fn files_are_made_when_read_from_the_start() {
        let table = Table::new();
        let count = AtomicU8::new(b'0');
        table.add(
            "sys/count",
            Node::file(move || Ok([count.fetch_add(1, Ordering::Relaxed)].to_vec())),
        );
        let tree = tree(table);
        let file = tree.open("/proc/sys/count", OpenFlags::RDONLY).unwrap();
        let (first, second) = (read_all(&file), read_all(&file));
        assert_ne!(first, second);
        assert_eq!(tree.stat("/proc/sys/count").unwrap().size, 0);
        assert_eq!(tree.list("/proc"), [b".".to_vec(), b"..".to_vec(), b"sys".to_vec()]);
        let create = OpenFlags::CREAT | OpenFlags::RDWR;
        assert_eq!(tree.open("/proc/new", create).err(), Some(Errno::ENOENT));
    }

    #[test]
    fn writes_go_to_who_takes_them() {
        let table = Table::new();
        let heard = Arc::new(SpinLock::new(Vec::new()));
        let ear = heard.clone();
        let accept: Accept = Arc::new(move |bytes| {
            ear.lock().extend_from_slice(bytes);
            Ok(())
        });
        table.add("comm", Node::File(Arc::new(|| Ok(Vec::new())), Some(accept)));
        table.add("deaf", Node::constant(b"x"));
        let tree = tree(table);
        let file = tree.open("/proc/comm", OpenFlags::RDWR | OpenFlags::TRUNC).unwrap();
        assert_eq!(file.write(&mut b"name".as_slice()), Ok(4));
        assert_eq!(*heard.lock(), b"name");
        let file = tree.open("/proc/deaf", OpenFlags::RDWR).unwrap();
        assert_eq!(file.write(&mut b"name".as_slice()), Err(Errno::EIO));
    }

    #[test]
    fn links_jump_to_files_that_no_path_reaches() {
        let table = Table::new();
        let memory = RamFs::new(9, Arc::new(Noon), 10);
        let inode = memory.unnamed(0o600);
        let mount = crate::Mount::detached(memory);
        let label: &[u8] = b"/memfd:x (deleted)";
        let jump: Jump = Arc::new(move || {
            let location = crate::Location { mount: mount.clone(), inode: inode.clone() };
            Ok(Found { location, place: Place::Label(label.into()) })
        });
        let text: Generate = Arc::new(move || Ok(label.to_vec()));
        table.add("1/fd/3", Node::Link(text, Some(jump)));
        let tree = tree(table);
        let file = tree.open("/proc/1/fd/3", OpenFlags::RDWR).unwrap();
        assert_eq!(file.write(&mut b"y".as_slice()), Ok(1));
        assert_eq!((file.path(), file.metadata().dev), (label.to_vec(), 9));
        let kept = tree.names.find(&tree.here, b"/proc/1/fd/3", LastLink::Keep).unwrap();
        assert_eq!(kept.location.inode.read_link().unwrap(), label);
        assert_eq!(tree.open("/proc/1/fd/3", OpenFlags::NOFOLLOW).err(), Some(Errno::ELOOP));
        let directory = tree.names.find(&tree.here, b"/proc/1/fd", LastLink::Keep).unwrap();
        assert_eq!(directory.path(), b"/proc/1/fd");
    }
}
