//! Extended attributes: `setxattr(2)`, `getxattr(2)`, `listxattr(2)`, `removexattr(2)`.

use alloc::vec::Vec;

use abi::fcntl::{AT_FDCWD, AtFlags};
use abi::inotify::WatchMask;
use abi::stat::FileType;
use abi::{Errno, Result};
use vfs::inode::SetAttribute;
use vfs::{Inode, watch};

use super::Context;
use super::file::Subject;
use crate::file;
use crate::memory::{self, user};
use crate::process::Process;

/// The longest name, in bytes (`XATTR_NAME_MAX`).
const LONGEST_NAME: usize = 255;
/// The longest value and the longest list of names, in bytes.
const LONGEST_VALUE: usize = 65536;
/// `XATTR_CREATE`: it must not be there yet.
const XATTR_CREATE: u32 = 1;
/// `XATTR_REPLACE`: it must be there.
const XATTR_REPLACE: u32 = 2;

fn followed(path: u64) -> Result<Subject> {
    Subject::at(AT_FDCWD, path, AtFlags::empty())
}

fn itself(path: u64) -> Result<Subject> {
    Subject::at(AT_FDCWD, path, AtFlags::SYMLINK_NOFOLLOW)
}

fn open(fd: u32) -> Result<Subject> {
    file::current().get(fd).map(Subject::Open)
}

fn read_name(name: u64) -> Result<Vec<u8>> {
    let name = user::read_string(name, LONGEST_NAME).map_err(|errno| match errno {
        Errno::ENAMETOOLONG => Errno::ERANGE,
        errno => errno,
    })?;
    if name.is_empty() { Err(Errno::ERANGE) } else { Ok(name) }
}

/// What is to be done with an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Subject {
    /// Returns the inode, if its kind of file and the program may have such an attribute.
    ///
    /// # Errors
    /// As `xattr(7)`: `EPERM` for writing, `ENODATA` for reading what is not allowed; `EOPNOTSUPP`
    /// for what has no inode or for an unknown kind of name, `EINVAL` for nothing but the kind.
    fn with_attribute(&self, name: &[u8], access: Access) -> Result<&dyn Inode> {
        let refusal = if access == Access::Read { Errno::ENODATA } else { Errno::EPERM };
        let kind = self.metadata().kind;
        let has_user = matches!(kind, FileType::Regular | FileType::Directory);
        let is_privileged = || Process::current().credentials.lock().is_privileged();
        if (name.starts_with(b"user.") && !has_user)
            || (name.starts_with(b"trusted.") && !is_privileged())
        {
            return Err(refusal);
        }
        let found = self.found().ok_or(Errno::EOPNOTSUPP)?;
        Ok(&*found.location.inode)
    }

    fn tell_changed(&self) {
        if let Some(found) = self.found() {
            watch::notify_file(found, WatchMask::ATTRIB);
        }
    }
}

/// What is to be set: the addresses and sizes of a call.
#[derive(Clone, Copy)]
struct Request {
    name: u64,
    value: u64,
    size: usize,
    flags: u32,
}

fn set(find: impl FnOnce() -> Result<Subject>, request: Request) -> Result<()> {
    let how = match request.flags {
        0 => SetAttribute::Always,
        XATTR_CREATE => SetAttribute::Create,
        XATTR_REPLACE => SetAttribute::Replace,
        // It can neither be there nor not be there.
        flags if flags == XATTR_CREATE | XATTR_REPLACE => SetAttribute::Never,
        _ => return Err(Errno::EINVAL),
    };
    let name = read_name(request.name)?;
    if request.size > LONGEST_VALUE {
        return Err(Errno::E2BIG);
    }
    let mut value = memory::buffer(request.size)?;
    user::read_bytes(request.value, &mut value)?;
    let subject = find()?;
    subject.with_attribute(&name, Access::Write)?.set_attribute(&name, &value, how)?;
    subject.tell_changed();
    Ok(())
}

/// Gives bytes to a buffer that must hold all of them; one of no bytes asks for their number.
fn answer(bytes: &[u8], buffer: u64, size: usize) -> Result<usize> {
    if size != 0 {
        if bytes.len() > size {
            return Err(Errno::ERANGE);
        }
        user::write_bytes(buffer, bytes)?;
    }
    Ok(bytes.len())
}

fn get(
    find: impl FnOnce() -> Result<Subject>,
    name: u64,
    value: u64,
    size: usize,
) -> Result<usize> {
    let name = read_name(name)?;
    let subject = find()?;
    answer(&subject.with_attribute(&name, Access::Read)?.attribute(&name)?, value, size)
}

fn list(find: impl FnOnce() -> Result<Subject>, buffer: u64, size: usize) -> Result<usize> {
    let subject = find()?;
    let names = subject.found().map(|found| found.location.inode.attribute_names());
    let is_privileged = Process::current().credentials.lock().is_privileged();
    let mut bytes = Vec::new();
    for name in names.unwrap_or_default() {
        if is_privileged || !name.starts_with(b"trusted.") {
            bytes.extend_from_slice(&name);
            bytes.push(0);
        }
    }
    answer(&bytes, buffer, size)
}

fn remove(find: impl FnOnce() -> Result<Subject>, name: u64) -> Result<()> {
    let name = read_name(name)?;
    let subject = find()?;
    subject.with_attribute(&name, Access::Write)?.remove_attribute(&name)?;
    subject.tell_changed();
    Ok(())
}

/// `setxattr(2)`.
pub(super) fn setxattr(
    _cx: &mut Context<'_>,
    path: u64,
    name: u64,
    value: u64,
    size: usize,
    flags: u32,
) -> Result<()> {
    set(|| followed(path), Request { name, value, size, flags })
}

/// `lsetxattr(2)`.
pub(super) fn lsetxattr(
    _cx: &mut Context<'_>,
    path: u64,
    name: u64,
    value: u64,
    size: usize,
    flags: u32,
) -> Result<()> {
    set(|| itself(path), Request { name, value, size, flags })
}

/// `fsetxattr(2)`.
pub(super) fn fsetxattr(
    _cx: &mut Context<'_>,
    fd: u32,
    name: u64,
    value: u64,
    size: usize,
    flags: u32,
) -> Result<()> {
    set(|| open(fd), Request { name, value, size, flags })
}

/// `getxattr(2)`.
pub(super) fn getxattr(
    _cx: &mut Context<'_>,
    path: u64,
    name: u64,
    value: u64,
    size: usize,
) -> Result<usize> {
    get(|| followed(path), name, value, size)
}

/// `lgetxattr(2)`.
pub(super) fn lgetxattr(
    _cx: &mut Context<'_>,
    path: u64,
    name: u64,
    value: u64,
    size: usize,
) -> Result<usize> {
    get(|| itself(path), name, value, size)
}

/// `fgetxattr(2)`.
pub(super) fn fgetxattr(
    _cx: &mut Context<'_>,
    fd: u32,
    name: u64,
    value: u64,
    size: usize,
) -> Result<usize> {
    get(|| open(fd), name, value, size)
}

/// `listxattr(2)`.
pub(super) fn listxattr(
    _cx: &mut Context<'_>,
    path: u64,
    buffer: u64,
    size: usize,
) -> Result<usize> {
    list(|| followed(path), buffer, size)
}

/// `llistxattr(2)`.
pub(super) fn llistxattr(
    _cx: &mut Context<'_>,
    path: u64,
    buffer: u64,
    size: usize,
) -> Result<usize> {
    list(|| itself(path), buffer, size)
}

/// `flistxattr(2)`.
pub(super) fn flistxattr(
    _cx: &mut Context<'_>,
    fd: u32,
    buffer: u64,
    size: usize,
) -> Result<usize> {
    list(|| open(fd), buffer, size)
}

/// `removexattr(2)`.
pub(super) fn removexattr(_cx: &mut Context<'_>, path: u64, name: u64) -> Result<()> {
    remove(|| followed(path), name)
}

/// `lremovexattr(2)`.
pub(super) fn lremovexattr(_cx: &mut Context<'_>, path: u64, name: u64) -> Result<()> {
    remove(|| itself(path), name)
}

/// `fremovexattr(2)`.
pub(super) fn fremovexattr(_cx: &mut Context<'_>, fd: u32, name: u64) -> Result<()> {
    remove(|| open(fd), name)
}
