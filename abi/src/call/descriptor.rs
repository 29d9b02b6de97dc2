//! Descriptors themselves: duplicates, flags, locks, control of devices.

use linux_raw_sys::{general, ioctl};

use super::Data::One;
use super::Kind::{Address, Fd, In, Int, Nothing, Out, Uint};
use super::names::{self, INT, cases, choice, flags};
use super::shape::{FLOCK, OWNER, TERMIOS, WINSIZE};
use super::{Cases, Kind, calls, missing};

const FCNTL: Kind = choice!(general:
    F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_SETOWN F_GETOWN F_SETSIG
    F_GETSIG F_SETOWN_EX F_GETOWN_EX F_GETOWNER_UIDS F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW
    F_SETLEASE F_GETLEASE F_NOTIFY F_DUPFD_QUERY F_CREATED_QUERY F_CANCELLK F_DUPFD_CLOEXEC
    F_SETPIPE_SZ F_GETPIPE_SZ F_ADD_SEALS F_GET_SEALS F_GET_RW_HINT F_SET_RW_HINT
    F_GET_FILE_RW_HINT F_SET_FILE_RW_HINT);
const FCNTL_ARGUMENT: &Cases = cases! { general & INT;
    [F_GETFD F_GETFL F_GETOWN F_GETSIG F_GETLEASE F_GETPIPE_SZ F_GET_SEALS] => Nothing;
    [F_DUPFD F_DUPFD_CLOEXEC] => Int;
    [F_SETFD] => DESCRIPTOR;
    [F_SETFL] => names::OPEN;
    [F_SETLK F_SETLKW F_OFD_SETLK F_OFD_SETLKW] => In(One(&FLOCK));
    [F_GETLK F_OFD_GETLK] => Kind::InOut(One(&FLOCK));
    [F_SETOWN] => Kind::Pid;
    [F_SETSIG] => Kind::Signal;
    [F_SETOWN_EX] => In(One(&OWNER));
    [F_GETOWN_EX] => Out(One(&OWNER));
    [F_SETPIPE_SZ] => Uint;
    [F_ADD_SEALS] => SEALS;
    _ => Kind::LongBits
};
const FCNTL_RESULT: &Cases = cases! { general & INT;
    [F_DUPFD F_DUPFD_CLOEXEC] => Fd;
    [F_GETFD] => DESCRIPTOR;
    [F_GETFL] => names::OPEN;
    [F_GETOWN] => Kind::Pid;
    [F_GETSIG] => Kind::Signal;
    [F_GET_SEALS] => SEALS;
    _ => Int
};
const DESCRIPTOR: Kind = flags!(general: FD_CLOEXEC);
const SEALS: Kind = flags!(general:
    F_SEAL_SEAL F_SEAL_SHRINK F_SEAL_GROW F_SEAL_WRITE F_SEAL_FUTURE_WRITE F_SEAL_EXEC);

const IOCTL: Kind = choice!(ioctl:
    FIONREAD FIONBIO FIOCLEX FIONCLEX FIOASYNC FIOQSIZE TCGETS TCSETS TCSETSW TCSETSF TCSBRK
    TCXONC TCFLSH TIOCSCTTY TIOCGPGRP TIOCSPGRP TIOCOUTQ TIOCSTI TIOCGWINSZ TIOCSWINSZ TIOCNOTTY
    TIOCGSID TIOCGPTN TIOCSPTLCK TIOCGPTPEER TIOCEXCL TIOCNXCL SIOCATMARK SIOCGIFNAME SIOCGIFCONF
    SIOCGIFFLAGS SIOCSIFFLAGS SIOCGIFADDR SIOCSIFADDR SIOCGIFBRDADDR SIOCGIFNETMASK
    SIOCSIFNETMASK SIOCGIFMTU SIOCSIFMTU SIOCGIFHWADDR SIOCGIFINDEX SIOCGIFTXQLEN SIOCGIFMAP);
const IOCTL_ARGUMENT: &Cases = cases! { ioctl & INT;
    [FIOCLEX FIONCLEX TIOCNOTTY TIOCEXCL TIOCNXCL] => Nothing;
    [FIONREAD TIOCOUTQ SIOCATMARK TIOCGPTN] => Out(One(&Int));
    [FIONBIO FIOASYNC TIOCSPTLCK] => In(One(&Int));
    [TIOCGPGRP TIOCGSID] => Out(One(&Kind::Pid));
    [TIOCSPGRP] => In(One(&Kind::Pid));
    [TCGETS] => Out(One(&TERMIOS));
    [TCSETS TCSETSW TCSETSF] => In(One(&TERMIOS));
    [TIOCGWINSZ] => Out(One(&WINSIZE));
    [TIOCSWINSZ] => In(One(&WINSIZE));
    [TCSBRK TCXONC TCFLSH TIOCSCTTY] => Int;
    _ => Address
};

const FLOCK_OPERATION: Kind = flags!(general: LOCK_SH LOCK_EX LOCK_NB LOCK_UN);
const CLOSE_RANGE: Kind = flags!(missing: CLOSE_RANGE_UNSHARE CLOSE_RANGE_CLOEXEC);

calls! {
    close(fd: Fd) -> Nothing;
    close_range(first: Uint, last: Uint, flags: CLOSE_RANGE) -> Nothing;
    dup(oldfd: Fd) -> Fd;
    dup2(oldfd: Fd, newfd: Fd) -> Fd;
    dup3(oldfd: Fd, newfd: Fd, flags: names::NEW_DESCRIPTOR) -> Fd;
    fcntl(fd: Fd, op: FCNTL, arg: Kind::By(op, FCNTL_ARGUMENT)) -> Kind::By(op, FCNTL_RESULT);
    ioctl(fd: Fd, op: IOCTL, arg: Kind::By(op, IOCTL_ARGUMENT)) -> Int;
    flock(fd: Fd, op: FLOCK_OPERATION) -> Nothing;
}
