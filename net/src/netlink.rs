//! Netlink for programs that list links, addresses and routes: `netlink(7)`, `rtnetlink(7)`.
//!
//! Dumps and the query of one link are answered at once into the socket's own queue. Nothing is
//! changed through netlink, and nobody is told of changes: such requests fail.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::socket::AF_NETLINK;
use abi::{Errno, Result};
use sync::{SpinLock, Waiters};

use crate::links::Link;
use crate::network::{Cidr, Route};
use crate::options::Options;
use crate::room;
use crate::stack::Stack;

/// Length of `struct sockaddr_nl`.
const ADDRESS: usize = 12;
/// Length of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Bytes of messages in one datagram, so that a page takes it.
const DATAGRAM: usize = 3584;
/// The longest request.
const REQUEST_MAX: usize = 65_536;
/// Datagrams that wait to be read; a request that would exceed it fails.
const QUEUE_MAX: usize = 256;

const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;

/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// `NLM_F_MULTI`: one of several messages.
const MULTI: u16 = 2;
/// `NLM_F_ACK`: answer even if there is nothing to say.
const ACK: u16 = 4;
/// `NLM_F_ROOT` and `NLM_F_MATCH`: everything there is.
const DUMP: u16 = 0x300;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// A netlink socket of the protocol `NETLINK_ROUTE`.
pub struct Netlink {
    stack: Arc<Stack>,
    waiters: Waiters,
    inner: SpinLock<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: Options,
    /// The socket's number, 0 before it has one.
    port: u32,
    queue: VecDeque<Vec<u8>>,
}

impl fmt::Debug for Netlink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netlink").finish_non_exhaustive()
    }
}

/// A request's header.
#[derive(Clone, Copy)]
struct Request {
    kind: u16,
    flags: u16,
    sequence: u32,
}

impl Netlink {
    pub(crate) fn new(stack: &Arc<Stack>) -> Arc<Self> {
        let inner = Inner { options: Options::udp(), port: 0, queue: VecDeque::new() };
        let (stack, waiters) = (stack.clone(), Waiters::new());
        Arc::new(Self { stack, waiters, inner: SpinLock::new(inner) })
    }

    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    pub(crate) fn with_options<R>(&self, f: impl FnOnce(&mut Options) -> R) -> R {
        f(&mut self.inner.lock().options)
    }

    pub(crate) fn poll(&self) -> Events {
        let mut events = Events::WRITABLE_BAND;
        events.set(Events::READABLE, !self.inner.lock().queue.is_empty());
        events
    }

    /// Gives the socket a number: the one asked for, or a free one for 0.
    ///
    /// # Errors
    /// `EINVAL` for another family or a second number, `EOPNOTSUPP` for groups.
    pub(crate) fn bind(&self, address: &[u8]) -> Result<()> {
        let (port, groups) = parse(address)?;
        let mut inner = self.inner.lock();
        if groups != 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        if inner.port != 0 && port != inner.port {
            return Err(Errno::EINVAL);
        }
        if inner.port == 0 {
            inner.port = if port == 0 { self.free_port() } else { port };
        }
        Ok(())
    }

    fn free_port(&self) -> u32 {
        // Linux gives numbers from there downwards where the process's own is taken.
        0xffff_f000 - u32::try_from(self.stack.next_id() & 0xff_ffff).unwrap_or(0)
    }

    /// Returns the socket's `struct sockaddr_nl`.
    pub(crate) fn local(&self) -> [u8; ADDRESS] {
        address(self.inner.lock().port)
    }

    /// Takes requests and queues the answers.
    ///
    /// # Errors
    /// `ECONNREFUSED` unless they are for the kernel, `EMSGSIZE`, `ENOBUFS`, or from the source.
    pub(crate) fn send(&self, source: &mut dyn Source, to: Option<&[u8]>) -> Result<usize> {
        if let Some(to) = to
            && parse(to)?.0 != 0
        {
            return Err(Errno::ECONNREFUSED);
        }
        if source.left() > REQUEST_MAX {
            return Err(Errno::EMSGSIZE);
        }
        let mut bytes = room::zeroed(source.left())?;
        let mut filled = 0;
        while filled < bytes.len() {
            match source.take(&mut bytes[filled..])? {
                0 => return Err(Errno::EFAULT),
                count => filled += count,
            }
        }
        let mut inner = self.inner.lock();
        if inner.port == 0 {
            inner.port = self.free_port();
        }
        if inner.queue.len() >= QUEUE_MAX {
            return Err(Errno::ENOBUFS);
        }
        let mut answers = Answers { port: inner.port, datagrams: Vec::new() };
        self.answer_all(&bytes, &mut answers);
        inner.queue.extend(answers.datagrams);
        drop(inner);
        self.waiters.wake(Events::READABLE);
        Ok(filled)
    }

    fn answer_all(&self, mut bytes: &[u8], answers: &mut Answers) {
        while let Some(header) = bytes.first_chunk::<HEADER>() {
            let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = *header;
            let length = usize::try_from(u32::from_ne_bytes([a, b, c, d])).unwrap_or(usize::MAX);
            let Some(message) = bytes.get(..length).filter(|message| message.len() >= HEADER)
            else {
                return;
            };
            let request = Request {
                kind: u16::from_ne_bytes([e, f]),
                flags: u16::from_ne_bytes([g, h]),
                sequence: u32::from_ne_bytes([i, j, k, l]),
            };
            if request.flags & REQUEST != 0 && request.kind > NLMSG_NOOP {
                let result = self.answer(&request, &message[HEADER..], answers);
                if result.is_err() || request.flags & ACK != 0 && request.flags & DUMP != DUMP {
                    answers.error(&request, message, result);
                }
            }
            bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        }
    }

    fn answer(&self, request: &Request, body: &[u8], answers: &mut Answers) -> Result<()> {
        let family = body.first().copied().unwrap_or(0);
        let wants = |address: &IpAddr| match family {
            AF_INET => address.is_ipv4(),
            AF_INET6 => address.is_ipv6(),
            _ => true,
        };
        let links = self.stack.links();
        if request.flags & DUMP != DUMP {
            let index = body.get(4..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; 4]);
            let index = u32::from_ne_bytes(index);
            return match (request.kind, links.iter().find(|link| link.index == index)) {
                (RTM_GETLINK, Some(link)) => {
                    answers.push(&link_message(link), request, RTM_NEWLINK, 0);
                    Ok(())
                }
                (RTM_GETLINK, None) => Err(Errno::ENODEV),
                _ => Err(Errno::EOPNOTSUPP),
            };
        }
        match request.kind {
            RTM_GETLINK => {
                for link in &links {
                    answers.push(&link_message(link), request, RTM_NEWLINK, MULTI);
                }
            }
            RTM_GETADDR => {
                for link in &links {
                    let own = link.addresses.iter().filter(|own| wants(&own.address));
                    for own in own {
                        answers.push(&address_message(link, own), request, RTM_NEWADDR, MULTI);
                    }
                }
            }
            RTM_GETROUTE => {
                for route in self.all_routes(&links).iter() {
                    if wants(&route.destination.address) {
                        answers.push(&route_message(route), request, RTM_NEWROUTE, MULTI);
                    }
                }
            }
            _ => return Err(Errno::EOPNOTSUPP),
        }
        answers.push(&[0; 4], request, NLMSG_DONE, MULTI);
        Ok(())
    }

    /// Routes in the table and those to the networks of own addresses, with links for cards.
    fn all_routes(&self, links: &[Link]) -> Vec<Route> {
        let mut routes = self.stack.routes();
        for link in links.iter().filter(|link| !link.is_loopback()) {
            let number = usize::try_from(link.index - 1).unwrap_or(0);
            routes.extend(link.addresses.iter().map(|own| Route {
                destination: own.network(),
                gateway: None,
                interface: number,
            }));
        }
        routes
    }

    /// Reads the oldest datagram. Returns how much was copied and how long it was.
    ///
    /// # Errors
    /// `EAGAIN` if there is none, `EFAULT` from the sink.
    pub(crate) fn receive(&self, sink: &mut dyn Sink, is_peek: bool) -> Result<(usize, usize)> {
        let mut inner = self.inner.lock();
        let datagram = inner.queue.front().ok_or(Errno::EAGAIN)?;
        let length = datagram.len();
        let wanted = length.min(sink.room());
        let copied = if wanted == 0 { 0 } else { sink.put(&datagram[..wanted])? };
        if !is_peek {
            inner.queue.pop_front();
        }
        Ok((copied, length))
    }

    /// Returns the length of the oldest datagram.
    pub(crate) fn unread(&self) -> usize {
        self.inner.lock().queue.front().map_or(0, Vec::len)
    }
}

/// The kernel's address, which answers come from.
pub(crate) fn kernel_address() -> [u8; ADDRESS] {
    address(0)
}

fn address(port: u32) -> [u8; ADDRESS] {
    let mut bytes = [0; ADDRESS];
    let family = u16::try_from(AF_NETLINK).unwrap_or(0);
    bytes[..2].copy_from_slice(&family.to_ne_bytes());
    bytes[4..8].copy_from_slice(&port.to_ne_bytes());
    bytes
}

/// Reads a `struct sockaddr_nl`: number and groups.
fn parse(bytes: &[u8]) -> Result<(u32, u32)> {
    let bytes: &[u8; ADDRESS] = bytes.first_chunk().ok_or(Errno::EINVAL)?;
    let [f0, f1, _, _, p0, p1, p2, p3, g0, g1, g2, g3] = *bytes;
    if i32::from(u16::from_ne_bytes([f0, f1])) != AF_NETLINK {
        return Err(Errno::EINVAL);
    }
    Ok((u32::from_ne_bytes([p0, p1, p2, p3]), u32::from_ne_bytes([g0, g1, g2, g3])))
}

/// Answers on their way into a queue.
struct Answers {
    port: u32,
    datagrams: Vec<Vec<u8>>,
}

impl Answers {
    fn push(&mut self, body: &[u8], request: &Request, kind: u16, flags: u16) {
        let length = HEADER + body.len();
        let is_new = flags & MULTI == 0
            || self.datagrams.last().is_none_or(|last| last.len() + length > DATAGRAM);
        if is_new {
            self.datagrams.push(Vec::new());
        }
        let Some(datagram) = self.datagrams.last_mut() else { return };
        datagram.extend(u32::try_from(length).unwrap_or(0).to_ne_bytes());
        datagram.extend(kind.to_ne_bytes());
        datagram.extend(flags.to_ne_bytes());
        datagram.extend(request.sequence.to_ne_bytes());
        datagram.extend(self.port.to_ne_bytes());
        datagram.extend(body);
        datagram.resize(datagram.len().next_multiple_of(4), 0);
    }

    /// `struct nlmsgerr`: the error and the request's header.
    fn error(&mut self, request: &Request, message: &[u8], result: Result<()>) {
        let errno = result.map_or_else(|error| -i32::from(error.raw()), |()| 0);
        let mut body = errno.to_ne_bytes().to_vec();
        body.extend(&message[..HEADER]);
        self.push(&body, request, NLMSG_ERROR, 0);
    }
}

/// Adds an attribute, `struct rtattr`.
fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    body.extend(length.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// `struct ifinfomsg` with `IFLA_*`.
fn link_message(link: &Link) -> Vec<u8> {
    /// `IFF_LOWER_UP`, which ioctl(2) has no room for.
    const LOWER_UP: u32 = 0x1_0000;
    let mut body = vec![0, 0];
    body.extend(link.kind.to_ne_bytes());
    body.extend(link.index.to_ne_bytes());
    body.extend((link.flags | LOWER_UP).to_ne_bytes());
    body.extend([0; 4]);
    let mut name = link.name.clone().into_bytes();
    name.push(0);
    let broadcast = if link.is_loopback() { [0; 6] } else { [0xff; 6] };
    // IF_OPER_UNKNOWN, as loopback has it, or IF_OPER_UP.
    let state = if link.is_loopback() { 0 } else { 6 };
    attribute(&mut body, 3, &name);
    attribute(&mut body, 13, &1000u32.to_ne_bytes());
    attribute(&mut body, 16, &[state]);
    attribute(&mut body, 4, &link.mtu.to_ne_bytes());
    attribute(&mut body, 1, &link.mac);
    attribute(&mut body, 2, &broadcast);
    body
}

fn octets(address: &IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

const fn family(address: &IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => AF_INET,
        IpAddr::V6(_) => AF_INET6,
    }
}

/// `struct ifaddrmsg` with `IFA_*`.
fn address_message(link: &Link, own: &Cidr) -> Vec<u8> {
    /// `IFA_F_PERMANENT`.
    const PERMANENT: u8 = 0x80;
    // RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_UNIVERSE.
    let scope = match own.address {
        _ if link.is_loopback() => 254,
        IpAddr::V6(address) if address.is_unicast_link_local() => 253,
        _ => 0,
    };
    let mut body = vec![family(&own.address), own.prefix, PERMANENT, scope];
    body.extend(link.index.to_ne_bytes());
    let address = octets(&own.address);
    attribute(&mut body, 1, &address);
    if own.address.is_ipv4() {
        attribute(&mut body, 2, &address);
        if let Some(broadcast) = own.broadcast().filter(|_| !link.is_loopback()) {
            attribute(&mut body, 4, &broadcast.octets());
        }
        let mut name = link.name.clone().into_bytes();
        name.push(0);
        attribute(&mut body, 3, &name);
    }
    attribute(&mut body, 8, &u32::from(PERMANENT).to_ne_bytes());
    body
}

/// `struct rtmsg` with `RTA_*`.
fn route_message(route: &Route) -> Vec<u8> {
    /// `RT_TABLE_MAIN`.
    const MAIN: u8 = 254;
    // RTPROT_KERNEL or RTPROT_BOOT, RT_SCOPE_LINK or RT_SCOPE_UNIVERSE.
    let (origin, scope) = if route.gateway.is_none() { (2, 253) } else { (3, 0) };
    let destination = &route.destination;
    let mut body =
        vec![family(&destination.address), destination.prefix, 0, 0, MAIN, origin, scope, 1];
    body.extend([0; 4]);
    attribute(&mut body, 15, &u32::from(MAIN).to_ne_bytes());
    if destination.prefix > 0 {
        attribute(&mut body, 1, &octets(&destination.address));
    }
    if let Some(gateway) = &route.gateway {
        attribute(&mut body, 5, &octets(gateway));
    }
    let link = u32::try_from(route.interface + 1).unwrap_or(u32::MAX);
    attribute(&mut body, 4, &link.to_ne_bytes());
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Secrets;

    fn ask(kind: u16, flags: u16, body: &[u8]) -> Vec<(u16, u16, usize)> {
        let stack = Stack::new(Secrets([1, 2, 3, 4]), 0);
        let socket = Netlink::new(&stack);
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let mut request = length.to_ne_bytes().to_vec();
        request.extend(kind.to_ne_bytes());
        request.extend((flags | REQUEST).to_ne_bytes());
        request.extend([7, 0, 0, 0, 0, 0, 0, 0]);
        request.extend(body);
        socket.send(&mut &request[..], None).unwrap();
        let mut messages = Vec::new();
        let mut datagram = vec![0; 65_536];
        while let Ok((count, _)) = socket.receive(&mut &mut datagram[..], false) {
            let mut rest = &datagram[..count];
            while let Some(header) = rest.first_chunk::<HEADER>() {
                let length = u32::from_ne_bytes(*header.first_chunk().unwrap());
                let kind = u16::from_ne_bytes([header[4], header[5]]);
                let flags = u16::from_ne_bytes([header[6], header[7]]);
                assert_eq!(header[8], 7);
                let length = usize::try_from(length).unwrap();
                messages.push((kind, flags, length));
                rest = &rest[length.next_multiple_of(4)..];
            }
        }
        messages
    }

    fn kinds(messages: &[(u16, u16, usize)]) -> Vec<u16> {
        messages.iter().map(|(kind, ..)| *kind).collect()
    }

    #[test]
    fn dumps_end_and_select_the_family() {
        assert_eq!(kinds(&ask(RTM_GETLINK, DUMP, &[0])), [RTM_NEWLINK, NLMSG_DONE]);
        let both = ask(RTM_GETADDR, DUMP, &[0]);
        assert_eq!(kinds(&both), [RTM_NEWADDR, RTM_NEWADDR, NLMSG_DONE]);
        assert_eq!(kinds(&ask(RTM_GETADDR, DUMP, &[AF_INET])), [RTM_NEWADDR, NLMSG_DONE]);
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        assert_eq!(kinds(&ask(RTM_NEWLINK, ACK, &[0; 16])), [NLMSG_ERROR]);
        assert_eq!(kinds(&ask(RTM_GETLINK, 0, &[0, 0, 0, 0, 9, 0, 0, 0])), [NLMSG_ERROR]);
        assert_eq!(kinds(&ask(RTM_GETLINK, 0, &[0, 0, 0, 0, 1, 0, 0, 0])), [RTM_NEWLINK]);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken_without_panic(bytes: Vec<u8>) {
            let stack = Stack::new(Secrets([1, 2, 3, 4]), 0);
            let socket = Netlink::new(&stack);
            let _ = socket.send(&mut &bytes[..], None);
        }
    }
}
