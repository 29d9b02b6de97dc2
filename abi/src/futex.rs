//! Words that threads wait on, `futex(2)`.

use linux_raw_sys::general as raw;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The operation without its flags: `FUTEX_CMD_MASK`.
pub const COMMAND_MASK: u32 = !(FLAG_PRIVATE | FLAG_REALTIME);
/// The word is not shared with another process: `FUTEX_PRIVATE_FLAG`.
pub const FLAG_PRIVATE: u32 = raw::FUTEX_PRIVATE_FLAG;
/// The timeout is on the clock of the day: `FUTEX_CLOCK_REALTIME`.
pub const FLAG_REALTIME: u32 = raw::FUTEX_CLOCK_REALTIME;

/// The bit of a lock word that says that threads wait: `FUTEX_WAITERS`.
pub const WAITERS: u32 = raw::FUTEX_WAITERS;
/// The bit of a lock word that says that its owner died: `FUTEX_OWNER_DIED`.
pub const OWNER_DIED: u32 = raw::FUTEX_OWNER_DIED;
/// The bits of a lock word with the owner's thread id: `FUTEX_TID_MASK`.
pub const TID_MASK: u32 = raw::FUTEX_TID_MASK;
/// How many locks of a robust list are looked at: `ROBUST_LIST_LIMIT`.
pub const ROBUST_LIST_LIMIT: usize = raw::ROBUST_LIST_LIMIT as usize;

/// What `futex(2)` does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are Linux's own, futex(2)")]
#[repr(u32)]
pub enum FutexOp {
    Wait = raw::FUTEX_WAIT,
    Wake = raw::FUTEX_WAKE,
    Requeue = raw::FUTEX_REQUEUE,
    CmpRequeue = raw::FUTEX_CMP_REQUEUE,
    WakeOp = raw::FUTEX_WAKE_OP,
    LockPi = raw::FUTEX_LOCK_PI,
    UnlockPi = raw::FUTEX_UNLOCK_PI,
    TrylockPi = raw::FUTEX_TRYLOCK_PI,
    WaitBitset = raw::FUTEX_WAIT_BITSET,
    WakeBitset = raw::FUTEX_WAKE_BITSET,
    WaitRequeuePi = raw::FUTEX_WAIT_REQUEUE_PI,
    CmpRequeuePi = raw::FUTEX_CMP_REQUEUE_PI,
    LockPi2 = raw::FUTEX_LOCK_PI2,
}

impl FutexOp {
    /// Returns the operation of a command number, `None` if there is none.
    pub const fn from_raw(command: u32) -> Option<Self> {
        Some(match command {
            raw::FUTEX_WAIT => Self::Wait,
            raw::FUTEX_WAKE => Self::Wake,
            raw::FUTEX_REQUEUE => Self::Requeue,
            raw::FUTEX_CMP_REQUEUE => Self::CmpRequeue,
            raw::FUTEX_WAKE_OP => Self::WakeOp,
            raw::FUTEX_LOCK_PI => Self::LockPi,
            raw::FUTEX_UNLOCK_PI => Self::UnlockPi,
            raw::FUTEX_TRYLOCK_PI => Self::TrylockPi,
            raw::FUTEX_WAIT_BITSET => Self::WaitBitset,
            raw::FUTEX_WAKE_BITSET => Self::WakeBitset,
            raw::FUTEX_WAIT_REQUEUE_PI => Self::WaitRequeuePi,
            raw::FUTEX_CMP_REQUEUE_PI => Self::CmpRequeuePi,
            raw::FUTEX_LOCK_PI2 => Self::LockPi2,
            _ => return None,
        })
    }
}

/// What `FUTEX_WAKE_OP` does to its second word, packed in one number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WakeOperation(u32);

impl WakeOperation {
    /// Makes an operation of the number; `None` if it names no operation or no comparison.
    pub const fn from_raw(value: u32) -> Option<Self> {
        let operation = value >> 28 & 7;
        let comparison = value >> 24 & 15;
        if operation <= raw::FUTEX_OP_XOR && comparison <= raw::FUTEX_OP_CMP_GE {
            Some(Self(value))
        } else {
            None
        }
    }

    /// Returns what the word becomes.
    pub const fn apply(self, old: u32) -> u32 {
        let mut argument = Self::signed(self.0 >> 12).cast_unsigned();
        if self.0 >> 28 & raw::FUTEX_OP_OPARG_SHIFT != 0 {
            argument = 1 << (argument & 31);
        }
        match self.0 >> 28 & 7 {
            raw::FUTEX_OP_SET => argument,
            raw::FUTEX_OP_ADD => old.wrapping_add(argument),
            raw::FUTEX_OP_OR => old | argument,
            raw::FUTEX_OP_ANDN => old & !argument,
            _ => old ^ argument,
        }
    }

    /// Returns whether the word as it was wakes the waiters of the second word.
    pub const fn wakes(self, old: u32) -> bool {
        let (old, argument) = (old.cast_signed(), Self::signed(self.0));
        match self.0 >> 24 & 15 {
            raw::FUTEX_OP_CMP_EQ => old == argument,
            raw::FUTEX_OP_CMP_NE => old != argument,
            raw::FUTEX_OP_CMP_LT => old < argument,
            raw::FUTEX_OP_CMP_LE => old <= argument,
            raw::FUTEX_OP_CMP_GT => old > argument,
            _ => old >= argument,
        }
    }

    /// Returns the lowest 12 bits as a signed number.
    const fn signed(value: u32) -> i32 {
        (value << 20).cast_signed() >> 20
    }
}

/// `struct robust_list_head`: the locks that a thread holds.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct RobustListHead {
    /// The first entry, the head itself if there is none. Bit 0 marks a PI lock.
    pub first: u64,
    /// Where the lock word is relative to its entry.
    pub futex_offset: i64,
    /// The entry of a lock that is being taken or released, 0 for none.
    pub pending: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(operation: u32, argument: u32, comparison: u32, compared: u32) -> u32 {
        operation << 28 | comparison << 24 | (argument & 0xfff) << 12 | compared & 0xfff
    }

    #[test]
    fn wake_operations_are_decoded() {
        let glibc = WakeOperation::from_raw(encoded(0, 0, 4, 1)).unwrap();
        assert_eq!((glibc.apply(7), glibc.wakes(2), glibc.wakes(1)), (0, true, false));
        let add = WakeOperation::from_raw(encoded(1, u32::MAX, 2, u32::MAX)).unwrap();
        assert_eq!((add.apply(5), add.wakes(u32::MAX - 1), add.wakes(0)), (4, true, false));
        let shifted = WakeOperation::from_raw(encoded(2 | 8, 4, 0, 0)).unwrap();
        assert_eq!(shifted.apply(1), 17);
        let clear = WakeOperation::from_raw(encoded(3, 3, 1, 0)).unwrap();
        assert_eq!((clear.apply(7), clear.wakes(0)), (4, false));
        let flip = WakeOperation::from_raw(encoded(4, 3, 5, 0)).unwrap();
        assert_eq!((flip.apply(1), flip.wakes(0)), (2, true));
        assert_eq!(WakeOperation::from_raw(encoded(5, 0, 0, 0)), None);
        assert_eq!(WakeOperation::from_raw(encoded(0, 0, 6, 0)), None);
    }

    #[test]
    fn flags_are_apart_from_the_command() {
        let op = raw::FUTEX_WAIT_BITSET_PRIVATE | raw::FUTEX_CLOCK_REALTIME;
        assert_eq!(FutexOp::from_raw(op & COMMAND_MASK), Some(FutexOp::WaitBitset));
        assert_eq!(size_of::<RobustListHead>(), size_of::<raw::robust_list_head>());
    }
}
