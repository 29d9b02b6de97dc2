//! Sockets.

use linux_raw_sys::{net, netlink};

use super::Data::{Bytes, Many, Message, Messages, One, SocketAddress};
use super::Kind::{Fd, In, InOut, Int, Nothing, Out, Size, Uint};
use super::Length::{Fixed, Given, PointedTo, Returned};
use super::names::{self, INT, cases, choice};
use super::shape::{LINGER, TIMESPEC, TIMEVAL, UCRED};
use super::{Cases, Flags, Kind, Name, calls, missing};

const DOMAIN: Kind = Kind::Choice(names::ADDRESS_FAMILIES);
const TYPE: Kind = Kind::Flags(&Flags {
    part: missing::SOCK_TYPE_MASK as u64,
    choices: names::names!(net: SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_RDM SOCK_SEQPACKET),
    bits: NEW_SOCKET_BITS,
});
const NEW_SOCKET: Kind = Kind::Flags(&Flags { part: 0, choices: &[], bits: NEW_SOCKET_BITS });
const NEW_SOCKET_BITS: &[Name] = names::names!(missing: SOCK_CLOEXEC SOCK_NONBLOCK);
const INTERNET_PROTOCOL: Kind = choice!(net:
    IPPROTO_IP IPPROTO_ICMP IPPROTO_IGMP IPPROTO_TCP IPPROTO_UDP IPPROTO_IPV6 IPPROTO_GRE
    IPPROTO_ESP IPPROTO_AH IPPROTO_ICMPV6 IPPROTO_SCTP IPPROTO_UDPLITE IPPROTO_RAW IPPROTO_MPTCP);
const NETLINK_PROTOCOL: Kind = choice!(netlink:
    NETLINK_ROUTE NETLINK_USERSOCK NETLINK_SOCK_DIAG NETLINK_XFRM NETLINK_AUDIT NETLINK_CONNECTOR
    NETLINK_NETFILTER NETLINK_KOBJECT_UEVENT NETLINK_GENERIC);
const PROTOCOL: &Cases = cases! { net & INT;
    [AF_INET AF_INET6] => INTERNET_PROTOCOL;
    [AF_NETLINK] => NETLINK_PROTOCOL;
    _ => Int
};
const HOW: Kind = choice!(net: SHUT_RD SHUT_WR SHUT_RDWR);
const OPTION: &Cases = cases! { net & INT;
    [SOL_SOCKET] => SOCKET_OPTION;
    [SOL_TCP] => TCP_OPTION;
    [SOL_IP] => IP_OPTION;
    [SOL_IPV6] => IPV6_OPTION;
    _ => Int
};
const SOCKET_OPTION: Kind = choice!(net:
    SO_DEBUG SO_REUSEADDR SO_TYPE SO_ERROR SO_DONTROUTE SO_BROADCAST SO_SNDBUF SO_RCVBUF
    SO_KEEPALIVE SO_OOBINLINE SO_NO_CHECK SO_PRIORITY SO_LINGER SO_BSDCOMPAT SO_REUSEPORT
    SO_PASSCRED SO_PEERCRED SO_RCVLOWAT SO_SNDLOWAT SO_RCVTIMEO_OLD SO_SNDTIMEO_OLD
    SO_BINDTODEVICE SO_ATTACH_FILTER SO_DETACH_FILTER SO_PEERNAME SO_TIMESTAMP_OLD SO_ACCEPTCONN
    SO_PEERSEC SO_SNDBUFFORCE SO_RCVBUFFORCE SO_PASSSEC SO_TIMESTAMPNS_OLD SO_MARK
    SO_TIMESTAMPING_OLD SO_PROTOCOL SO_DOMAIN SO_RXQ_OVFL SO_PEEK_OFF SO_LOCK_FILTER SO_BUSY_POLL
    SO_MAX_PACING_RATE SO_INCOMING_CPU SO_ATTACH_BPF SO_ATTACH_REUSEPORT_CBPF
    SO_ATTACH_REUSEPORT_EBPF SO_INCOMING_NAPI_ID SO_COOKIE SO_PEERGROUPS SO_ZEROCOPY
    SO_BINDTOIFINDEX SO_PEERPIDFD SO_PASSPIDFD);
const TCP_OPTION: Kind = choice!(net:
    TCP_NODELAY TCP_MAXSEG TCP_CORK TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_SYNCNT TCP_LINGER2
    TCP_DEFER_ACCEPT TCP_WINDOW_CLAMP TCP_INFO TCP_QUICKACK TCP_CONGESTION TCP_MD5SIG
    TCP_USER_TIMEOUT TCP_REPAIR TCP_FASTOPEN TCP_TIMESTAMP TCP_NOTSENT_LOWAT TCP_CC_INFO
    TCP_SAVE_SYN TCP_SAVED_SYN TCP_FASTOPEN_CONNECT TCP_ULP TCP_FASTOPEN_KEY
    TCP_FASTOPEN_NO_COOKIE TCP_ZEROCOPY_RECEIVE TCP_INQ TCP_TX_DELAY);
const IP_OPTION: Kind = choice!(net:
    IP_TOS IP_TTL IP_HDRINCL IP_OPTIONS IP_RECVOPTS IP_RETOPTS IP_PKTINFO IP_MTU_DISCOVER
    IP_RECVERR IP_RECVTTL IP_RECVTOS IP_MTU IP_FREEBIND IP_TRANSPARENT IP_RECVORIGDSTADDR IP_MINTTL
    IP_BIND_ADDRESS_NO_PORT IP_MULTICAST_IF IP_MULTICAST_TTL IP_MULTICAST_LOOP IP_ADD_MEMBERSHIP
    IP_DROP_MEMBERSHIP IP_MULTICAST_ALL IP_UNICAST_IF IP_LOCAL_PORT_RANGE);
const IPV6_OPTION: Kind = choice!(net:
    IPV6_ADDRFORM IPV6_CHECKSUM IPV6_UNICAST_HOPS IPV6_MULTICAST_IF IPV6_MULTICAST_HOPS
    IPV6_MULTICAST_LOOP IPV6_ADD_MEMBERSHIP IPV6_DROP_MEMBERSHIP IPV6_MTU_DISCOVER IPV6_MTU
    IPV6_RECVERR IPV6_V6ONLY IPV6_RECVPKTINFO IPV6_PKTINFO IPV6_RECVHOPLIMIT IPV6_HOPLIMIT
    IPV6_RECVTCLASS IPV6_TCLASS IPV6_DONTFRAG IPV6_ADDR_PREFERENCES IPV6_FREEBIND);
/// The places of `optname` and `optlen`.
const NAME: u8 = 2;
const LENGTH: u8 = 4;
const OPTION_IN: &Cases = cases! { net & INT;
    [SOL_SOCKET] => Kind::By(NAME, SOCKET_OPTION_IN);
    [SOL_TCP] => Kind::By(NAME, TCP_OPTION_IN);
    _ => In(One(&Int))
};
const SOCKET_OPTION_IN: &Cases = cases! { net & INT;
    [SO_LINGER] => In(One(&LINGER));
    [SO_RCVTIMEO_OLD SO_SNDTIMEO_OLD] => In(One(&TIMEVAL));
    [SO_BINDTODEVICE SO_ATTACH_FILTER] => In(Bytes(Given(LENGTH)));
    _ => In(One(&Int))
};
const TCP_OPTION_IN: &Cases = cases! { net & INT;
    [TCP_CONGESTION TCP_ULP TCP_MD5SIG TCP_FASTOPEN_KEY] => In(Bytes(Given(LENGTH)));
    _ => In(One(&Int))
};
const OPTION_OUT: &Cases = cases! { net & INT;
    [SOL_SOCKET] => Kind::By(NAME, SOCKET_OPTION_OUT);
    [SOL_TCP] => Kind::By(NAME, TCP_OPTION_OUT);
    _ => Out(One(&Int))
};
const SOCKET_OPTION_OUT: &Cases = cases! { net & INT;
    [SO_LINGER] => Out(One(&LINGER));
    [SO_RCVTIMEO_OLD SO_SNDTIMEO_OLD] => Out(One(&TIMEVAL));
    [SO_PEERCRED] => Out(One(&UCRED));
    [SO_BINDTODEVICE SO_PEERNAME SO_PEERSEC SO_PEERGROUPS] => Out(Bytes(PointedTo(LENGTH)));
    [SO_COOKIE] => Out(One(&Size));
    _ => Out(One(&Int))
};
const TCP_OPTION_OUT: &Cases = cases! { net & INT;
    [TCP_INFO TCP_CONGESTION TCP_ULP TCP_CC_INFO TCP_FASTOPEN_KEY] =>
        Out(Bytes(PointedTo(LENGTH)));
    _ => Out(One(&Int))
};
const ADDRESS_LENGTH: Kind = InOut(One(&Int));

calls! {
    socket(domain: DOMAIN, kind: TYPE, protocol: Kind::By(domain, PROTOCOL)) -> Fd;
    socketpair(domain: DOMAIN, kind: TYPE, protocol: Kind::By(domain, PROTOCOL),
        sv: Out(Many(&Fd, Fixed(2)))) -> Nothing;
    bind(sockfd: Fd, addr: In(SocketAddress(Given(addrlen))), addrlen: Int) -> Nothing;
    listen(sockfd: Fd, backlog: Int) -> Nothing;
    accept(sockfd: Fd, addr: Out(SocketAddress(PointedTo(addrlen))), addrlen: ADDRESS_LENGTH) -> Fd;
    accept4(sockfd: Fd, addr: Out(SocketAddress(PointedTo(addrlen))), addrlen: ADDRESS_LENGTH,
        flags: NEW_SOCKET) -> Fd;
    connect(sockfd: Fd, addr: In(SocketAddress(Given(addrlen))), addrlen: Int) -> Nothing;
    shutdown(sockfd: Fd, how: HOW) -> Nothing;
    getsockname(sockfd: Fd, addr: Out(SocketAddress(PointedTo(addrlen))),
        addrlen: ADDRESS_LENGTH) -> Nothing;
    getpeername(sockfd: Fd, addr: Out(SocketAddress(PointedTo(addrlen))),
        addrlen: ADDRESS_LENGTH) -> Nothing;
    getsockopt(sockfd: Fd, level: names::SOCKET_LEVEL, optname: Kind::By(level, OPTION),
        optval: Kind::By(level, OPTION_OUT), optlen: ADDRESS_LENGTH) -> Nothing;
    setsockopt(sockfd: Fd, level: names::SOCKET_LEVEL, optname: Kind::By(level, OPTION),
        optval: Kind::By(level, OPTION_IN), optlen: Int) -> Nothing;
    sendto(sockfd: Fd, buf: In(Bytes(Given(size))), size: Size, flags: names::MESSAGE,
        dest_addr: In(SocketAddress(Given(addrlen))), addrlen: Int) -> Size;
    sendmsg(sockfd: Fd, msg: In(Message), flags: names::MESSAGE) -> Size;
    sendmmsg(sockfd: Fd, msgvec: In(Messages(Given(vlen))), vlen: Uint, flags: names::MESSAGE) -> Int;
    recvfrom(sockfd: Fd, buf: Out(Bytes(Returned)), size: Size, flags: names::MESSAGE,
        src_addr: Out(SocketAddress(PointedTo(addrlen))), addrlen: ADDRESS_LENGTH) -> Size;
    recvmsg(sockfd: Fd, msg: Out(Message), flags: names::MESSAGE) -> Size;
    recvmmsg(sockfd: Fd, msgvec: Out(Messages(Returned)), vlen: Uint, flags: names::MESSAGE,
        timeout: InOut(One(&TIMESPEC))) -> Int;
}
