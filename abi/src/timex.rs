//! Adjusting the clock of the day: `adjtimex(2)`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::time::Timeval;

/// `timex.freq` is to be set.
pub const ADJ_FREQUENCY: u32 = 0x0002;
/// The time is to be moved by `timex.time`.
pub const ADJ_SETOFFSET: u32 = 0x0100;
/// `timex.time` is in nanoseconds, not microseconds.
pub const ADJ_NANO: u32 = 0x2000;
/// `timex.tick` is to be set.
pub const ADJ_TICK: u32 = 0x4000;
/// The call stands for `adjtime(3)`: it goes with [`ADJ_OFFSET_SINGLESHOT`] only.
pub const ADJ_ADJTIME: u32 = 0x8000;
/// `adjtime(3)`.
pub const ADJ_OFFSET_SINGLESHOT: u32 = 0x0001;
/// With the two before: only what is left of the last `adjtime(3)` is asked for.
pub const ADJ_OFFSET_READONLY: u32 = 0x2000;

/// Nobody keeps the clock in step with another: `TIME_ERROR`.
pub const TIME_ERROR: u32 = 5;
/// The same as a flag: `STA_UNSYNC`.
pub const STA_UNSYNC: i32 = 0x0040;

/// `struct timex`, `adjtimex(2)`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Timex {
    /// `ADJ_` what is to be changed.
    pub modes: u32,
    padding: u32,
    /// What the clock is yet to be moved by, in microseconds.
    pub offset: i64,
    /// By how much it runs faster, in parts per million, 16 bits of which are behind the point.
    pub freq: i64,
    /// The largest error, in microseconds.
    pub maxerror: i64,
    /// The error to be expected, in microseconds.
    pub esterror: i64,
    /// `STA_` how it is.
    pub status: i32,
    padding2: u32,
    /// The time constant of the loop that keeps it in step.
    pub constant: i64,
    /// The precision, in microseconds.
    pub precision: i64,
    /// What `freq` can be at most.
    pub tolerance: i64,
    /// The time.
    pub time: Timeval,
    /// Microseconds a tick of 10 ms.
    pub tick: i64,
    /// What a signal of every second said, which is not there.
    pulses: [i64; 8],
    /// By how many seconds International Atomic Time is ahead.
    pub tai: i32,
    reserved: [i32; 11],
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::offset_of;

    #[test]
    fn structure_has_linux_layout() {
        assert_eq!(size_of::<Timex>(), 208);
        assert_eq!(offset_of!(Timex, time), 72);
        assert_eq!(offset_of!(Timex, tai), 160);
    }
}
