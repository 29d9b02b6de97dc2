//! `/proc/self/mounts` and `/proc/self/mountinfo`, `proc_pid_mountinfo(5)`.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::stat::{device_major, device_minor};
use vfs::fs::procfs::Table;
use vfs::{Location, Mount};

use super::text;
use crate::file;

/// Adds the files about mounts to the program's directory.
pub(super) fn add(program: &Table) {
    program.add("mounts", text(|| describe(&simple)));
    program.add("mountinfo", text(|| describe(&detailed)));
}

type Describe<'a> = &'a dyn Fn(&Arc<Mount>, &[u8]) -> Vec<u8>;

fn describe(one: Describe<'_>) -> Vec<u8> {
    let mut lines = Vec::new();
    visit(&file::current().names.root().mount, one, &mut lines);
    lines
}

fn visit(mount: &Arc<Mount>, one: Describe<'_>, lines: &mut Vec<u8>) {
    let path = Location::root_of(mount).directory_path().unwrap_or_default();
    lines.extend_from_slice(&one(mount, &escape(&path)));
    for child in mount.children() {
        visit(&child, one, lines);
    }
}

/// Writes what separates fields as Linux does: octal, `getmntent(3)`.
fn escape(path: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::new();
    for &byte in path {
        match byte {
            b' ' | b'\t' | b'\n' | b'\\' => {
                escaped.extend_from_slice(format!("\\{byte:03o}").as_bytes());
            }
            _ => escaped.push(byte),
        }
    }
    escaped
}

fn simple(mount: &Arc<Mount>, path: &[u8]) -> Vec<u8> {
    let kind = mount.file_system().kind_name();
    let tail = format!(" {kind} rw,noatime 0 0\n");
    [kind.as_bytes(), b" ", path, tail.as_bytes()].concat()
}

fn detailed(mount: &Arc<Mount>, path: &[u8]) -> Vec<u8> {
    let kind = mount.file_system().kind_name();
    let device = Location::root_of(mount).inode.metadata().dev;
    let parent = mount.point().map_or(0, |point| point.mount.id());
    let (major, minor) = (device_major(device), device_minor(device));
    let head = format!("{} {parent} {major}:{minor} / ", mount.id());
    let tail = format!(" rw,noatime - {kind} {kind} rw\n");
    [head.as_bytes(), path, tail.as_bytes()].concat()
}
