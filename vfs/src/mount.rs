//! Mounts, and places in the tree that they make up.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use abi::inotify::WatchMask;
use abi::stat::FileType;
use abi::{Errno, Result};
use sync::SpinLock;

use crate::{Changes, FileSystem, Inode, watch};

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A file system in its place in the tree. Mounts are never undone.
#[derive(Debug)]
pub struct Mount {
    id: u64,
    file_system: Arc<dyn FileSystem>,
    root: Arc<dyn Inode>,
    point: Option<Location>,
    covered: SpinLock<Vec<(u64, Arc<Self>)>>,
    covered_count: AtomicUsize,
}

impl Mount {
    /// Returns a mount that is nowhere in the tree: the root, or the home of unnamed files.
    pub fn detached(file_system: Arc<dyn FileSystem>) -> Arc<Self> {
        Self::at(file_system, None)
    }

    fn at(file_system: Arc<dyn FileSystem>, point: Option<Location>) -> Arc<Self> {
        Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            root: file_system.root(),
            file_system,
            point,
            covered: SpinLock::new(Vec::new()),
            covered_count: AtomicUsize::new(0),
        })
    }

    /// Returns the number of the mount, unique while the machine runs.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns what is mounted.
    pub fn file_system(&self) -> &Arc<dyn FileSystem> {
        &self.file_system
    }

    /// Returns the directory that it is mounted on; `None` for a detached mount.
    pub fn point(&self) -> Option<&Location> {
        self.point.as_ref()
    }

    /// Returns the mounts on directories of this one, in the order of mounting.
    pub fn children(&self) -> Vec<Arc<Self>> {
        self.covered.lock().iter().map(|(_, mount)| mount.clone()).collect()
    }

    fn covering(&self, ino: u64) -> Option<Arc<Self>> {
        if self.covered_count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let covered = self.covered.lock();
        covered.iter().rev().find(|(point, _)| *point == ino).map(|(_, mount)| mount.clone())
    }
}

/// A place in the tree: a file and the mount it is seen through.
#[derive(Clone, Debug)]
pub struct Location {
    /// The mount.
    pub mount: Arc<Mount>,
    /// The file.
    pub inode: Arc<dyn Inode>,
}

impl Location {
    /// Returns the root of a mount.
    pub fn root_of(mount: &Arc<Mount>) -> Self {
        Self { mount: mount.clone(), inode: mount.root.clone() }
    }

    /// Mounts `file_system` over this directory.
    ///
    /// # Errors
    /// `ENOTDIR`.
    pub fn mount(&self, file_system: Arc<dyn FileSystem>) -> Result<Arc<Mount>> {
        if !self.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        let mount = Mount::at(file_system, Some(self.clone()));
        let mut covered = self.mount.covered.lock();
        covered.push((self.inode.ino(), mount.clone()));
        self.mount.covered_count.store(covered.len(), Ordering::Release);
        Ok(mount)
    }

    /// Returns whether the file is a directory.
    pub fn is_directory(&self) -> bool {
        self.inode.kind() == FileType::Directory
    }

    /// Returns whether both are the same file seen through the same mount.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.mount, &other.mount) && self.inode.ino() == other.inode.ino()
    }

    /// Returns whether this is the root of its mount.
    pub fn is_mount_root(&self) -> bool {
        self.inode.ino() == self.mount.root.ino()
    }

    /// Returns the file called `name` in this directory, or the root of what is mounted on it.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`.
    pub fn lookup(&self, name: &[u8]) -> Result<Self> {
        let inode = self.inode.lookup(name)?;
        Ok(Self { mount: self.mount.clone(), inode }.topmost())
    }

    /// Returns the directory that this directory is in; the root's is the root.
    ///
    /// # Errors
    /// As [`Inode::parent`].
    pub fn parent(&self) -> Result<Self> {
        let mut here = self;
        while here.is_mount_root() {
            match &here.mount.point {
                Some(point) => here = point,
                None => return Ok(here.clone()),
            }
        }
        let inode = here.inode.parent()?;
        Ok(Self { mount: here.mount.clone(), inode }.topmost())
    }

    /// Returns the absolute path of this directory.
    ///
    /// # Errors
    /// `ENOENT` if it was removed.
    pub fn directory_path(&self) -> Result<Vec<u8>> {
        let mut names = Vec::new();
        let mut here = self.clone();
        loop {
            if here.is_mount_root() {
                match &here.mount.point {
                    Some(point) => here = point.clone(),
                    None => break,
                }
            } else {
                names.push(here.inode.name()?);
                here.inode = here.inode.parent()?;
            }
        }
        let mut path = Vec::new();
        for name in names.iter().rev() {
            path.push(b'/');
            path.extend_from_slice(name);
        }
        if path.is_empty() {
            path.push(b'/');
        }
        Ok(path)
    }

    fn topmost(mut self) -> Self {
        while let Some(mount) = self.mount.covering(self.inode.ino()) {
            self = Self::root_of(&mount);
        }
        self
    }
}

/// What a file was found by, which tells its path later.
#[derive(Clone, Debug)]
pub enum Place {
    /// A name in a directory.
    Name(Location, Box<[u8]>),
    /// Itself: it is a directory and knows its path.
    Itself,
    /// No path, only a label such as `pipe:[17]`.
    Label(Box<[u8]>),
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub struct Found {
    /// The file.
    pub location: Location,
    /// What it was found by.
    pub place: Place,
}

impl Found {
    /// Returns the directory `location`.
    pub fn directory(location: Location) -> Self {
        Self { location, place: Place::Itself }
    }

    /// Changes metadata and tells who watches.
    ///
    /// # Errors
    /// As [`Inode::change`].
    pub fn change(&self, changes: &Changes) -> Result<()> {
        self.location.inode.change(changes)?;
        let mask = if changes.size.is_some() { WatchMask::MODIFY } else { WatchMask::ATTRIB };
        watch::notify_file(self, mask);
        Ok(())
    }

    /// Returns the path as `/proc/self/fd` shows it, with ` (deleted)` if it is gone.
    pub fn path(&self) -> Vec<u8> {
        const DELETED: &[u8] = b" (deleted)";
        match &self.place {
            Place::Label(label) => label.to_vec(),
            Place::Itself => {
                self.location.directory_path().unwrap_or_else(|_| [b"/", DELETED].concat())
            }
            Place::Name(directory, name) => {
                let mut path = directory.directory_path().unwrap_or_default();
                if path.last() != Some(&b'/') {
                    path.push(b'/');
                }
                path.extend_from_slice(name);
                let now = directory.lookup(name);
                if !now.is_ok_and(|now| now.is_same(&self.location)) {
                    path.extend_from_slice(DELETED);
                }
                path
            }
        }
    }
}
