//! Opening and controlling files: `open(2)`, `fcntl(2)`, the `AT_*` flags, `fallocate(2)`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bitflags::bitflags! {
    /// The flags of `open(2)`, of `F_GETFL` and of `F_SETFL`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct OpenFlags: u32 {
        /// Write only; read only is the absence of this and [`RDWR`](Self::RDWR).
        const WRONLY = 0o1;
        /// Read and write.
        const RDWR = 0o2;
        /// Create the file if it is not there.
        const CREAT = 0o100;
        /// With `CREAT`: fail with `EEXIST` if it is there.
        const EXCL = 0o200;
        /// Do not make a terminal the controlling one.
        const NOCTTY = 0o400;
        /// Cut a regular file to no bytes.
        const TRUNC = 0o1000;
        /// Every write goes to the end of the file.
        const APPEND = 0o2000;
        /// Fail with `EAGAIN` instead of waiting.
        const NONBLOCK = 0o4000;
        /// Writes return once the data are on the disk.
        const DSYNC = 0o10000;
        /// Send `SIGIO` when ready.
        const ASYNC = 0o20000;
        /// Bypass the page cache.
        const DIRECT = 0o40000;
        /// Large files: always meant on x86-64.
        const LARGEFILE = 0o100_000;
        /// Fail with `ENOTDIR` if it is not a directory.
        const DIRECTORY = 0o200_000;
        /// Fail with `ELOOP` if the last component is a symbolic link.
        const NOFOLLOW = 0o400_000;
        /// Do not change the time of access.
        const NOATIME = 0o1_000_000;
        /// Close on `execve(2)`; a flag of the descriptor, not of the description.
        const CLOEXEC = 0o2_000_000;
        /// What makes `O_SYNC` of [`DSYNC`](Self::DSYNC).
        const SYNC_BIT = 0o4_000_000;
        /// A place in the tree only: no reading, no writing.
        const PATH = 0o10_000_000;
        /// What makes `O_TMPFILE` of [`DIRECTORY`](Self::DIRECTORY).
        const TMPFILE_BIT = 0o20_000_000;
    }
}

impl OpenFlags {
    /// Read only.
    pub const RDONLY: Self = Self::empty();
    /// The two bits that say how the file is accessed.
    pub const ACCESS: Self = Self::WRONLY.union(Self::RDWR);
    /// Writes return once data and metadata are on the disk.
    pub const SYNC: Self = Self::SYNC_BIT.union(Self::DSYNC);
    /// An unnamed file in the directory given.
    pub const TMPFILE: Self = Self::TMPFILE_BIT.union(Self::DIRECTORY);
    /// What `fcntl(F_SETFL)` changes besides [`ASYNC`](Self::ASYNC); it ignores the others.
    pub const SETTABLE: Self =
        Self::APPEND.union(Self::NONBLOCK).union(Self::DIRECT).union(Self::NOATIME);
    /// What counts at the moment of opening only and `F_GETFL` does not show.
    pub const CREATION: Self =
        Self::CREAT.union(Self::EXCL).union(Self::NOCTTY).union(Self::TRUNC).union(Self::CLOEXEC);

    /// Returns whether the access mode allows reading.
    pub const fn is_readable(self) -> bool {
        self.bits() & Self::ACCESS.bits() == 0 || self.is_read_write()
    }

    /// Returns whether the access mode allows writing.
    pub const fn is_writable(self) -> bool {
        self.bits() & Self::ACCESS.bits() == Self::WRONLY.bits() || self.is_read_write()
    }

    const fn is_read_write(self) -> bool {
        self.bits() & Self::ACCESS.bits() == Self::RDWR.bits()
    }
}

bitflags::bitflags! {
    /// The `AT_*` flags of the calls that take a directory descriptor.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct AtFlags: u32 {
        /// Do not follow a symbolic link in the last component.
        const SYMLINK_NOFOLLOW = 0x100;
        /// `faccessat2(2)`: check with the effective identities. The same bit as
        /// [`REMOVEDIR`](Self::REMOVEDIR).
        const EACCESS = 0x200;
        /// `unlinkat(2)`: remove a directory.
        const REMOVEDIR = 0x200;
        /// `linkat(2)`: follow a symbolic link in the last component.
        const SYMLINK_FOLLOW = 0x400;
        /// Do not mount automatically.
        const NO_AUTOMOUNT = 0x800;
        /// An empty path means the descriptor itself.
        const EMPTY_PATH = 0x1000;
        /// `statx(2)`: ask the server again.
        const STATX_FORCE_SYNC = 0x2000;
        /// `statx(2)`: do not ask the server.
        const STATX_DONT_SYNC = 0x4000;
    }
}

bitflags::bitflags! {
    /// How far a path may lead, `openat2(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct Resolve: u64 {
        /// Not across mounts.
        const NO_XDEV = 0x01;
        /// Not through links of `/proc` that lead to files rather than along a text.
        const NO_MAGICLINKS = 0x02;
        /// Through no symbolic link.
        const NO_SYMLINKS = 0x04;
        /// Not out of the directory that it starts in.
        const BENEATH = 0x08;
        /// The directory that it starts in is the root.
        const IN_ROOT = 0x10;
        /// Only as far as no waiting is needed.
        const CACHED = 0x20;
    }
}

/// `struct open_how`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct OpenHow {
    /// [`OpenFlags`].
    pub flags: u64,
    /// The permissions of a new file.
    pub mode: u64,
    /// [`Resolve`].
    pub resolve: u64,
}

/// The descriptor number that means the current directory.
pub const AT_FDCWD: i32 = -100;

bitflags::bitflags! {
    /// The flags of `renameat2(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct RenameFlags: u32 {
        /// Fail with `EEXIST` if the new name is there.
        const NOREPLACE = 1;
        /// Swap the two names.
        const EXCHANGE = 2;
        /// Leave a whiteout behind.
        const WHITEOUT = 4;
    }
}

impl RenameFlags {
    /// Returns whether the flags go together: what is swapped can neither be new nor leave a
    /// whiteout.
    pub const fn is_valid(self) -> bool {
        !self.contains(Self::EXCHANGE) || !self.intersects(Self::NOREPLACE.union(Self::WHITEOUT))
    }
}

bitflags::bitflags! {
    /// The modes of `fallocate(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct FallocateMode: u32 {
        /// Leave the size as it is.
        const KEEP_SIZE = 0x01;
        /// Make a hole; needs [`KEEP_SIZE`](Self::KEEP_SIZE).
        const PUNCH_HOLE = 0x02;
        /// Take a range out and close the gap.
        const COLLAPSE_RANGE = 0x08;
        /// Make a range read as zeros.
        const ZERO_RANGE = 0x10;
        /// Open a gap.
        const INSERT_RANGE = 0x20;
        /// Unshare shared blocks.
        const UNSHARE_RANGE = 0x40;
    }
}

impl FallocateMode {
    /// Returns whether the bits are one mode, with or without [`KEEP_SIZE`](Self::KEEP_SIZE) as it
    /// has to be.
    pub fn is_valid(self) -> bool {
        let keeps_size = self.contains(Self::KEEP_SIZE);
        match self - Self::KEEP_SIZE {
            Self::PUNCH_HOLE => keeps_size,
            Self::COLLAPSE_RANGE | Self::INSERT_RANGE => !keeps_size,
            mode => mode.is_empty() || mode == Self::UNSHARE_RANGE || mode == Self::ZERO_RANGE,
        }
    }
}

bitflags::bitflags! {
    /// What `access(2)` asks; no bit asks whether the file exists.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct AccessMode: u32 {
        /// `X_OK`.
        const EXECUTE = 1;
        /// `W_OK`.
        const WRITE = 2;
        /// `R_OK`.
        const READ = 4;
    }
}

/// Where `lseek(2)` counts from: `SEEK_SET` and its kin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whence {
    /// `SEEK_SET`: the start of the file.
    Set,
    /// `SEEK_CUR`: the offset.
    Current,
    /// `SEEK_END`: the end of the file.
    End,
    /// `SEEK_DATA`: the next byte that is not in a hole.
    Data,
    /// `SEEK_HOLE`: the next byte that is in a hole, or the end.
    Hole,
}

impl Whence {
    /// Returns what `value` stands for, if anything.
    pub const fn from_raw(value: u32) -> Option<Self> {
        Some(match value {
            0 => Self::Set,
            1 => Self::Current,
            2 => Self::End,
            3 => Self::Data,
            4 => Self::Hole,
            _ => return None,
        })
    }
}

/// `F_DUPFD`: duplicate to the lowest free number from the argument on.
pub const F_DUPFD: u32 = 0;
/// `F_GETFD`: the descriptor's flags.
pub const F_GETFD: u32 = 1;
/// `F_SETFD`: set the descriptor's flags.
pub const F_SETFD: u32 = 2;
/// `F_GETFL`: the description's flags.
pub const F_GETFL: u32 = 3;
/// `F_SETFL`: set the description's flags.
pub const F_SETFL: u32 = 4;
/// `F_GETLK`: which lock stands in the way.
pub const F_GETLK: u32 = 5;
/// `F_SETLK`: take or give back a lock.
pub const F_SETLK: u32 = 6;
/// `F_SETLKW`: as `F_SETLK`, waiting.
pub const F_SETLKW: u32 = 7;
/// `F_SETOWN`: who gets `SIGIO`.
pub const F_SETOWN: u32 = 8;
/// `F_GETOWN`: who gets `SIGIO`.
pub const F_GETOWN: u32 = 9;
/// `F_SETSIG`: which signal instead of `SIGIO`.
pub const F_SETSIG: u32 = 10;
/// `F_GETSIG`: which signal instead of `SIGIO`.
pub const F_GETSIG: u32 = 11;
/// `F_SETOWN_EX`: who gets `SIGIO`, as a type and a number.
pub const F_SETOWN_EX: u32 = 15;
/// `F_GETOWN_EX`: who gets `SIGIO`, as a type and a number.
pub const F_GETOWN_EX: u32 = 16;
/// `F_OWNER_TID`: a thread gets `SIGIO`.
pub const F_OWNER_TID: u32 = 0;
/// `F_OWNER_PID`: a process gets `SIGIO`.
pub const F_OWNER_PID: u32 = 1;
/// `F_OWNER_PGRP`: a process group gets `SIGIO`.
pub const F_OWNER_PGRP: u32 = 2;
/// `F_OFD_GETLK`: as `F_GETLK` for locks of the description.
pub const F_OFD_GETLK: u32 = 36;
/// `F_OFD_SETLK`: as `F_SETLK` for locks of the description.
pub const F_OFD_SETLK: u32 = 37;
/// `F_OFD_SETLKW`: as `F_SETLKW` for locks of the description.
pub const F_OFD_SETLKW: u32 = 38;
/// `F_GETLEASE`: which lease the file has.
pub const F_GETLEASE: u32 = 1025;
/// `F_NOTIFY`: ask to be told of changes in a directory.
pub const F_NOTIFY: u32 = 1026;
/// `DN_MULTISHOT`: of more than the first change.
pub const DN_MULTISHOT: u64 = 0x8000_0000;
/// `F_DUPFD_CLOEXEC`: as `F_DUPFD`, close on exec.
pub const F_DUPFD_CLOEXEC: u32 = 1030;
/// `F_SETPIPE_SZ`: the capacity of a pipe.
pub const F_SETPIPE_SZ: u32 = 1031;
/// `F_GETPIPE_SZ`: the capacity of a pipe.
pub const F_GETPIPE_SZ: u32 = 1032;
/// `F_GETOWNER_UIDS`: the real and the effective user that chose who is told by signal.
pub const F_GETOWNER_UIDS: u32 = 17;
/// `F_SETLEASE`: take a lease of a file, or give it back.
pub const F_SETLEASE: u32 = 1024;
/// `F_DUPFD_QUERY`: whether another descriptor stands for the same description.
pub const F_DUPFD_QUERY: u32 = 1027;
/// `F_CREATED_QUERY`: whether the file was made when it was opened.
pub const F_CREATED_QUERY: u32 = 1028;
/// `F_ADD_SEALS`: seal a memfd.
pub const F_ADD_SEALS: u32 = 1033;
/// `F_GET_SEALS`: the seals of a memfd.
pub const F_GET_SEALS: u32 = 1034;
/// `F_SEAL_SEAL`: no more seals.
pub const F_SEAL_SEAL: u32 = 0x1;
/// `F_SEAL_SHRINK`: the file cannot get smaller.
pub const F_SEAL_SHRINK: u32 = 0x2;
/// `F_SEAL_GROW`: the file cannot get larger.
pub const F_SEAL_GROW: u32 = 0x4;
/// `F_SEAL_WRITE`: the file cannot be written.
pub const F_SEAL_WRITE: u32 = 0x8;
/// `F_SEAL_FUTURE_WRITE`: the file cannot be written but through mappings that are there.
pub const F_SEAL_FUTURE_WRITE: u32 = 0x10;
/// `F_SEAL_EXEC`: whether the file can be executed cannot be changed.
pub const F_SEAL_EXEC: u32 = 0x20;
/// `FD_CLOEXEC`: the one descriptor flag.
pub const FD_CLOEXEC: u32 = 1;

/// `F_RDLCK`: a shared lock.
pub const F_RDLCK: i16 = 0;
/// `F_WRLCK`: an exclusive lock.
pub const F_WRLCK: i16 = 1;
/// `F_UNLCK`: no lock.
pub const F_UNLCK: i16 = 2;

/// `LOCK_SH` of `flock(2)`.
pub const LOCK_SH: u32 = 1;
/// `LOCK_EX` of `flock(2)`.
pub const LOCK_EX: u32 = 2;
/// `LOCK_NB` of `flock(2)`: do not wait.
pub const LOCK_NB: u32 = 4;
/// `LOCK_UN` of `flock(2)`.
pub const LOCK_UN: u32 = 8;

/// `struct flock`: a byte range and its lock, `fcntl(2)`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Flock {
    /// [`F_RDLCK`], [`F_WRLCK`] or [`F_UNLCK`].
    pub l_type: i16,
    /// What [`l_start`](Self::l_start) counts from: a [`Whence`] below `Data`.
    pub l_whence: i16,
    /// Padding.
    pub padding_1: u32,
    /// The first byte.
    pub l_start: i64,
    /// The number of bytes; 0 means up to the end, negative means before the start.
    pub l_len: i64,
    /// Who holds the lock; -1 for a lock of a description.
    pub l_pid: i32,
    /// Padding.
    pub padding_2: u32,
}

/// The longest name of one file, in bytes, `NAME_MAX`.
pub const NAME_MAX: usize = 255;
/// The longest path, in bytes with its closing NUL, `PATH_MAX`.
pub const PATH_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_modes_are_told_apart() {
        assert!(OpenFlags::RDONLY.is_readable() && !OpenFlags::RDONLY.is_writable());
        assert!(!OpenFlags::WRONLY.is_readable() && OpenFlags::WRONLY.is_writable());
        assert!(OpenFlags::RDWR.is_readable() && OpenFlags::RDWR.is_writable());
        assert!(!OpenFlags::ACCESS.is_readable() && !OpenFlags::ACCESS.is_writable());
    }

    #[test]
    fn structures_have_the_sizes_of_linux() {
        assert_eq!(size_of::<Flock>(), 32);
        assert_eq!(OpenFlags::TMPFILE.bits(), 0o20_200_000);
        assert_eq!(OpenFlags::SYNC.bits(), 0o4_010_000);
    }
}
