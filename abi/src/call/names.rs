//! Names of constants that more than one family of calls uses.
#![expect(trivial_numeric_casts, reason = "linux-raw-sys has constants of several types")]

use linux_raw_sys::{general, net};

use super::{Flags, Kind, Name};

/// Constants of a module, of linux-raw-sys or [`missing`](super::missing), with their names.
macro_rules! names {
    ($source:ident: $($name:ident)*) => {
        &[$(crate::call::Name {
            name: stringify!($name),
            value: $source::$name as u64,
        }),*]
    };
}

/// One of such constants, as a [`Kind`](crate::call::Kind).
macro_rules! choice {
    ($source:ident: $($name:ident)*) => {
        crate::call::Kind::Choice(crate::call::names::names!($source: $($name)*))
    };
}

/// A set of such constants, as a [`Kind`](crate::call::Kind); those in brackets are the choices
/// by the bits before them.
macro_rules! flags {
    ($source:ident: $part:ident [$($choice:ident)*] $($name:ident)*) => {
        crate::call::Kind::Flags(&crate::call::Flags {
            part: $source::$part as u64,
            choices: crate::call::names::names!($source: $($choice)*),
            bits: crate::call::names::names!($source: $($name)*),
        })
    };
    ($source:ident: $($name:ident)*) => {
        crate::call::Kind::Flags(&crate::call::Flags {
            part: 0,
            choices: &[],
            bits: crate::call::names::names!($source: $($name)*),
        })
    };
}

/// What an argument is by the value of another: `[values] => KIND;` and `_ => KIND`.
macro_rules! cases {
    ($source:ident & $mask:expr; $([$($value:ident)*] => $kind:expr;)* _ => $otherwise:expr) => {
        &crate::call::Cases {
            cases: &[$($(crate::call::Case {
                mask: $mask,
                value: $source::$value as u64,
                kind: $kind,
            },)*)*],
            otherwise: $otherwise,
        }
    };
}
pub(super) use {cases, choice, flags, names};

/// The bits that an `int` argument has in its register.
pub(super) const INT: u64 = 0xffff_ffff;

/// Flags of `open(2)`.
pub const OPEN: Kind = flags!(general: O_ACCMODE [O_RDONLY O_WRONLY O_RDWR]
    O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_SYNC O_DSYNC FASYNC O_DIRECT O_LARGEFILE
    O_NOFOLLOW O_NOATIME O_CLOEXEC O_PATH O_TMPFILE O_DIRECTORY);

/// Flags of the calls whose names end in `at`.
pub const AT: Kind = flags!(general:
    AT_SYMLINK_NOFOLLOW AT_REMOVEDIR AT_SYMLINK_FOLLOW AT_NO_AUTOMOUNT AT_EMPTY_PATH
    AT_STATX_FORCE_SYNC AT_STATX_DONT_SYNC AT_RECURSIVE);

/// Flags of calls that make a descriptor: `O_CLOEXEC` and `O_NONBLOCK`.
pub const NEW_DESCRIPTOR: Kind = flags!(general: O_CLOEXEC O_NONBLOCK);

/// `lseek(2)`.
pub const WHENCE: Kind = choice!(general: SEEK_SET SEEK_CUR SEEK_END SEEK_DATA SEEK_HOLE);

/// Flags of `preadv2(2)` and `pwritev2(2)`.
pub const READ_WRITE: Kind = flags!(general: RWF_HIPRI RWF_DSYNC RWF_SYNC RWF_NOWAIT RWF_APPEND);

/// Protection of memory, `mmap(2)`.
pub const PROTECTION: Kind = flags!(general:
    PROT_NONE PROT_READ PROT_WRITE PROT_EXEC PROT_SEM PROT_GROWSDOWN PROT_GROWSUP);

/// Events of `poll(2)`.
pub const POLL: Kind = flags!(general:
    POLLIN POLLPRI POLLOUT POLLRDNORM POLLRDBAND POLLWRNORM POLLWRBAND POLLMSG POLLERR POLLHUP
    POLLNVAL POLLRDHUP);

/// Events of `epoll_ctl(2)`.
pub const EPOLL: Kind = flags!(general:
    EPOLLIN EPOLLPRI EPOLLOUT EPOLLRDNORM EPOLLRDBAND EPOLLWRNORM EPOLLWRBAND EPOLLMSG EPOLLERR
    EPOLLHUP EPOLLNVAL EPOLLRDHUP EPOLLEXCLUSIVE EPOLLWAKEUP EPOLLONESHOT EPOLLET);

/// Flags of an action, `sigaction(2)`.
pub const ACTION: Kind = flags!(general:
    SA_RESTORER SA_ONSTACK SA_RESTART SA_NODEFER SA_RESETHAND SA_SIGINFO SA_NOCLDSTOP
    SA_NOCLDWAIT SA_UNSUPPORTED SA_EXPOSE_TAGBITS);

/// Flags of `clone(2)`, `unshare(2)` and `setns(2)`.
pub const CLONE: Kind = Kind::Flags(&Flags { part: 0xff, choices: &[], bits: CLONE_BITS });
const CLONE_BITS: &[Name] = names!(general:
    CLONE_VM CLONE_FS CLONE_FILES CLONE_SIGHAND CLONE_PIDFD CLONE_PTRACE CLONE_VFORK CLONE_PARENT
    CLONE_THREAD CLONE_NEWNS CLONE_SYSVSEM CLONE_SETTLS CLONE_PARENT_SETTID CLONE_CHILD_CLEARTID
    CLONE_DETACHED CLONE_UNTRACED CLONE_CHILD_SETTID CLONE_NEWCGROUP CLONE_NEWUTS CLONE_NEWIPC
    CLONE_NEWUSER CLONE_NEWPID CLONE_NEWNET CLONE_IO CLONE_CLEAR_SIGHAND CLONE_INTO_CGROUP);

/// Families of addresses, `socket(2)`.
pub const ADDRESS_FAMILIES: &[Name] = names!(net:
    AF_UNSPEC AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_NETROM AF_BRIDGE AF_ATMPVC AF_X25
    AF_INET6 AF_ROSE AF_DECnet AF_NETBEUI AF_SECURITY AF_KEY AF_NETLINK AF_PACKET AF_ASH AF_ECONET
    AF_ATMSVC AF_RDS AF_SNA AF_IRDA AF_PPPOX AF_WANPIPE AF_LLC AF_CAN AF_TIPC AF_BLUETOOTH AF_IUCV
    AF_RXRPC AF_ISDN AF_PHONET AF_IEEE802154 AF_CAIF AF_ALG AF_NFC AF_VSOCK AF_KCM AF_QIPCRTR
    AF_SMC AF_XDP AF_MCTP);

/// Limits, `getrlimit(2)`.
pub const LIMIT: Kind = choice!(general:
    RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_RSS RLIMIT_NPROC
    RLIMIT_NOFILE RLIMIT_MEMLOCK RLIMIT_AS RLIMIT_LOCKS RLIMIT_SIGPENDING RLIMIT_MSGQUEUE
    RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME);

/// Clocks, `clock_gettime(2)`.
pub const CLOCKS: &[Name] = names!(general:
    CLOCK_REALTIME CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID CLOCK_THREAD_CPUTIME_ID
    CLOCK_MONOTONIC_RAW CLOCK_REALTIME_COARSE CLOCK_MONOTONIC_COARSE CLOCK_BOOTTIME
    CLOCK_REALTIME_ALARM CLOCK_BOOTTIME_ALARM CLOCK_TAI);

/// Flags of messages, `send(2)` and `recv(2)`.
pub const MESSAGE: Kind = flags!(net:
    MSG_OOB MSG_PEEK MSG_DONTROUTE MSG_CTRUNC MSG_PROBE MSG_TRUNC MSG_DONTWAIT MSG_EOR MSG_WAITALL
    MSG_FIN MSG_SYN MSG_CONFIRM MSG_RST MSG_ERRQUEUE MSG_NOSIGNAL MSG_MORE
    MSG_CMSG_CLOEXEC);

/// Levels of `setsockopt(2)` and of control messages.
pub const SOCKET_LEVEL: Kind = choice!(net:
    SOL_IP SOL_SOCKET SOL_TCP SOL_UDP SOL_IPV6 SOL_ICMPV6 SOL_SCTP SOL_UDPLITE SOL_RAW SOL_PACKET
    SOL_NETLINK SOL_TLS);
