//! Error numbers, `errno(3)`.
//!
//! [`Errno`] is what every operation that a program can observe fails with;
//! [`Result`] is the alias for it. Names and values are Linux's (asm-generic/errno.h).

use core::fmt;
use core::num::NonZeroU64;

/// An error number as a program sees it, `errno(3)`. It has the size of a register, so that a
/// [`Result`] of a count or an address is returned in two of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Errno(NonZeroU64);

/// What an operation that a program can observe returns.
pub type Result<T, E = Errno> = core::result::Result<T, E>;

impl Errno {
    /// Makes an error number of a value from 1 to 4095; any other value gives `EINVAL`.
    pub const fn new(value: u16) -> Self {
        match NonZeroU64::new(value as u64) {
            Some(number) if value <= 4095 => Self(number),
            _ => Self::EINVAL,
        }
    }

    /// Returns the number, always from 1 to 4095.
    #[expect(clippy::cast_possible_truncation, reason = "`new` takes no number above 4095")]
    pub const fn raw(self) -> u16 {
        self.0.get() as u16
    }

    /// Returns Linux's name (`"ENOENT"`), or `None` for a number Linux does not use.
    pub const fn name(self) -> Option<&'static str> {
        errno_name(self.raw())
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

macro_rules! errno_table {
    ($($name:ident = $value:literal,)*) => {
        #[expect(missing_docs, reason = "the names are Linux's own, errno(3)")]
        impl Errno {
            $(pub const $name: Self = match NonZeroU64::new($value) {
                Some(number) => Self(number),
                None => unreachable!(),
            };)*
        }

        const fn errno_name(value: u16) -> Option<&'static str> {
            match value {
                $($value => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

errno_table! {
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    ENOTBLK = 15,
    EBUSY = 16,
    EEXIST = 17,
    EXDEV = 18,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ENOTTY = 25,
    ETXTBSY = 26,
    EFBIG = 27,
    ENOSPC = 28,
    ESPIPE = 29,
    EROFS = 30,
    EMLINK = 31,
    EPIPE = 32,
    EDOM = 33,
    ERANGE = 34,
    EDEADLK = 35,
    ENAMETOOLONG = 36,
    ENOLCK = 37,
    ENOSYS = 38,
    ENOTEMPTY = 39,
    ELOOP = 40,
    ENOMSG = 42,
    EIDRM = 43,
    ECHRNG = 44,
    EL2NSYNC = 45,
    EL3HLT = 46,
    EL3RST = 47,
    ELNRNG = 48,
    EUNATCH = 49,
    ENOCSI = 50,
    EL2HLT = 51,
    EBADE = 52,
    EBADR = 53,
    EXFULL = 54,
    ENOANO = 55,
    EBADRQC = 56,
    EBADSLT = 57,
    EBFONT = 59,
    ENOSTR = 60,
    ENODATA = 61,
    ETIME = 62,
    ENOSR = 63,
    ENONET = 64,
    ENOPKG = 65,
    EREMOTE = 66,
    ENOLINK = 67,
    EADV = 68,
    ESRMNT = 69,
    ECOMM = 70,
    EPROTO = 71,
    EMULTIHOP = 72,
    EDOTDOT = 73,
    EBADMSG = 74,
    EOVERFLOW = 75,
    ENOTUNIQ = 76,
    EBADFD = 77,
    EREMCHG = 78,
    ELIBACC = 79,
    ELIBBAD = 80,
    ELIBSCN = 81,
    ELIBMAX = 82,
    ELIBEXEC = 83,
    EILSEQ = 84,
    ERESTART = 85,
    ESTRPIPE = 86,
    EUSERS = 87,
    ENOTSOCK = 88,
    EDESTADDRREQ = 89,
    EMSGSIZE = 90,
    EPROTOTYPE = 91,
    ENOPROTOOPT = 92,
    EPROTONOSUPPORT = 93,
    ESOCKTNOSUPPORT = 94,
    EOPNOTSUPP = 95,
    EPFNOSUPPORT = 96,
    EAFNOSUPPORT = 97,
    EADDRINUSE = 98,
    EADDRNOTAVAIL = 99,
    ENETDOWN = 100,
    ENETUNREACH = 101,
    ENETRESET = 102,
    ECONNABORTED = 103,
    ECONNRESET = 104,
    ENOBUFS = 105,
    EISCONN = 106,
    ENOTCONN = 107,
    ESHUTDOWN = 108,
    ETOOMANYREFS = 109,
    ETIMEDOUT = 110,
    ECONNREFUSED = 111,
    EHOSTDOWN = 112,
    EHOSTUNREACH = 113,
    EALREADY = 114,
    EINPROGRESS = 115,
    ESTALE = 116,
    EUCLEAN = 117,
    ENOTNAM = 118,
    ENAVAIL = 119,
    EISNAM = 120,
    EREMOTEIO = 121,
    EDQUOT = 122,
    ENOMEDIUM = 123,
    EMEDIUMTYPE = 124,
    ECANCELED = 125,
    ENOKEY = 126,
    EKEYEXPIRED = 127,
    EKEYREVOKED = 128,
    EKEYREJECTED = 129,
    EOWNERDEAD = 130,
    ENOTRECOVERABLE = 131,
    ERFKILL = 132,
    EHWPOISON = 133,
}

impl Errno {
    /// Another name of `EAGAIN` on x86-64.
    pub const EWOULDBLOCK: Self = Self::EAGAIN;
    /// Another name of `EOPNOTSUPP` on x86-64.
    pub const ENOTSUP: Self = Self::EOPNOTSUPP;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_agree() {
        assert_eq!(Errno::ENOENT.raw(), 2);
        assert_eq!(std::format!("{:?}", Errno::EOPNOTSUPP), "EOPNOTSUPP");
        assert_eq!(Errno::new(4095).name(), None);
        assert_eq!(Errno::new(0), Errno::EINVAL);
    }
}
