//! What an administrator does: mounts, modules, keys, quotas, the machine; tracing and filters.

use linux_raw_sys::general;

use super::Data::{Bytes, Many, One, Path, Text};
use super::Kind::{
    Address, Bits, DirFd, Fd, In, InOut, Int, LongBits, Nothing, Out, Pid, Size, Uint,
};
use super::Length::{Fixed, Given, Returned};
use super::names::{self, choice, flags};
use super::{Kind, calls};

const PATH: Kind = In(Path);
const MOUNT: Kind = flags!(general:
    MS_RDONLY MS_NOSUID MS_NODEV MS_NOEXEC MS_SYNCHRONOUS MS_REMOUNT MS_MANDLOCK MS_DIRSYNC
    MS_NOSYMFOLLOW MS_NOATIME MS_NODIRATIME MS_BIND MS_MOVE MS_REC MS_SILENT MS_POSIXACL
    MS_UNBINDABLE MS_PRIVATE MS_SLAVE MS_SHARED MS_RELATIME MS_I_VERSION MS_STRICTATIME
    MS_LAZYTIME);
const UNMOUNT: Kind = flags!(general: MNT_FORCE MNT_DETACH MNT_EXPIRE UMOUNT_NOFOLLOW);
const REBOOT: Kind = choice!(general:
    LINUX_REBOOT_CMD_RESTART LINUX_REBOOT_CMD_HALT LINUX_REBOOT_CMD_CAD_ON
    LINUX_REBOOT_CMD_CAD_OFF LINUX_REBOOT_CMD_POWER_OFF LINUX_REBOOT_CMD_RESTART2
    LINUX_REBOOT_CMD_SW_SUSPEND LINUX_REBOOT_CMD_KEXEC);

calls! {
    mount(source: PATH, target: PATH, filesystemtype: In(Text), mountflags: MOUNT,
        data: In(Text)) -> Nothing;
    umount2(target: PATH, flags: UNMOUNT) -> Nothing;
    pivot_root(new_root: PATH, put_old: PATH) -> Nothing;
    open_tree(dirfd: DirFd, pathname: PATH, flags: Bits) -> Fd;
    open_tree_attr(dirfd: DirFd, pathname: PATH, flags: Bits, attr: In(Bytes(Given(size))),
        size: Size) -> Fd;
    move_mount(from_dirfd: DirFd, from_pathname: PATH, to_dirfd: DirFd, to_pathname: PATH,
        flags: Bits) -> Nothing;
    fsopen(fsname: In(Text), flags: Bits) -> Fd;
    fsconfig(fd: Fd, cmd: Uint, key: In(Text), value: Address, aux: Int) -> Nothing;
    fsmount(fd: Fd, flags: Bits, attr_flags: Bits) -> Fd;
    fspick(dirfd: DirFd, pathname: PATH, flags: Bits) -> Fd;
    mount_setattr(dirfd: DirFd, pathname: PATH, flags: names::AT, attr: In(Bytes(Given(size))),
        size: Size) -> Nothing;
    statmount(req: In(Bytes(Fixed(24))), buf: Address, bufsize: Size, flags: Bits) -> Nothing;
    listmount(req: In(Bytes(Fixed(24))), mnt_ids: Out(Many(&LongBits, Returned)), nr_mnt_ids: Size,
        flags: Bits) -> Size;
    swapon(path: PATH, swapflags: Bits) -> Nothing;
    swapoff(path: PATH) -> Nothing;
    quotactl(op: Bits, special: PATH, id: Int, addr: Address) -> Nothing;
    quotactl_fd(fd: Fd, op: Uint, id: Int, addr: Address) -> Nothing;
    acct(filename: PATH) -> Nothing;
    vhangup() -> Nothing;
    reboot(magic: Bits, magic2: Bits, op: REBOOT, arg: Address) -> Nothing;
    kexec_load(entry: Address, nr_segments: Size, segments: Address, flags: Bits) -> Nothing;
    kexec_file_load(kernel_fd: Fd, initrd_fd: Fd, cmdline_len: Size, cmdline: In(Text),
        flags: Bits) -> Nothing;
    init_module(module_image: Address, len: Size, param_values: In(Text)) -> Nothing;
    finit_module(fd: Fd, param_values: In(Text), flags: Bits) -> Nothing;
    delete_module(name: In(Text), flags: names::OPEN) -> Nothing;
    syslog(kind: Int, bufp: Out(Bytes(Returned)), len: Int) -> Int;
    iopl(level: Int) -> Nothing;
    ioperm(from: Size, num: Size, turn_on: Int) -> Nothing;
    modify_ldt(func: Int, ptr: Address, bytecount: Size) -> Int;
    uselib(library: PATH) -> Nothing;
    add_key(kind: In(Text), description: In(Text), payload: In(Bytes(Given(plen))), plen: Size,
        keyring: Int) -> Int;
    request_key(kind: In(Text), description: In(Text), callout_info: In(Text),
        dest_keyring: Int) -> Int;
    keyctl(operation: Int, arg2: LongBits, arg3: LongBits, arg4: LongBits, arg5: LongBits) -> Int;
    perf_event_open(attr: In(Bytes(Fixed(64))), pid: Pid, cpu: Int, group_fd: Fd,
        flags: Bits) -> Fd;
    bpf(cmd: Uint, attr: InOut(Bytes(Given(size))), size: Uint) -> Int;
    lookup_dcookie(cookie: LongBits, buffer: Out(Bytes(Returned)), len: Size) -> Size;
    landlock_create_ruleset(attr: In(Bytes(Given(size))), size: Size, flags: Bits) -> Fd;
    landlock_add_rule(ruleset_fd: Fd, rule_type: Uint, rule_attr: Address, flags: Bits) -> Nothing;
    landlock_restrict_self(ruleset_fd: Fd, flags: Bits) -> Nothing;
    lsm_get_self_attr(attr: Uint, ctx: Address, size: InOut(One(&Uint)), flags: Bits) -> Int;
    lsm_set_self_attr(attr: Uint, ctx: In(Bytes(Given(size))), size: Uint, flags: Bits) -> Nothing;
    lsm_list_modules(ids: Address, size: InOut(One(&Uint)), flags: Bits) -> Int;
}
