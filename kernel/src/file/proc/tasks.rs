//! `/proc/self/task`: the threads, `proc_pid_task(5)`.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::stat::FileType;
use abi::{Errno, Result};
use vfs::fs::procfs::{Listing, Node, Table};

use super::descriptors::parse_number;
use super::{program, status};
use crate::process::thread::{NAME_SIZE, Thread};
use crate::process::{PID, Process};

/// The threads by their numbers.
#[derive(Debug)]
pub(super) struct Tasks;

/// Returns where the calling thread's directory is, relative to `/proc`.
pub(super) fn own_path() -> Vec<u8> {
    format!("{PID}/task/{}", Thread::current().tid).into_bytes()
}

/// Returns a thread's name, without the NULs behind it.
pub(super) fn name(thread: &Thread) -> Vec<u8> {
    let name = *thread.name.lock();
    name.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()
}

/// Returns the file with a thread's name, which can be written.
pub(super) fn comm(tid: u32) -> Node {
    let find = move || Process::current().thread(tid).ok_or(Errno::ESRCH);
    let generate = move || {
        let mut name = name(find()?.as_ref());
        name.push(b'\n');
        Ok(name)
    };
    let accept = move |bytes: &[u8]| {
        let bytes = bytes.split(|&byte| byte == b'\n' || byte == 0).next().unwrap_or_default();
        let length = bytes.len().min(NAME_SIZE - 1);
        let mut name = [0; NAME_SIZE];
        name[..length].copy_from_slice(&bytes[..length]);
        *find()?.name.lock() = name;
        Ok(())
    };
    Node::File(Arc::new(generate), Some(Arc::new(accept)))
}

impl Listing for Tasks {
    fn lookup(&self, name: &[u8]) -> Result<Node> {
        let tid = parse_number(name)?;
        Process::current().thread(tid).ok_or(Errno::ENOENT)?;
        let table = Table::new();
        table.add("comm", comm(tid));
        table.add("stat", Node::file(move || program::stat(tid)));
        table.add("status", Node::file(move || status::status(tid)));
        Ok(Node::Directory(table))
    }

    fn visit(&self, from: u64, visit: &mut dyn FnMut(u64, &[u8], FileType) -> bool) {
        let mut tids = Vec::new();
        Process::current().find_thread(|thread| {
            tids.push(thread.tid);
            false
        });
        let mut later = tids.into_iter().filter(|&tid| u64::from(tid) >= from);
        let _stopped = later
            .all(|tid| visit(u64::from(tid), format!("{tid}").as_bytes(), FileType::Directory));
    }
}
