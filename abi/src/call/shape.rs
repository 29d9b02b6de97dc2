//! Structures that calls read and write, for those who show them.

use linux_raw_sys::{general, net, system};

use super::Kind::{
    Address, Bits, Characters, Device, Fd, FileMode, Handler, Id, Int, Limit, Long, LongBits,
    Offset, Pid, SignalSet, Size, Uint,
};
use super::names::{self, choice, flags};
use super::{Kind, missing};

/// A structure of linux-raw-sys or of this crate: `shape!(type as "name" { field: KIND, … })`;
/// `..` at the end says that some fields are left out, `as` what a field is called in C.
macro_rules! shape {
    ($type:path as $name:literal {
        $($field:ident $(as $c_name:literal)?: $kind:expr),* $(,)?
    }) => {
        shape!(@ $type, $name, false, $($field [$($c_name)?] $kind),*)
    };
    ($type:path as $name:literal {
        $($field:ident $(as $c_name:literal)?: $kind:expr,)* ..
    }) => {
        shape!(@ $type, $name, true, $($field [$($c_name)?] $kind),*)
    };
    (@ $type:path, $name:literal, $is_partial:literal, $($field:ident $c_name:tt $kind:expr),*) => {
        crate::call::Kind::Struct(&crate::call::Shape {
            name: $name,
            size: size_of::<$type>(),
            fields: &[$(crate::call::Field {
                name: crate::call::shape::c_name!($field $c_name),
                offset: core::mem::offset_of!($type, $field),
                size: crate::call::shape::field_size(|whole: $type| whole.$field),
                kind: $kind,
            }),*],
            is_partial: $is_partial,
        })
    };
}
/// The name of a field in C, if it is another one than in Rust.
macro_rules! c_name {
    ($field:ident []) => {
        stringify!($field)
    };
    ($field:ident [$name:literal]) => {
        $name
    };
}
pub(super) use c_name;

/// Returns the size of the field that a function takes out of a structure.
pub(super) const fn field_size<S, F>(_: fn(S) -> F) -> usize {
    size_of::<F>()
}

/// `struct timespec`.
pub const TIMESPEC: Kind = shape!(general::__kernel_timespec as "timespec" {
    tv_sec: Long, tv_nsec: Long,
});
/// `struct timeval`.
pub const TIMEVAL: Kind = shape!(general::__kernel_old_timeval as "timeval" {
    tv_sec: Long, tv_usec: Long,
});
/// `struct timezone`.
pub const TIMEZONE: Kind = shape!(general::timezone as "timezone" {
    tz_minuteswest: Int, tz_dsttime: Int,
});
/// `struct itimerspec`.
pub const ITIMERSPEC: Kind = shape!(general::__kernel_itimerspec as "itimerspec" {
    it_interval: TIMESPEC, it_value: TIMESPEC,
});
/// `struct itimerval`.
pub const ITIMERVAL: Kind = shape!(general::__kernel_old_itimerval as "itimerval" {
    it_interval: TIMEVAL, it_value: TIMEVAL,
});
/// `struct utimbuf`.
pub const UTIMBUF: Kind = shape!(general::__kernel_old_timespec as "utimbuf" {
    tv_sec as "actime": Long, tv_nsec as "modtime": Long,
});
/// `struct stat`.
pub const STAT: Kind = shape!(crate::stat::Stat as "stat" {
    st_mode: FileMode, st_rdev: Device, st_size: Offset, ..
});
/// `struct statx`.
pub const STATX: Kind = shape!(crate::stat::Statx as "statx" {
    stx_mask: STATX_MASK, stx_attributes: STATX_ATTRIBUTES, stx_mode: FileMode, stx_size: Size, ..
});
/// Fields of `struct statx`.
pub const STATX_MASK: Kind = flags!(general:
    STATX_ALL STATX_BASIC_STATS STATX_TYPE STATX_MODE STATX_NLINK STATX_UID STATX_GID STATX_ATIME
    STATX_MTIME STATX_CTIME STATX_INO STATX_SIZE STATX_BLOCKS STATX_BTIME STATX_MNT_ID
    STATX_DIOALIGN STATX_MNT_ID_UNIQUE STATX_SUBVOL STATX_WRITE_ATOMIC STATX_DIO_READ_ALIGN);
const STATX_ATTRIBUTES: Kind = flags!(general:
    STATX_ATTR_COMPRESSED STATX_ATTR_IMMUTABLE STATX_ATTR_APPEND STATX_ATTR_NODUMP
    STATX_ATTR_ENCRYPTED STATX_ATTR_AUTOMOUNT STATX_ATTR_MOUNT_ROOT STATX_ATTR_VERITY
    STATX_ATTR_DAX STATX_ATTR_WRITE_ATOMIC);
/// `struct statfs`.
pub const STATFS: Kind = shape!(crate::statfs::Statfs as "statfs" {
    f_type: FILE_SYSTEM, f_bsize: Size, f_blocks: Size, f_bfree: Size, f_bavail: Size,
    f_files: Size, f_ffree: Size, f_fsid: Int, f_namelen: Size, f_frsize: Size,
    f_flags: MOUNT_STATE,
});
const FILE_SYSTEM: Kind = choice!(general:
    TMPFS_MAGIC PROC_SUPER_MAGIC SYSFS_MAGIC EXT4_SUPER_MAGIC PIPEFS_MAGIC SOCKFS_MAGIC
    ANON_INODE_FS_MAGIC OVERLAYFS_SUPER_MAGIC CGROUP2_SUPER_MAGIC DEVPTS_SUPER_MAGIC);
const MOUNT_STATE: Kind = flags!(missing:
    ST_RDONLY ST_NOSUID ST_NODEV ST_NOEXEC ST_SYNCHRONOUS ST_VALID ST_MANDLOCK ST_NOATIME
    ST_NODIRATIME ST_RELATIME ST_NOSYMFOLLOW);
/// `struct utsname`.
pub const UTSNAME: Kind = shape!(system::new_utsname as "utsname" {
    sysname: Characters, nodename: Characters, ..
});
/// `struct sysinfo`.
pub const SYSINFO: Kind = shape!(crate::system::Sysinfo as "sysinfo" {
    uptime: Long, loads: Size, totalram: Size, freeram: Size, sharedram: Size, bufferram: Size,
    totalswap: Size, freeswap: Size, procs: Uint, totalhigh: Size, freehigh: Size, mem_unit: Uint,
});
/// `struct rlimit`.
pub const RLIMIT: Kind = shape!(general::rlimit64 as "rlimit64" {
    rlim_cur: Limit, rlim_max: Limit,
});
/// `struct rusage`.
pub const RUSAGE: Kind = shape!(crate::resource::Rusage as "rusage" {
    ru_utime: TIMEVAL, ru_stime: TIMEVAL, ..
});
/// `struct tms`: ticks.
pub const TMS: Kind = shape!(Tms as "tms" {
    tms_utime: Long, tms_stime: Long, tms_cutime: Long, tms_cstime: Long,
});
/// `struct sigaction` as the kernel has it.
pub const SIGACTION: Kind = shape!(crate::signal::SigAction as "sigaction" {
    handler as "sa_handler": Handler, mask as "sa_mask": SignalSet,
    flags as "sa_flags": names::ACTION,
    restorer as "sa_restorer": Address,
});
/// `stack_t`.
pub const STACK: Kind = shape!(crate::signal::SigStack as "stack_t" {
    sp as "ss_sp": Address, flags as "ss_flags": STACK_FLAGS, size as "ss_size": Size,
});
const STACK_FLAGS: Kind = flags!(general: SS_ONSTACK SS_DISABLE SS_AUTODISARM);
/// `struct sigevent`.
pub const SIGEVENT: Kind = shape!(crate::timer::SigEvent as "sigevent" {
    value as "sigev_value": LongBits, signo as "sigev_signo": Kind::Signal,
    notify as "sigev_notify": NOTIFY,
});
const NOTIFY: Kind = choice!(general: SIGEV_SIGNAL SIGEV_NONE SIGEV_THREAD SIGEV_THREAD_ID);
/// `struct flock`.
pub const FLOCK: Kind = shape!(general::flock as "flock" {
    l_type: LOCK, l_whence: names::WHENCE, l_start: Offset, l_len: Offset, l_pid: Pid,
});
const LOCK: Kind = choice!(general: F_RDLCK F_WRLCK F_UNLCK);
/// `struct f_owner_ex`.
pub const OWNER: Kind = shape!(general::f_owner_ex as "f_owner_ex" {
    type_ as "type": OWNER_TYPE, pid: Pid,
});
const OWNER_TYPE: Kind = choice!(general: F_OWNER_TID F_OWNER_PID F_OWNER_PGRP);
/// `struct open_how`.
pub const OPEN_HOW: Kind = shape!(general::open_how as "open_how" {
    flags: names::OPEN, mode: Kind::Mode, resolve: RESOLVE,
});
const RESOLVE: Kind = flags!(general:
    RESOLVE_NO_XDEV RESOLVE_NO_MAGICLINKS RESOLVE_NO_SYMLINKS RESOLVE_BENEATH RESOLVE_IN_ROOT
    RESOLVE_CACHED);
/// `struct pollfd`.
pub const POLLFD: Kind = shape!(general::pollfd as "pollfd" {
    fd: Fd, events: names::POLL, revents: names::POLL,
});
/// `struct epoll_event`.
pub const EPOLL_EVENT: Kind = shape!(crate::epoll::EpollEvent as "epoll_event" {
    events: names::EPOLL, data: LongBits,
});
/// `struct clone_args`.
pub const CLONE_ARGS: Kind = shape!(general::clone_args as "clone_args" {
    flags: names::CLONE, pidfd: Address, child_tid: Address, parent_tid: Address,
    exit_signal: Kind::Signal, stack: Address, stack_size: LongBits, tls: Address,
    set_tid: Address, set_tid_size: Size, cgroup: Size,
});
/// `struct __user_cap_header_struct`.
pub const CAPABILITY_HEADER: Kind = shape!(general::__user_cap_header_struct as "user_cap_header" {
    version: CAPABILITY_VERSION, pid: Pid,
});
const CAPABILITY_VERSION: Kind = choice!(general:
    _LINUX_CAPABILITY_VERSION_1 _LINUX_CAPABILITY_VERSION_2 _LINUX_CAPABILITY_VERSION_3);
/// `struct __user_cap_data_struct`.
pub const CAPABILITY_DATA: Kind = shape!(general::__user_cap_data_struct as "user_cap_data" {
    effective: Bits, permitted: Bits, inheritable: Bits,
});
/// `struct winsize`.
pub const WINSIZE: Kind = shape!(general::winsize as "winsize" {
    ws_row: Uint, ws_col: Uint, ws_xpixel: Uint, ws_ypixel: Uint,
});
/// `struct termios` as the kernel has it.
pub const TERMIOS: Kind = shape!(general::termios as "termios" {
    c_iflag: Bits, c_oflag: Bits, c_cflag: Bits, c_lflag: Bits, ..
});
/// `struct linger`.
pub const LINGER: Kind = shape!(net::linger as "linger" { l_onoff: Int, l_linger: Int });
/// `struct ucred`.
pub const UCRED: Kind = shape!(net::ucred as "ucred" { pid: Pid, uid: Id, gid: Id });

/// `struct tms`, `times(2)`.
#[repr(C)]
struct Tms {
    tms_utime: i64,
    tms_stime: i64,
    tms_cutime: i64,
    tms_cstime: i64,
}
