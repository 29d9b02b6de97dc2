//! Files as a file system has them: directories, links, and what can be opened.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt::Debug;

use abi::fcntl::{OpenFlags, RenameFlags};
use abi::stat::FileType;
use abi::statfs::Statfs;
use abi::{Errno, Result};

use crate::{Changes, Creation, File, Found, Metadata};

/// One entry of a directory, lent to the reader of the directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DirectoryEntry<'a> {
    /// The name, without `/` or NUL.
    pub name: &'a [u8],
    /// The number of the file.
    pub ino: u64,
    /// The type of the file.
    pub kind: FileType,
    /// Where reading goes on after this entry; at least 3.
    pub next: u64,
}

/// The first place in a directory that [`Inode::read_directory`] is asked for; the places before
/// it belong to `.` and `..`, which are not the file system's business.
pub const FIRST_ENTRY: u64 = 2;

/// What becomes of a file that is made without a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Future {
    /// It can be given one.
    MayBeNamed,
    /// It never has one, `O_EXCL`.
    StaysUnnamed,
}

/// How an extended attribute is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetAttribute {
    /// Whether it is there or not.
    Always,
    /// Only if it is not there.
    Create,
    /// Only if it is there.
    Replace,
    /// In neither case: both conditions hold at once.
    Never,
}

/// A file in a file system: its metadata and, of a directory, its names.
///
/// Names come without `/`, neither empty nor `.` nor `..`, at most `NAME_MAX` bytes. Operations on
/// names of an inode that is no directory fail with `ENOTDIR`; that of an inode which does not
/// support the operation with `EPERM`, as Linux's file systems do. Two inodes given to one call
/// are of one file system.
pub trait Inode: Any + Debug + Send + Sync {
    /// Returns what `stat(2)` says.
    fn metadata(&self) -> Metadata;

    /// Returns the type; must agree with [`metadata`](Self::metadata).
    fn kind(&self) -> FileType {
        self.metadata().kind
    }

    /// Returns the number of the file in its file system.
    fn ino(&self) -> u64 {
        self.metadata().ino
    }

    /// Changes metadata, the size included.
    ///
    /// # Errors
    /// `EISDIR` or `EINVAL` for the size of what is no regular file, `EFBIG`, `ENOSPC`; `EPERM`
    /// where nothing can be changed.
    fn change(&self, changes: &Changes) -> Result<()> {
        let _ = changes;
        Err(Errno::EPERM)
    }

    /// Opens the file; only `flags`' access mode, `TRUNC`, `NONBLOCK` and `DIRECT` matter.
    ///
    /// # Errors
    /// `ELOOP` for a symbolic link, `ENXIO` for a device or socket that nothing stands behind.
    fn open(self: Arc<Self>, flags: OpenFlags) -> Result<Arc<dyn File>>;

    /// Returns the file of this name.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`.
    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>> {
        let _ = name;
        Err(Errno::ENOTDIR)
    }

    /// Returns the directory that this directory is in; the root's parent is itself.
    ///
    /// # Errors
    /// `ENOTDIR`; `ENOENT` if the directory was removed.
    fn parent(&self) -> Result<Arc<dyn Inode>> {
        Err(Errno::ENOTDIR)
    }

    /// Returns the name of this directory in its [`parent`](Self::parent).
    ///
    /// # Errors
    /// As [`parent`](Self::parent).
    fn name(&self) -> Result<Vec<u8>> {
        Err(Errno::ENOTDIR)
    }

    /// Makes a file of any type but a symbolic link.
    ///
    /// # Errors
    /// `EEXIST`, `ENOTDIR`, `ENOSPC`; `ENOENT` if this directory was removed.
    fn create(&self, name: &[u8], creation: &Creation) -> Result<Arc<dyn Inode>> {
        let _ = (name, creation);
        Err(Errno::EPERM)
    }

    /// Makes a symbolic link to `target`.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    fn symlink(&self, name: &[u8], target: &[u8], creation: &Creation) -> Result<Arc<dyn Inode>> {
        let _ = (name, target, creation);
        Err(Errno::EPERM)
    }

    /// Makes a regular file without a name, which [`link`](Self::link) can give one if `future` says
    /// so.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where the file system cannot, `ENOSPC`.
    fn create_unnamed(&self, creation: &Creation, future: Future) -> Result<Arc<dyn Inode>> {
        let _ = (creation, future);
        Err(Errno::EOPNOTSUPP)
    }

    /// Gives `inode`, which is no directory, another name.
    ///
    /// # Errors
    /// As [`create`](Self::create); `EPERM` for a directory, `EMLINK`; `ENOENT` for a file that
    /// lost its last name or never gets one.
    fn link(&self, name: &[u8], inode: &Arc<dyn Inode>) -> Result<()> {
        let _ = (name, inode);
        Err(Errno::EPERM)
    }

    /// Removes the name of what is no directory.
    ///
    /// # Errors
    /// `ENOENT`, `EISDIR`.
    fn unlink(&self, name: &[u8]) -> Result<()> {
        let _ = name;
        Err(Errno::EPERM)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, `ENOTEMPTY`.
    fn remove_directory(&self, name: &[u8]) -> Result<()> {
        let _ = name;
        Err(Errno::EPERM)
    }

    /// Gives what is called `from` here the name `to` in the directory `target`.
    ///
    /// # Errors
    /// `ENOENT`, `EEXIST` with `NOREPLACE`, `EISDIR`, `ENOTDIR`, `ENOTEMPTY`; `EINVAL` if a
    /// directory would come to lie in itself.
    fn rename(
        &self,
        from: &[u8],
        target: &Arc<dyn Inode>,
        to: &[u8],
        flags: RenameFlags,
    ) -> Result<()> {
        let _ = (from, target, to, flags);
        Err(Errno::EPERM)
    }

    /// Gives the entries from the place `from` on to `visit` until it returns false.
    ///
    /// An entry that stays in the directory while it is read is given exactly once, whatever else
    /// comes and goes meanwhile. `visit` must not use the directory.
    ///
    /// # Errors
    /// `ENOTDIR`; `ENOENT` if the directory was removed.
    fn read_directory(
        &self,
        from: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        let _ = (from, visit);
        Err(Errno::ENOTDIR)
    }

    /// Returns where a symbolic link points.
    ///
    /// # Errors
    /// `EINVAL` if it is none.
    fn read_link(&self) -> Result<Vec<u8>> {
        Err(Errno::EINVAL)
    }

    /// Returns the value of an extended attribute, `getxattr(2)`.
    ///
    /// # Errors
    /// `ENODATA` if it is not there, `EOPNOTSUPP` if there are none of such a name, `EINVAL`.
    fn attribute(&self, name: &[u8]) -> Result<Vec<u8>> {
        let _ = name;
        Err(Errno::EOPNOTSUPP)
    }

    /// Sets an extended attribute, `setxattr(2)`.
    ///
    /// # Errors
    /// As [`attribute`](Self::attribute); `EEXIST` if `how` forbids one that is there; `ENOSPC`.
    fn set_attribute(&self, name: &[u8], value: &[u8], how: SetAttribute) -> Result<()> {
        let _ = (name, value, how);
        Err(Errno::EOPNOTSUPP)
    }

    /// Removes an extended attribute, `removexattr(2)`.
    ///
    /// # Errors
    /// As [`attribute`](Self::attribute).
    fn remove_attribute(&self, name: &[u8]) -> Result<()> {
        let _ = name;
        Err(Errno::EOPNOTSUPP)
    }

    /// Returns the names of the extended attributes, `listxattr(2)`.
    fn attribute_names(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Returns the file that a link of `/proc` leads to without a walk along its text; `None` for
    /// ordinary links, which are walked.
    fn jump(&self) -> Option<Result<Found>> {
        None
    }
}

/// A file system that can be mounted.
pub trait FileSystem: Debug + Send + Sync {
    /// Returns the root directory.
    fn root(&self) -> Arc<dyn Inode>;

    /// Returns what `statfs(2)` says.
    fn statistics(&self) -> Statfs;

    /// Returns the name that `/proc/mounts` gives to this kind of file system.
    fn kind_name(&self) -> &'static str;

    /// Returns once everything written before is on the disk.
    ///
    /// # Errors
    /// `EIO`, `ENOSPC`.
    fn sync(&self) -> Result<()> {
        Ok(())
    }
}
