//! Extended attributes: `setxattr(2)`, `getxattr(2)`, `listxattr(2)`, `removexattr(2)`.

use alloc::vec::Vec;

use abi::fcntl::{AT_FDCWD, AtFlags};
use abi::inotify::WatchMask;
use abi::stat::FileType;
use abi::{Errno, Result};
use vfs::inode::SetAttribute;
use vfs::{Inode, watch};

use super::Context;
use super::argument::FromRegister;
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

/// Whose attributes a call is about: a register, and how the file is found by it.
pub(super) trait Whose: FromRegister {
    /// Finds the file.
    ///
    /// # Errors
    /// As [`Subject::at`]; `EBADF`.
    fn find(self) -> Result<Subject>;
}

/// The file that a path leads to, through a link at its end.
pub(super) struct Followed(u64);
/// The file that a path names, which may be a link.
pub(super) struct Named(u64);
/// The file of a descriptor.
pub(super) struct Open(u32);

impl FromRegister for Followed {
    fn from_register(register: u64) -> Self {
        Self(register)
    }
}

impl FromRegister for Named {
    fn from_register(register: u64) -> Self {
        Self(register)
    }
}

impl FromRegister for Open {
    fn from_register(register: u64) -> Self {
        Self(u32::from_register(register))
    }
}

impl Whose for Followed {
    fn find(self) -> Result<Subject> {
        Subject::at(AT_FDCWD, self.0, AtFlags::empty())
    }
}

impl Whose for Named {
    fn find(self) -> Result<Subject> {
        Subject::at(AT_FDCWD, self.0, AtFlags::SYMLINK_NOFOLLOW)
    }
}

impl Whose for Open {
    fn find(self) -> Result<Subject> {
        file::current().get(self.0).map(Subject::Open)
    }
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

/// `setxattr(2)`, `lsetxattr(2)`, `fsetxattr(2)`.
pub(super) fn set<W: Whose>(
    _cx: &mut Context<'_>,
    whose: W,
    name: u64,
    value: u64,
    size: usize,
    flags: u32,
) -> Result<()> {
    let how = match flags {
        0 => SetAttribute::Always,
        XATTR_CREATE => SetAttribute::Create,
        XATTR_REPLACE => SetAttribute::Replace,
        // It can neither be there nor not be there.
        flags if flags == XATTR_CREATE | XATTR_REPLACE => SetAttribute::Never,
        _ => return Err(Errno::EINVAL),
    };
    let name = read_name(name)?;
    if size > LONGEST_VALUE {
        return Err(Errno::E2BIG);
    }
    let mut bytes = memory::buffer(size)?;
    user::read_bytes(value, &mut bytes)?;
    let subject = whose.find()?;
    subject.with_attribute(&name, Access::Write)?.set_attribute(&name, &bytes, how)?;
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

/// `getxattr(2)`, `lgetxattr(2)`, `fgetxattr(2)`.
pub(super) fn get<W: Whose>(
    _cx: &mut Context<'_>,
    whose: W,
    name: u64,
    value: u64,
    size: usize,
) -> Result<usize> {
    let name = read_name(name)?;
    let subject = whose.find()?;
    answer(&subject.with_attribute(&name, Access::Read)?.attribute(&name)?, value, size)
}

/// `listxattr(2)`, `llistxattr(2)`, `flistxattr(2)`.
pub(super) fn list<W: Whose>(
    _cx: &mut Context<'_>,
    whose: W,
    buffer: u64,
    size: usize,
) -> Result<usize> {
    let subject = whose.find()?;
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

/// `removexattr(2)`, `lremovexattr(2)`, `fremovexattr(2)`.
pub(super) fn remove<W: Whose>(_cx: &mut Context<'_>, whose: W, name: u64) -> Result<()> {
    let name = read_name(name)?;
    let subject = whose.find()?;
    subject.with_attribute(&name, Access::Write)?.remove_attribute(&name)?;
    subject.tell_changed();
    Ok(())
}
