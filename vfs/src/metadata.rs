//! What a file system says of a file, and how it is told to change it.

use alloc::boxed::Box;

use abi::stat::{self, FileType, Stat};
use abi::time::Timespec;
use sync::SpinLock;

/// Tells the time of day, for the time stamps of files.
pub trait Clock: core::fmt::Debug + Send + Sync {
    /// Returns the time since 1970, as `CLOCK_REALTIME` has it.
    fn now(&self) -> Timespec;
}

/// The length of transfers that suits files in memory, in bytes.
pub const BLOCK_SIZE: u32 = 4096;

/// What `stat(2)` says of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Metadata {
    /// The device number of the file system.
    pub dev: u64,
    /// The number of the file in its file system.
    pub ino: u64,
    /// The type.
    pub kind: FileType,
    /// The permissions with set-user-ID, set-group-ID and sticky bits.
    pub permissions: u32,
    /// How many names it has.
    pub nlink: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The device that it is, for device files.
    pub rdev: u64,
    /// Bytes.
    pub size: u64,
    /// Space taken, in units of 512 bytes.
    pub blocks: u64,
    /// The last access.
    pub atime: Timespec,
    /// The last change of the contents.
    pub mtime: Timespec,
    /// The last change of anything.
    pub ctime: Timespec,
    /// The birth.
    pub btime: Timespec,
}

impl Metadata {
    /// Returns what is said of a file without a name: a pipe, a socket, an epoll.
    pub const fn anonymous(kind: FileType, ino: u64) -> Self {
        const NEVER: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
        Self {
            dev: 0xf,
            ino,
            kind,
            permissions: 0o600,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            size: 0,
            blocks: 0,
            atime: NEVER,
            mtime: NEVER,
            ctime: NEVER,
            btime: NEVER,
        }
    }

    /// Returns it with these changes, but for the size.
    #[must_use]
    pub fn with(self, changes: &Changes) -> Self {
        Self {
            permissions: changes.permissions.unwrap_or(self.permissions),
            uid: changes.uid.unwrap_or(self.uid),
            gid: changes.gid.unwrap_or(self.gid),
            atime: changes.atime.unwrap_or(self.atime),
            mtime: changes.mtime.unwrap_or(self.mtime),
            ..self
        }
    }

    /// Returns type and permissions as one number, `st_mode`.
    pub const fn mode(&self) -> u32 {
        self.kind.mode_bits() | (self.permissions & stat::S_IALLUGO)
    }
}

impl From<&Metadata> for Stat {
    fn from(from: &Metadata) -> Self {
        Self {
            st_dev: from.dev,
            st_ino: from.ino,
            st_nlink: u64::from(from.nlink),
            st_mode: from.mode(),
            st_uid: from.uid,
            st_gid: from.gid,
            padding: 0,
            st_rdev: from.rdev,
            st_size: i64::try_from(from.size).unwrap_or(i64::MAX),
            st_blksize: i64::from(BLOCK_SIZE),
            st_blocks: i64::try_from(from.blocks).unwrap_or(i64::MAX),
            st_atim: from.atime,
            st_mtim: from.mtime,
            st_ctim: from.ctime,
            unused: [0; 3],
        }
    }
}

/// What to change of a file's metadata; `None` leaves a thing as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// The new permissions.
    pub permissions: Option<u32>,
    /// The new owner.
    pub uid: Option<u32>,
    /// The new group.
    pub gid: Option<u32>,
    /// The new time of access.
    pub atime: Option<Timespec>,
    /// The new time of change.
    pub mtime: Option<Timespec>,
    /// The new size: the file is cut or grows a hole.
    pub size: Option<u64>,
}

impl Changes {
    /// Adds changes that come later.
    pub fn add(&mut self, later: &Self) {
        *self = Self {
            permissions: later.permissions.or(self.permissions),
            uid: later.uid.or(self.uid),
            gid: later.gid.or(self.gid),
            atime: later.atime.or(self.atime),
            mtime: later.mtime.or(self.mtime),
            size: later.size.or(self.size),
        };
    }
}

/// What was changed of a file that is in no file system: a pipe, a socket.
#[derive(Debug, Default)]
pub struct Changed(SpinLock<Option<Box<Changes>>>);

impl Changed {
    /// Returns that nothing was changed.
    pub const fn new() -> Self {
        Self(SpinLock::new(None))
    }

    /// Adds changes to those that were made before.
    pub fn add(&self, later: &Changes) {
        self.0.lock().get_or_insert_default().add(later);
    }

    /// Returns what `stat(2)` says of a file that said `first` before all changes.
    pub fn show(&self, first: Metadata) -> Metadata {
        self.0.lock().as_ref().map_or(first, |changes| first.with(changes))
    }
}

/// With what a new file begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Creation {
    /// The type.
    pub kind: FileType,
    /// The permissions, after the umask.
    pub permissions: u32,
    /// The owner.
    pub uid: u32,
    /// The group, unless the directory's set-group-ID bit decides it.
    pub gid: u32,
    /// The device that it is, for device files.
    pub rdev: u64,
}

impl Default for Creation {
    fn default() -> Self {
        Self::new(FileType::Regular, 0)
    }
}

impl Creation {
    /// Returns the beginning of a file of `kind` that belongs to root.
    pub const fn new(kind: FileType, permissions: u32) -> Self {
        Self { kind, permissions, uid: 0, gid: 0, rdev: 0 }
    }
}
