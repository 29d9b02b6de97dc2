//! Readiness of descriptors: `poll(2)`, `epoll(7)`.

bitflags::bitflags! {
    /// What a descriptor is ready for. `POLL*` and `EPOLL*` share these bits.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct Events: u32 {
        /// `POLLIN`: a read will not block.
        const IN = 0x1;
        /// `POLLPRI`: there is an exceptional condition.
        const PRI = 0x2;
        /// `POLLOUT`: a write will not block.
        const OUT = 0x4;
        /// `POLLERR`: an error is pending; always reported.
        const ERR = 0x8;
        /// `POLLHUP`: the other side hung up; always reported.
        const HUP = 0x10;
        /// `POLLNVAL`: the descriptor is not open.
        const NVAL = 0x20;
        /// `POLLRDNORM`: the same as `POLLIN`.
        const RDNORM = 0x40;
        /// `POLLRDBAND`: priority data can be read.
        const RDBAND = 0x80;
        /// `POLLWRNORM`: the same as `POLLOUT`.
        const WRNORM = 0x100;
        /// `POLLWRBAND`: priority data can be written.
        const WRBAND = 0x200;
        /// `POLLMSG`: not used by Linux.
        const MSG = 0x400;
        /// `POLLRDHUP`: the peer shut down writing.
        const RDHUP = 0x2000;
    }
}

impl Events {
    /// What is reported whether asked for or not.
    pub const ALWAYS: Self = Self::ERR.union(Self::HUP);
    /// There is something to read, as pipes and sockets say it.
    pub const READABLE: Self = Self::IN.union(Self::RDNORM);
    /// There is room to write, as pipes and TCP say it.
    pub const WRITABLE: Self = Self::OUT.union(Self::WRNORM);
    /// There is room to write, as datagrams and sockets of `AF_UNIX` say it.
    pub const WRITABLE_BAND: Self = Self::WRITABLE.union(Self::WRBAND);
    /// Ready for both directions, as a regular file always is.
    pub const BOTH: Self = Self::READABLE.union(Self::WRITABLE);
}
