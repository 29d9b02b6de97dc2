//! What a file system is: `statfs(2)`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `struct statfs`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Statfs {
    /// The kind of file system: `TMPFS_MAGIC` and its kin.
    pub f_type: i64,
    /// The length of transfers that suits it, in bytes.
    pub f_bsize: i64,
    /// Its size, in units of [`f_frsize`](Self::f_frsize).
    pub f_blocks: u64,
    /// What is free.
    pub f_bfree: u64,
    /// What is free for all users.
    pub f_bavail: u64,
    /// How many files it can hold.
    pub f_files: u64,
    /// How many more files it can hold.
    pub f_ffree: u64,
    /// A number of its own.
    pub f_fsid: [i32; 2],
    /// The longest name, in bytes.
    pub f_namelen: i64,
    /// The unit of the sizes, in bytes.
    pub f_frsize: i64,
    /// How it is mounted: `ST_*`.
    pub f_flags: i64,
    /// Not used.
    pub f_spare: [i64; 4],
}

/// The kind of an in-memory file system.
pub const TMPFS_MAGIC: i64 = 0x0102_1994;
/// The kind of `/proc`.
pub const PROC_SUPER_MAGIC: i64 = 0x9fa0;
/// The kind of `/sys`.
pub const SYSFS_MAGIC: i64 = 0x6265_6572;
/// The kind of ext2, ext3 and ext4.
pub const EXT4_SUPER_MAGIC: i64 = 0xef53;
/// The kind of the file system of pipes.
pub const PIPEFS_MAGIC: i64 = 0x5049_5045;
/// The kind of the file system of sockets.
pub const SOCKFS_MAGIC: i64 = 0x534f_434b;
/// The kind of the file system of eventfd, epoll and the like.
pub const ANON_INODE_FS_MAGIC: i64 = 0x0904_1934;

/// `ST_RDONLY`: mounted read-only.
pub const ST_RDONLY: i64 = 0x1;
/// `ST_NOATIME`: times of access are not kept.
pub const ST_NOATIME: i64 = 0x400;
/// `ST_VALID`: the flags are filled in; the C library takes it out.
pub const ST_VALID: i64 = 0x20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structure_has_the_size_of_linux() {
        assert_eq!(size_of::<Statfs>(), 120);
    }
}
