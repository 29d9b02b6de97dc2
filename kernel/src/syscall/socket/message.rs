//! Messages: `send(2)`, `sendmsg(2)`, `sendmmsg(2)`, `recv(2)`, `recvmsg(2)`, `recvmmsg(2)`.

use alloc::vec::Vec;

use abi::io::Sink;
use abi::poll::Events;
use abi::signal::Signal;
use abi::socket::{Mmsghdr, MsgFlags, Msghdr};
use abi::time::Timespec;
use abi::{Errno, Result};
use net::inet::{self, Family, ReceiveFlags, Told, Wishes};
use net::unix::{Address, Ancillary, Credentials, Kind, Rights, Take};
use vfs::{File, OnExec};

use super::{Opened, control, read_address, write_address};
use crate::arch::{clock, index};
use crate::file::socket::{Direction, FileNames, Socket, own_credentials};
use crate::memory::user::{self, IoVec, UserBuffers, UserPtr};
use crate::process::signal;
use crate::syscall::{Context, io};

/// Returns the only part of a message, which is looked at before the descriptor.
fn one(base: u64, length: usize) -> Result<[IoVec; 1]> {
    let length = length.min(io::MOST);
    user::check(base, length)?;
    Ok([IoVec { base, length: length as u64 }])
}

/// Returns the flags of a call that takes headers.
///
/// # Errors
/// `EINVAL` for `MSG_CMSG_COMPAT`, which is for headers of 32-bit programs.
fn header_flags(flags: u32) -> Result<MsgFlags> {
    const COMPAT: u32 = 1 << 31;
    if flags & COMPAT == 0 { Ok(MsgFlags::from_bits_retain(flags)) } else { Err(Errno::EINVAL) }
}

/// What goes along with a message, by the family of the socket.
#[derive(Debug, Default)]
struct Along {
    ancillary: Ancillary,
    wishes: Wishes,
}

/// Sends a message from a program's buffers; all of it, on a stream, unless the socket is not to
/// block.
fn send(
    opened: &Opened,
    parts: &[IoVec],
    to: Option<&[u8]>,
    flags: MsgFlags,
    along: &mut Along,
) -> Result<usize> {
    let is_tcp = matches!(&opened.socket.socket, Socket::Inet(inet::Socket::Tcp(_)));
    if flags.contains(MsgFlags::OOB) || (is_tcp && flags.contains(MsgFlags::FASTOPEN)) {
        return Err(Errno::EOPNOTSUPP);
    }
    let unix_to = match &opened.socket.socket {
        Socket::Unix(socket) => to
            .filter(|to| !to.is_empty())
            .map(|to| match socket.inner.kind() {
                Kind::Datagram => Address::from_sockaddr(to),
                // That there is one is all that counts.
                _ => Ok(Address::Unnamed),
            })
            .transpose()?,
        Socket::Inet(_) => None,
    };
    along.wishes.is_more = flags.contains(MsgFlags::MORE);
    let mut origin = UserBuffers::origin(parts)?;
    if let (Socket::Unix(socket), Some(_)) = (&opened.socket.socket, &unix_to)
        && socket.inner.kind() == Kind::Datagram
        && socket.inner.fits(origin.remaining())
        && !origin.next_window()
    {
        // A message is read before its receiver is looked for.
        return Err(Errno::EFAULT);
    }
    let mut done = 0;
    loop {
        let step = opened.attempt(Direction::Send, flags, || match &opened.socket.socket {
            Socket::Inet(socket) => socket.send(&mut origin, to, &along.wishes, clock::now()),
            Socket::Unix(socket) => socket.inner.send(
                &mut origin,
                unix_to.as_ref(),
                &FileNames::DEFAULT,
                &mut along.ancillary,
            ),
        });
        match step {
            Ok(count) => done += count,
            Err(errno) if done == 0 => {
                let is_silent = flags.contains(MsgFlags::NOSIGNAL) || !opened.socket.is_stream();
                if errno == Errno::EPIPE && !is_silent {
                    signal::send_to_current(Signal::SIGPIPE);
                }
                return Err(errno);
            }
            Err(_) => return Ok(done),
        }
        if !opened.socket.is_stream() || step == Ok(0) || origin.remaining() == 0 {
            return Ok(done);
        }
        origin.next_window();
    }
}

/// `sendto(2)`.
pub(in crate::syscall) fn sendto(
    _cx: &mut Context<'_>,
    fd: u32,
    buffer: u64,
    length: usize,
    flags: u32,
    address: u64,
    address_length: u32,
) -> Result<usize> {
    let parts = one(buffer, length)?;
    let opened = Opened::get(fd)?;
    let to = if address == 0 { None } else { Some(read_address(address, address_length)?) };
    let ancillary = Ancillary { credentials: own_credentials(), ..Ancillary::default() };
    let flags = MsgFlags::from_bits_retain(flags);
    let mut along = Along { ancillary, ..Along::default() };
    send(&opened, &parts, to.as_deref(), flags, &mut along)
}

/// Copies the parts of a message in.
///
/// # Errors
/// `EMSGSIZE` if there are too many, `EFAULT`, `EINVAL`.
fn parts_of(header: &Msghdr) -> Result<Vec<IoVec>> {
    if header.msg_iovlen > io::MOST_PARTS as u64 {
        return Err(Errno::EMSGSIZE);
    }
    let count = usize::try_from(header.msg_iovlen).map_err(|_| Errno::EMSGSIZE)?;
    io::read_vector(UserPtr::new(header.msg_iov), count)
}

fn send_message(opened: &Opened, header: &Msghdr, flags: MsgFlags) -> Result<usize> {
    let has_name = header.msg_name != 0 && header.msg_namelen != 0;
    let to = match has_name {
        true => Some(read_address(header.msg_name, header.msg_namelen)?),
        false => None,
    };
    let parts = parts_of(header)?;
    let (control, length) = (header.msg_control, header.msg_controllen);
    let mut along = Along::default();
    match &opened.socket.socket {
        Socket::Unix(_) => along.ancillary = control::read(control, length)?,
        Socket::Inet(socket) => {
            // Nowhere to go comes before what goes along.
            if matches!(socket, inet::Socket::Udp(_)) && to.is_none() && socket.remote().is_err() {
                return Err(Errno::EDESTADDRREQ);
            }
            along.wishes = control::read_wishes(socket, control, length)?;
        }
    }
    send(opened, &parts, to.as_deref(), flags, &mut along)
}

/// `sendmsg(2)`.
pub(in crate::syscall) fn sendmsg(
    _cx: &mut Context<'_>,
    fd: u32,
    message: UserPtr<Msghdr>,
    flags: u32,
) -> Result<usize> {
    let flags = header_flags(flags)?;
    let opened = Opened::get(fd)?;
    send_message(&opened, &message.read()?, flags)
}

/// `sendmmsg(2)`.
pub(in crate::syscall) fn sendmmsg(
    _cx: &mut Context<'_>,
    fd: u32,
    messages: UserPtr<Mmsghdr>,
    count: u32,
    flags: u32,
) -> Result<usize> {
    let flags = header_flags(flags)?;
    let opened = Opened::get(fd)?;
    let mut done = 0;
    while done < index(count.into()).min(io::MOST_PARTS) {
        let at = messages.at(done);
        let sent = at.read().and_then(|mut message| {
            let length = send_message(&opened, &message.msg_hdr, flags)?;
            message.msg_len = u32::try_from(length).unwrap_or(u32::MAX);
            at.write(&message)
        });
        match sent {
            Ok(()) => done += 1,
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// What was received.
#[derive(Debug, Default)]
struct Incoming {
    /// Bytes copied.
    count: usize,
    /// Bytes that the message had.
    length: usize,
    /// The sender's address; empty if there is none to tell.
    from: Vec<u8>,
    rights: Rights,
    credentials: Option<Credentials>,
    told: Told,
}

/// Takes bytes without keeping them: TCP's `MSG_TRUNC`, `tcp(7)`.
struct Nowhere(usize);

impl Sink for Nowhere {
    fn room(&self) -> usize {
        self.0
    }

    fn put(&mut self, bytes: &[u8]) -> Result<usize> {
        let count = bytes.len().min(self.0);
        self.0 -= count;
        Ok(count)
    }
}

fn receive_once(opened: &Opened, sink: &mut dyn Sink, flags: MsgFlags) -> Result<Incoming> {
    let is_peek = flags.contains(MsgFlags::PEEK);
    match &opened.socket.socket {
        // Even for no bytes, recv(2) waits until there are some; read(2) does not.
        Socket::Inet(socket @ inet::Socket::Tcp(_))
            if sink.room() == 0 && !socket.poll().intersects(Events::IN | Events::HUP) =>
        {
            Err(Errno::EAGAIN)
        }
        Socket::Inet(socket) => {
            let flags = ReceiveFlags { is_peek };
            let received = socket.receive(sink, flags, clock::now())?;
            Ok(Incoming {
                count: received.copied,
                length: received.length,
                from: received.from.map(|from| from.as_bytes().to_vec()).unwrap_or_default(),
                told: received.told,
                ..Incoming::default()
            })
        }
        Socket::Unix(socket) => {
            let take = if is_peek { Take::Peek } else { Take::Remove };
            let received = socket.inner.receive(sink, take)?;
            let from = match received.from {
                Address::Unnamed => Vec::new(),
                named => named.to_sockaddr(),
            };
            Ok(Incoming {
                count: received.count,
                length: received.length,
                from,
                rights: received.rights,
                credentials: received.credentials,
                told: Told::default(),
            })
        }
    }
}

/// Waits until a stream has `count` bytes to look at, or as long as more may come.
///
/// # Errors
/// As [`Opened::attempt`]; what there is then can be looked at all the same.
fn await_bytes(opened: &Opened, count: usize, flags: MsgFlags) -> Result<()> {
    let file = &opened.socket;
    opened.attempt(Direction::Receive, flags, || {
        let is_over = file.poll().intersects(Events::RDHUP | Events::HUP | Events::ERR);
        if is_over || file.readable_bytes()? >= count { Ok(()) } else { Err(Errno::EAGAIN) }
    })
}

/// Receives a message into a program's buffers; on a stream with `MSG_WAITALL`, until they are
/// full.
fn receive(opened: &Opened, parts: &[IoVec], flags: MsgFlags) -> Result<Incoming> {
    let is_stream = opened.socket.is_stream();
    let is_tcp = matches!(&opened.socket.socket, Socket::Inet(inet::Socket::Tcp(_)));
    let is_udp = matches!(&opened.socket.socket, Socket::Inet(inet::Socket::Udp(_)));
    if (is_tcp || is_udp) && flags.contains(MsgFlags::ERRQUEUE) {
        // Errors are told by the calls themselves only.
        return Err(Errno::EAGAIN);
    }
    if let Socket::Inet(socket) = &opened.socket.socket
        && is_tcp
        && socket.is_listening()
    {
        return Err(Errno::ENOTCONN);
    }
    if flags.contains(MsgFlags::OOB) && !is_udp {
        // Urgent data is not told apart, so there is none.
        return Err(if is_stream { Errno::EINVAL } else { Errno::EOPNOTSUPP });
    }
    let mut target = UserBuffers::target(parts)?;
    if is_tcp && flags.contains(MsgFlags::TRUNC) {
        let mut nowhere = Nowhere(target.remaining());
        return opened
            .attempt(Direction::Receive, flags, || receive_once(opened, &mut nowhere, flags));
    }
    let is_patient = is_stream && flags.contains(MsgFlags::WAITALL);
    if is_patient && flags.contains(MsgFlags::PEEK) {
        let awaited = await_bytes(opened, target.remaining(), flags);
        return match receive_once(opened, &mut target, flags) {
            Err(Errno::EAGAIN) => Err(awaited.err().unwrap_or(Errno::EAGAIN)),
            result => result,
        };
    }
    let mut whole = Incoming::default();
    loop {
        let step =
            opened.attempt(Direction::Receive, flags, || receive_once(opened, &mut target, flags));
        match step {
            Ok(next) if whole.count == 0 => whole = next,
            Ok(next) => {
                whole.count += next.count;
                whole.length += next.length;
                if next.count == 0 {
                    return Ok(whole);
                }
            }
            Err(errno) if whole.count == 0 => return Err(errno),
            Err(_) => return Ok(whole),
        }
        let has_files = !whole.rights.0.is_empty();
        if !is_patient || whole.count == 0 || target.remaining() == 0 || has_files {
            return Ok(whole);
        }
        target.next_window();
    }
}

/// Returns what the call gives back: the datagram's length, if the program asked for that.
fn result(incoming: &Incoming, flags: MsgFlags) -> usize {
    if flags.contains(MsgFlags::TRUNC) { incoming.length } else { incoming.count }
}

/// `recvfrom(2)`.
pub(in crate::syscall) fn recvfrom(
    _cx: &mut Context<'_>,
    fd: u32,
    buffer: u64,
    length: usize,
    flags: u32,
    address: u64,
    address_length: UserPtr<i32>,
) -> Result<usize> {
    let parts = one(buffer, length)?;
    let opened = Opened::get(fd)?;
    let flags = MsgFlags::from_bits_retain(flags);
    let incoming = receive(&opened, &parts, flags)?;
    if address != 0 {
        write_address(&incoming.from, address, address_length)?;
    }
    Ok(result(&incoming, flags))
}

/// Receives a message and fills the results into its header.
fn receive_message(opened: &Opened, header: &mut Msghdr, flags: MsgFlags) -> Result<usize> {
    let parts = parts_of(header)?;
    let mut incoming = receive(opened, &parts, flags)?;
    let mut out = MsgFlags::empty();
    out.set(MsgFlags::TRUNC, incoming.length > incoming.count);
    let mut control = control::Writer::new(header.msg_control, header.msg_controllen);
    put_control(opened, &mut incoming, flags, &mut control)?;
    out.set(MsgFlags::CTRUNC, control.is_cut);
    if header.msg_name != 0 {
        let room = usize::try_from(header.msg_namelen).map_err(|_| Errno::EINVAL)?;
        let count = incoming.from.len().min(room);
        user::write_bytes(header.msg_name, &incoming.from[..count])?;
        header.msg_namelen = u32::try_from(incoming.from.len()).map_err(|_| Errno::EINVAL)?;
    }
    header.msg_controllen = control.written as u64;
    out.set(MsgFlags::CMSG_CLOEXEC, flags.contains(MsgFlags::CMSG_CLOEXEC));
    header.msg_flags = out.bits();
    Ok(result(&incoming, flags))
}

fn put_control(
    opened: &Opened,
    incoming: &mut Incoming,
    flags: MsgFlags,
    control: &mut control::Writer,
) -> Result<()> {
    match &opened.socket.socket {
        Socket::Unix(_) => {
            if let Some(credentials) = incoming.credentials {
                control.put_credentials(credentials)?;
            }
        }
        Socket::Inet(socket) => {
            control.put_told(&incoming.told, socket.family() == Family::V6)?;
        }
    }
    let closes = flags.contains(MsgFlags::CMSG_CLOEXEC);
    let on_exec = if closes { OnExec::Close } else { OnExec::Keep };
    control.put_files(core::mem::take(&mut incoming.rights), on_exec)
}

/// `recvmsg(2)`.
pub(in crate::syscall) fn recvmsg(
    _cx: &mut Context<'_>,
    fd: u32,
    message: UserPtr<Msghdr>,
    flags: u32,
) -> Result<usize> {
    let flags = header_flags(flags)?;
    let opened = Opened::get(fd)?;
    let mut header = message.read()?;
    let length = receive_message(&opened, &mut header, flags)?;
    message.write(&header)?;
    Ok(length)
}

/// `recvmmsg(2)`. As on Linux the timeout is looked at after each message only.
pub(in crate::syscall) fn recvmmsg(
    _cx: &mut Context<'_>,
    fd: u32,
    messages: UserPtr<Mmsghdr>,
    count: u32,
    flags: u32,
    timeout: UserPtr<Timespec>,
) -> Result<usize> {
    let mut flags = header_flags(flags)?;
    let timeout = timeout.non_null().map(|timeout| timeout.read()?.to_duration()).transpose()?;
    let deadline = timeout.map(|timeout| clock::now() + timeout);
    let opened = Opened::get(fd)?;
    let waits_for_one = flags.contains(MsgFlags::WAITFORONE);
    flags.remove(MsgFlags::WAITFORONE);
    let mut done = 0;
    while done < index(count.into()).min(io::MOST_PARTS) {
        let at = messages.at(done);
        let received = at.read().and_then(|mut message| {
            let length = receive_message(&opened, &mut message.msg_hdr, flags)?;
            message.msg_len = u32::try_from(length).unwrap_or(u32::MAX);
            at.write(&message)
        });
        match received {
            Ok(()) => done += 1,
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
        if waits_for_one {
            flags |= MsgFlags::DONTWAIT;
        }
        if deadline.is_some_and(|deadline| clock::now() >= deadline) {
            break;
        }
    }
    Ok(done)
}
