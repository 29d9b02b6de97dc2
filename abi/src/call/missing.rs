//! Constants of Linux's headers that linux-raw-sys lacks.

use linux_raw_sys::general::{O_CLOEXEC, O_NONBLOCK};

macro_rules! constants {
    ($($name:ident = $value:expr;)*) => {
        $(pub(super) const $name: u32 = $value;)*
    };
}

constants! {
    // asm/prctl.h
    ARCH_SET_GS = 0x1001;
    ARCH_SET_FS = 0x1002;
    ARCH_GET_FS = 0x1003;
    ARCH_GET_GS = 0x1004;
    ARCH_GET_CPUID = 0x1011;
    ARCH_SET_CPUID = 0x1012;
    ARCH_GET_XCOMP_SUPP = 0x1021;
    ARCH_GET_XCOMP_PERM = 0x1022;
    ARCH_REQ_XCOMP_PERM = 0x1023;
    ARCH_GET_XCOMP_GUEST_PERM = 0x1024;
    ARCH_REQ_XCOMP_GUEST_PERM = 0x1025;
    ARCH_MAP_VDSO_X32 = 0x2001;
    ARCH_MAP_VDSO_32 = 0x2002;
    ARCH_MAP_VDSO_64 = 0x2003;
    ARCH_GET_UNTAG_MASK = 0x4001;
    ARCH_ENABLE_TAGGED_ADDR = 0x4002;
    ARCH_GET_MAX_TAG_BITS = 0x4003;
    ARCH_FORCE_TAGGED_SVA = 0x4004;
    ARCH_SHSTK_ENABLE = 0x5001;
    ARCH_SHSTK_DISABLE = 0x5002;
    ARCH_SHSTK_LOCK = 0x5003;
    ARCH_SHSTK_UNLOCK = 0x5004;
    ARCH_SHSTK_STATUS = 0x5005;
    // linux/close_range.h
    CLOSE_RANGE_UNSHARE = 1 << 1;
    CLOSE_RANGE_CLOEXEC = 1 << 2;
    // linux/rseq.h
    RSEQ_FLAG_UNREGISTER = 1;
    // linux/signalfd.h
    SFD_CLOEXEC = O_CLOEXEC;
    SFD_NONBLOCK = O_NONBLOCK;
    // linux/net.h
    SOCK_TYPE_MASK = 0xf;
    SOCK_CLOEXEC = O_CLOEXEC;
    SOCK_NONBLOCK = O_NONBLOCK;
    // linux/statfs.h
    ST_RDONLY = 0x1;
    ST_NOSUID = 0x2;
    ST_NODEV = 0x4;
    ST_NOEXEC = 0x8;
    ST_SYNCHRONOUS = 0x10;
    ST_VALID = 0x20;
    ST_MANDLOCK = 0x40;
    ST_NOATIME = 0x400;
    ST_NODIRATIME = 0x800;
    ST_RELATIME = 0x1000;
    ST_NOSYMFOLLOW = 0x2000;
}
