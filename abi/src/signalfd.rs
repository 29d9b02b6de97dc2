//! What a read of signals as a file gives, `signalfd(2)`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::signal::{
    POLL_HUP, POLL_IN, SI_KERNEL, SI_TIMER, SI_TKILL, SI_USER, SigInfo, SignalSet,
};

/// `struct signalfd_siginfo`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
#[expect(missing_docs, reason = "the fields are those of signalfd(2)")]
pub struct SignalFdInfo {
    pub signo: u32,
    pub errno: i32,
    pub code: i32,
    pub pid: u32,
    pub uid: u32,
    pub fd: i32,
    pub tid: u32,
    pub band: u32,
    pub overrun: u32,
    pub trapno: u32,
    pub status: i32,
    pub int: i32,
    pub ptr: u64,
    pub utime: u64,
    pub stime: u64,
    pub addr: u64,
    padding: [u64; 6],
}

impl From<&SigInfo> for SignalFdInfo {
    fn from(info: &SigInfo) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a field holds two numbers")]
        const fn halves(field: u64) -> (u32, u32) {
            (field as u32, (field >> 32) as u32)
        }
        let (low, high) = halves(info.fields[0]);
        let int = halves(info.fields[1]).0.cast_signed();
        let plain = Self {
            signo: info.signo.cast_unsigned(),
            errno: info.errno,
            code: info.code,
            ..Self::default()
        };
        let is_raised = info.signal().is_some_and(|s| SignalSet::SYNCHRONOUS.contains(s));
        match info.code {
            SI_TIMER => Self { tid: low, overrun: high, int, ptr: info.fields[1], ..plain },
            SI_USER | SI_TKILL | SI_KERNEL => Self { pid: low, uid: high, ..plain },
            ..=0 => Self { pid: low, uid: high, int, ptr: info.fields[1], ..plain },
            POLL_IN..=POLL_HUP if info.is_from_descriptor() => Self { band: low, fd: int, ..plain },
            _ if is_raised => Self { addr: info.fields[0], ..plain },
            _ => Self { pid: low, uid: high, status: int, ..plain },
        }
    }
}

#[cfg(test)]
mod tests {
    use core::mem::offset_of;

    use super::*;

    #[test]
    fn the_structure_lies_as_linux_has_it() {
        assert_eq!(size_of::<SignalFdInfo>(), 128);
        assert_eq!(offset_of!(SignalFdInfo, ptr), 48);
    }
}
