//! What must be the same on Linux and on Scull, and what cannot be.

use std::fs;
use std::sync::LazyLock;

use abi::fcntl::{F_NOTIFY, F_SETLEASE};
use abi::socket::{AF_NETLINK, IPPROTO_UDPLITE, MsgFlags};
use abi::{Errno, Sysno};

use super::outcome::{Outcome, Report};
use super::plan::{Argument, Batch, Call, Plan};

/// A call that did something else on Scull than on Linux.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    /// The batch, by its place in the plan.
    pub(super) batch: usize,
    /// The call, by its place in the batch.
    pub(super) call: usize,
    /// What came of it on Linux, and on Scull.
    pub(super) linux: Option<Outcome>,
    pub(super) scull: Option<Outcome>,
    /// In words.
    pub(super) words: String,
}

/// What to make of two outcomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// They agree, as far as they can.
    Same,
    /// They differ as they may, so that what follows in the batch may, too.
    Apart,
    /// They differ.
    Different,
}

/// Returns the first difference of each batch.
pub(super) fn differences(plan: &Plan, linux: &Report, scull: &Report) -> Vec<Difference> {
    let batches = plan.batches.iter().enumerate();
    batches.filter_map(|(place, batch)| difference(place, batch, linux, scull)).collect()
}

fn difference(place: usize, batch: &Batch, linux: &Report, scull: &Report) -> Option<Difference> {
    // What threads that race see of each other is nobody's promise.
    if !batch.is_ordered && batch.threads > 1 || linux.deaths.contains_key(&batch.id) {
        return None;
    }
    let (linux, scull) = (linux.batches.get(&batch.id)?, scull.batches.get(&batch.id)?);
    for (index, call) in batch.calls.iter().enumerate() {
        let (linux, scull) = (*linux.get(index)?, *scull.get(index)?);
        let (Some(ours), Some(theirs)) = (linux, scull) else { return None };
        match compare(call, ours, theirs) {
            // From there on threads have other descriptors on Linux, which on Scull they share.
            Verdict::Same if batch.threads > 1 && unshares_descriptors(call) => return None,
            Verdict::Same => {}
            Verdict::Apart => return None,
            Verdict::Different => {
                let words =
                    format!("{}: Linux {}, Scull {}", call.name(), word(linux), word(scull));
                return Some(Difference { batch: place, call: index, linux, scull, words });
            }
        }
    }
    None
}

fn unshares_descriptors(call: &Call) -> bool {
    const CLOSE_RANGE_UNSHARE: u64 = 2;
    Sysno::from_raw(call.number) == Some(Sysno::close_range)
        && matches!(call.arguments[2], Argument::Number(flags) if flags & CLOSE_RANGE_UNSHARE != 0)
}

/// Returns an outcome in words.
pub(super) fn word(outcome: Option<Outcome>) -> String {
    match outcome {
        None => "did not return".to_owned(),
        Some(Outcome { result, digest: 0 }) => errno(result),
        Some(Outcome { result, digest }) => format!("{} with {digest:08x}", errno(result)),
    }
}

fn errno(result: i64) -> String {
    if (-4095..0).contains(&result)
        && let Ok(number) = u16::try_from(-result)
    {
        return format!("-1 {:?}", Errno::new(number));
    }
    result.to_string()
}

fn is_error(outcome: Outcome, errno: Errno) -> bool {
    outcome.result == -i64::from(errno.raw())
}

fn has_failed(outcome: Outcome) -> bool {
    (-4095..0).contains(&outcome.result)
}

fn compare(call: &Call, linux: Outcome, scull: Outcome) -> Verdict {
    if linux == scull {
        return Verdict::Same;
    }
    // A call that Scull does not have.
    if is_error(scull, Errno::ENOSYS) {
        return if has_failed(linux) { Verdict::Same } else { Verdict::Apart };
    }
    // The watchdog ended a wait; how far the call had come depends on the time.
    if is_error(linux, Errno::EINTR) || is_error(scull, Errno::EINTR) {
        return Verdict::Apart;
    }
    let number = Sysno::from_raw(call.number);
    if !has_failed(linux) && !has_failed(scull) && number.is_some_and(is_undetermined) {
        return Verdict::Same;
    }
    if number.is_some_and(|number| may_differ(call, number, linux, scull)) {
        return Verdict::Apart;
    }
    Verdict::Different
}

/// Returns whether what a call returns is an address, an id, a time or a matter of the machine.
const fn is_undetermined(call: Sysno) -> bool {
    matches!(
        call,
        Sysno::mmap
            | Sysno::mremap
            | Sysno::brk
            | Sysno::getpid
            | Sysno::gettid
            | Sysno::set_tid_address
            | Sysno::getppid
            | Sysno::getpgid
            | Sysno::getpgrp
            | Sysno::getsid
            | Sysno::time
            | Sysno::times
            | Sysno::sched_getaffinity
            | Sysno::getdents
            | Sysno::getdents64
            | Sysno::alarm
            | Sysno::getpriority
            | Sysno::membarrier
    )
}

/// Returns whether Scull differs in a way that is known and meant, or the sandbox does, or Linux's
/// version does; docs/testing.md explains them.
fn may_differ(call: &Call, number: Sysno, linux: Outcome, scull: Outcome) -> bool {
    lacks_rights(number, linux)
        || is_cut(call, number, linux, scull)
        || is_lack(call, number, scull)
        || is_machine(number, linux, scull)
        || *IS_OLD_LINUX && is_version(number, linux, scull)
}

/// Returns whether a bad address ended a transfer after a part that has been sent. How much of a
/// stream goes before depends on how it is cut into pieces.
fn is_cut(call: &Call, number: Sysno, linux: Outcome, scull: Outcome) -> bool {
    let is_part = |outcome: Outcome| match call.arguments[2] {
        Argument::Number(asked) => u64::try_from(outcome.result).is_ok_and(|sent| sent < asked),
        _ => false,
    };
    if matches!(number, Sysno::sendto | Sysno::write) && is_part(linux) && is_part(scull) {
        return linux.result > 0 && scull.result > 0;
    }
    let sends = matches!(
        number,
        Sysno::sendto | Sysno::sendmsg | Sysno::sendmmsg | Sysno::write | Sysno::writev
    );
    sends && is_error(linux, Errno::EFAULT) && scull.result > 0
}

/// Returns whether a call takes rights over the machine, which the sandbox has given up.
fn lacks_rights(number: Sysno, linux: Outcome) -> bool {
    match number {
        Sysno::prlimit64
        | Sysno::setrlimit
        | Sysno::mbind
        | Sysno::setsockopt
        // Registered by a batch before, in the guest's one process.
        | Sysno::membarrier
        // Attributes of the names `security.` and `trusted.`.
        | Sysno::setxattr
        | Sysno::lsetxattr
        | Sysno::fsetxattr
        | Sysno::removexattr
        | Sysno::lremovexattr
        | Sysno::fremovexattr => is_error(linux, Errno::EPERM),
        // Raw sockets, and those of `ping`.
        Sysno::socket | Sysno::socketpair => {
            is_error(linux, Errno::EPERM) || is_error(linux, Errno::EACCES)
        }
        Sysno::setpriority => is_error(linux, Errno::EACCES),
        _ => false,
    }
}

/// Returns whether Scull refuses what it does not have, and says so as a Linux without it does.
fn is_lack(call: &Call, number: Sysno, scull: Outcome) -> bool {
    let argument = |place: usize| match call.arguments[place] {
        // An int: the low half of the register counts.
        Argument::Number(number) => number & 0xffff_ffff,
        _ => 0,
    };
    const UDP_LITE: u64 = IPPROTO_UDPLITE.unsigned_abs() as u64;
    let lacking = u64::from((MsgFlags::OOB | MsgFlags::FASTOPEN).bits());
    match number {
        // A family, a protocol, an option.
        Sysno::socket | Sysno::socketpair => {
            is_error(scull, Errno::EAFNOSUPPORT)
                || (argument(0) == u64::from(AF_NETLINK.unsigned_abs()) || argument(2) == UDP_LITE)
                    && is_error(scull, Errno::EPROTONOSUPPORT)
        }
        Sysno::setsockopt | Sysno::getsockopt => is_error(scull, Errno::ENOPROTOOPT),
        // MFD_HUGETLB: files of huge pages.
        Sysno::memfd_create => argument(1) & 4 != 0 && is_error(scull, Errno::EINVAL),
        // MADV_GUARD_INSTALL and MADV_GUARD_REMOVE, of Linux 6.13.
        Sysno::madvise => matches!(argument(2), 102 | 103) && is_error(scull, Errno::EINVAL),
        // MAP_DROPPABLE, of Linux 6.11. A TCP socket, to receive without copies.
        Sysno::mmap => {
            argument(3) & 0xf == 8 && is_error(scull, Errno::EINVAL)
                || argument(3) & 0x20 == 0 && is_error(scull, Errno::ENODEV)
        }
        // Urgent data, and data with the first segment.
        Sysno::sendto | Sysno::sendmmsg => {
            argument(3) & lacking != 0 && is_error(scull, Errno::EOPNOTSUPP)
        }
        Sysno::sendmsg => argument(2) & lacking != 0 && is_error(scull, Errno::EOPNOTSUPP),
        // The attribute that says which protocol a socket has.
        Sysno::flistxattr => scull.result == 0,
        // Leases; notices of directories by signal; F_GET_RW_HINT and F_SET_RW_HINT, which say how
        // long data lives.
        Sysno::fcntl => {
            let operation = argument(1);
            let lacks = operation == u64::from(F_SETLEASE)
                || operation == u64::from(F_NOTIFY)
                || matches!(operation, 1035 | 1036);
            lacks && is_error(scull, Errno::EINVAL)
        }
        // FIBMAP and SIOCUNIXFILE, which take rights, and SIOCGSTAMP and SIOCGSTAMPNS.
        Sysno::ioctl => {
            matches!(argument(1), 1 | 0x89e0 | 0x8906 | 0x8907) && is_error(scull, Errno::ENOTTY)
        }
        // Protection keys, where the processor has them: new ones, and 0, which is there always.
        Sysno::pkey_alloc => is_error(scull, Errno::ENOSPC),
        Sysno::pkey_free => is_error(scull, Errno::EINVAL),
        Sysno::pkey_mprotect => argument(3) != 0xffff_ffff && is_error(scull, Errno::EINVAL),
        _ => false,
    }
}

/// Returns whether a call depends on the machine, or on what else goes on there.
fn is_machine(number: Sysno, linux: Outcome, scull: Outcome) -> bool {
    let is_either = |errno| is_error(linux, errno) || is_error(scull, errno);
    match number {
        // Whether Linux has a module for bridges and one for virtual networks.
        Sysno::ioctl => is_error(scull, Errno::ENOPKG),
        // A port can be in use by a connection that is being forgotten.
        Sysno::bind | Sysno::listen | Sysno::connect => is_either(Errno::EADDRINUSE),
        // The number of processors, and how Linux was configured.
        Sysno::sched_setaffinity
        | Sysno::sched_getaffinity
        | Sysno::sched_get_priority_min
        | Sysno::sched_get_priority_max
        | Sysno::membarrier => is_error(linux, Errno::EINVAL) != is_error(scull, Errno::EINVAL),
        // RESOLVE_CACHED, and what Linux happens to remember.
        Sysno::openat2 if is_error(linux, Errno::EAGAIN) => true,
        // RESOLVE_NO_XDEV: the sandbox's files are on a file system of their own.
        Sysno::openat2 => is_error(linux, Errno::EXDEV) && is_error(scull, Errno::ENOENT),
        // What is checked first.
        Sysno::setxattr
        | Sysno::lsetxattr
        | Sysno::fsetxattr
        | Sysno::getxattr
        | Sysno::lgetxattr
        | Sysno::fgetxattr
        | Sysno::removexattr
        | Sysno::lremovexattr
        | Sysno::fremovexattr => has_failed(linux) && has_failed(scull),
        _ => false,
    }
}

/// The Linux that Scull follows.
const FOLLOWED: (u32, u32) = (6, 18);

/// This Linux is older than that.
static IS_OLD_LINUX: LazyLock<bool> = LazyLock::new(|| {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut parts = release.split(['.', '-']).map_while(|part| part.trim().parse().ok());
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < FOLLOWED
});

/// Returns whether a call did something else on versions of Linux before the one that Scull
/// follows.
fn is_version(number: Sysno, linux: Outcome, scull: Outcome) -> bool {
    match number {
        // Before Linux 6.8 the vector came before what the descriptor is open for.
        Sysno::readv
        | Sysno::writev
        | Sysno::preadv
        | Sysno::pwritev
        | Sysno::preadv2
        | Sysno::pwritev2 => {
            (is_error(linux, Errno::EFAULT) || is_error(linux, Errno::EINVAL))
                && is_error(scull, Errno::EBADF)
        }
        // Since Linux 6.9 more than eight bytes are too much for an eventfd.
        Sysno::write => linux.result == 8 && is_error(scull, Errno::EINVAL),
        // Flags, modes and queries that came with Linux 6.3 and later.
        Sysno::memfd_create
        | Sysno::fcntl
        | Sysno::set_mempolicy
        | Sysno::mbind
        | Sysno::pidfd_send_signal => is_error(linux, Errno::EINVAL) && !has_failed(scull),
        // Since Linux 6.16 a thread is no process, and what has no file has no mode and owner.
        Sysno::pidfd_open => is_error(linux, Errno::EINVAL) && is_error(scull, Errno::ENOENT),
        Sysno::fchmod | Sysno::fchmodat2 | Sysno::fchown | Sysno::fchownat | Sysno::utimensat => {
            !has_failed(linux) && is_error(scull, Errno::EOPNOTSUPP)
        }
        _ => false,
    }
}
