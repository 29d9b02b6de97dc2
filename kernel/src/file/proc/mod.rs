//! `/proc` and `/sys`: what they say, as far as programs ask.

mod descriptors;
mod mounts;
mod processor;
mod program;
mod status;
mod system;
mod tasks;

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Display;

use abi::Result;
use vfs::Namespace;
use vfs::fs::procfs::{Flavour, Node, ProcFs, Table};

use crate::process::PID;
use crate::time::RealTime;

/// The device numbers of the two file systems.
const PROC_DEVICE: u64 = 7;
const SYS_DEVICE: u64 = 8;

/// Returns a file that says what `value` returns, and a newline.
fn line<T: Display>(value: impl Fn() -> T + Send + Sync + 'static) -> Node {
    Node::file(move || Ok(format!("{}\n", value()).into_bytes()))
}

/// Returns a file whose contents cannot fail to be made.
fn text(contents: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Node {
    Node::file(move || Ok(contents()))
}

/// Mounts `/proc` and `/sys`.
///
/// # Errors
/// As making a directory and mounting.
pub(super) fn mount(names: &Namespace) -> Result<()> {
    let proc = Table::new();
    proc.add("self", Node::link(|| Ok(format!("{PID}").into_bytes())));
    proc.add("thread-self", Node::link(|| Ok(tasks::own_path())));
    proc.add("mounts", Node::link(|| Ok(b"self/mounts".to_vec())));
    system::add(&proc);
    processor::add(&proc);
    let program = Table::new();
    program::add(&program);
    mounts::add(&program);
    program.add("fd", Node::Directory(Arc::new(descriptors::Descriptors)));
    program.add("fdinfo", Node::Directory(Arc::new(descriptors::Information)));
    program.add("task", Node::Directory(Arc::new(tasks::Tasks)));
    proc.add(&format!("{PID}"), Node::Directory(program));
    let clock = Arc::new(RealTime);
    super::mount(names, b"/proc", ProcFs::new(PROC_DEVICE, Flavour::Proc, clock.clone(), proc))?;
    let sys = Table::new();
    processor::add_sys(&sys);
    system::add_sys(&sys);
    super::mount(names, b"/sys", ProcFs::new(SYS_DEVICE, Flavour::Sys, clock, sys))
}
