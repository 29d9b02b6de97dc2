//! `ioctl(2)` of sockets: what waits in them, and the links of the machine (`netdevice(7)`).

use abi::{Errno, Result};
use net::inet;
use net::links::IFREQ;
use vfs::{File, OpenFile};

use crate::arch::index;
use crate::file::socket::{Socket, SocketFile};
use crate::memory::user::{self, UserPtr};
use crate::network;
use crate::syscall::owner;

/// `SIOCOUTQ`: how many bytes have not been acknowledged.
const SIOCOUTQ: u32 = 0x5411;
/// `FIOSETOWN` and `SIOCSPGRP`: whom to tell by signal.
const OWNER_SET: [u32; 2] = [0x8901, 0x8902];
/// `FIOGETOWN` and `SIOCGPGRP`.
const OWNER_GET: [u32; 2] = [0x8903, 0x8904];
/// `SIOCATMARK`: whether urgent data comes next.
const SIOCATMARK: u32 = 0x8905;
/// `SIOCGSKNS`: the name space of networks, of which there is one.
const SIOCGSKNS: u32 = 0x894c;
/// `SIOCETHTOOL`: what a driver is asked.
const SIOCETHTOOL: u32 = 0x8946;
/// Where in a `struct ifreq` a pointer to more is.
const IFREQ_DATA: usize = 16;
/// `SIOCGIFCONF`: the links with their IPv4 addresses.
const SIOCGIFCONF: u32 = 0x8912;
/// Requests of `netdevice(7)` begin with this byte.
const DEVICE: u32 = 0x89;

/// Carries out a request that not all files have.
///
/// # Errors
/// `ENOTTY` if sockets have not got it either, or the file is none; `EPERM` for a change of the
/// network, which is as it was made at the start; as `netdevice(7)`.
pub(in crate::syscall) fn ioctl(file: &OpenFile, request: u32, argument: u64) -> Result<()> {
    let socket = SocketFile::of(file).map_err(|_| Errno::ENOTTY)?;
    match request {
        SIOCOUTQ => {
            let count = match &socket.socket {
                Socket::Inet(socket) => socket.unacknowledged()?,
                Socket::Unix(socket) => socket.inner.pending_output(),
            };
            UserPtr::<i32>::new(argument).write(&i32::try_from(count).unwrap_or(i32::MAX))
        }
        _ if OWNER_SET.contains(&request) => owner::set(file, UserPtr::new(argument).read()?),
        _ if OWNER_GET.contains(&request) => UserPtr::new(argument).write(&owner::get(file)),
        // Urgent data is not told apart, so nothing that is read comes just before it.
        SIOCATMARK => match &socket.socket {
            Socket::Unix(_) if !socket.is_stream() => Err(Errno::EOPNOTSUPP),
            Socket::Inet(inet::Socket::Udp(_) | inet::Socket::Netlink(_)) => Err(Errno::ENOTTY),
            _ => UserPtr::<i32>::new(argument).write(&0),
        },
        SIOCGIFCONF => list(argument),
        SIOCGSKNS => Err(Errno::EPERM),
        _ if request >> 8 == DEVICE => of_link(&socket.socket, request, argument),
        _ => Err(Errno::ENOTTY),
    }
}

/// Answers a request with a `struct ifreq`.
fn of_link(socket: &Socket, request: u32, argument: u64) -> Result<()> {
    let asker = match socket {
        Socket::Inet(socket @ (inet::Socket::Tcp(_) | inet::Socket::Udp(_))) => {
            Some(socket.family())
        }
        _ => None,
    };
    let mut ifreq = [0; IFREQ];
    user::read_bytes(argument, &mut ifreq)?;
    if request == SIOCETHTOOL {
        let data = ifreq[IFREQ_DATA..].first_chunk().map_or(0, |data| u64::from_ne_bytes(*data));
        UserPtr::<u32>::new(data).read()?;
    }
    network::stack().interface_request(asker, request, &mut ifreq)?;
    user::write_bytes(argument, &ifreq)
}

/// Fills a `struct ifconf`: a length and, eight bytes behind its start, an address. Without an
/// address only the length that is needed is told.
fn list(argument: u64) -> Result<()> {
    let length = UserPtr::<i32>::new(argument);
    let address = UserPtr::<u64>::new(argument.wrapping_add(8)).read()?;
    let room = u64::try_from(length.read()?).map_err(|_| Errno::EINVAL)?;
    let links = network::stack().interface_list();
    let mut count = links.len();
    if address != 0 {
        // Whole entries only.
        count = count.min(index(room)) / IFREQ * IFREQ;
        user::write_bytes(address, &links[..count])?;
    }
    length.write(&i32::try_from(count).map_err(|_| Errno::EINVAL)?)
}
