//! The program's own files in `/proc/self`, `proc_pid(5)`.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write;
use core::ops::Range;

use abi::resource::{RLIM_INFINITY, RLIM_NLIMITS, RLIMIT_NOFILE};
use abi::{Errno, Result};
use vfs::Found;
use vfs::fs::procfs::{Node, Table};

use super::{status, tasks, text};
use crate::arch::index;
use crate::file;
use crate::memory::{maps, user};
use crate::process::exec::{self, Loaded};
use crate::process::thread::Thread;
use crate::process::{PID, Process};

/// Nanoseconds in a tick of `sysconf(_SC_CLK_TCK)`.
pub(super) const TICK_NANOS: u64 = 10_000_000;
/// Bytes in a page.
pub(super) const PAGE: u64 = 4096;

fn image() -> Result<Arc<Loaded>> {
    exec::image().ok_or(Errno::ENOENT)
}

/// Adds the program's files to its directory.
pub(super) fn add(program: &Table) {
    let exe = || Ok(image()?.file.path());
    let jump = || -> Result<Found> { image()?.file.found().cloned().ok_or(Errno::ENOENT) };
    program.add("exe", Node::Link(Arc::new(exe), Some(Arc::new(jump))));
    let cwd = || file::current().working_directory();
    let jump = move || Ok(Found::directory(cwd()));
    let path = move || Ok(Found::directory(cwd()).path());
    program.add("cwd", Node::Link(Arc::new(path), Some(Arc::new(jump))));
    let root = || Ok(Found::directory(file::current().names.root().clone()));
    program.add("root", Node::Link(Arc::new(|| Ok(b"/".to_vec())), Some(Arc::new(root))));
    program.add("cmdline", Node::file(|| memory(&image()?.argv)));
    program.add("environ", Node::file(|| memory(&image()?.envp)));
    program.add("auxv", Node::file(|| Ok(image()?.auxv.clone())));
    program.add("comm", tasks::comm(PID));
    program.add("maps", Node::file(maps::maps));
    program.add("smaps", Node::file(maps::smaps));
    program.add("smaps_rollup", Node::file(maps::rollup));
    program.add("statm", text(maps::statm));
    program.add("stat", Node::file(|| stat(PID)));
    program.add("status", Node::file(|| status::status(PID)));
    program.add("limits", text(limits));
    program.add("oom_score", Node::constant(b"0\n"));
    program.add("oom_score_adj", Node::constant(b"0\n"));
    program.add("coredump_filter", Node::constant(b"00000000\n"));
}

/// Returns a range of the program's memory, which it may have changed or unmapped.
fn memory(range: &Range<u64>) -> Result<Vec<u8>> {
    let mut bytes = vec![0; index(range.end - range.start)];
    user::read_bytes(range.start, &mut bytes).map_err(|_| Errno::EIO)?;
    Ok(bytes)
}

/// Returns the numbers of `statm`: sizes in pages.
pub(super) fn sizes() -> [u64; 7] {
    let statm = maps::statm();
    let mut numbers = [0; 7];
    let words = statm.split(|byte| byte.is_ascii_whitespace());
    for (number, word) in numbers.iter_mut().zip(words) {
        *number = core::str::from_utf8(word).ok().and_then(|word| word.parse().ok()).unwrap_or(0);
    }
    numbers
}

/// Returns the thread with an id.
///
/// # Errors
/// `ESRCH`.
pub(super) fn find(tid: u32) -> Result<Arc<Thread>> {
    Process::current().thread(tid).ok_or(Errno::ESRCH)
}

/// Returns the letter of a thread's state.
pub(super) fn state(thread: &Thread) -> char {
    if thread.tid == Thread::current().tid { 'R' } else { 'S' }
}

/// Returns a `stat` file, `proc_pid_stat(5)`: the main thread's is about the whole program.
pub(super) fn stat(tid: u32) -> Result<Vec<u8>> {
    let thread = find(tid)?;
    let process = Process::current();
    let own_time = thread.cpu_time.load(core::sync::atomic::Ordering::Relaxed);
    let nanos = if tid == PID { process.cpu_time() } else { own_time };
    let [size, resident, ..] = sizes();
    let name = tasks::name(&thread);
    let (ticks, threads) = (nanos / TICK_NANOS, process.thread_count());
    let head = format!("{tid} (");
    let tail = format!(
        ") {} 0 {PID} {PID} 0 -1 4194304 0 0 0 0 {ticks} 0 0 0 20 0 {threads} 0 0 {} {resident} \
         {} 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
        state(&thread),
        size * PAGE,
        u64::MAX,
    );
    Ok([head.as_bytes(), &name, tail.as_bytes()].concat())
}

/// The names and units of limits, by their numbers.
const LIMITS: [(&str, &str); RLIM_NLIMITS] = [
    ("Max cpu time", "seconds"),
    ("Max file size", "bytes"),
    ("Max data size", "bytes"),
    ("Max stack size", "bytes"),
    ("Max core file size", "bytes"),
    ("Max resident set", "bytes"),
    ("Max processes", "processes"),
    ("Max open files", "files"),
    ("Max locked memory", "bytes"),
    ("Max address space", "bytes"),
    ("Max file locks", "locks"),
    ("Max pending signals", "signals"),
    ("Max msgqueue size", "bytes"),
    ("Max nice priority", ""),
    ("Max realtime priority", ""),
    ("Max realtime timeout", "us"),
];

/// Returns the `limits` file, `proc_pid_limits(5)`.
fn limits() -> Vec<u8> {
    const { assert!(RLIMIT_NOFILE == 7) };
    let show = |value: u64| match value {
        RLIM_INFINITY => String::from("unlimited"),
        value => format!("{value}"),
    };
    let mut text =
        format!("{:<25} {:<20} {:<20} {:<10}\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    let limits = Process::current().limits.lock();
    for (resource, (name, unit)) in (0..).zip(LIMITS) {
        if let Ok(limit) = limits.get(resource) {
            let (soft, hard) = (show(limit.rlim_cur), show(limit.rlim_max));
            // Writing to a String does not fail.
            let _ = writeln!(text, "{name:<25} {soft:<20} {hard:<20} {unit:<10}");
        }
    }
    text.into_bytes()
}
