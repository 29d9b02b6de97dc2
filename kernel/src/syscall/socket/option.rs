//! Options of sockets: `getsockopt(2)`, `setsockopt(2)`.

use abi::socket::SOL_SOCKET;
use abi::{Errno, Result};
use net::options::Value;

use super::Opened;
use crate::arch::clock;
use crate::file::socket::Socket;
use crate::memory::user::{self, UserPtr};
use crate::syscall::Context;

/// More bytes of a value than this are not looked at: no option here has so many.
const LONGEST_VALUE: usize = 32;

/// `setsockopt(2)`.
pub(in crate::syscall) fn setsockopt(
    _cx: &mut Context<'_>,
    fd: u32,
    level: i32,
    name: i32,
    value: u64,
    length: i32,
) -> Result<()> {
    let opened = Opened::get(fd)?;
    let length = usize::try_from(length).map_err(|_| Errno::EINVAL)?;
    let mut bytes = [0; LONGEST_VALUE];
    let there = user::read_available(value, &mut bytes[..length.min(LONGEST_VALUE)]);
    let value = Value::new(length, &bytes[..there]);
    match &opened.socket.socket {
        Socket::Inet(socket) => socket.set_option(level, name, value, clock::now()),
        Socket::Unix(socket) => socket.set_option(level, name, value),
    }
}

/// `getsockopt(2)`.
pub(in crate::syscall) fn getsockopt(
    _cx: &mut Context<'_>,
    fd: u32,
    level: i32,
    name: i32,
    value: u64,
    length: UserPtr<i32>,
) -> Result<()> {
    let opened = Opened::get(fd)?;
    match &opened.socket.socket {
        Socket::Inet(socket) => socket.check_level(level)?,
        Socket::Unix(_) if level == SOL_SOCKET => {}
        Socket::Unix(_) => return Err(Errno::EOPNOTSUPP),
    }
    let room = usize::try_from(length.read()?).map_err(|_| Errno::EINVAL)?;
    let bytes = match &opened.socket.socket {
        Socket::Inet(socket) => socket.option(level, name, room, clock::now())?,
        Socket::Unix(socket) => socket.option(level, name)?,
    };
    let count = bytes.len().min(room);
    user::write_bytes(value, &bytes[..count])?;
    length.write(&i32::try_from(count).map_err(|_| Errno::EINVAL)?)
}
