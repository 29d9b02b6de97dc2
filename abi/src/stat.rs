//! What a file is: `stat(2)`, `statx(2)`, `inode(7)`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::time::Timespec;

/// The bits of a mode that hold the type, `S_IFMT`.
pub const S_IFMT: u32 = 0o170_000;
/// The set-user-ID bit.
pub const S_ISUID: u32 = 0o4000;
/// The set-group-ID bit.
pub const S_ISGID: u32 = 0o2000;
/// The sticky bit.
pub const S_ISVTX: u32 = 0o1000;
/// All bits of a mode that `chmod(2)` changes.
pub const S_IALLUGO: u32 = 0o7777;

/// The type of a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum FileType {
    /// None: an eventfd, an epoll and the like.
    Anonymous = 0,
    /// `S_IFIFO`: a pipe.
    Fifo = 0o01,
    /// `S_IFCHR`: a character device.
    CharDevice = 0o02,
    /// `S_IFDIR`: a directory.
    Directory = 0o04,
    /// `S_IFBLK`: a block device.
    BlockDevice = 0o06,
    /// `S_IFREG`: a regular file.
    Regular = 0o10,
    /// `S_IFLNK`: a symbolic link.
    Symlink = 0o12,
    /// `S_IFSOCK`: a socket.
    Socket = 0o14,
}

impl FileType {
    /// Returns the type that the mode's [`S_IFMT`] bits name, if they name one.
    pub const fn from_mode(mode: u32) -> Option<Self> {
        Some(match (mode & S_IFMT) >> 12 {
            0o01 => Self::Fifo,
            0o02 => Self::CharDevice,
            0o04 => Self::Directory,
            0o06 => Self::BlockDevice,
            0o10 => Self::Regular,
            0o12 => Self::Symlink,
            0o14 => Self::Socket,
            _ => return None,
        })
    }

    /// Returns the [`S_IFMT`] bits of a mode.
    pub const fn mode_bits(self) -> u32 {
        (self as u32) << 12
    }

    /// Returns the `DT_*` value of `readdir(3)`.
    pub const fn dirent_type(self) -> u8 {
        self as u8
    }
}

/// Makes a device number of a major and a minor one, `makedev(3)`.
pub const fn make_device(major: u32, minor: u32) -> u64 {
    let (major, minor) = (major as u64, minor as u64);
    (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & !0xff) << 12) | ((major & !0xfff) << 32)
}

/// Returns the major part of a device number, `makedev(3)`.
#[expect(clippy::cast_possible_truncation, reason = "the masks keep 32 bits")]
pub const fn device_major(device: u64) -> u32 {
    (((device >> 8) & 0xfff) | ((device >> 32) & 0xffff_f000)) as u32
}

/// Returns the minor part of a device number, `makedev(3)`.
#[expect(clippy::cast_possible_truncation, reason = "the masks keep 32 bits")]
pub const fn device_minor(device: u64) -> u32 {
    ((device & 0xff) | ((device >> 12) & 0xffff_ff00)) as u32
}

/// `struct stat`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Stat {
    /// The device that holds the file.
    pub st_dev: u64,
    /// The number of the file on its device.
    pub st_ino: u64,
    /// How many names it has.
    pub st_nlink: u64,
    /// Type and permissions.
    pub st_mode: u32,
    /// The owner.
    pub st_uid: u32,
    /// The group.
    pub st_gid: u32,
    /// Padding.
    pub padding: u32,
    /// The device that the file is, if it is one.
    pub st_rdev: u64,
    /// Bytes.
    pub st_size: i64,
    /// The length of transfers that suits the file, in bytes.
    pub st_blksize: i64,
    /// Space taken, in units of 512 bytes.
    pub st_blocks: i64,
    /// The last access.
    pub st_atim: Timespec,
    /// The last change of the contents.
    pub st_mtim: Timespec,
    /// The last change of the contents or of what this structure says.
    pub st_ctim: Timespec,
    /// Not used.
    pub unused: [i64; 3],
}

/// `struct statx_timestamp`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct StatxTimestamp {
    /// Seconds since 1970.
    pub tv_sec: i64,
    /// Nanoseconds.
    pub tv_nsec: u32,
    /// Not used.
    pub reserved: i32,
}

/// `struct statx`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Statx {
    /// Which fields are valid: `STATX_*`.
    pub stx_mask: u32,
    /// The length of transfers that suits the file, in bytes.
    pub stx_blksize: u32,
    /// Which attributes are set.
    pub stx_attributes: u64,
    /// How many names it has.
    pub stx_nlink: u32,
    /// The owner.
    pub stx_uid: u32,
    /// The group.
    pub stx_gid: u32,
    /// Type and permissions.
    pub stx_mode: u16,
    /// Padding.
    pub padding: u16,
    /// The number of the file on its device.
    pub stx_ino: u64,
    /// Bytes.
    pub stx_size: u64,
    /// Space taken, in units of 512 bytes.
    pub stx_blocks: u64,
    /// Which attributes the file system knows.
    pub stx_attributes_mask: u64,
    /// The last access.
    pub stx_atime: StatxTimestamp,
    /// The birth.
    pub stx_btime: StatxTimestamp,
    /// The last change of anything.
    pub stx_ctime: StatxTimestamp,
    /// The last change of the contents.
    pub stx_mtime: StatxTimestamp,
    /// The device that the file is: major.
    pub stx_rdev_major: u32,
    /// The device that the file is: minor.
    pub stx_rdev_minor: u32,
    /// The device that holds the file: major.
    pub stx_dev_major: u32,
    /// The device that holds the file: minor.
    pub stx_dev_minor: u32,
    /// The number of the mount.
    pub stx_mnt_id: u64,
    /// How direct transfers must be aligned in memory.
    pub stx_dio_mem_align: u32,
    /// How direct transfers must be aligned in the file.
    pub stx_dio_offset_align: u32,
    /// Not used.
    pub spare: [u64; 12],
}

/// `STATX_BASIC_STATS`: all that `struct stat` has.
pub const STATX_BASIC_STATS: u32 = 0x7ff;
/// `STATX_BTIME`: the birth.
pub const STATX_BTIME: u32 = 0x800;
/// `STATX_MNT_ID`: the number of the mount.
pub const STATX_MNT_ID: u32 = 0x1000;
/// `STATX__RESERVED`: a bit that a program must not set.
pub const STATX_RESERVED: u32 = 0x8000_0000;
/// `STATX_ATTR_MOUNT_ROOT`: the file is the root of a mount.
pub const STATX_ATTR_MOUNT_ROOT: u64 = 0x2000;

/// `UTIME_NOW` of `utimensat(2)`: the present.
pub const UTIME_NOW: i64 = 0x3fff_ffff;
/// `UTIME_OMIT` of `utimensat(2)`: as it was.
pub const UTIME_OMIT: i64 = 0x3fff_fffe;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_the_sizes_of_linux() {
        assert_eq!(size_of::<Stat>(), 144);
        assert_eq!(size_of::<Statx>(), 256);
    }

    #[test]
    fn device_numbers_come_apart_again() {
        for (major, minor) in [(1, 3), (0xfff, 0xfffff), (0x12345, 0x6789a), (253, 0)] {
            let device = make_device(major, minor);
            assert_eq!((device_major(device), device_minor(device)), (major, minor));
        }
        assert_eq!(make_device(1, 3), 0x103);
    }

    #[test]
    fn types_are_read_from_modes() {
        assert_eq!(FileType::from_mode(0o100_644), Some(FileType::Regular));
        assert_eq!(FileType::from_mode(0o644), None);
        assert_eq!(FileType::Directory.mode_bits(), 0o040_000);
    }
}
