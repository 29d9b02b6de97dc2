//! Mapping memory: `mmap(2)`, `mprotect(2)`, `mremap(2)`, `madvise(2)`, `msync(2)`, `mlock(2)`,
//! `set_mempolicy(2)`.

bitflags::bitflags! {
    /// What a mapping allows, `mprotect(2)`. On x86-64 writing or executing implies reading.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct Prot: u32 {
        /// `PROT_READ`.
        const READ = 0x1;
        /// `PROT_WRITE`.
        const WRITE = 0x2;
        /// `PROT_EXEC`.
        const EXEC = 0x4;
        /// `PROT_SEM`: for atomic operations; means nothing on x86-64.
        const SEM = 0x8;
        /// `PROT_GROWSDOWN`, `mprotect(2)` only: from the start of a mapping that grows down.
        const GROWSDOWN = 0x0100_0000;
        /// `PROT_GROWSUP`, `mprotect(2)` only: to the end of a mapping that grows up.
        const GROWSUP = 0x0200_0000;
    }
}

impl Prot {
    /// The bits that a mapping keeps.
    pub const ACCESS: Self = Self::READ.union(Self::WRITE).union(Self::EXEC);
}

bitflags::bitflags! {
    /// The flags of `mmap(2)`. The lowest four bits are the type, see [`MapType`].
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct MapFlags: u32 {
        /// `MAP_SHARED`; with [`PRIVATE`](Self::PRIVATE) it is `MAP_SHARED_VALIDATE`.
        const SHARED = 0x01;
        /// `MAP_PRIVATE`.
        const PRIVATE = 0x02;
        /// `MAP_FIXED`.
        const FIXED = 0x10;
        /// `MAP_ANONYMOUS`.
        const ANONYMOUS = 0x20;
        /// `MAP_32BIT`: in the first 2 GiB.
        const LOW_2G = 0x40;
        /// `MAP_GROWSDOWN`.
        const GROWSDOWN = 0x0100;
        /// `MAP_DENYWRITE`: ignored.
        const DENYWRITE = 0x0800;
        /// `MAP_EXECUTABLE`: ignored.
        const EXECUTABLE = 0x1000;
        /// `MAP_LOCKED`.
        const LOCKED = 0x2000;
        /// `MAP_NORESERVE`.
        const NORESERVE = 0x4000;
        /// `MAP_POPULATE`.
        const POPULATE = 0x8000;
        /// `MAP_NONBLOCK`: makes `POPULATE` do nothing.
        const NONBLOCK = 0x1_0000;
        /// `MAP_STACK`: no huge pages, no more.
        const STACK = 0x2_0000;
        /// `MAP_HUGETLB`.
        const HUGETLB = 0x4_0000;
        /// `MAP_HUGE_SHIFT`: the size of huge pages.
        const HUGE_SIZE = 0xfc00_0000;
        /// `MAP_SYNC`, `MAP_SHARED_VALIDATE` only.
        const SYNC = 0x8_0000;
        /// `MAP_FIXED_NOREPLACE`.
        const FIXED_NOREPLACE = 0x10_0000;
        /// Bits that Linux gives other meanings or none; `MAP_SHARED` and `MAP_PRIVATE` let them
        /// pass.
        const _ = !0;
    }
}

/// What a mapping's writes are seen by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapType {
    /// Everyone who maps or reads the object.
    Shared,
    /// As `Shared`, and flags that are not known are an error.
    SharedValidate,
    /// The process only.
    Private,
}

impl MapFlags {
    /// Returns the type, or `None` for one that Linux does not know.
    pub const fn map_type(self) -> Option<MapType> {
        match self.bits() & 0xf {
            1 => Some(MapType::Shared),
            2 => Some(MapType::Private),
            3 => Some(MapType::SharedValidate),
            _ => None,
        }
    }
}

bitflags::bitflags! {
    /// The flags of `mremap(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct RemapFlags: u32 {
        /// `MREMAP_MAYMOVE`.
        const MAYMOVE = 1;
        /// `MREMAP_FIXED`.
        const FIXED = 2;
        /// `MREMAP_DONTUNMAP`.
        const DONTUNMAP = 4;
    }
}

bitflags::bitflags! {
    /// The flags of `msync(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct SyncFlags: u32 {
        /// `MS_ASYNC`.
        const ASYNC = 1;
        /// `MS_INVALIDATE`.
        const INVALIDATE = 2;
        /// `MS_SYNC`.
        const SYNC = 4;
    }
}

bitflags::bitflags! {
    /// The flags of `mlockall(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct LockAllFlags: u32 {
        /// `MCL_CURRENT`.
        const CURRENT = 1;
        /// `MCL_FUTURE`.
        const FUTURE = 2;
        /// `MCL_ONFAULT`.
        const ONFAULT = 4;
    }
}

/// `MLOCK_ONFAULT`, the flag of `mlock2(2)`.
pub const MLOCK_ONFAULT: u32 = 1;

macro_rules! advice {
    ($($(#[$doc:meta])* $name:ident = $value:literal,)*) => {
        /// The advice of `madvise(2)`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Advice {
            $($(#[$doc])* $name,)*
        }

        impl Advice {
            /// Returns the advice of that number, or `None` if Linux 6.1 knows none.
            pub const fn from_raw(value: i32) -> Option<Self> {
                match value {
                    $($value => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

advice! {
    /// `MADV_NORMAL`.
    Normal = 0,
    /// `MADV_RANDOM`.
    Random = 1,
    /// `MADV_SEQUENTIAL`.
    Sequential = 2,
    /// `MADV_WILLNEED`.
    WillNeed = 3,
    /// `MADV_DONTNEED`: drop the pages; private ones become zero or the file's again.
    DontNeed = 4,
    /// `MADV_FREE`.
    Free = 8,
    /// `MADV_REMOVE`: punch a hole in the file.
    Remove = 9,
    /// `MADV_DONTFORK`.
    DontFork = 10,
    /// `MADV_DOFORK`.
    DoFork = 11,
    /// `MADV_MERGEABLE`.
    Mergeable = 12,
    /// `MADV_UNMERGEABLE`.
    Unmergeable = 13,
    /// `MADV_HUGEPAGE`.
    HugePage = 14,
    /// `MADV_NOHUGEPAGE`.
    NoHugePage = 15,
    /// `MADV_DONTDUMP`.
    DontDump = 16,
    /// `MADV_DODUMP`.
    DoDump = 17,
    /// `MADV_WIPEONFORK`.
    WipeOnFork = 18,
    /// `MADV_KEEPONFORK`.
    KeepOnFork = 19,
    /// `MADV_COLD`.
    Cold = 20,
    /// `MADV_PAGEOUT`.
    PageOut = 21,
    /// `MADV_POPULATE_READ`.
    PopulateRead = 22,
    /// `MADV_POPULATE_WRITE`.
    PopulateWrite = 23,
    /// `MADV_DONTNEED_LOCKED`.
    DontNeedLocked = 24,
    /// `MADV_COLLAPSE`.
    Collapse = 25,
}

/// Modes of `set_mempolicy(2)`.
pub mod mempolicy {
    /// `MPOL_DEFAULT`.
    pub const DEFAULT: u32 = 0;
    /// `MPOL_PREFERRED`.
    pub const PREFERRED: u32 = 1;
    /// `MPOL_BIND`.
    pub const BIND: u32 = 2;
    /// `MPOL_INTERLEAVE`.
    pub const INTERLEAVE: u32 = 3;
    /// `MPOL_LOCAL`.
    pub const LOCAL: u32 = 4;
    /// `MPOL_PREFERRED_MANY`.
    pub const PREFERRED_MANY: u32 = 5;
    /// `MPOL_WEIGHTED_INTERLEAVE`.
    pub const WEIGHTED_INTERLEAVE: u32 = 6;
    /// `MPOL_F_STATIC_NODES`, a flag of the mode.
    pub const STATIC_NODES: u32 = 1 << 15;
    /// `MPOL_F_RELATIVE_NODES`, a flag of the mode.
    pub const RELATIVE_NODES: u32 = 1 << 14;
    /// `MPOL_F_NUMA_BALANCING`, a flag of the mode.
    pub const NUMA_BALANCING: u32 = 1 << 13;
    /// `MPOL_F_NODE` of `get_mempolicy(2)`.
    pub const GET_NODE: u32 = 1;
    /// `MPOL_F_ADDR` of `get_mempolicy(2)`.
    pub const GET_ADDR: u32 = 2;
    /// `MPOL_F_MEMS_ALLOWED` of `get_mempolicy(2)`.
    pub const GET_MEMS_ALLOWED: u32 = 4;
}
