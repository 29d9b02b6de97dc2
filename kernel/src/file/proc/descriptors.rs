//! `/proc/self/fd` and `/proc/self/fdinfo`, `proc_pid_fd(5)`.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::fcntl::OpenFlags;
use abi::stat::FileType;
use abi::{Errno, Result};
use vfs::fs::anonymous;
use vfs::fs::procfs::{Listing, Node};
use vfs::{Found, OnExec};

use crate::file;

/// The descriptors as links to what they stand for.
#[derive(Debug)]
pub(super) struct Descriptors;

/// The descriptors as files about them.
#[derive(Debug)]
pub(super) struct Information;

/// Returns the number that a name is, written as a number is written.
pub(super) fn parse_number(name: &[u8]) -> Result<u32> {
    let number = core::str::from_utf8(name).ok().and_then(|name| name.parse::<u32>().ok());
    number.filter(|number| format!("{number}").as_bytes() == name).ok_or(Errno::ENOENT)
}

/// Checks that a descriptor is open and returns it.
fn open_descriptor(name: &[u8]) -> Result<u32> {
    let fd = parse_number(name)?;
    file::current().get_any(fd).map_err(|_| Errno::ENOENT)?;
    Ok(fd)
}

fn visit_all(from: u64, kind: FileType, visit: &mut dyn FnMut(u64, &[u8], FileType) -> bool) {
    let descriptors = &file::current().descriptors;
    let mut next = u32::try_from(from).ok();
    while let Some((fd, _)) = next.and_then(|from| descriptors.next_open(from)) {
        if !visit(u64::from(fd), format!("{fd}").as_bytes(), kind) {
            return;
        }
        next = fd.checked_add(1);
    }
}

fn path(fd: u32) -> Result<Vec<u8>> {
    file::current().get_any(fd).map(|file| file.path()).map_err(|_| Errno::ENOENT)
}

fn target(fd: u32) -> Result<Found> {
    let file = file::current().get_any(fd).map_err(|_| Errno::ENOENT)?;
    match file.found() {
        Some(found) => Ok(found.clone()),
        None => Ok(anonymous::found(file.file()?.clone())),
    }
}

fn information(fd: u32) -> Result<Vec<u8>> {
    let files = file::current();
    let file = files.get_any(fd).map_err(|_| Errno::ENOENT)?;
    let mut flags = file.flags();
    flags.set(OpenFlags::CLOEXEC, files.descriptors.on_exec(fd) == Ok(OnExec::Close));
    let mount = file.found().map_or(0, |found| found.location.mount.id());
    let (offset, flags, ino) = (file.offset(), flags.bits(), file.metadata().ino);
    Ok(format!("pos:\t{offset}\nflags:\t0{flags:o}\nmnt_id:\t{mount}\nino:\t{ino}\n").into_bytes())
}

impl Listing for Descriptors {
    fn lookup(&self, name: &[u8]) -> Result<Node> {
        let fd = open_descriptor(name)?;
        Ok(Node::Link(Arc::new(move || path(fd)), Some(Arc::new(move || target(fd)))))
    }

    fn visit(&self, from: u64, visit: &mut dyn FnMut(u64, &[u8], FileType) -> bool) {
        visit_all(from, FileType::Symlink, visit);
    }
}

impl Listing for Information {
    fn lookup(&self, name: &[u8]) -> Result<Node> {
        let fd = open_descriptor(name)?;
        Ok(Node::file(move || information(fd)))
    }

    fn visit(&self, from: u64, visit: &mut dyn FnMut(u64, &[u8], FileType) -> bool) {
        visit_all(from, FileType::Regular, visit);
    }
}
