//! Resource limits and use: `getrlimit(2)`, `getrusage(2)`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::time::Timeval;

pub use linux_raw_sys::general::{
    RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE,
    RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RTPRIO, RLIMIT_SIGPENDING, RLIMIT_STACK,
};

/// How many limits there are; they are numbered from 0.
pub const RLIM_NLIMITS: usize = 16;
/// No limit.
pub const RLIM_INFINITY: u64 = u64::MAX;

/// `struct rlimit`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Rlimit {
    /// The soft limit, which is in force.
    pub rlim_cur: u64,
    /// The hard limit, up to which the soft one can be raised.
    pub rlim_max: u64,
}

/// `who` of `getrusage(2)`: the process.
pub const RUSAGE_SELF: i32 = 0;
/// `who` of `getrusage(2)`: its children that have ended.
pub const RUSAGE_CHILDREN: i32 = -1;
/// `who` of `getrusage(2)`: the calling thread.
pub const RUSAGE_THREAD: i32 = 1;

/// `struct rusage`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Rusage {
    /// Processor time in the program.
    pub ru_utime: Timeval,
    /// Processor time in the kernel.
    pub ru_stime: Timeval,
    /// Largest resident size, in KiB.
    pub ru_maxrss: i64,
    /// Always 0 on Linux: `ru_ixrss`, `ru_idrss`, `ru_isrss`.
    pub unused_sizes: [i64; 3],
    /// Page faults served without a device.
    pub ru_minflt: i64,
    /// Page faults that needed a device.
    pub ru_majflt: i64,
    /// Always 0 on Linux.
    pub ru_nswap: i64,
    /// Reads of block devices.
    pub ru_inblock: i64,
    /// Writes to block devices.
    pub ru_oublock: i64,
    /// Always 0 on Linux: `ru_msgsnd`, `ru_msgrcv`, `ru_nsignals`.
    pub unused_counts: [i64; 3],
    /// Switches because the thread slept.
    pub ru_nvcsw: i64,
    /// Switches because another thread had its turn.
    pub ru_nivcsw: i64,
}
