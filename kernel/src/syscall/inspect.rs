//! What one process asks of another: `process_vm_readv(2)`, `kcmp(2)`, `ptrace(2)`. There is no
//! other, so all of it is about the program itself.

use core::cmp::Ordering;

use abi::io::{Sink, Source};
use abi::{Errno, Result};
use mm::PAGE_SIZE;

use super::Context;
use super::io::{Parts, copy_vector, read_vector};
use crate::arch::index;
use crate::file;
use crate::memory::user::{self, IoVec, UserBuffers, UserPtr};
use crate::process::Process;

/// Bytes a turn: a page.
const CHUNK: usize = index(PAGE_SIZE);

/// A program's vector: where it is and how many parts it has.
type Vector = (UserPtr<IoVec>, usize);

fn check_process(pid: i32) -> Result<()> {
    Process::current().thread(pid.cast_unsigned()).map(drop).ok_or(Errno::ESRCH)
}

/// `process_vm_readv(2)`.
pub(super) fn process_vm_readv(
    _cx: &mut Context<'_>,
    pid: i32,
    local: UserPtr<IoVec>,
    locals: usize,
    remote: UserPtr<IoVec>,
    remotes: usize,
    flags: u64,
) -> Result<usize> {
    transfer(pid, (local, locals), (remote, remotes), flags, Direction::Read)
}

/// `process_vm_writev(2)`.
pub(super) fn process_vm_writev(
    _cx: &mut Context<'_>,
    pid: i32,
    local: UserPtr<IoVec>,
    locals: usize,
    remote: UserPtr<IoVec>,
    remotes: usize,
    flags: u64,
) -> Result<usize> {
    transfer(pid, (local, locals), (remote, remotes), flags, Direction::Write)
}

/// Where data goes, seen from the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    /// From the other process to the caller.
    Read,
    /// From the caller to the other process.
    Write,
}

/// Copies between two vectors until one is used up or something is not there; returns how much.
fn transfer(
    pid: i32,
    local: Vector,
    remote: Vector,
    flags: u64,
    direction: Direction,
) -> Result<usize> {
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let (mut space, mut remote_space) = (Parts::default(), Parts::default());
    let local = read_vector(local.0, local.1, &mut space)?;
    let mut buffers = match direction {
        Direction::Read => UserBuffers::target(local)?,
        Direction::Write => UserBuffers::origin(local)?,
    };
    if buffers.remaining() == 0 {
        return Ok(0);
    }
    let remote = copy_vector(remote.0, remote.1, &mut remote_space)?;
    check_process(pid)?;
    let before = buffers.remaining();
    let outcome = remote.iter().try_for_each(|part| copy_part(part, &mut buffers, direction));
    match (before - buffers.remaining(), outcome) {
        (0, Err(error)) => Err(error),
        (done, _) => Ok(done),
    }
}

/// Copies one part of the other process's memory, page by page.
fn copy_part(part: &IoVec, buffers: &mut UserBuffers<'_>, direction: Direction) -> Result<()> {
    let mut page = [0; CHUNK];
    let mut at = part.base;
    let end = part.base.checked_add(part.length).ok_or(Errno::EFAULT)?;
    while at < end && buffers.remaining() > 0 {
        let to_page_end = PAGE_SIZE - at % PAGE_SIZE;
        let length = index(to_page_end.min(end - at)).min(buffers.remaining());
        let bytes = &mut page[..length];
        buffers.next_window();
        let copied = match direction {
            Direction::Read => {
                user::read_bytes(at, bytes)?;
                buffers.put(bytes)?
            }
            Direction::Write => {
                user::check(at, length)?;
                let copied = buffers.clone().take(bytes)?;
                user::write_bytes(at, &bytes[..copied])?;
                // Only what has arrived is used up.
                buffers.take(&mut bytes[..copied])?
            }
        };
        if copied < length {
            return Err(Errno::EFAULT);
        }
        at += length as u64;
    }
    Ok(())
}

/// `kcmp(2)`: all threads share all that it compares but descriptors.
pub(super) fn kcmp(
    _cx: &mut Context<'_>,
    pid1: i32,
    pid2: i32,
    kind: i32,
    first: u32,
    second: u32,
) -> Result<u32> {
    const FILE: i32 = 0;
    /// The last but that of epoll's entries.
    const SYSVSEM: i32 = 6;
    check_process(pid1)?;
    check_process(pid2)?;
    match kind {
        FILE => {
            let files = file::current();
            let id = |fd| Ok::<_, Errno>(files.get(fd)?.id());
            Ok(match id(first)?.cmp(&id(second)?) {
                Ordering::Equal => 0,
                Ordering::Less => 1,
                Ordering::Greater => 2,
            })
        }
        1..=SYSVSEM => Ok(0),
        _ => Err(Errno::EINVAL),
    }
}

/// `ptrace(2)`: nobody is traced, and nobody can trace itself.
pub(super) fn ptrace(_cx: &mut Context<'_>, request: u32, pid: i32) -> Result<()> {
    const TRACEME: u32 = 0;
    const ATTACH: u32 = 16;
    const SEIZE: u32 = 0x4206;
    if request == TRACEME {
        return Err(Errno::EPERM);
    }
    check_process(pid)?;
    Err(if matches!(request, ATTACH | SEIZE) { Errno::EPERM } else { Errno::ESRCH })
}
