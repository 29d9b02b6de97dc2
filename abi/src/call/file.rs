//! Files by their names: opening, attributes, directories.

use linux_raw_sys::general;

use super::Data::{Bytes, Entries, Many, One, Path, Text};
use super::Kind::{
    Device, DirFd, Fd, FileMode, Id, In, InOut, Int, Mode, Nothing, Offset, Out, Size, Uint,
};
use super::Length::{Fixed, Given, Returned};
use super::names::{self, flags};
use super::shape::{OPEN_HOW, STAT, STATFS, STATX, STATX_MASK, TIMESPEC, TIMEVAL, UTIMBUF};
use super::{Cases, Kind, calls};

/// The mode is read where a file may be made.
const CREATION_MODE: &Cases = &Cases {
    cases: &[
        super::Case { mask: CREATE, value: CREATE, kind: Mode },
        super::Case { mask: TEMPORARY, value: TEMPORARY, kind: Mode },
    ],
    otherwise: Nothing,
};
const CREATE: u64 = general::O_CREAT as u64;
const TEMPORARY: u64 = general::O_TMPFILE as u64;

const ACCESS: Kind = flags!(general: F_OK R_OK W_OK X_OK);
const ACCESS_AT: Kind = flags!(general: AT_EACCESS AT_SYMLINK_NOFOLLOW AT_EMPTY_PATH);
const REMOVE: Kind = flags!(general: AT_REMOVEDIR);
const RENAME: Kind = flags!(general: RENAME_NOREPLACE RENAME_EXCHANGE RENAME_WHITEOUT);
const XATTR: Kind = flags!(general: XATTR_CREATE XATTR_REPLACE);
const ALLOCATE: Kind = flags!(general:
    FALLOC_FL_KEEP_SIZE FALLOC_FL_PUNCH_HOLE FALLOC_FL_NO_HIDE_STALE FALLOC_FL_COLLAPSE_RANGE
    FALLOC_FL_ZERO_RANGE FALLOC_FL_INSERT_RANGE FALLOC_FL_UNSHARE_RANGE);
const WATCH: Kind = flags!(general:
    IN_ALL_EVENTS IN_CLOSE IN_MOVE IN_ACCESS IN_MODIFY IN_ATTRIB IN_CLOSE_WRITE IN_CLOSE_NOWRITE
    IN_OPEN IN_MOVED_FROM IN_MOVED_TO IN_CREATE IN_DELETE IN_DELETE_SELF IN_MOVE_SELF IN_UNMOUNT
    IN_Q_OVERFLOW IN_IGNORED IN_ONLYDIR IN_DONT_FOLLOW IN_EXCL_UNLINK IN_MASK_CREATE IN_MASK_ADD
    IN_ISDIR IN_ONESHOT);
const NEW_WATCH: Kind = flags!(general: IN_CLOEXEC IN_NONBLOCK);
const MEMORY_FILE: Kind = flags!(general:
    MFD_CLOEXEC MFD_ALLOW_SEALING MFD_HUGETLB MFD_NOEXEC_SEAL MFD_EXEC);
const ANY_FLAGS: Kind = names::AT;
const XATTR_NAME: Kind = In(Text);
const PATH: Kind = In(Path);
const HANDLE: Kind = flags!(general:
    AT_HANDLE_FID AT_HANDLE_MNT_ID_UNIQUE AT_HANDLE_CONNECTABLE AT_SYMLINK_FOLLOW AT_EMPTY_PATH);
const SYSFS: Kind = Int;

calls! {
    open(pathname: PATH, flags: names::OPEN, mode: Kind::By(flags, CREATION_MODE)) -> Fd;
    openat(dirfd: DirFd, pathname: PATH, flags: names::OPEN,
        mode: Kind::By(flags, CREATION_MODE)) -> Fd;
    openat2(dirfd: DirFd, pathname: PATH, how: In(One(&OPEN_HOW)), size: Size) -> Fd;
    creat(pathname: PATH, mode: Mode) -> Fd;
    stat(pathname: PATH, statbuf: Out(One(&STAT))) -> Nothing;
    fstat(fd: Fd, statbuf: Out(One(&STAT))) -> Nothing;
    lstat(pathname: PATH, statbuf: Out(One(&STAT))) -> Nothing;
    newfstatat(dirfd: DirFd, pathname: PATH, statbuf: Out(One(&STAT)), flags: names::AT) -> Nothing;
    statx(dirfd: DirFd, pathname: PATH, flags: names::AT, mask: STATX_MASK,
        statxbuf: Out(One(&STATX))) -> Nothing;
    access(pathname: PATH, mode: ACCESS) -> Nothing;
    faccessat(dirfd: DirFd, pathname: PATH, mode: ACCESS) -> Nothing;
    faccessat2(dirfd: DirFd, pathname: PATH, mode: ACCESS, flags: ACCESS_AT) -> Nothing;
    statfs(path: PATH, buf: Out(One(&STATFS))) -> Nothing;
    fstatfs(fd: Fd, buf: Out(One(&STATFS))) -> Nothing;
    ustat(dev: Device, ubuf: Out(Bytes(Fixed(32)))) -> Nothing;
    sysfs(option: SYSFS, first: Kind::LongBits, second: Kind::LongBits) -> Int;
    chmod(pathname: PATH, mode: Mode) -> Nothing;
    fchmod(fd: Fd, mode: Mode) -> Nothing;
    fchmodat(dirfd: DirFd, pathname: PATH, mode: Mode) -> Nothing;
    fchmodat2(dirfd: DirFd, pathname: PATH, mode: Mode, flags: names::AT) -> Nothing;
    chown(pathname: PATH, owner: Id, group: Id) -> Nothing;
    fchown(fd: Fd, owner: Id, group: Id) -> Nothing;
    lchown(pathname: PATH, owner: Id, group: Id) -> Nothing;
    fchownat(dirfd: DirFd, pathname: PATH, owner: Id, group: Id, flags: names::AT) -> Nothing;
    utimensat(dirfd: DirFd, pathname: PATH, times: In(Many(&TIMESPEC, Fixed(2))),
        flags: names::AT) -> Nothing;
    utimes(filename: PATH, times: In(Many(&TIMEVAL, Fixed(2)))) -> Nothing;
    futimesat(dirfd: DirFd, pathname: PATH, times: In(Many(&TIMEVAL, Fixed(2)))) -> Nothing;
    utime(filename: PATH, times: In(One(&UTIMBUF))) -> Nothing;
    umask(mask: Mode) -> Mode;
    truncate(path: PATH, length: Offset) -> Nothing;
    ftruncate(fd: Fd, length: Offset) -> Nothing;
    fallocate(fd: Fd, mode: ALLOCATE, offset: Offset, len: Offset) -> Nothing;
    setxattr(path: PATH, name: XATTR_NAME, value: In(Bytes(Given(size))), size: Size,
        flags: XATTR) -> Nothing;
    lsetxattr(path: PATH, name: XATTR_NAME, value: In(Bytes(Given(size))), size: Size,
        flags: XATTR) -> Nothing;
    fsetxattr(fd: Fd, name: XATTR_NAME, value: In(Bytes(Given(size))), size: Size,
        flags: XATTR) -> Nothing;
    getxattr(path: PATH, name: XATTR_NAME, value: Out(Bytes(Returned)), size: Size) -> Size;
    lgetxattr(path: PATH, name: XATTR_NAME, value: Out(Bytes(Returned)), size: Size) -> Size;
    fgetxattr(fd: Fd, name: XATTR_NAME, value: Out(Bytes(Returned)), size: Size) -> Size;
    listxattr(path: PATH, list: Out(Bytes(Returned)), size: Size) -> Size;
    llistxattr(path: PATH, list: Out(Bytes(Returned)), size: Size) -> Size;
    flistxattr(fd: Fd, list: Out(Bytes(Returned)), size: Size) -> Size;
    removexattr(path: PATH, name: XATTR_NAME) -> Nothing;
    lremovexattr(path: PATH, name: XATTR_NAME) -> Nothing;
    fremovexattr(fd: Fd, name: XATTR_NAME) -> Nothing;
    setxattrat(dirfd: DirFd, pathname: PATH, flags: names::AT, name: XATTR_NAME,
        args: In(Bytes(Given(size))), size: Size) -> Nothing;
    getxattrat(dirfd: DirFd, pathname: PATH, flags: names::AT, name: XATTR_NAME,
        args: InOut(Bytes(Given(size))), size: Size) -> Size;
    listxattrat(dirfd: DirFd, pathname: PATH, flags: names::AT, list: Out(Bytes(Returned)),
        size: Size) -> Size;
    removexattrat(dirfd: DirFd, pathname: PATH, flags: names::AT, name: XATTR_NAME) -> Nothing;
    file_getattr(dirfd: DirFd, pathname: PATH, attr: Out(Bytes(Given(size))), size: Size,
        flags: ANY_FLAGS) -> Nothing;
    file_setattr(dirfd: DirFd, pathname: PATH, attr: In(Bytes(Given(size))), size: Size,
        flags: ANY_FLAGS) -> Nothing;
    name_to_handle_at(dirfd: DirFd, pathname: PATH, handle: InOut(Bytes(Fixed(8))),
        mount_id: Out(One(&Int)), flags: HANDLE) -> Nothing;
    open_by_handle_at(mount_fd: Fd, handle: In(Bytes(Fixed(8))), flags: names::OPEN) -> Fd;
    memfd_create(name: XATTR_NAME, flags: MEMORY_FILE) -> Fd;
    memfd_secret(flags: names::NEW_DESCRIPTOR) -> Fd;
    mkdir(pathname: PATH, mode: Mode) -> Nothing;
    mkdirat(dirfd: DirFd, pathname: PATH, mode: Mode) -> Nothing;
    mknod(pathname: PATH, mode: FileMode, dev: Device) -> Nothing;
    mknodat(dirfd: DirFd, pathname: PATH, mode: FileMode, dev: Device) -> Nothing;
    symlink(target: PATH, linkpath: PATH) -> Nothing;
    symlinkat(target: PATH, newdirfd: DirFd, linkpath: PATH) -> Nothing;
    readlink(pathname: PATH, buf: Out(Bytes(Returned)), bufsiz: Size) -> Size;
    readlinkat(dirfd: DirFd, pathname: PATH, buf: Out(Bytes(Returned)), bufsiz: Size) -> Size;
    link(oldpath: PATH, newpath: PATH) -> Nothing;
    linkat(olddirfd: DirFd, oldpath: PATH, newdirfd: DirFd, newpath: PATH,
        flags: names::AT) -> Nothing;
    unlink(pathname: PATH) -> Nothing;
    rmdir(pathname: PATH) -> Nothing;
    unlinkat(dirfd: DirFd, pathname: PATH, flags: REMOVE) -> Nothing;
    rename(oldpath: PATH, newpath: PATH) -> Nothing;
    renameat(olddirfd: DirFd, oldpath: PATH, newdirfd: DirFd, newpath: PATH) -> Nothing;
    renameat2(olddirfd: DirFd, oldpath: PATH, newdirfd: DirFd, newpath: PATH,
        flags: RENAME) -> Nothing;
    getdents(fd: Fd, dirp: Out(Entries(Returned)), count: Uint) -> Size;
    getdents64(fd: Fd, dirp: Out(Entries(Returned)), count: Uint) -> Size;
    getcwd(buf: Out(Text), size: Size) -> Size;
    chdir(path: PATH) -> Nothing;
    fchdir(fd: Fd) -> Nothing;
    chroot(path: PATH) -> Nothing;
    inotify_init() -> Fd;
    inotify_init1(flags: NEW_WATCH) -> Fd;
    inotify_add_watch(fd: Fd, pathname: PATH, mask: WATCH) -> Int;
    inotify_rm_watch(fd: Fd, wd: Int) -> Nothing;
    fanotify_init(flags: Kind::Bits, event_f_flags: names::OPEN) -> Fd;
    fanotify_mark(fanotify_fd: Fd, flags: Kind::Bits, mask: Kind::LongBits, dirfd: DirFd,
        pathname: PATH) -> Nothing;
    cachestat(fd: Fd, range: In(Bytes(Fixed(16))), info: Out(Bytes(Fixed(40))),
        flags: Kind::Bits) -> Nothing;
}
