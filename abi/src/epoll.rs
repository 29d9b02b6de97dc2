//! Readiness of many descriptors, `epoll(7)`.

use linux_raw_sys::general as raw;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::poll::Events;

bitflags::bitflags! {
    /// How a descriptor is watched, in the same word as the [`Events`] it is watched for.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct WatchFlags: u32 {
        /// `EPOLLEXCLUSIVE`: of several epolls that watch the file, not all are woken.
        const EXCLUSIVE = raw::EPOLLEXCLUSIVE;
        /// `EPOLLWAKEUP`: keeps the system from suspending, which nothing does here.
        const WAKEUP = raw::EPOLLWAKEUP;
        /// `EPOLLONESHOT`: reported once, then silent until modified.
        const ONESHOT = raw::EPOLLONESHOT;
        /// `EPOLLET`: reported once for each change, not while it lasts.
        const EDGE = raw::EPOLLET;
    }
}

/// `struct epoll_event`, packed on x86-64.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C, packed)]
pub struct EpollEvent {
    /// [`Events`] and [`WatchFlags`].
    pub events: u32,
    /// What the program wants to get back with them.
    pub data: u64,
}

impl EpollEvent {
    /// Returns the events that are asked for or reported.
    pub const fn interest(self) -> Events {
        Events::from_bits_truncate(self.events)
    }

    /// Returns how the descriptor is watched.
    pub const fn flags(self) -> WatchFlags {
        WatchFlags::from_bits_truncate(self.events)
    }
}

/// What `epoll_ctl(2)` does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EpollOp {
    /// `EPOLL_CTL_ADD`: watches a descriptor.
    Add,
    /// `EPOLL_CTL_DEL`: watches it no more.
    Delete,
    /// `EPOLL_CTL_MOD`: watches it otherwise.
    Modify,
}

impl EpollOp {
    /// Returns the operation of a number, `None` if there is none.
    pub const fn from_raw(value: u32) -> Option<Self> {
        match value {
            raw::EPOLL_CTL_ADD => Some(Self::Add),
            raw::EPOLL_CTL_DEL => Some(Self::Delete),
            raw::EPOLL_CTL_MOD => Some(Self::Modify),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structure_is_twelve_bytes() {
        assert_eq!(size_of::<EpollEvent>(), size_of::<raw::epoll_event>());
        assert_eq!(size_of::<EpollEvent>(), 12);
    }

    #[test]
    fn flags_and_events_share_a_word() {
        let event = EpollEvent { events: 0x8000_2001, data: 7 };
        assert_eq!(event.interest(), Events::IN | Events::RDHUP);
        assert_eq!(event.flags(), WatchFlags::EDGE);
    }
}
