//! Sockets: `socket(2)`, `socket(7)`, `recv(2)`, `send(2)`.

use linux_raw_sys::net;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Converts a constant that `linux-raw-sys` has as `u32` to the `int` that the calls take.
const fn int(value: u32) -> i32 {
    value.cast_signed()
}

macro_rules! constants {
    ($($name:ident)*) => {
        $(
            #[expect(missing_docs, reason = "the names are Linux's own")]
            pub const $name: i32 = int(net::$name);
        )*
    };
}

constants! {
    AF_UNSPEC AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET
    SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_SEQPACKET
    SOL_SOCKET
    SO_DEBUG SO_REUSEADDR SO_TYPE SO_ERROR SO_DONTROUTE SO_BROADCAST SO_SNDBUF SO_RCVBUF
    SO_KEEPALIVE SO_OOBINLINE SO_PRIORITY SO_LINGER SO_REUSEPORT SO_PASSCRED SO_PEERCRED
    SO_RCVLOWAT SO_SNDLOWAT SO_RCVTIMEO_OLD SO_SNDTIMEO_OLD SO_BINDTODEVICE SO_TIMESTAMP_OLD
    SO_TIMESTAMPNS_OLD
    SO_ACCEPTCONN SO_SNDBUFFORCE SO_RCVBUFFORCE SO_MARK SO_PROTOCOL SO_DOMAIN SO_INCOMING_CPU
    SO_INCOMING_NAPI_ID SO_COOKIE SO_BUSY_POLL
    TCP_NODELAY TCP_MAXSEG TCP_CORK TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_SYNCNT TCP_LINGER2
    TCP_DEFER_ACCEPT TCP_WINDOW_CLAMP TCP_INFO TCP_QUICKACK TCP_CONGESTION TCP_USER_TIMEOUT
    TCP_FASTOPEN TCP_NOTSENT_LOWAT
    IP_TOS IP_TTL IP_PKTINFO IP_MTU_DISCOVER IP_RECVERR IP_MTU IP_MULTICAST_IF IP_MULTICAST_TTL
    IP_MULTICAST_LOOP IP_MULTICAST_ALL IP_BIND_ADDRESS_NO_PORT IP_FREEBIND IP_RECVTTL IP_RECVTOS
    IPV6_UNICAST_HOPS IPV6_MULTICAST_IF IPV6_MULTICAST_HOPS IPV6_MULTICAST_LOOP IPV6_V6ONLY
    IPV6_RECVPKTINFO IPV6_PKTINFO IPV6_HOPLIMIT IPV6_TCLASS IPV6_RECVERR IPV6_MTU_DISCOVER
    IPV6_MULTICAST_ALL IPV6_MTU IPV6_RECVTCLASS IPV6_RECVHOPLIMIT IPV6_AUTOFLOWLABEL IPV6_DONTFRAG
}

/// Socket option level of IPv4.
pub const SOL_IP: i32 = 0;
/// Protocol and socket option level of TCP.
pub const IPPROTO_TCP: i32 = 6;
/// Protocol and socket option level of UDP.
pub const IPPROTO_UDP: i32 = 17;
/// Socket option level of UDP-Lite, which Linux takes for that of UDP.
pub const IPPROTO_UDPLITE: i32 = 136;
/// Socket option level of netlink.
pub const SOL_NETLINK: i32 = 270;
/// `NETLINK_EXT_ACK` of `netlink(7)`.
pub const NETLINK_EXT_ACK: i32 = 11;
/// `NETLINK_GET_STRICT_CHK` of `netlink(7)`.
pub const NETLINK_GET_STRICT_CHK: i32 = 12;
/// `UDP_CORK` of `udp(7)`.
pub const UDP_CORK: i32 = 1;
/// `UDP_SEGMENT` of `udp(7)`.
pub const UDP_SEGMENT: i32 = 103;
/// Socket option level of IPv6.
pub const SOL_IPV6: i32 = 41;

/// `SOCK_NONBLOCK` in `socket(2)`'s type.
pub const SOCK_NONBLOCK: i32 = 0o4000;
/// `SOCK_CLOEXEC` in `socket(2)`'s type.
pub const SOCK_CLOEXEC: i32 = 0o2_000_000;

/// `SHUT_RD` of `shutdown(2)`.
pub const SHUT_RD: i32 = 0;
/// `SHUT_WR` of `shutdown(2)`.
pub const SHUT_WR: i32 = 1;
/// `SHUT_RDWR` of `shutdown(2)`.
pub const SHUT_RDWR: i32 = 2;

bitflags::bitflags! {
    /// Flags of `send(2)` and `recv(2)`; unknown bits are kept and ignored, as by Linux.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct MsgFlags: u32 {
        /// `MSG_OOB`.
        const OOB = 0x1;
        /// `MSG_PEEK`: leave what is read.
        const PEEK = 0x2;
        /// `MSG_DONTROUTE`.
        const DONTROUTE = 0x4;
        /// `MSG_CTRUNC`: control data was cut off.
        const CTRUNC = 0x8;
        /// `MSG_TRUNC`: the datagram was longer, or asks for its real length.
        const TRUNC = 0x20;
        /// `MSG_DONTWAIT`: do not block this time.
        const DONTWAIT = 0x40;
        /// `MSG_EOR`: a record ends.
        const EOR = 0x80;
        /// `MSG_WAITALL`: wait for all that was asked for.
        const WAITALL = 0x100;
        /// `MSG_CONFIRM`.
        const CONFIRM = 0x800;
        /// `MSG_ERRQUEUE`: read from the error queue.
        const ERRQUEUE = 0x2000;
        /// `MSG_NOSIGNAL`: no `SIGPIPE`.
        const NOSIGNAL = 0x4000;
        /// `MSG_MORE`: more follows at once.
        const MORE = 0x8000;
        /// `MSG_WAITFORONE`: of `recvmmsg(2)`.
        const WAITFORONE = 0x1_0000;
        /// `MSG_FASTOPEN`: connect and send.
        const FASTOPEN = 0x2000_0000;
        /// `MSG_CMSG_CLOEXEC`: received descriptors close on exec.
        const CMSG_CLOEXEC = 0x4000_0000;
        const _ = !0;
    }
}

/// `struct linger`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Linger {
    /// Whether to linger.
    pub l_onoff: i32,
    /// For how many seconds.
    pub l_linger: i32,
}

/// `struct msghdr` of `sendmsg(2)` and `recvmsg(2)`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Msghdr {
    /// Address of the peer's address.
    pub msg_name: u64,
    /// Its length.
    pub msg_namelen: u32,
    /// Zero.
    pub padding: u32,
    /// Address of the vector.
    pub msg_iov: u64,
    /// Elements of the vector.
    pub msg_iovlen: u64,
    /// Address of the control data.
    pub msg_control: u64,
    /// Its length.
    pub msg_controllen: u64,
    /// Flags of the received message.
    pub msg_flags: u32,
    /// Zero.
    pub padding2: u32,
}

/// `struct mmsghdr` of `sendmmsg(2)` and `recvmmsg(2)`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Mmsghdr {
    /// The message.
    pub msg_hdr: Msghdr,
    /// How many bytes were sent or received.
    pub msg_len: u32,
    /// Zero.
    pub padding: u32,
}

/// `struct cmsghdr`: the header of one item of control data.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Cmsghdr {
    /// Length of the item, this header included.
    pub cmsg_len: u64,
    /// Protocol that it belongs to.
    pub cmsg_level: i32,
    /// Kind.
    pub cmsg_type: i32,
}

/// `SCM_RIGHTS`: descriptors.
pub const SCM_RIGHTS: i32 = 1;
/// `SCM_CREDENTIALS`: process, user and group.
pub const SCM_CREDENTIALS: i32 = 2;

/// `struct tcp_info` as far as `TCPI_*` fields of Linux 4.x go (104 bytes, the common part).
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
#[expect(missing_docs, reason = "the names are Linux's own, include/uapi/linux/tcp.h")]
pub struct TcpInfo {
    pub tcpi_state: u8,
    pub tcpi_ca_state: u8,
    pub tcpi_retransmits: u8,
    pub tcpi_probes: u8,
    pub tcpi_backoff: u8,
    pub tcpi_options: u8,
    pub tcpi_wscale: u8,
    pub tcpi_flags: u8,
    pub tcpi_rto: u32,
    pub tcpi_ato: u32,
    pub tcpi_snd_mss: u32,
    pub tcpi_rcv_mss: u32,
    pub tcpi_unacked: u32,
    pub tcpi_sacked: u32,
    pub tcpi_lost: u32,
    pub tcpi_retrans: u32,
    pub tcpi_fackets: u32,
    pub tcpi_last_data_sent: u32,
    pub tcpi_last_ack_sent: u32,
    pub tcpi_last_data_recv: u32,
    pub tcpi_last_ack_recv: u32,
    pub tcpi_pmtu: u32,
    pub tcpi_rcv_ssthresh: u32,
    pub tcpi_rtt: u32,
    pub tcpi_rttvar: u32,
    pub tcpi_snd_ssthresh: u32,
    pub tcpi_snd_cwnd: u32,
    pub tcpi_advmss: u32,
    pub tcpi_reordering: u32,
    pub tcpi_rcv_rtt: u32,
    pub tcpi_rcv_space: u32,
    pub tcpi_total_retrans: u32,
}
