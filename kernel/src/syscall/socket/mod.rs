//! Sockets: `socket(2)`, `bind(2)`, `listen(2)`, `accept(2)`, `connect(2)`, `shutdown(2)`.

mod control;
mod device;
mod message;
mod option;

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use abi::fcntl::OpenFlags;
use abi::socket::{
    AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, MsgFlags, SHUT_RD, SHUT_RDWR, SHUT_WR, SOCK_CLOEXEC,
    SOCK_DGRAM, SOCK_NONBLOCK, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM,
};
use abi::{Errno, Result};
use net::unix::{Address, Kind, Shutdown};
use net::{inet, unix};
use sync::LazyLock;
use vfs::{OnExec, OpenFile};

use super::Context;
use crate::arch::{clock, index};
use crate::control::{self as host, Event};
use crate::file::socket::{Direction, FileNames, Socket, SocketFile, UnixSocket, own_credentials};
use crate::file::{self, descriptor_limit};
use crate::memory::user::{self, UserPtr};
use crate::{network, wait};

pub(super) use device::ioctl;
pub(super) use message::{recvfrom, recvmmsg, recvmsg, sendmmsg, sendmsg, sendto};
pub(super) use option::{getsockopt, setsockopt};

/// Size of `struct sockaddr_storage` in bytes.
const LONGEST_ADDRESS: u32 = 128;
/// The number that no type of socket reaches (`SOCK_MAX`).
const KINDS: i32 = 11;
/// The number that no family reaches (`AF_MAX`).
const FAMILIES: i32 = 46;
/// Bits of the type that are flags.
const KIND_FLAGS: i32 = !0xf;

/// The names of `AF_UNIX` sockets.
static NAMES: LazyLock<Arc<unix::Namespace>> = LazyLock::new(|| Arc::new(unix::Namespace::new()));

/// A descriptor's open file and the socket that it is.
struct Opened {
    file: Arc<OpenFile>,
    socket: Arc<SocketFile>,
}

impl Opened {
    /// Returns what a descriptor refers to.
    ///
    /// # Errors
    /// `EBADF`, `ENOTSOCK`.
    fn get(fd: u32) -> Result<Self> {
        let file = file::current().get(fd)?;
        let socket = SocketFile::of(&file)?;
        Ok(Self { file, socket })
    }

    fn is_nonblocking(&self, flags: MsgFlags) -> bool {
        flags.contains(MsgFlags::DONTWAIT) || self.file.flags().contains(OpenFlags::NONBLOCK)
    }

    /// Attempts an operation until it does not answer `EAGAIN`, or its time is over.
    ///
    /// # Errors
    /// Those of the operation; `EAGAIN`; as [`wait::until`].
    fn attempt<T>(
        &self,
        direction: Direction,
        flags: MsgFlags,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        let result = attempt();
        if !matches!(result, Err(Errno::EAGAIN)) || self.is_nonblocking(flags) {
            return result;
        }
        let timeout = self.socket.timeout(direction);
        let deadline = timeout.map(|timeout| clock::now() + timeout);
        let waiters = match &self.socket.socket {
            Socket::Inet(socket) => socket.waiters(),
            Socket::Unix(socket) => socket.inner.waiters(),
        };
        let result = wait::until(waiters, direction.interest(), deadline, attempt);
        match result {
            // A call with a timeout is not restarted (signal(7)).
            Err(wait::RESTART) if timeout.is_some() => Err(Errno::EINTR),
            result => result,
        }
    }
}

/// Opens a descriptor for a new socket.
fn install(socket: Socket, flags: i32) -> Result<u32> {
    let mut open_flags = OpenFlags::RDWR;
    open_flags.set(OpenFlags::NONBLOCK, flags & SOCK_NONBLOCK != 0);
    let on_exec = if flags & SOCK_CLOEXEC != 0 { OnExec::Close } else { OnExec::Keep };
    let file = OpenFile::anonymous(SocketFile::new(socket), open_flags);
    file::current().install(file, on_exec)
}

fn check_kind(kind: i32) -> Result<(i32, i32)> {
    let flags = kind & KIND_FLAGS;
    if flags & !(SOCK_NONBLOCK | SOCK_CLOEXEC) != 0 {
        return Err(Errno::EINVAL);
    }
    Ok((kind & !KIND_FLAGS, flags))
}

fn unix_kind(kind: i32, protocol: i32) -> Result<Kind> {
    if protocol != 0 && protocol != AF_UNIX {
        return Err(Errno::EPROTONOSUPPORT);
    }
    match kind {
        SOCK_STREAM => Ok(Kind::Stream),
        // As Linux has it for BSD's sake.
        SOCK_DGRAM | SOCK_RAW => Ok(Kind::Datagram),
        SOCK_SEQPACKET => Ok(Kind::SeqPacket),
        _ => Err(Errno::ESOCKTNOSUPPORT),
    }
}

fn check_family(family: i32, kind: i32) -> Result<()> {
    if !(0..FAMILIES).contains(&family) {
        return Err(Errno::EAFNOSUPPORT);
    }
    if (0..KINDS).contains(&kind) { Ok(()) } else { Err(Errno::EINVAL) }
}

/// Makes a socket.
fn create(family: i32, kind: i32, protocol: i32) -> Result<Socket> {
    check_family(family, kind)?;
    match family {
        AF_UNIX => {
            let kind = unix_kind(kind, protocol)?;
            Ok(Socket::Unix(UnixSocket::new(unix::Socket::new(kind, &NAMES))))
        }
        AF_INET | AF_INET6 | AF_NETLINK => {
            inet::Socket::new(network::stack(), family, kind, protocol).map(Socket::Inet)
        }
        _ => Err(Errno::EAFNOSUPPORT),
    }
}

/// `socket(2)`.
pub(super) fn socket(_cx: &mut Context<'_>, family: i32, kind: i32, protocol: i32) -> Result<u32> {
    let (kind, flags) = check_kind(kind)?;
    install(create(family, kind, protocol)?, flags)
}

/// `socketpair(2)`.
pub(super) fn socketpair(
    _cx: &mut Context<'_>,
    family: i32,
    kind: i32,
    protocol: i32,
    pair: UserPtr<u32>,
) -> Result<()> {
    let (kind, flags) = check_kind(kind)?;
    // Linux tells the numbers before there is anything.
    let [first, second] = file::current().descriptors.next_two(descriptor_limit())?;
    pair.write(&first).and_then(|()| pair.at(1).write(&second))?;
    let Socket::Unix(socket) = create(family, kind, protocol)? else {
        return Err(Errno::EOPNOTSUPP);
    };
    let (first, second) = unix::Socket::pair(socket.inner.kind(), &NAMES, own_credentials());
    let first = install(Socket::Unix(UnixSocket::new(first)), flags)?;
    let second = install(Socket::Unix(UnixSocket::new(second)), flags);
    let second = second.inspect_err(|_| close(first))?;
    pair.write_array(&[first, second]).inspect_err(|_| {
        close(first);
        close(second);
    })
}

/// Takes a descriptor back that the program never got to know.
fn close(descriptor: u32) {
    // Another thread may have closed it already, by guessing.
    drop(file::current().descriptors.close(descriptor));
}

/// Copies a socket's address in.
///
/// # Errors
/// `EINVAL` for an impossible length, `EFAULT`.
fn read_address(address: u64, length: u32) -> Result<Vec<u8>> {
    if length > LONGEST_ADDRESS {
        return Err(Errno::EINVAL);
    }
    let mut bytes = vec![0; index(length.into())];
    user::read_bytes(address, &mut bytes)?;
    Ok(bytes)
}

/// Copies a socket's address out, cut to the length that the program has room for, and tells its
/// real length.
///
/// # Errors
/// `EFAULT`, `EINVAL` for a negative length.
fn write_address(bytes: &[u8], address: u64, length: UserPtr<i32>) -> Result<()> {
    let room = usize::try_from(length.read()?).map_err(|_| Errno::EINVAL)?;
    user::write_bytes(address, &bytes[..bytes.len().min(room)])?;
    length.write(&i32::try_from(bytes.len()).map_err(|_| Errno::EINVAL)?)
}

/// `bind(2)`.
pub(super) fn bind(_cx: &mut Context<'_>, fd: u32, address: u64, length: u32) -> Result<()> {
    let opened = Opened::get(fd)?;
    let address = read_address(address, length)?;
    match &opened.socket.socket {
        Socket::Inet(socket) => {
            socket.bind(&address)?;
            if let inet::Socket::Udp(_) = socket {
                announce("udp", socket);
            }
            Ok(())
        }
        Socket::Unix(socket) => {
            // fchmod(2) of the socket decides the mode of its name.
            let names = FileNames { permissions: opened.file.metadata().permissions };
            socket.inner.bind(&Address::from_sockaddr(&address)?, &names)
        }
    }
}

/// Tells the host that the program can be reached at a port.
fn announce(protocol: &str, socket: &inet::Socket) {
    let local = socket.local();
    // The address follows family and port in either structure, the flow in one of them.
    let is_loopback = match *local.as_bytes() {
        [_, _, _, _, 127, ..] if local.as_bytes().len() == 16 => true,
        [_, _, _, _, _, _, _, _, ref address @ ..] if local.as_bytes().len() == 28 => {
            address.starts_with(&[0; 15]) && address[15] == 1
        }
        _ => false,
    };
    if !is_loopback {
        host::send(Event::Listening { protocol, port: socket.local_port() });
    }
}

/// `listen(2)`.
pub(super) fn listen(_cx: &mut Context<'_>, fd: u32, backlog: i32) -> Result<()> {
    let opened = Opened::get(fd)?;
    match &opened.socket.socket {
        Socket::Inet(socket) => {
            socket.listen(backlog)?;
            announce("tcp", socket);
            Ok(())
        }
        Socket::Unix(socket) => {
            // Negative numbers are large ones, as in Linux.
            socket.inner.listen(backlog.cast_unsigned(), own_credentials())
        }
    }
}

/// `accept(2)`.
pub(super) fn accept(
    cx: &mut Context<'_>,
    fd: u32,
    address: u64,
    length: UserPtr<i32>,
) -> Result<u32> {
    accept4(cx, fd, address, length, 0)
}

/// `accept4(2)`.
pub(super) fn accept4(
    _cx: &mut Context<'_>,
    fd: u32,
    address: u64,
    length: UserPtr<i32>,
    flags: i32,
) -> Result<u32> {
    file::current().get(fd)?;
    if flags & !(SOCK_NONBLOCK | SOCK_CLOEXEC) != 0 {
        return Err(Errno::EINVAL);
    }
    // Before a connection is taken out of the queue.
    if file::current().descriptors.open_count() >= index(descriptor_limit().into()) {
        return Err(Errno::EMFILE);
    }
    let opened = Opened::get(fd)?;
    let accepted =
        opened.attempt(Direction::Receive, MsgFlags::empty(), || match &opened.socket.socket {
            Socket::Inet(socket) => {
                let (socket, peer) = socket.accept()?;
                Ok((Socket::Inet(socket), peer.as_bytes().to_vec()))
            }
            Socket::Unix(socket) => {
                let accepted = socket.inner.accept()?;
                let peer = accepted.peer_address().unwrap_or_default().to_sockaddr();
                Ok((Socket::Unix(socket.accepted(accepted)), peer))
            }
        });
    let (socket, peer) = accepted?;
    let descriptor = install(socket, flags)?;
    if address != 0
        && let Err(errno) = write_address(&peer, address, length)
    {
        close(descriptor);
        return Err(errno);
    }
    Ok(descriptor)
}

/// `connect(2)`.
pub(super) fn connect(_cx: &mut Context<'_>, fd: u32, address: u64, length: u32) -> Result<()> {
    file::current().get(fd)?;
    let address = read_address(address, length)?;
    let opened = Opened::get(fd)?;
    match &opened.socket.socket {
        Socket::Inet(socket) => connect_inet(&opened, socket, &address),
        Socket::Unix(socket) => {
            let to = match address.first_chunk::<2>() {
                // AF_UNSPEC.
                Some([0, 0]) => Address::Unnamed,
                _ => match Address::from_sockaddr(&address)? {
                    Address::Unnamed => return Err(Errno::EINVAL),
                    named => named,
                },
            };
            opened.attempt(Direction::Send, MsgFlags::empty(), || {
                socket.inner.connect(&to, &FileNames::DEFAULT, own_credentials())
            })
        }
    }
}

fn connect_inet(opened: &Opened, socket: &inet::Socket, address: &[u8]) -> Result<()> {
    let is_nonblocking = opened.is_nonblocking(MsgFlags::empty());
    let too_late = match socket.connect(address, clock::now()) {
        // The second is a call that a signal interrupted and that was restarted.
        Err(errno @ (Errno::EINPROGRESS | Errno::EALREADY)) if !is_nonblocking => errno,
        result => return result,
    };
    match opened.attempt(Direction::Send, MsgFlags::empty(), || socket.connected()) {
        Err(Errno::EAGAIN) => Err(too_late),
        result => result,
    }
}

/// `shutdown(2)`.
pub(super) fn shutdown(_cx: &mut Context<'_>, fd: u32, how: i32) -> Result<()> {
    let opened = Opened::get(fd)?;
    match &opened.socket.socket {
        Socket::Inet(socket) => socket.shutdown(how, clock::now()),
        Socket::Unix(socket) => {
            socket.inner.shutdown(match how {
                SHUT_RD => Shutdown::READ,
                SHUT_WR => Shutdown::WRITE,
                SHUT_RDWR => Shutdown::READ | Shutdown::WRITE,
                _ => return Err(Errno::EINVAL),
            });
            Ok(())
        }
    }
}

/// `getsockname(2)`.
pub(super) fn getsockname(
    _cx: &mut Context<'_>,
    fd: u32,
    address: u64,
    length: UserPtr<i32>,
) -> Result<()> {
    let opened = Opened::get(fd)?;
    let local = match &opened.socket.socket {
        Socket::Inet(socket) => socket.local().as_bytes().to_vec(),
        Socket::Unix(socket) => socket.inner.local_address().to_sockaddr(),
    };
    write_address(&local, address, length)
}

/// `getpeername(2)`.
pub(super) fn getpeername(
    _cx: &mut Context<'_>,
    fd: u32,
    address: u64,
    length: UserPtr<i32>,
) -> Result<()> {
    let opened = Opened::get(fd)?;
    let peer = match &opened.socket.socket {
        Socket::Inet(socket) => socket.remote()?.as_bytes().to_vec(),
        Socket::Unix(socket) => socket.inner.peer_address()?.to_sockaddr(),
    };
    write_address(&peer, address, length)
}
