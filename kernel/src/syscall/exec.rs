//! Running another program: `execve(2)`, `execveat(2)`.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::fcntl::{AT_FDCWD, AtFlags};
use abi::resource::RLIMIT_STACK;
use abi::stat::FileType;
use abi::{Errno, Result};
use elf::Arguments;
use vfs::Found;

use super::Context;
use super::file::{Subject, at_flags, read_any_path};
use crate::file;
use crate::memory::user::{self, UserPtr};
use crate::process::Process;
use crate::process::exec::{self, Prepared};
use crate::process::exit;
use crate::process::thread::Thread;
use crate::trace;

/// The longest argument or variable, in bytes without its terminating zero.
const LONGEST_STRING: usize = 32 * 4096 - 1;
/// The most bytes that strings take together, whatever the limit of the stack.
const MOST_BYTES: usize = 6 << 20;

/// `execve(2)`.
pub(super) fn execve(cx: &mut Context<'_>, path: u64, argv: u64, envp: u64) -> Result<()> {
    execveat(cx, AT_FDCWD, path, argv, envp, 0)
}

/// `execveat(2)`.
pub(super) fn execveat(
    cx: &mut Context<'_>,
    fd: i32,
    path: u64,
    argv: u64,
    envp: u64,
    flags: u32,
) -> Result<()> {
    let thread = prepare(fd, path, argv, envp, flags)?;
    trace::leave_exec(cx.frame.rax);
    exit::hand_over(thread)
}

/// Does all of the call but ending the thread that made it, and returns the one that follows.
fn prepare(fd: i32, path: u64, argv: u64, envp: u64, flags: u32) -> Result<Arc<Thread>> {
    let flags = at_flags(flags, AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW)?;
    let found = find(fd, path, flags)?;
    let name = name(fd, &read_any_path(path)?);
    let files = file::current();
    let program = exec::open_found(found)?;
    let (argv, envp) = (Strings::read(argv)?, Strings::read(envp)?);
    let (argv, envp) = (argv.slices()?, envp.slices()?);
    let arguments = Arguments { argv: &argv, envp: &envp, execfn: &name };
    let stack_limit = Process::current().limits.lock().get(RLIMIT_STACK)?.rlim_cur;
    arguments.check_size(stack_limit)?;
    let program = Prepared::read(program, &files.names, &files.working_directory())?;
    exec::replace(program, &arguments)
}

/// Finds the file to be executed.
fn find(fd: i32, path: u64, flags: AtFlags) -> Result<Found> {
    let subject = Subject::at(fd, path, flags)?;
    let found = subject.found().ok_or(Errno::EACCES)?.clone();
    let is_link = found.location.inode.kind() == FileType::Symlink;
    if is_link && flags.contains(AtFlags::SYMLINK_NOFOLLOW) {
        return Err(Errno::ELOOP);
    }
    Ok(found)
}

/// Returns the path that the program is told it was executed by.
fn name(fd: i32, path: &[u8]) -> Vec<u8> {
    if fd == AT_FDCWD || path.first() == Some(&b'/') {
        return path.to_vec();
    }
    let descriptor = format!("/dev/fd/{fd}").into_bytes();
    if path.is_empty() { descriptor } else { [&descriptor, path].join(&b'/') }
}

/// An array of strings, copied from the caller.
struct Strings(Vec<Vec<u8>>);

impl Strings {
    /// Copies strings in from an array of pointers that ends with a null pointer; there is no
    /// string if there is no array.
    ///
    /// # Errors
    /// `EFAULT`; `E2BIG` if one or all together are too long; `ENOMEM`.
    fn read(array: u64) -> Result<Self> {
        let mut strings = Vec::new();
        let mut bytes = 0;
        let array = UserPtr::<u64>::new(array);
        loop {
            let address = if array.is_null() { 0 } else { array.at(strings.len()).read()? };
            if address == 0 {
                return Ok(Self(strings));
            }
            let string =
                user::read_string(address, LONGEST_STRING).map_err(|errno| match errno {
                    Errno::ENAMETOOLONG => Errno::E2BIG,
                    other => other,
                })?;
            bytes += string.len() + 1 + size_of::<u64>();
            if bytes > MOST_BYTES {
                return Err(Errno::E2BIG);
            }
            strings.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            strings.push(string);
        }
    }

    /// Returns the strings as slices.
    ///
    /// # Errors
    /// `ENOMEM`.
    fn slices(&self) -> Result<Vec<&[u8]>> {
        let mut slices = Vec::new();
        slices.try_reserve_exact(self.0.len()).map_err(|_| Errno::ENOMEM)?;
        slices.extend(self.0.iter().map(Vec::as_slice));
        Ok(slices)
    }
}
