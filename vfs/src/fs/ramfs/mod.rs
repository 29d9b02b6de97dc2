//! The file system in memory: the root, `/tmp`, memfds.
//!
//! Contents are sparse files of pages, possibly lent by the boot image. Whoever changes names
//! holds [`Volume::names`], so such changes come one after the other; look-ups take the lock of
//! one directory only.

mod contents;
mod directory;
mod extended;
mod file;
mod names;

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use abi::fcntl::{F_SEAL_EXEC, F_SEAL_SEAL, OpenFlags, RenameFlags};
use abi::stat::{FileType, S_IALLUGO, S_ISGID, S_ISUID};
use abi::statfs::{ST_NOATIME, ST_VALID, Statfs, TMPFS_MAGIC};
use abi::time::Timespec;
use abi::{Errno, Result};
use sync::SpinLock;

use self::contents::Contents;
use self::directory::Directory;
use self::extended::Extended;
use crate::anon::Pipe;
use crate::fs::devices::Devices;
use crate::inode::{DirectoryEntry, Future, SetAttribute};
use crate::{BLOCK_SIZE, Changes, Clock, Creation, File, FileSystem, Inode, Metadata, Page, watch};

/// What all files of one file system share.
#[derive(Debug)]
struct Volume {
    dev: u64,
    clock: Arc<dyn Clock>,
    next_ino: AtomicU64,
    used_pages: AtomicU64,
    limit_pages: u64,
    names: SpinLock<()>,
    devices: Arc<Devices>,
}

impl Volume {
    fn take_pages(&self, count: u64) -> Result<()> {
        let add = |used: u64| used.checked_add(count).filter(|&used| used <= self.limit_pages);
        let taken = self.used_pages.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        taken.map(drop).map_err(|_| Errno::ENOSPC)
    }

    /// Returns a new page, counted.
    fn new_page(&self) -> Result<Page> {
        self.take_pages(1)?;
        Page::zeroed().inspect_err(|_| self.give_pages(1))
    }

    fn give_pages(&self, count: u64) {
        self.used_pages.fetch_sub(count, Ordering::Relaxed);
    }

    fn free_pages(&self) -> u64 {
        self.limit_pages.saturating_sub(self.used_pages.load(Ordering::Relaxed))
    }
}

/// A file system in memory.
#[derive(Debug)]
pub struct RamFs {
    volume: Arc<Volume>,
    root: Arc<RamInode>,
}

impl RamFs {
    /// Returns an empty file system without devices whose files may take `limit_pages` pages of
    /// 4096 bytes.
    pub fn new(dev: u64, clock: Arc<dyn Clock>, limit_pages: u64) -> Arc<Self> {
        Self::with_devices(dev, clock, limit_pages, Arc::new(Devices::default()))
    }

    /// Returns an empty file system whose device files open what is in `devices`.
    pub fn with_devices(
        dev: u64,
        clock: Arc<dyn Clock>,
        limit_pages: u64,
        devices: Arc<Devices>,
    ) -> Arc<Self> {
        let volume = Arc::new(Volume {
            dev,
            clock,
            next_ino: AtomicU64::new(1),
            used_pages: AtomicU64::new(0),
            limit_pages,
            names: SpinLock::new(()),
            devices,
        });
        let creation = Creation::new(FileType::Directory, 0o755);
        let root = RamInode::new(&volume, &creation, |this| {
            Body::Directory(SpinLock::new(Directory::new(this.clone(), b"/")))
        });
        Arc::new(Self { volume, root })
    }

    /// Returns a regular file without a name, as `memfd_create(2)` makes it.
    pub fn unnamed(&self, permissions: u32) -> Arc<dyn Inode> {
        let creation = Creation::new(FileType::Regular, permissions);
        let body = Body::Regular(SpinLock::default());
        let inode = RamInode::new(&self.volume, &creation, |_| body);
        inode.attributes.lock().nlink = 0;
        inode
    }

    /// Lets the empty regular file `inode` have the contents `bytes`; where they are aligned to
    /// pages they are used in place.
    ///
    /// # Errors
    /// `EXDEV` if the file is of another file system, `EINVAL` if it is no regular file.
    pub fn lend(inode: &Arc<dyn Inode>, bytes: &'static mut [u8]) -> Result<()> {
        let inode = RamInode::of(inode)?;
        let mut contents = inode.contents().map_err(|_| Errno::EINVAL)?.lock();
        contents.release_all(&inode.volume);
        *contents = Contents::lent(bytes);
        Ok(())
    }
}

impl FileSystem for RamFs {
    fn root(&self) -> Arc<dyn Inode> {
        self.root.clone()
    }

    fn statistics(&self) -> Statfs {
        let free = self.volume.free_pages();
        let [dev, _] = [self.volume.dev, 0].map(|part| i32::try_from(part).unwrap_or(0));
        Statfs {
            f_type: TMPFS_MAGIC,
            f_bsize: i64::from(BLOCK_SIZE),
            f_blocks: self.volume.limit_pages,
            f_bfree: free,
            f_bavail: free,
            f_files: self.volume.limit_pages,
            f_ffree: free,
            f_fsid: [dev, 0],
            f_namelen: 255,
            f_frsize: i64::from(BLOCK_SIZE),
            f_flags: ST_VALID | ST_NOATIME,
            f_spare: [0; 4],
        }
    }

    fn kind_name(&self) -> &'static str {
        "tmpfs"
    }
}

#[derive(Debug)]
struct Attributes {
    permissions: u32,
    uid: u32,
    gid: u32,
    nlink: u32,
    /// Whether it can get a first name, `O_TMPFILE` without `O_EXCL`.
    may_be_named: bool,
    atime: Timespec,
    mtime: Timespec,
    ctime: Timespec,
}

#[derive(Debug)]
enum Body {
    Directory(SpinLock<Directory>),
    Regular(SpinLock<Contents>),
    Symlink(Box<[u8]>),
    Fifo(Arc<Pipe>),
    Special,
}

/// A file in memory.
#[derive(Debug)]
pub struct RamInode {
    volume: Arc<Volume>,
    this: Weak<Self>,
    ino: u64,
    kind: FileType,
    rdev: u64,
    btime: Timespec,
    attributes: SpinLock<Attributes>,
    /// What must not be done to the contents any more, `F_SEAL_*`.
    seals: AtomicU32,
    /// A leaf lock.
    extended: SpinLock<Extended>,
    body: Body,
}

impl RamInode {
    fn new(
        volume: &Arc<Volume>,
        creation: &Creation,
        body: impl FnOnce(&Weak<Self>) -> Body,
    ) -> Arc<Self> {
        let now = volume.clock.now();
        let attributes = Attributes {
            permissions: creation.permissions & S_IALLUGO,
            uid: creation.uid,
            gid: creation.gid,
            nlink: if creation.kind == FileType::Directory { 2 } else { 1 },
            may_be_named: false,
            atime: now,
            mtime: now,
            ctime: now,
        };
        Arc::new_cyclic(|this| Self {
            volume: volume.clone(),
            this: this.clone(),
            ino: volume.next_ino.fetch_add(1, Ordering::Relaxed),
            kind: creation.kind,
            rdev: creation.rdev,
            btime: now,
            attributes: SpinLock::new(attributes),
            seals: AtomicU32::new(F_SEAL_SEAL),
            extended: SpinLock::default(),
            body: body(this),
        })
    }

    /// Returns `inode` as one of this kind of file system; `EXDEV` if it is of another.
    fn of(inode: &Arc<dyn Inode>) -> Result<Arc<Self>> {
        let any: &dyn Any = &**inode;
        any.downcast_ref::<Self>().and_then(|inode| inode.this.upgrade()).ok_or(Errno::EXDEV)
    }

    fn directory(&self) -> Result<&SpinLock<Directory>> {
        match &self.body {
            Body::Directory(directory) => Ok(directory),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn contents(&self) -> Result<&SpinLock<Contents>> {
        match &self.body {
            Body::Regular(contents) => Ok(contents),
            Body::Directory(_) => Err(Errno::EISDIR),
            Body::Symlink(_) | Body::Fifo(_) | Body::Special => Err(Errno::EINVAL),
        }
    }

    /// Notes that the contents changed now.
    fn touch(&self) {
        let now = self.volume.clock.now();
        let mut attributes = self.attributes.lock();
        attributes.mtime = now;
        attributes.ctime = now;
    }

    /// Notes that what `stat(2)` says changed now.
    fn touch_metadata(&self) {
        self.attributes.lock().ctime = self.volume.clock.now();
    }

    fn size_and_pages(&self) -> (u64, u64) {
        match &self.body {
            Body::Directory(directory) => {
                (u64::try_from(directory.lock().len() + 2).unwrap_or(u64::MAX) * 20, 0)
            }
            Body::Regular(contents) => {
                let contents = contents.lock();
                (contents.size(), contents.allocated())
            }
            Body::Symlink(text) => (u64::try_from(text.len()).unwrap_or(u64::MAX), 0),
            Body::Fifo(_) | Body::Special => (0, 0),
        }
    }
}

impl Drop for RamInode {
    fn drop(&mut self) {
        if let Body::Regular(contents) = &mut self.body {
            contents.get_mut().release_all(&self.volume);
        }
        extended::release_all(self.extended.get_mut(), &self.volume);
        if self.attributes.get_mut().nlink == 0 {
            watch::notify_gone((self.volume.dev, self.ino));
        }
    }
}

impl Inode for RamInode {
    fn metadata(&self) -> Metadata {
        let (size, pages) = self.size_and_pages();
        let attributes = self.attributes.lock();
        Metadata {
            dev: self.volume.dev,
            ino: self.ino,
            kind: self.kind,
            permissions: attributes.permissions,
            nlink: attributes.nlink,
            uid: attributes.uid,
            gid: attributes.gid,
            rdev: self.rdev,
            size,
            blocks: pages * 8,
            atime: attributes.atime,
            mtime: attributes.mtime,
            ctime: attributes.ctime,
            btime: self.btime,
        }
    }

    fn kind(&self) -> FileType {
        self.kind
    }

    fn ino(&self) -> u64 {
        self.ino
    }

    fn change(&self, changes: &Changes) -> Result<()> {
        let now = self.volume.clock.now();
        if let Some(size) = changes.size {
            let mut contents = self.contents()?.lock();
            self.check_size(contents.size(), size)?;
            contents.truncate(size, &self.volume)?;
        }
        let mut attributes = self.attributes.lock();
        if let Some(permissions) = changes.permissions {
            let is_sealed = self.seals() & F_SEAL_EXEC != 0;
            if is_sealed && (permissions ^ attributes.permissions) & 0o111 != 0 {
                return Err(Errno::EPERM);
            }
            attributes.permissions = permissions & S_IALLUGO;
        }
        if (changes.uid.is_some() || changes.gid.is_some()) && self.kind != FileType::Directory {
            attributes.permissions = without_privilege(attributes.permissions);
        }
        attributes.ctime = now;
        if changes.size.is_some() {
            attributes.mtime = now;
        }
        attributes.uid = changes.uid.unwrap_or(attributes.uid);
        attributes.gid = changes.gid.unwrap_or(attributes.gid);
        attributes.atime = changes.atime.unwrap_or(attributes.atime);
        attributes.mtime = changes.mtime.unwrap_or(attributes.mtime);
        Ok(())
    }

    fn open(self: Arc<Self>, flags: OpenFlags) -> Result<Arc<dyn File>> {
        match &self.body {
            Body::Directory(_) | Body::Regular(_) => Ok(self),
            Body::Symlink(_) => Err(Errno::ELOOP),
            Body::Fifo(pipe) => file::open_fifo(pipe, flags),
            Body::Special => self.volume.devices.open(self.kind, self.rdev),
        }
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>> {
        self.directory()?.lock().get(name).map(|inode| inode as Arc<dyn Inode>)
    }

    fn parent(&self) -> Result<Arc<dyn Inode>> {
        let parent = self.directory()?.lock().parent.upgrade();
        parent.map(|inode| inode as Arc<dyn Inode>).ok_or(Errno::ENOENT)
    }

    fn name(&self) -> Result<Vec<u8>> {
        let directory = self.directory()?.lock();
        directory.check_exists()?;
        Ok(directory.name.to_vec())
    }

    fn create(&self, name: &[u8], creation: &Creation) -> Result<Arc<dyn Inode>> {
        let parent = self.this.clone();
        self.make(name, creation, |_| match creation.kind {
            FileType::Directory => Body::Directory(SpinLock::new(Directory::new(parent, name))),
            FileType::Regular => Body::Regular(SpinLock::default()),
            FileType::Fifo => Body::Fifo(Pipe::new()),
            _ => Body::Special,
        })
    }

    fn symlink(&self, name: &[u8], target: &[u8], creation: &Creation) -> Result<Arc<dyn Inode>> {
        let creation = Creation { kind: FileType::Symlink, ..*creation };
        self.make(name, &creation, |_| Body::Symlink(target.into()))
    }

    fn create_unnamed(&self, creation: &Creation, future: Future) -> Result<Arc<dyn Inode>> {
        let creation = self.inherit(creation);
        let body = Body::Regular(SpinLock::default());
        let inode = Self::new(&self.volume, &creation, |_| body);
        let mut attributes = inode.attributes.lock();
        attributes.nlink = 0;
        attributes.may_be_named = future == Future::MayBeNamed;
        drop(attributes);
        Ok(inode)
    }

    fn link(&self, name: &[u8], inode: &Arc<dyn Inode>) -> Result<()> {
        self.add_link(name, Self::of(inode)?)
    }

    fn unlink(&self, name: &[u8]) -> Result<()> {
        self.remove_file(name)
    }

    fn remove_directory(&self, name: &[u8]) -> Result<()> {
        self.remove_empty(name)
    }

    fn rename(
        &self,
        from: &[u8],
        target: &Arc<dyn Inode>,
        to: &[u8],
        flags: RenameFlags,
    ) -> Result<()> {
        self.move_name(from, &Self::of(target)?, to, flags)
    }

    fn read_directory(
        &self,
        from: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        self.directory()?.lock().visit(from, visit)
    }

    fn read_link(&self) -> Result<Vec<u8>> {
        match &self.body {
            Body::Symlink(text) => Ok(text.to_vec()),
            _ => Err(Errno::EINVAL),
        }
    }

    fn attribute(&self, name: &[u8]) -> Result<Vec<u8>> {
        self.extended(name)
    }

    fn set_attribute(&self, name: &[u8], value: &[u8], how: SetAttribute) -> Result<()> {
        self.set_extended(name, value, how)
    }

    fn remove_attribute(&self, name: &[u8]) -> Result<()> {
        self.remove_extended(name)
    }

    fn attribute_names(&self) -> Vec<Vec<u8>> {
        self.extended_names()
    }
}

/// Takes out the bits that a change of the owner takes out, `chown(2)`.
const fn without_privilege(permissions: u32) -> u32 {
    let group_executes = permissions & 0o010 != 0;
    permissions & !S_ISUID & if group_executes { !S_ISGID } else { !0 }
}
