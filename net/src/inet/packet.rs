//! What a program says of one datagram, and is told of one, by control data (`cmsg(3)`).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use abi::socket as so;
use abi::socket::{SOL_IP, SOL_IPV6, SOL_SOCKET};
use abi::{Errno, Result};

use crate::addr::Family;
use crate::control::{Item, Items};
use crate::options::Stamp;
use crate::udp::Udp;

/// What a call that sends says beyond its bytes and its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Extras<'a> {
    /// `MSG_MORE`: on a stream, more follows at once.
    pub is_more: bool,
    /// `MSG_OOB`: it is urgent, of which there is nothing here.
    pub is_urgent: bool,
    /// Control data, [`Items`].
    pub control: &'a [u8],
}

/// What a program wants of one datagram, by control data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Wishes {
    /// The source address (`IP_PKTINFO`).
    pub(crate) source: Option<IpAddr>,
    /// The card to send over, 0 for loopback (`IP_PKTINFO`).
    pub(crate) card: Option<usize>,
    /// `IP_TTL`, `IPV6_HOPLIMIT`.
    pub(crate) ttl: Option<u8>,
    /// `IP_TOS`, `IPV6_TCLASS`.
    pub(crate) tos: Option<u8>,
    /// `UDP_SEGMENT`.
    pub(crate) segment: Option<u16>,
}

/// What a program asked to be told of what it receives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Told {
    /// When it arrived; of a stream, when the last of it did (`SO_TIMESTAMP`).
    pub stamp: Option<Stamp>,
    /// The address that it was sent to and the number of the card, 0 for loopback (`IP_PKTINFO`,
    /// `IPV6_RECVPKTINFO`).
    pub info: Option<(IpAddr, usize)>,
    /// `IP_RECVTTL`, `IPV6_RECVHOPLIMIT`.
    pub ttl: Option<u8>,
    /// `IP_RECVTOS`, `IPV6_RECVTCLASS`.
    pub tos: Option<u8>,
}

/// Returns what control data asks for. What is for another protocol is ignored as on Linux.
///
/// # Errors
/// `EINVAL` for what is unknown, malformed or out of range, or a foreign source address; `ENODEV`
/// for a link that there is not; `EPERM`.
pub(crate) fn wishes(udp: &Udp, control: &[u8]) -> Result<Wishes> {
    let mut wishes = Wishes::default();
    for item in Items::of(control) {
        let Item { level, kind, data } = item?;
        match level {
            SOL_SOCKET => check_item(kind, data)?,
            // To an IPv6 socket only as far as it helps with a mapped destination.
            SOL_IP if udp.family() == Family::V4 || kind == so::IP_PKTINFO => {
                wish_v4(udp, &mut wishes, kind, data)?;
            }
            SOL_IPV6 if udp.family() == Family::V6 => wish_v6(udp, &mut wishes, kind, data)?,
            so::IPPROTO_UDP => match (kind, data) {
                (so::UDP_SEGMENT, &[low, high]) => {
                    wishes.segment = Some(u16::from_ne_bytes([low, high]));
                }
                _ => return Err(Errno::EINVAL),
            },
            _ => {}
        }
    }
    Ok(wishes)
}

/// Checks the control data of a stream, which has nothing to say there.
///
/// # Errors
/// As [`wishes`].
pub(super) fn check(control: &[u8]) -> Result<()> {
    for item in Items::of(control) {
        let Item { level, kind, data } = item?;
        if level == SOL_SOCKET {
            check_item(kind, data)?;
        }
    }
    Ok(())
}

/// Checks an item of level `SOL_SOCKET` (Linux's `__sock_cmsg_send`). As with the options of these
/// names, nothing here depends on priority and mark.
fn check_item(kind: i32, data: &[u8]) -> Result<()> {
    match kind {
        so::SCM_RIGHTS | so::SCM_CREDENTIALS => Ok(()),
        so::SO_MARK | so::SO_PRIORITY if data.len() == size_of::<u32>() => Ok(()),
        _ => Err(Errno::EINVAL),
    }
}

/// Linux's `ip_cmsg_send`.
fn wish_v4(udp: &Udp, wishes: &mut Wishes, kind: i32, data: &[u8]) -> Result<()> {
    match (kind, data) {
        (so::IP_PKTINFO, _) => {
            let [index, source, _] = *data.as_chunks::<4>().0 else { return Err(Errno::EINVAL) };
            let source = Ipv4Addr::from(source).into();
            (wishes.source, wishes.card) = way(udp, source, u32::from_ne_bytes(index))?;
        }
        (so::IP_TTL, _) => {
            wishes.ttl = Some(byte(data)?.filter(|ttl| *ttl > 0).ok_or(Errno::EINVAL)?);
        }
        (so::IP_TOS, [tos]) => wishes.tos = Some(*tos),
        (so::IP_TOS, _) => wishes.tos = Some(byte(data)?.ok_or(Errno::EINVAL)?),
        _ => return Err(Errno::EINVAL),
    }
    Ok(())
}

/// Linux's `ip6_datagram_send_ctl`.
fn wish_v6(udp: &Udp, wishes: &mut Wishes, kind: i32, data: &[u8]) -> Result<()> {
    match kind {
        so::IPV6_PKTINFO => {
            let (source, index) = data.split_first_chunk::<16>().ok_or(Errno::EINVAL)?;
            let index = u32::from_ne_bytes(*index.first_chunk().ok_or(Errno::EINVAL)?);
            let source = IpAddr::V6(Ipv6Addr::from(*source)).to_canonical();
            (wishes.source, wishes.card) = way(udp, source, index)?;
        }
        so::IPV6_HOPLIMIT => wishes.ttl = byte(data)?,
        so::IPV6_TCLASS => wishes.tos = byte(data)?,
        _ => return Err(Errno::EINVAL),
    }
    Ok(())
}

/// Reads an `int` from 0 to 255, or -1 for the socket's own value.
fn byte(data: &[u8]) -> Result<Option<u8>> {
    let number = i32::from_ne_bytes(data.try_into().map_err(|_| Errno::EINVAL)?);
    if number == -1 {
        return Ok(None);
    }
    u8::try_from(number).map(Some).map_err(|_| Errno::EINVAL)
}

/// Checks the source address and the number of the link (0 for any) that a program chose.
fn way(udp: &Udp, source: IpAddr, index: u32) -> Result<(Option<IpAddr>, Option<usize>)> {
    let stack = udp.stack();
    let card = index.checked_sub(1).and_then(|card| usize::try_from(card).ok());
    if card.is_some_and(|card| !stack.has_link(card)) {
        return Err(Errno::ENODEV);
    }
    let source = Some(source).filter(|source| !source.is_unspecified());
    if source.is_some_and(|source| !stack.is_local(&source)) {
        return Err(Errno::EINVAL);
    }
    Ok((source, card))
}
