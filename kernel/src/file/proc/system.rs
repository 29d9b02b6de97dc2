//! The files about the whole system: `/proc/meminfo`, `/proc/sys` and others, `proc(5)`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use mm::space::MIN_ADDRESS;
use vfs::fs::procfs::{Node, Table};

use super::program::TICK_NANOS;
use super::{line, text};
use crate::arch::{clock, smp};
use crate::memory::heap::HEAP;
use crate::memory::{FRAMES, space};
use crate::process::limits::most_threads;
use crate::process::thread::Thread;
use crate::process::{Process, stack};
use crate::{file, random, syscall, time};

/// Bytes in a page.
const PAGE: u64 = 4096;
const NANOS: u64 = 1_000_000_000;

/// Adds the system's files to `/proc`.
pub(super) fn add(proc: &Table) {
    proc.add("meminfo", text(memory));
    proc.add("uptime", text(uptime));
    proc.add("loadavg", text(load));
    proc.add("stat", text(statistics));
    proc.add(
        "version",
        line(|| format!("Linux version {} {}", syscall::RELEASE, syscall::VERSION)),
    );
    proc.add(
        "filesystems",
        Node::constant(b"nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\n"),
    );
    proc.add("swaps", Node::constant(b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"));
    proc.add("sys/kernel/ostype", Node::constant(b"Linux\n"));
    proc.add("sys/kernel/osrelease", line(|| syscall::RELEASE));
    proc.add("sys/kernel/version", line(|| syscall::VERSION));
    proc.add("sys/kernel/hostname", text(|| [syscall::host_name(), b"\n".to_vec()].concat()));
    proc.add("sys/kernel/domainname", Node::constant(b"(none)\n"));
    proc.add("sys/kernel/pid_max", Node::constant(b"4194304\n"));
    proc.add("sys/kernel/threads-max", line(most_threads));
    proc.add("sys/kernel/ngroups_max", Node::constant(b"65536\n"));
    proc.add("sys/kernel/cap_last_cap", Node::constant(b"40\n"));
    proc.add("sys/kernel/random/uuid", line(uuid));
    let boot_id = uuid();
    proc.add("sys/kernel/random/boot_id", line(move || boot_id.clone()));
    proc.add("sys/kernel/random/entropy_avail", Node::constant(b"256\n"));
    proc.add("sys/vm/overcommit_memory", Node::constant(b"0\n"));
    proc.add("sys/vm/max_map_count", line(|| space::lock().most_mappings()));
    proc.add("sys/vm/mmap_min_addr", line(|| MIN_ADDRESS));
    proc.add("sys/vm/swappiness", Node::constant(b"0\n"));
    proc.add("sys/fs/nr_open", Node::constant(b"1048576\n"));
    proc.add("sys/fs/file-max", Node::constant(b"9223372036854775807\n"));
    proc.add("sys/fs/pipe-max-size", Node::constant(b"1048576\n"));
    proc.add("sys/net/core/somaxconn", Node::constant(b"4096\n"));
}

/// Adds the system's files to `/sys`.
pub(super) fn add_sys(sys: &Table) {
    sys.add("kernel/mm/transparent_hugepage/enabled", Node::constant(b"[always] madvise never\n"));
    sys.add("kernel/mm/transparent_hugepage/hpage_pmd_size", Node::constant(b"2097152\n"));
    sys.add(
        "kernel/mm/transparent_hugepage/shmem_enabled",
        Node::constant(b"always within_size advise [never] deny force\n"),
    );
    let clocksource = "devices/system/clocksource/clocksource0";
    sys.add(&format!("{clocksource}/current_clocksource"), Node::constant(b"tsc\n"));
    sys.add(&format!("{clocksource}/available_clocksource"), Node::constant(b"tsc\n"));
}

fn memory() -> Vec<u8> {
    let frames = FRAMES.statistics();
    let usage = space::lock().usage();
    let kibibytes = |pages: u64| pages * (PAGE / 1024);
    let files = file::current().names.root().mount.file_system().statistics();
    let cached = files.f_blocks.saturating_sub(files.f_bfree);
    let objects = HEAP.statistics().map(|class| class.slab_bytes).sum::<usize>() / 1024;
    let rows = [
        ("MemTotal", kibibytes(frames.total)),
        ("MemFree", kibibytes(frames.free)),
        ("MemAvailable", kibibytes(frames.free)),
        ("Buffers", 0),
        ("Cached", kibibytes(cached)),
        ("SwapCached", 0),
        ("Active", 0),
        ("Inactive", 0),
        ("Unevictable", kibibytes(usage.locked)),
        ("Mlocked", kibibytes(usage.locked)),
        ("SwapTotal", 0),
        ("SwapFree", 0),
        ("Dirty", 0),
        ("Writeback", 0),
        ("AnonPages", kibibytes(usage.resident_anonymous)),
        ("Mapped", kibibytes(usage.resident_file)),
        ("Shmem", kibibytes(cached)),
        ("KReclaimable", 0),
        ("Slab", objects as u64),
        ("SReclaimable", 0),
        ("SUnreclaim", objects as u64),
        ("KernelStack", kibibytes(stack::pages())),
        ("PageTables", kibibytes(usage.tables)),
        ("CommitLimit", kibibytes(frames.total)),
        ("Committed_AS", kibibytes(usage.data)),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{:<16}{value:>8} kB", format!("{name}:"));
    }
    text.push_str(
        "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\n\
         HugePages_Surp:        0\nHugepagesize:       2048 kB\nHugetlb:               0 kB\n",
    );
    text.into_bytes()
}

/// Returns the times since the start: all of it, and what the program did not use of it, on all
/// processors together.
fn times() -> (u64, u64) {
    let up = clock::now().as_nanos();
    (up, (up * smp::count() as u64).saturating_sub(Process::current().cpu_time()))
}

fn uptime() -> Vec<u8> {
    let hundredths = |nanos: u64| (nanos / NANOS, nanos % NANOS / (NANOS / 100));
    let (up, idle) = times();
    let ((up, up_part), (idle, idle_part)) = (hundredths(up), hundredths(idle));
    format!("{up}.{up_part:02} {idle}.{idle_part:02}\n").into_bytes()
}

/// No average is kept: what is known is the number of threads.
fn load() -> Vec<u8> {
    let (threads, last) = (Process::current().thread_count(), Thread::current().tid);
    format!("0.00 0.00 0.00 1/{threads} {last}\n").into_bytes()
}

fn statistics() -> Vec<u8> {
    let (up, idle) = times();
    let row = |used: u64, idle: u64| format!("{used} 0 0 {idle} 0 0 0 0 0 0\n");
    let count = smp::count() as u64;
    let (used, idle) = (((up * count).saturating_sub(idle)) / TICK_NANOS, idle / TICK_NANOS);
    // What each processor did is not kept: an equal share is shown.
    let each = row(used / count, idle / count);
    let rows: String = (0..count).map(|cpu| format!("cpu{cpu} {each}")).collect();
    let (all, start) = (row(used, idle), time::start_nanos() / NANOS);
    format!(
        "cpu  {all}{rows}intr 0\nctxt 0\nbtime {start}\nprocesses 1\nprocs_running 1\n\
         procs_blocked 0\n"
    )
    .into_bytes()
}

/// Returns a random UUID (RFC 9562 §5.4).
fn uuid() -> String {
    let (high, low) = (random::next_u64(), random::next_u64());
    let high = high & !0xf000 | 0x4000;
    let low = low & !(3 << 62) | 2 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
