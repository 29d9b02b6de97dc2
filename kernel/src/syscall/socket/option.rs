//! Options of sockets: `getsockopt(2)`, `setsockopt(2)`.

use alloc::vec;

use abi::{Errno, Result};

use super::Opened;
use crate::arch::clock;
use crate::file::socket::Socket;
use crate::memory::user::{self, UserPtr};
use crate::syscall::Context;

/// More bytes of a value than this are not looked at: no option here has so many.
const LONGEST_VALUE: usize = 1024;

/// `setsockopt(2)`.
pub(in crate::syscall) fn setsockopt(
    _cx: &mut Context<'_>,
    fd: u32,
    level: i32,
    name: i32,
    value: u64,
    length: i32,
) -> Result<()> {
    let length = usize::try_from(length).map_err(|_| Errno::EINVAL)?;
    let opened = Opened::get(fd)?;
    let mut bytes = vec![0; length.min(LONGEST_VALUE)];
    user::read_bytes(value, &mut bytes)?;
    match &opened.socket.socket {
        Socket::Inet(socket) => socket.set_option(level, name, &bytes, clock::now()),
        Socket::Unix(socket) => socket.set_option(level, name, &bytes),
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
    let room = usize::try_from(length.read()?).map_err(|_| Errno::EINVAL)?;
    let bytes = match &opened.socket.socket {
        Socket::Inet(socket) => socket.option(level, name)?,
        Socket::Unix(socket) => socket.option(level, name)?,
    };
    let count = bytes.len().min(room);
    user::write_bytes(value, &bytes[..count])?;
    length.write(&i32::try_from(count).map_err(|_| Errno::EINVAL)?)
}
