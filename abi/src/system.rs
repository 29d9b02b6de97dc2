//! The system as a whole: `uname(2)`, `sysinfo(2)`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of each string of [`Utsname`], terminating NUL included.
pub const UTSNAME_SIZE: usize = 65;

/// `struct utsname`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Utsname {
    /// The operating system: `Linux`, whose ABI this is.
    pub sysname: [u8; UTSNAME_SIZE],
    /// The host name.
    pub nodename: [u8; UTSNAME_SIZE],
    /// The release of Linux whose ABI is offered.
    pub release: [u8; UTSNAME_SIZE],
    /// The version of this kernel.
    pub version: [u8; UTSNAME_SIZE],
    /// The machine: `x86_64`.
    pub machine: [u8; UTSNAME_SIZE],
    /// The NIS domain name.
    pub domainname: [u8; UTSNAME_SIZE],
}

/// `struct sysinfo`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Sysinfo {
    /// Seconds since the start.
    pub uptime: i64,
    /// Load averages over 1, 5 and 15 minutes, times 65,536.
    pub loads: [u64; 3],
    /// All memory.
    pub totalram: u64,
    /// Unused memory.
    pub freeram: u64,
    /// Memory in shared mappings.
    pub sharedram: u64,
    /// Memory in buffers.
    pub bufferram: u64,
    /// All swap space.
    pub totalswap: u64,
    /// Unused swap space.
    pub freeswap: u64,
    /// Number of threads.
    pub procs: u16,
    /// Padding.
    pub pad: [u16; 3],
    /// High memory; none on x86-64.
    pub totalhigh: u64,
    /// Unused high memory.
    pub freehigh: u64,
    /// What the sizes above are counted in, in bytes.
    pub mem_unit: u32,
    /// Padding.
    pub padding: u32,
}
