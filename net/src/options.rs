//! Socket options as values: `socket(7)`, `ip(7)`, `ipv6(7)`, `tcp(7)`.

use alloc::vec::Vec;
use core::time::Duration;

use abi::time::Instant;
use abi::{Errno, Result};

/// What a program gives as an option's value: a length, and as many of the bytes as are there.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    length: usize,
    bytes: &'a [u8],
}

impl<'a> Value<'a> {
    /// Returns a value of `length` bytes, of which `bytes` could be read.
    pub const fn new(length: usize, bytes: &'a [u8]) -> Self {
        Self { length, bytes }
    }

    /// Returns a value all of which is there.
    pub const fn whole(bytes: &'a [u8]) -> Self {
        Self::new(bytes.len(), bytes)
    }

    /// Returns the length that was given.
    pub const fn length(self) -> usize {
        self.length
    }

    /// Returns the first bytes, which are all that an option of this size looks at.
    ///
    /// # Errors
    /// `EINVAL` if that are fewer, `EFAULT` if they are not there.
    pub fn first<const N: usize>(self) -> Result<[u8; N]> {
        if self.length < N {
            return Err(Errno::EINVAL);
        }
        self.bytes.first_chunk().copied().ok_or(Errno::EFAULT)
    }

    /// Returns a number.
    ///
    /// # Errors
    /// As [`first`](Self::first).
    pub fn int(self) -> Result<i32> {
        self.first().map(i32::from_ne_bytes)
    }

    /// Returns a time to wait, `struct timeval`, of which zero is no limit.
    ///
    /// # Errors
    /// As [`first`](Self::first); `EDOM` for a part that is none of a second.
    pub fn timeout(self) -> Result<Option<Duration>> {
        let [seconds, micros]: [i64; 2] = zerocopy::transmute!(self.first::<16>()?);
        let micros = u32::try_from(micros).ok().filter(|micros| *micros < 1_000_000);
        let micros = micros.ok_or(Errno::EDOM)?;
        // Negative seconds wait not at all (Linux's `sock_set_timeout`).
        let Ok(seconds) = u64::try_from(seconds) else { return Ok(Some(Duration::ZERO)) };
        let timeout = Duration::new(seconds, micros * 1000);
        Ok((!timeout.is_zero()).then_some(timeout))
    }

    /// Returns a text of at most `longest` bytes.
    ///
    /// # Errors
    /// As [`first`](Self::first); `EINVAL` for no byte at all.
    pub fn text(self, longest: usize) -> Result<&'a [u8]> {
        match self.length.min(longest) {
            0 => Err(Errno::EINVAL),
            length => self.bytes.get(..length).ok_or(Errno::EFAULT),
        }
    }
}

/// Whether what is received comes with the time when it arrived, and in which form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Stamping {
    /// It does not.
    #[default]
    Off,
    /// As `struct timeval` (`SO_TIMESTAMP`).
    Micros,
    /// As `struct timespec` (`SO_TIMESTAMPNS`).
    Nanos,
}

impl Stamping {
    /// Sets it as the option of a form is set: either ends both (Linux's `sock_set_timestamp`).
    pub fn set(&mut self, form: Self, is_on: bool) {
        *self = if is_on { form } else { Self::Off };
    }

    /// Returns what to tell of something that arrived at a time.
    pub fn tell(self, arrived: Instant) -> Option<Stamp> {
        (self != Self::Off).then_some(Stamp { arrived, form: self })
    }
}

/// When something arrived, in the form that the program asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// When it arrived.
    pub arrived: Instant,
    /// [`Stamping::Micros`] or [`Stamping::Nanos`].
    pub form: Stamping,
}

/// Returns a time to wait as `struct timeval`, the reverse of [`Value::timeout`].
pub fn timeout_bytes(timeout: Option<Duration>) -> Vec<u8> {
    let time = timeout.unwrap_or_default();
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    [seconds, time.subsec_micros().into()].iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// Linux's default of `net.core.rmem_default` and `wmem_default`, as `getsockopt` shows it.
pub(crate) const BUFFER_DEFAULT: u32 = 212_992;
/// What TCP sockets show: the middle numbers of `net.ipv4.tcp_rmem` and `tcp_wmem`.
pub(crate) const TCP_RECEIVE_DEFAULT: u32 = 131_072;
/// As [`TCP_RECEIVE_DEFAULT`].
pub(crate) const TCP_SEND_DEFAULT: u32 = 16_384;

/// The options of a socket. Those of a listening socket are handed on to what it accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Options {
    /// `SO_REUSEADDR`.
    pub(crate) reuse_address: bool,
    /// `SO_REUSEPORT`.
    pub(crate) reuse_port: bool,
    /// `SO_BROADCAST`.
    pub(crate) broadcast: bool,
    /// `SO_KEEPALIVE`.
    pub(crate) keep_alive: bool,
    /// `SO_LINGER`, if on.
    pub(crate) linger: Option<Duration>,
    /// `SO_RCVBUF` as `getsockopt` shows it, twice what was set.
    pub(crate) receive_buffer: u32,
    /// `SO_SNDBUF` as `getsockopt` shows it.
    pub(crate) send_buffer: u32,
    /// The program set `SO_RCVBUF`: the buffer does not grow beyond.
    pub(crate) is_receive_fixed: bool,
    /// The same for `SO_SNDBUF`.
    pub(crate) is_send_fixed: bool,
    /// `SO_RCVTIMEO`.
    pub(crate) receive_timeout: Option<Duration>,
    /// `SO_SNDTIMEO`.
    pub(crate) send_timeout: Option<Duration>,
    /// `IP_TTL`, `IPV6_UNICAST_HOPS`.
    pub(crate) ttl: Option<u8>,
    /// `IP_TOS`, `IPV6_TCLASS`.
    pub(crate) tos: u8,
    /// `IPV6_V6ONLY`.
    pub(crate) only_v6: bool,
    /// `TCP_NODELAY`.
    pub(crate) no_delay: bool,
    /// `TCP_CORK`.
    pub(crate) cork: bool,
    /// `TCP_QUICKACK`.
    pub(crate) quick_ack: bool,
    /// `TCP_KEEPIDLE` in seconds.
    pub(crate) keep_idle: u32,
    /// `TCP_KEEPINTVL` in seconds.
    pub(crate) keep_interval: u32,
    /// `TCP_KEEPCNT`.
    pub(crate) keep_count: u32,
    /// `TCP_USER_TIMEOUT` in milliseconds, 0 for the system's.
    pub(crate) user_timeout: u32,
    /// `TCP_MAXSEG`, if set.
    pub(crate) max_segment: Option<u16>,
    /// `TCP_DEFER_ACCEPT` as a number of SYN|ACKs sent again, 0 for off.
    pub(crate) defer_accept: u8,
    /// `TCP_LINGER2` in seconds.
    pub(crate) linger2: i32,
    /// `TCP_SYNCNT`.
    pub(crate) syn_count: u8,
    /// `IP_PKTINFO` or `IPV6_RECVPKTINFO`.
    pub(crate) packet_info: bool,
    /// `SO_TIMESTAMP`, `SO_TIMESTAMPNS`.
    pub(crate) stamping: Stamping,
    /// `IP_MULTICAST_LOOP`.
    pub(crate) multicast_loop: bool,
    /// `IP_MULTICAST_TTL`, `IPV6_MULTICAST_HOPS`.
    pub(crate) multicast_ttl: u8,
    /// `IP_MULTICAST_ALL`.
    pub(crate) multicast_all: bool,
    /// `IP_MTU_DISCOVER`, `IPV6_MTU_DISCOVER`.
    pub(crate) mtu_discover: u8,
    /// `IP_RECVTOS`, `IPV6_RECVTCLASS`.
    pub(crate) receive_tos: bool,
    /// `IP_RECVTTL`, `IPV6_RECVHOPLIMIT`.
    pub(crate) receive_ttl: bool,
    /// `UDP_SEGMENT`: bytes of the datagrams that a longer one is cut into, 0 for none.
    pub(crate) segment: u16,
    /// `IP_RECVERR`.
    pub(crate) receive_errors: bool,
    /// `SO_PRIORITY`.
    pub(crate) priority: u32,
    /// `SO_MARK`.
    pub(crate) mark: u32,
    /// `SO_BINDTODEVICE`: the number of the card, 0 for loopback.
    pub(crate) card: Option<usize>,
    /// `SO_RCVLOWAT`.
    pub(crate) receive_low: u32,
}

impl Options {
    /// Returns the options of a new TCP socket.
    pub(crate) const fn tcp() -> Self {
        Self { receive_buffer: TCP_RECEIVE_DEFAULT, send_buffer: TCP_SEND_DEFAULT, ..Self::udp() }
    }

    /// Returns the options of a new UDP socket.
    pub(crate) const fn udp() -> Self {
        Self {
            reuse_address: false,
            reuse_port: false,
            broadcast: false,
            keep_alive: false,
            linger: None,
            receive_buffer: BUFFER_DEFAULT,
            send_buffer: BUFFER_DEFAULT,
            is_receive_fixed: false,
            is_send_fixed: false,
            receive_timeout: None,
            send_timeout: None,
            ttl: None,
            tos: 0,
            only_v6: false,
            no_delay: false,
            cork: false,
            quick_ack: true,
            keep_idle: 7200,
            keep_interval: 75,
            keep_count: 9,
            user_timeout: 0,
            max_segment: None,
            defer_accept: 0,
            linger2: 60,
            syn_count: 6,
            packet_info: false,
            stamping: Stamping::Off,
            multicast_loop: true,
            multicast_ttl: 1,
            multicast_all: true,
            mtu_discover: 1,
            receive_tos: false,
            receive_ttl: false,
            segment: 0,
            receive_errors: false,
            priority: 0,
            mark: 0,
            card: None,
            receive_low: 1,
        }
    }
}
