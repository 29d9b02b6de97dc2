//! `/proc/self/status` and that of each thread, `proc_pid_status(5)`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use abi::Result;
use abi::resource::RLIMIT_SIGPENDING;
use mm::vma::{Role, Vma};
use sched::CpuSet;

use super::program::{PAGE, find, sizes, state};
use super::tasks;
use crate::arch::smp;
use crate::memory::space;
use crate::process::thread::Thread;
use crate::process::{PID, Process, signal};
use crate::{file, schedule};

/// Returns a `status` file, `proc_pid_status(5)`.
pub(super) fn status(tid: u32) -> Result<Vec<u8>> {
    let thread = find(tid)?;
    let word = if state(&thread) == 'R' { "R (running)" } else { "S (sleeping)" };
    let files = file::current();
    let (descriptors, umask) = (files.descriptors.open_count(), files.umask());
    let head = format!(
        "\nUmask:\t{umask:04o}\nState:\t{word}\nTgid:\t{PID}\nNgid:\t0\nPid:\t{tid}\nPPid:\t0\n\
         TracerPid:\t0\n"
    );
    let threads = Process::current().thread_count();
    let fd_size = descriptors.next_power_of_two().max(64);
    let lines = [
        head,
        identity_lines(tid, fd_size),
        memory_lines(),
        format!("CoreDumping:\t0\nTHP_enabled:\t1\nThreads:\t{threads}\n"),
        signal_lines(&thread),
        right_lines(),
        processor_lines(&thread),
    ];
    Ok([b"Name:\t", &tasks::name(&thread)[..], lines.concat().as_bytes()].concat())
}

/// Returns what `status` says of users, groups and numbers.
fn identity_lines(tid: u32, fd_size: usize) -> String {
    let credentials = Process::current().credentials.lock();
    let ids = [credentials.user, credentials.group]
        .map(|ids| format!("{}\t{}\t{}\t{}", ids.real, ids.effective, ids.saved, ids.file_system));
    let groups: String = credentials.groups.iter().map(|group| format!("{group} ")).collect();
    format!(
        "Uid:\t{}\nGid:\t{}\nFDSize:\t{fd_size}\nGroups:\t{groups}\nNStgid:\t{PID}\n\
         NSpid:\t{tid}\nNSpgid:\t{PID}\nNSsid:\t{PID}\nKthread:\t0\n",
        ids[0], ids[1]
    )
}

/// Returns what `status` says of memory.
fn memory_lines() -> String {
    let [size, resident, shared, code, _, data, _] = sizes();
    let (usage, stack) = {
        let space = space::lock();
        let stack: u64 =
            space.mappings().filter(|vma| vma.role == Role::Stack).map(Vma::pages).sum();
        (space.usage(), stack)
    };
    let rows = [
        ("VmPeak", usage.peak_total),
        ("VmSize", size),
        ("VmLck", usage.locked),
        ("VmPin", 0),
        ("VmHWM", usage.peak_resident),
        ("VmRSS", resident),
        ("RssAnon", resident.saturating_sub(shared)),
        ("RssFile", shared),
        ("RssShmem", 0),
        ("VmData", data),
        ("VmStk", stack),
        ("VmExe", code),
        ("VmPTE", usage.tables),
        ("VmSwap", 0),
        ("HugetlbPages", 0),
    ];
    rows.iter().map(|(name, pages)| format!("{name}:\t{:8} kB\n", pages * PAGE / 1024)).collect()
}

/// Returns what `status` says of a thread's signals.
fn signal_lines(thread: &Thread) -> String {
    let signals = signal::overview(thread);
    let limit = Process::current().limits.lock().soft(RLIMIT_SIGPENDING);
    format!(
        "SigQ:\t{}/{limit}\nSigPnd:\t{:016x}\nShdPnd:\t{:016x}\nSigBlk:\t{:016x}\n\
         SigIgn:\t{:016x}\nSigCgt:\t{:016x}\n",
        signals.queued,
        signals.own.bits(),
        signals.shared.bits(),
        signals.blocked.bits(),
        signals.ignored.bits(),
        signals.caught.bits(),
    )
}

/// Returns what `status` says of capabilities.
fn right_lines() -> String {
    let credentials = Process::current().credentials.lock();
    let held = credentials.capabilities;
    let sets = [
        ("CapInh", held.inheritable),
        ("CapPrm", held.permitted),
        ("CapEff", held.effective),
        ("CapBnd", credentials.bounding),
        ("CapAmb", credentials.ambient),
    ];
    let sets: String = sets.iter().map(|(name, set)| format!("{name}:\t{set:016x}\n")).collect();
    drop(credentials);
    let is_bound = Process::current().attributes.lock().has_no_new_privileges;
    format!("{sets}NoNewPrivs:\t{}\nSeccomp:\t0\nSeccomp_filters:\t0\n", u8::from(is_bound))
}

/// Returns what `status` says of the processors that a thread may run on.
fn processor_lines(thread: &Thread) -> String {
    let allowed = schedule::entity(thread).affinity() & CpuSet::first(smp::count());
    format!(
        "Cpus_allowed:\t{:x}\nCpus_allowed_list:\t{}\nMems_allowed:\t1\nMems_allowed_list:\t0\n",
        allowed.bits(),
        list(allowed),
    )
}

/// Returns the processors of a set as ranges, `0-3,5`.
fn list(set: CpuSet) -> String {
    let mut text = String::new();
    let mut cpu = 0;
    while cpu < CpuSet::LIMIT {
        let length = (cpu..CpuSet::LIMIT).take_while(|&next| set.contains(next)).count();
        let separator = if text.is_empty() { "" } else { "," };
        // Writing to a String does not fail.
        let _ = match length {
            0 => Ok(()),
            1 => write!(text, "{separator}{cpu}"),
            _ => write!(text, "{separator}{cpu}-{}", cpu + length - 1),
        };
        cpu += length.max(1);
    }
    text
}
