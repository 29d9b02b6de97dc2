//! `ioctl(2)` of sockets: what waits in them, and the links of the machine (`netdevice(7)`).

use abi::{Errno, Result};
use net::links::IFREQ;
use vfs::OpenFile;

use crate::arch::index;
use crate::file::socket::{Socket, SocketFile};
use crate::memory::user::{self, UserPtr};
use crate::network;

/// `SIOCOUTQ`: how many bytes have not been acknowledged.
const SIOCOUTQ: u32 = 0x5411;
/// `SIOCATMARK`: whether urgent data comes next.
const SIOCATMARK: u32 = 0x8905;
/// `SIOCGIFCONF`: the links with their IPv4 addresses.
const SIOCGIFCONF: u32 = 0x8912;
/// Requests of `netdevice(7)` begin with this byte.
const DEVICE: u32 = 0x89;

/// Carries out a request that not all files have.
///
/// # Errors
/// `ENOTTY` if sockets have not got it either, or the file is none; as `netdevice(7)`.
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
        // Urgent data is not told apart, so nothing that is read comes just before it.
        SIOCATMARK if socket.has_marks() => UserPtr::<i32>::new(argument).write(&0),
        SIOCGIFCONF => list(argument),
        _ if request >> 8 == DEVICE => {
            let mut ifreq = [0; IFREQ];
            user::read_bytes(argument, &mut ifreq)?;
            network::stack().interface_request(request, &mut ifreq)?;
            user::write_bytes(argument, &ifreq)
        }
        _ => Err(Errno::ENOTTY),
    }
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
