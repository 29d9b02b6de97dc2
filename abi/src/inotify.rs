//! Watching files: `inotify(7)`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bitflags::bitflags! {
    /// What is watched and what happened: `IN_*`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct WatchMask: u32 {
        /// The file was read.
        const ACCESS = 0x1;
        /// The file was written.
        const MODIFY = 0x2;
        /// Metadata changed.
        const ATTRIB = 0x4;
        /// A file open for writing was closed.
        const CLOSE_WRITE = 0x8;
        /// A file not open for writing was closed.
        const CLOSE_NOWRITE = 0x10;
        /// The file was opened.
        const OPEN = 0x20;
        /// A name went from the directory by renaming.
        const MOVED_FROM = 0x40;
        /// A name came to the directory by renaming.
        const MOVED_TO = 0x80;
        /// A name was made in the directory.
        const CREATE = 0x100;
        /// A name was removed from the directory.
        const DELETE = 0x200;
        /// The file itself was removed.
        const DELETE_SELF = 0x400;
        /// The file itself was renamed.
        const MOVE_SELF = 0x800;
        /// Events were lost.
        const Q_OVERFLOW = 0x4000;
        /// The watch is gone.
        const IGNORED = 0x8000;
        /// Watch a directory only.
        const ONLYDIR = 0x100_0000;
        /// Do not follow a symbolic link.
        const DONT_FOLLOW = 0x200_0000;
        /// No events for files that were removed.
        const EXCL_UNLINK = 0x400_0000;
        /// Fail with `EEXIST` if the file is watched already.
        const MASK_CREATE = 0x1000_0000;
        /// Add to what is watched already.
        const MASK_ADD = 0x2000_0000;
        /// The event is about a directory.
        const ISDIR = 0x4000_0000;
        /// Watch for one event.
        const ONESHOT = 0x8000_0000;
    }
}

impl WatchMask {
    /// All that can be watched, `IN_ALL_EVENTS`.
    pub const ALL_EVENTS: Self = Self::from_bits_retain(0xfff);
}

/// `struct inotify_event` without its name.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct InotifyEvent {
    /// The watch.
    pub wd: i32,
    /// What happened.
    pub mask: u32,
    /// What joins the two events of a renaming.
    pub cookie: u32,
    /// Bytes of the name that follows, NULs behind it included.
    pub len: u32,
}
