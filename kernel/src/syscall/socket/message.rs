//! Messages: `send(2)`, `sendmsg(2)`, `sendmmsg(2)`, `recv(2)`, `recvmsg(2)`, `recvmmsg(2)`.

use alloc::vec::Vec;

use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::signal::Signal;
use abi::socket::{Mmsghdr, MsgFlags, Msghdr};
use abi::time::Timespec;
use abi::{Errno, Result};
use net::inet::{self, Extras, Family, ReceiveFlags, Told};
use net::unix::{self, Address, Credentials, Kind, Rights, Take};
use vfs::{File, OnExec};

use super::{LONGEST_ADDRESS, Opened, control, read_address, write_address};
use crate::arch::{clock, index};
use crate::file::socket::{Direction, FileNames, Socket};
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

/// Sends a message from a program's buffers; all of it, on a stream, unless the socket is not to
/// block.
fn send(
    opened: &Opened,
    parts: &[IoVec],
    to: Option<&[u8]>,
    flags: MsgFlags,
    control: &[u8],
) -> Result<usize> {
    match &opened.socket.socket {
        Socket::Inet(socket) => {
            let is_tcp = matches!(socket, inet::Socket::Tcp(_));
            if is_tcp && flags.contains(MsgFlags::FASTOPEN) {
                return Err(Errno::EOPNOTSUPP);
            }
            let is_more = flags.contains(MsgFlags::MORE);
            let extras = Extras { is_more, is_urgent: flags.contains(MsgFlags::OOB), control };
            transmit(opened, parts, flags, |origin| socket.send(origin, to, &extras, clock::now()))
        }
        Socket::Unix(socket) => send_unix(opened, &socket.inner, parts, to, flags, control),
    }
}

fn send_unix(
    opened: &Opened,
    socket: &unix::Socket,
    parts: &[IoVec],
    to: Option<&[u8]>,
    flags: MsgFlags,
    control: &[u8],
) -> Result<usize> {
    let kind = socket.kind();
    socket.check_packets()?;
    let mut ancillary = control::read(control)?;
    let is_urgent = flags.contains(MsgFlags::OOB);
    if is_urgent && (kind != Kind::Stream || io::is_empty(parts)) {
        return Err(Errno::EOPNOTSUPP);
    }
    let to = match to.filter(|to| !to.is_empty()) {
        Some(to) if kind == Kind::Datagram => match Address::from_sockaddr(to)? {
            Address::Unnamed => return Err(Errno::EINVAL),
            named => Some(named),
        },
        // That there is one is all that counts.
        other => other.map(|_| Address::Unnamed),
    };
    transmit(opened, parts, flags, |origin| {
        let mut none = &[][..];
        // What keeps it from sending at all is told before urgent data, which there is not.
        let source: &mut dyn Source = if is_urgent { &mut none } else { origin };
        let sent = socket.send(source, to.as_ref(), &FileNames::DEFAULT, &mut ancillary)?;
        if is_urgent { Err(Errno::EOPNOTSUPP) } else { Ok(sent) }
    })
}

/// Attempts to send from a program's buffers until all is sent, or of messages one.
fn transmit(
    opened: &Opened,
    parts: &[IoVec],
    flags: MsgFlags,
    mut attempt: impl FnMut(&mut UserBuffers<'_>) -> Result<usize>,
) -> Result<usize> {
    let mut origin = UserBuffers::origin(parts)?;
    let mut done = 0;
    loop {
        let step = opened.attempt(Direction::Send, flags, || {
            let before = origin.clone();
            // What was looked at but not sent comes again at the next attempt.
            attempt(&mut origin).inspect_err(|_| origin = before)
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
    send(&opened, &parts, to.as_deref(), MsgFlags::from_bits_retain(flags), &[])
}

/// Copies the parts of a message in.
///
/// # Errors
/// `EMSGSIZE` if there are too many, `EFAULT`, `EINVAL`.
fn parts_of<'a>(header: &Msghdr, space: &'a mut io::Parts) -> Result<&'a [IoVec]> {
    if header.msg_iovlen > io::MOST_PARTS as u64 {
        return Err(Errno::EMSGSIZE);
    }
    let count = usize::try_from(header.msg_iovlen).map_err(|_| Errno::EMSGSIZE)?;
    io::read_vector(UserPtr::new(header.msg_iov), count, space)
}

/// Returns the length of the address in a header, none without an address.
///
/// # Errors
/// `EINVAL` for a negative one.
fn name_length(header: &Msghdr) -> Result<u32> {
    if header.msg_name == 0 {
        return Ok(0);
    }
    i32::try_from(header.msg_namelen).map_err(|_| Errno::EINVAL)?;
    Ok(header.msg_namelen)
}

fn send_message(opened: &Opened, header: &Msghdr, flags: MsgFlags) -> Result<usize> {
    let to = match name_length(header)? {
        0 => None,
        // Here, other than in sendto(2), what is too long is cut.
        length => Some(read_address(header.msg_name, length.min(LONGEST_ADDRESS))?),
    };
    let mut space = io::Parts::default();
    let parts = parts_of(header, &mut space)?;
    let control = control::copy(header.msg_control, header.msg_controllen)?;
    send(opened, parts, to.as_deref(), flags, &control)
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
    /// Nothing was received: the socket was shut down, though there is no connection that ends.
    is_shut: bool,
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
                is_shut: received.is_shut,
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
                told: Told { stamp: socket.stamp(received.sent), ..Told::default() },
                is_shut: received.is_shut,
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
            // As on Linux only a call that waits sees the end of datagrams.
            Ok(next) if next.is_shut && opened.is_nonblocking(flags) => {
                return Err(Errno::EAGAIN);
            }
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
    let room = index(name_length(header)?.into());
    let mut space = io::Parts::default();
    let parts = parts_of(header, &mut space)?;
    let mut incoming = receive(opened, parts, flags)?;
    let mut out = MsgFlags::empty();
    out.set(MsgFlags::TRUNC, incoming.length > incoming.count);
    let mut control = control::Writer::new(header.msg_control, header.msg_controllen);
    put_control(opened, &mut incoming, flags, &mut control)?;
    out.set(MsgFlags::CTRUNC, control.is_cut);
    if header.msg_name != 0 {
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
    control.put_stamp(incoming.told.stamp)?;
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
    while done < index(count.into()) {
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
