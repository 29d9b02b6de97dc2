//! `getsockopt(2)` and `setsockopt(2)` of Internet sockets.

use alloc::vec::Vec;
use core::time::Duration;

use abi::socket as so;
use abi::socket::{Linger, SOL_IP, SOL_IPV6, SOL_SOCKET, TcpInfo};
use abi::time::Instant;
use abi::{Errno, Result};
use zerocopy::IntoBytes;

use super::Socket;
use crate::addr::Family;
use crate::options::{Options, Stamping, Value, timeout_bytes};
use crate::tcp::Tcp;

/// The largest `SO_RCVBUF` and `SO_SNDBUF` (`net.core.rmem_max`, `wmem_max`).
const BUFFER_MAX: u32 = 212_992;
/// The smallest `SO_RCVBUF` as shown (Linux's `SOCK_MIN_RCVBUF`).
const RECEIVE_MIN: u32 = 2304;
/// The smallest `SO_SNDBUF` as shown (Linux's `SOCK_MIN_SNDBUF`).
const SEND_MIN: u32 = 4608;
/// Bytes of a link's name, the terminating zero included (`IFNAMSIZ`).
const DEVICE_NAME: usize = 16;
/// The name of the only congestion control.
const RENO: &[u8] = b"reno\0\0\0\0\0\0\0\0\0\0\0\0";

impl Socket {
    /// Sets an option, `setsockopt(2)`.
    ///
    /// # Errors
    /// `ENOPROTOOPT` for an unknown option or level, `EINVAL` for a bad value or length, `EDOM`
    /// for a time out of range, `EFAULT`.
    pub fn set_option(&self, level: i32, name: i32, value: Value<'_>, now: Instant) -> Result<()> {
        match (level, self) {
            (SOL_SOCKET, _) => self.set_socket_option(name, value)?,
            // More words with errors, and strict checks, are what there is anyway.
            (so::SOL_NETLINK, Self::Netlink(_)) => {
                return match name {
                    so::NETLINK_EXT_ACK | so::NETLINK_GET_STRICT_CHK => value.int().map(drop),
                    _ => Err(Errno::ENOPROTOOPT),
                };
            }
            (_, Self::Netlink(_)) => return Err(Errno::ENOPROTOOPT),
            (so::IPPROTO_TCP, Self::Tcp(tcp)) => set_tcp_option(tcp, name, value, now)?,
            (SOL_IP, _) => self.with_options(|options| set_ip_option(options, name, value))?,
            (SOL_IPV6, _) if self.family() == Family::V6 => {
                // What a socket was bound to is not changed afterwards.
                if name == so::IPV6_V6ONLY && self.local_port() != 0 {
                    return Err(Errno::EINVAL);
                }
                self.with_options(|options| set_ipv6_option(options, name, value))?;
            }
            (so::IPPROTO_UDP | so::IPPROTO_UDPLITE, Self::Udp(udp)) => {
                let value = value.int()?;
                udp.with_options(|options| set_udp_option(options, name, value))?;
            }
            _ => return Err(Errno::ENOPROTOOPT),
        }
        if let Self::Tcp(tcp) = self {
            tcp.retime(now);
        }
        Ok(())
    }

    fn set_socket_option(&self, name: i32, value: Value<'_>) -> Result<()> {
        match name {
            so::SO_LINGER => {
                let bytes: [u8; size_of::<Linger>()] = value.first()?;
                let linger: Linger = zerocopy::transmute!(bytes);
                let seconds = u64::try_from(linger.l_linger).unwrap_or(0);
                let linger = (linger.l_onoff != 0).then(|| Duration::from_secs(seconds));
                self.with_options(|options| options.linger = linger);
                return Ok(());
            }
            so::SO_RCVTIMEO_OLD | so::SO_SNDTIMEO_OLD => {
                let timeout = value.timeout()?;
                self.with_options(|options| match name {
                    so::SO_RCVTIMEO_OLD => options.receive_timeout = timeout,
                    _ => options.send_timeout = timeout,
                });
                return Ok(());
            }
            so::SO_BINDTODEVICE => return self.bind_to_device(value),
            _ => {}
        }
        let value = value.int()?;
        self.with_options(|options| set_socket_number(options, name, value))
    }

    /// Checks that options of this level can be asked for, which comes before all else.
    ///
    /// # Errors
    /// `EOPNOTSUPP` or `ENOPROTOOPT`, by what kind of socket it is.
    pub fn check_level(&self, level: i32) -> Result<()> {
        match (level, self) {
            (SOL_SOCKET, _) | (so::SOL_NETLINK, Self::Netlink(_)) => Ok(()),
            (_, Self::Netlink(_)) => Err(Errno::ENOPROTOOPT),
            (SOL_IP, _) | (so::IPPROTO_TCP, Self::Tcp(_)) => Ok(()),
            (so::IPPROTO_UDP | so::IPPROTO_UDPLITE, Self::Udp(_)) => Ok(()),
            _ if self.family() == Family::V4 => Err(Errno::EOPNOTSUPP),
            (SOL_IPV6, _) => Ok(()),
            _ => Err(Errno::ENOPROTOOPT),
        }
    }

    /// Makes the socket use one link only, or any again for an empty name.
    fn bind_to_device(&self, value: Value<'_>) -> Result<()> {
        let name = if value.length() == 0 { &[][..] } else { value.text(DEVICE_NAME - 1)? };
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let stack = match self {
            Self::Tcp(tcp) => &tcp.stack,
            Self::Udp(udp) => udp.stack(),
            Self::Netlink(_) => return Err(Errno::ENOPROTOOPT),
        };
        let card = if name.is_empty() { None } else { Some(stack.card_named(name)?) };
        match self {
            Self::Tcp(tcp) => tcp.set_card(card),
            Self::Udp(udp) => udp.set_card(card),
            Self::Netlink(_) => {}
        }
        Ok(())
    }

    /// Returns the name of the link that the socket is bound to, empty if it is to none.
    fn device(&self) -> Vec<u8> {
        let card = self.with_options(|options| options.card);
        match (card, self) {
            (Some(card), Self::Tcp(tcp)) => tcp.stack.card_name(card),
            (Some(card), Self::Udp(udp)) => udp.stack().card_name(card),
            _ => Vec::new(),
        }
    }

    /// Returns an option's value, `getsockopt(2)`; the caller cuts it to the program's length,
    /// which is `room`.
    ///
    /// # Errors
    /// `ENOPROTOOPT` for an unknown option, `EOPNOTSUPP` for an unknown level, `EINVAL` if there
    /// has to be more room.
    pub fn option(&self, level: i32, name: i32, room: usize, now: Instant) -> Result<Vec<u8>> {
        match (level, self) {
            (SOL_SOCKET, _) if name == so::SO_BINDTODEVICE => {
                let device = self.device();
                if device.is_empty() || room >= DEVICE_NAME {
                    Ok(device)
                } else {
                    Err(Errno::EINVAL)
                }
            }
            (SOL_SOCKET, _) => self.socket_option(name),
            (_, Self::Netlink(_)) => Err(Errno::ENOPROTOOPT),
            (so::IPPROTO_TCP, Self::Tcp(tcp)) => tcp_option(tcp, name, now),
            (SOL_IP, _) => Ok(bytes(self.with_options(|options| ip_option(options, name))?)),
            (SOL_IPV6, _) if self.family() == Family::V6 => {
                Ok(bytes(self.with_options(|options| ipv6_option(options, name))?))
            }
            (so::IPPROTO_UDP | so::IPPROTO_UDPLITE, Self::Udp(udp)) => match name {
                so::UDP_SEGMENT => {
                    Ok(bytes(udp.with_options(|options| i32::from(options.segment))))
                }
                so::UDP_CORK => Ok(bytes(0)),
                _ => Err(Errno::ENOPROTOOPT),
            },
            _ if self.family() == Family::V6 => Err(Errno::ENOPROTOOPT),
            _ => Err(Errno::EOPNOTSUPP),
        }
    }

    fn socket_option(&self, name: i32) -> Result<Vec<u8>> {
        let value = match (name, self) {
            (so::SO_TYPE, Self::Tcp(_)) => so::SOCK_STREAM,
            (so::SO_TYPE, Self::Udp(_)) => so::SOCK_DGRAM,
            (so::SO_TYPE, Self::Netlink(_)) => so::SOCK_RAW,
            (so::SO_PROTOCOL | so::SO_ERROR | so::SO_ACCEPTCONN, Self::Netlink(_)) => 0,
            (so::SO_DOMAIN, Self::Netlink(_)) => so::AF_NETLINK,
            (so::SO_PROTOCOL, Self::Tcp(_)) => so::IPPROTO_TCP,
            (so::SO_PROTOCOL, Self::Udp(_)) => so::IPPROTO_UDP,
            (so::SO_DOMAIN, _) => self.family().number(),
            (so::SO_ERROR, Self::Tcp(tcp)) => tcp.take_error().map_or(0, |e| i32::from(e.raw())),
            (so::SO_ERROR, Self::Udp(udp)) => udp.take_error().map_or(0, |e| i32::from(e.raw())),
            (so::SO_ACCEPTCONN, Self::Tcp(tcp)) => i32::from(tcp.is_listening()),
            (so::SO_ACCEPTCONN, Self::Udp(_)) => 0,
            // Of nobody: that is told of Unix sockets only.
            (so::SO_PEERCRED, _) => {
                return Ok([0, -1_i32, -1].map(i32::to_ne_bytes).as_flattened().to_vec());
            }
            (so::SO_LINGER, _) => {
                let linger = self.with_options(|options| options.linger);
                let seconds = linger.map_or(0, |linger| linger.as_secs());
                let l_linger = i32::try_from(seconds).unwrap_or(i32::MAX);
                let linger = Linger { l_onoff: i32::from(linger.is_some()), l_linger };
                return Ok(linger.as_bytes().to_vec());
            }
            (so::SO_RCVTIMEO_OLD, _) => return Ok(timeout_bytes(self.receive_timeout())),
            (so::SO_SNDTIMEO_OLD, _) => return Ok(timeout_bytes(self.send_timeout())),
            _ => self.with_options(|options| socket_number(options, name))?,
        };
        Ok(bytes(value))
    }
}

fn bytes(value: i32) -> Vec<u8> {
    value.to_ne_bytes().to_vec()
}

fn unsigned(value: i32) -> Result<u32> {
    u32::try_from(value).map_err(|_| Errno::EINVAL)
}

fn within(value: i32, range: core::ops::RangeInclusive<i32>) -> Result<u32> {
    if range.contains(&value) { unsigned(value) } else { Err(Errno::EINVAL) }
}

fn set_socket_number(options: &mut Options, name: i32, value: i32) -> Result<()> {
    let is_on = value != 0;
    match name {
        so::SO_REUSEADDR => options.reuse_address = is_on,
        so::SO_REUSEPORT => options.reuse_port = is_on,
        so::SO_BROADCAST => options.broadcast = is_on,
        so::SO_KEEPALIVE => options.keep_alive = is_on,
        so::SO_RCVBUF | so::SO_RCVBUFFORCE => {
            options.receive_buffer = doubled(value, name == so::SO_RCVBUFFORCE).max(RECEIVE_MIN);
            options.is_receive_fixed = true;
        }
        so::SO_SNDBUF | so::SO_SNDBUFFORCE => {
            options.send_buffer = doubled(value, name == so::SO_SNDBUFFORCE).max(SEND_MIN);
            options.is_send_fixed = true;
        }
        so::SO_RCVLOWAT => options.receive_low = u32::try_from(value.max(1)).unwrap_or(1),
        so::SO_SNDLOWAT => return Err(Errno::ENOPROTOOPT),
        so::SO_PRIORITY => options.priority = within(value, 0..=6).map_err(|_| Errno::EPERM)?,
        so::SO_MARK => options.mark = value.cast_unsigned(),
        so::SO_TIMESTAMP_OLD => options.stamping.set(Stamping::Micros, is_on),
        so::SO_TIMESTAMPNS_OLD => options.stamping.set(Stamping::Nanos, is_on),
        // Nothing here depends on these.
        so::SO_DEBUG
        | so::SO_DONTROUTE
        | so::SO_OOBINLINE
        | so::SO_INCOMING_CPU
        | so::SO_BUSY_POLL => {}
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

/// Linux doubles what is set, to count its own overhead (`socket(7)`).
fn doubled(value: i32, is_forced: bool) -> u32 {
    let value = value.cast_unsigned().min(u32::MAX >> 2);
    (if is_forced { value } else { value.min(BUFFER_MAX) }) * 2
}

fn socket_number(options: &Options, name: i32) -> Result<i32> {
    Ok(match name {
        so::SO_REUSEADDR => i32::from(options.reuse_address),
        so::SO_REUSEPORT => i32::from(options.reuse_port),
        so::SO_BROADCAST => i32::from(options.broadcast),
        so::SO_KEEPALIVE => i32::from(options.keep_alive),
        so::SO_RCVBUF => options.receive_buffer.cast_signed(),
        so::SO_SNDBUF => options.send_buffer.cast_signed(),
        so::SO_RCVLOWAT => options.receive_low.cast_signed(),
        so::SO_SNDLOWAT => 1,
        so::SO_PRIORITY => options.priority.cast_signed(),
        so::SO_MARK => options.mark.cast_signed(),
        so::SO_TIMESTAMP_OLD => i32::from(options.stamping == Stamping::Micros),
        so::SO_TIMESTAMPNS_OLD => i32::from(options.stamping == Stamping::Nanos),
        so::SO_DEBUG
        | so::SO_DONTROUTE
        | so::SO_OOBINLINE
        | so::SO_INCOMING_CPU
        | so::SO_INCOMING_NAPI_ID
        | so::SO_BUSY_POLL => 0,
        _ => return Err(Errno::ENOPROTOOPT),
    })
}

fn set_tcp_option(
    tcp: &alloc::sync::Arc<Tcp>,
    name: i32,
    value: Value<'_>,
    now: Instant,
) -> Result<()> {
    if name == so::TCP_CONGESTION {
        let text = value.text(RENO.len() - 1)?;
        let wanted = text.split(|byte| *byte == 0).next().unwrap_or(text);
        return if wanted == b"reno" { Ok(()) } else { Err(Errno::ENOENT) };
    }
    let value = value.int()?;
    let is_on = value != 0;
    let mut releases = false;
    tcp.with_options(|options| {
        match name {
            so::TCP_NODELAY => {
                options.no_delay = is_on;
                releases = true;
            }
            so::TCP_CORK => {
                options.cork = is_on;
                releases = !is_on;
            }
            so::TCP_MAXSEG => {
                let segment = within(value, 88..=32_767)?;
                options.max_segment = u16::try_from(segment).ok();
            }
            so::TCP_KEEPIDLE => options.keep_idle = within(value, 1..=32_767)?,
            so::TCP_KEEPINTVL => options.keep_interval = within(value, 1..=32_767)?,
            so::TCP_KEEPCNT => options.keep_count = within(value, 1..=127)?,
            so::TCP_SYNCNT => {
                options.syn_count = u8::try_from(within(value, 1..=127)?).unwrap_or(127);
            }
            so::TCP_LINGER2 => options.linger2 = value.clamp(-1, 120),
            so::TCP_DEFER_ACCEPT => options.defer_accept = retransmissions(value),
            so::TCP_WINDOW_CLAMP | so::TCP_NOTSENT_LOWAT => {}
            so::TCP_QUICKACK => options.quick_ack = is_on,
            so::TCP_USER_TIMEOUT => options.user_timeout = unsigned(value)?,
            _ => return Err(Errno::ENOPROTOOPT),
        }
        Ok(())
    })?;
    if releases {
        tcp.uncork(now);
    }
    Ok(())
}

fn set_udp_option(options: &mut Options, name: i32, value: i32) -> Result<()> {
    match name {
        so::UDP_SEGMENT => {
            options.segment = u16::try_from(value).map_err(|_| Errno::EINVAL)?;
            Ok(())
        }
        _ => Err(Errno::ENOPROTOOPT),
    }
}

/// Seconds between two SYN|ACKs, after so many.
fn retransmission_wait(count: u8) -> u32 {
    /// Linux's `TCP_RTO_MAX`.
    const LONGEST: u32 = 120;
    1_u32.checked_shl(count.into()).unwrap_or(LONGEST).min(LONGEST)
}

/// Returns after how many retransmissions so many seconds are over (Linux's `secs_to_retrans`).
fn retransmissions(seconds: i32) -> u8 {
    let seconds = u32::try_from(seconds).unwrap_or(0);
    let mut passed = 0;
    (0..u8::MAX)
        .find(|count| {
            let is_over = passed >= seconds;
            passed += retransmission_wait(*count);
            is_over
        })
        .unwrap_or(u8::MAX)
}

/// Returns the seconds that so many retransmissions take.
fn retransmission_seconds(count: u8) -> u32 {
    (0..count).map(retransmission_wait).sum()
}

fn tcp_option(tcp: &Tcp, name: i32, now: Instant) -> Result<Vec<u8>> {
    match name {
        so::TCP_INFO => return Ok(TcpInfo::as_bytes(&tcp.info(now)).to_vec()),
        so::TCP_CONGESTION => return Ok(RENO.to_vec()),
        so::TCP_MAXSEG => return Ok(bytes(tcp.segment_size())),
        _ => {}
    }
    tcp.with_options(|options| {
        let value = match name {
            so::TCP_NODELAY => u32::from(options.no_delay),
            so::TCP_CORK => u32::from(options.cork),
            so::TCP_KEEPIDLE => options.keep_idle,
            so::TCP_KEEPINTVL => options.keep_interval,
            so::TCP_KEEPCNT => options.keep_count,
            so::TCP_SYNCNT => u32::from(options.syn_count),
            so::TCP_LINGER2 => options.linger2.cast_unsigned(),
            so::TCP_DEFER_ACCEPT => retransmission_seconds(options.defer_accept),
            so::TCP_WINDOW_CLAMP | so::TCP_FASTOPEN => 0,
            so::TCP_NOTSENT_LOWAT => u32::MAX,
            so::TCP_QUICKACK => u32::from(options.quick_ack),
            so::TCP_USER_TIMEOUT => options.user_timeout,
            _ => return Err(Errno::ENOPROTOOPT),
        };
        Ok(bytes(value.cast_signed()))
    })
}

/// IP options may be given as one byte, `ip(7)`, and nothing is 0.
fn int_or_byte(value: Value<'_>) -> Result<i32> {
    match value.length() {
        0 => Ok(0),
        1..4 => value.first::<1>().map(|[byte]| i32::from(byte)),
        _ => value.int(),
    }
}

/// A TTL, of which -1 is the default.
fn ttl(value: i32, least: u8) -> Result<Option<u8>> {
    match value {
        -1 => Ok(None),
        _ => match u8::try_from(value) {
            Ok(ttl) if ttl >= least => Ok(Some(ttl)),
            _ => Err(Errno::EINVAL),
        },
    }
}

/// `IP_PMTUDISC_DONT` to `IP_PMTUDISC_OMIT`.
fn mtu_discover(value: i32) -> Result<u8> {
    u8::try_from(within(value, 0..=5)?).map_err(|_| Errno::EINVAL)
}

fn set_ip_option(options: &mut Options, name: i32, value: Value<'_>) -> Result<()> {
    // What is unknown is not looked at.
    ip_option(options, name)?;
    let number = int_or_byte(value)?;
    match name {
        so::IP_TOS => options.tos = u8::try_from(number & 0xff).unwrap_or(0),
        so::IP_TTL => options.ttl = ttl(number, 1)?,
        so::IP_PKTINFO => options.packet_info = number != 0,
        so::IP_RECVERR => options.receive_errors = number != 0,
        so::IP_MULTICAST_TTL => options.multicast_ttl = ttl(number, 0)?.unwrap_or(1),
        so::IP_MULTICAST_LOOP => options.multicast_loop = number != 0,
        so::IP_MULTICAST_ALL => options.multicast_all = within(number, 0..=1)? != 0,
        so::IP_MTU_DISCOVER => options.mtu_discover = mtu_discover(number)?,
        so::IP_RECVTOS => options.receive_tos = number != 0,
        so::IP_RECVTTL => options.receive_ttl = number != 0,
        so::IP_BIND_ADDRESS_NO_PORT | so::IP_FREEBIND => {}
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

fn ip_option(options: &Options, name: i32) -> Result<i32> {
    Ok(match name {
        so::IP_TOS => i32::from(options.tos),
        so::IP_TTL => i32::from(options.ttl.unwrap_or(crate::wire::ip::TTL)),
        so::IP_PKTINFO => i32::from(options.packet_info),
        so::IP_RECVERR => i32::from(options.receive_errors),
        so::IP_MULTICAST_TTL => i32::from(options.multicast_ttl),
        so::IP_MULTICAST_LOOP => i32::from(options.multicast_loop),
        so::IP_MULTICAST_ALL => i32::from(options.multicast_all),
        so::IP_MTU_DISCOVER => i32::from(options.mtu_discover),
        so::IP_RECVTOS => i32::from(options.receive_tos),
        so::IP_RECVTTL => i32::from(options.receive_ttl),
        so::IP_BIND_ADDRESS_NO_PORT | so::IP_FREEBIND => 0,
        _ => return Err(Errno::ENOPROTOOPT),
    })
}

fn set_ipv6_option(options: &mut Options, name: i32, value: Value<'_>) -> Result<()> {
    // A number is read before its option is known, and missed after that.
    let number = value.int();
    if number != Err(Errno::EFAULT) {
        ipv6_option(options, name)?;
    }
    let number = number?;
    match name {
        so::IPV6_V6ONLY => options.only_v6 = number != 0,
        so::IPV6_UNICAST_HOPS => options.ttl = ttl(number, 0)?,
        so::IPV6_TCLASS => {
            options.tos = match number {
                -1 => 0,
                _ => u8::try_from(number).map_err(|_| Errno::EINVAL)?,
            };
        }
        so::IPV6_RECVPKTINFO => options.packet_info = number != 0,
        so::IPV6_RECVERR => options.receive_errors = number != 0,
        so::IPV6_MULTICAST_HOPS => options.multicast_ttl = ttl(number, 0)?.unwrap_or(1),
        so::IPV6_MULTICAST_LOOP => options.multicast_loop = number != 0,
        so::IPV6_MULTICAST_ALL => options.multicast_all = within(number, 0..=1)? != 0,
        so::IPV6_MTU_DISCOVER => options.mtu_discover = mtu_discover(number)?,
        so::IPV6_RECVTCLASS => options.receive_tos = number != 0,
        so::IPV6_RECVHOPLIMIT => options.receive_ttl = number != 0,
        so::IPV6_AUTOFLOWLABEL | so::IPV6_DONTFRAG => {}
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

fn ipv6_option(options: &Options, name: i32) -> Result<i32> {
    Ok(match name {
        so::IPV6_V6ONLY => i32::from(options.only_v6),
        so::IPV6_UNICAST_HOPS => i32::from(options.ttl.unwrap_or(crate::wire::ip::TTL)),
        so::IPV6_TCLASS => i32::from(options.tos),
        so::IPV6_RECVPKTINFO => i32::from(options.packet_info),
        so::IPV6_RECVERR => i32::from(options.receive_errors),
        so::IPV6_MULTICAST_HOPS => i32::from(options.multicast_ttl),
        so::IPV6_MULTICAST_LOOP => i32::from(options.multicast_loop),
        so::IPV6_MULTICAST_ALL => i32::from(options.multicast_all),
        so::IPV6_MTU_DISCOVER => i32::from(options.mtu_discover),
        so::IPV6_RECVTCLASS => i32::from(options.receive_tos),
        so::IPV6_RECVHOPLIMIT => i32::from(options.receive_ttl),
        so::IPV6_AUTOFLOWLABEL => 1,
        so::IPV6_DONTFRAG => 0,
        _ => return Err(Errno::ENOPROTOOPT),
    })
}
