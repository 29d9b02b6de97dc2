//! What no plan does, and arguments that need more than their kind says.

use std::sync::OnceLock;

use abi::Sysno;

use super::super::arena::{BAD_POINTERS, PAGE, ZONE, ZONE_PAGES};
use super::super::plan::Argument;
use super::Building;

/// Calls that are never made.
const NEVER: &[&[Sysno]] = &[
    // They end or replace the process, or what it stands on.
    &[
        Sysno::exit,
        Sysno::exit_group,
        Sysno::execve,
        Sysno::execveat,
        Sysno::rt_sigreturn,
        Sysno::restart_syscall,
        Sysno::seccomp,
        Sysno::set_thread_area,
        Sysno::rseq,
        Sysno::mseal,
        Sysno::map_shadow_stack,
        Sysno::userfaultfd,
        Sysno::remap_file_pages,
        Sysno::process_vm_writev,
        Sysno::process_madvise,
    ],
    // They make processes, or concern others.
    &[
        Sysno::fork,
        Sysno::vfork,
        Sysno::clone,
        Sysno::clone3,
        Sysno::ptrace,
        Sysno::setns,
        Sysno::unshare,
        Sysno::setsid,
        Sysno::setpgid,
        Sysno::kcmp,
        Sysno::process_vm_readv,
        Sysno::migrate_pages,
        Sysno::move_pages,
        Sysno::process_mrelease,
    ],
    // They concern the machine: its clock, its names, all of its disks. The sandbox has no right to
    // them either, but what is not asked for cannot be granted.
    &[
        Sysno::sync,
        Sysno::clock_settime,
        Sysno::clock_adjtime,
        Sysno::adjtimex,
        Sysno::settimeofday,
        Sysno::sethostname,
        Sysno::setdomainname,
        Sysno::mount,
        Sysno::umount2,
        Sysno::pivot_root,
        Sysno::chroot,
        Sysno::open_tree,
        Sysno::open_tree_attr,
        Sysno::move_mount,
        Sysno::fsopen,
        Sysno::fsconfig,
        Sysno::fsmount,
        Sysno::fspick,
        Sysno::mount_setattr,
        Sysno::statmount,
        Sysno::listmount,
        Sysno::swapon,
        Sysno::swapoff,
        Sysno::quotactl,
        Sysno::quotactl_fd,
        Sysno::acct,
        Sysno::vhangup,
        Sysno::reboot,
        Sysno::kexec_load,
        Sysno::kexec_file_load,
        Sysno::init_module,
        Sysno::finit_module,
        Sysno::delete_module,
        Sysno::syslog,
        Sysno::iopl,
        Sysno::ioperm,
        Sysno::modify_ldt,
        Sysno::uselib,
        Sysno::add_key,
        Sysno::request_key,
        Sysno::keyctl,
        Sysno::perf_event_open,
        Sysno::bpf,
        Sysno::landlock_create_ruleset,
        Sysno::landlock_add_rule,
        Sysno::landlock_restrict_self,
        Sysno::lsm_get_self_attr,
        Sysno::lsm_set_self_attr,
        Sysno::lsm_list_modules,
        Sysno::fanotify_init,
        Sysno::fanotify_mark,
        Sysno::name_to_handle_at,
        Sysno::open_by_handle_at,
    ],
    // They change what belongs to a thread on Linux and to the process on Scull, for good.
    &[Sysno::capset],
];

/// Returns the calls that plans are made of.
pub(super) fn calls() -> &'static [Sysno] {
    static CALLS: OnceLock<Vec<Sysno>> = OnceLock::new();
    CALLS.get_or_init(|| {
        let is_made = |call: &Sysno| {
            call.description().is_some() && NEVER.iter().all(|calls| !calls.contains(call))
        };
        Sysno::ALL.iter().copied().filter(is_made).collect()
    })
}

/// Returns whether a call may be given paths outside the batch's folder, which no call may change.
pub(super) const fn only_looks(call: Sysno) -> bool {
    matches!(
        call,
        Sysno::stat
            | Sysno::lstat
            | Sysno::newfstatat
            | Sysno::statx
            | Sysno::access
            | Sysno::faccessat
            | Sysno::faccessat2
            | Sysno::statfs
            | Sysno::readlink
            | Sysno::readlinkat
            | Sysno::getxattr
            | Sysno::lgetxattr
            | Sysno::listxattr
            | Sysno::llistxattr
    )
}

/// Returns whether a call opens the file that a path names.
pub(super) const fn opens(call: Sysno) -> bool {
    matches!(call, Sysno::open | Sysno::openat | Sysno::openat2)
}

/// Options of `prctl(2)` that change nothing the program cannot live with.
const PRCTL: [u64; 16] = [2, 3, 4, 7, 8, 15, 16, 21, 23, 29, 30, 38, 39, 42, 9999, u64::MAX];
/// Limits that may be set.
const LIMITS: [u64; 5] = [1, 4, 7, 8, 11];

impl Building<'_> {
    /// Changes arguments to what the call bears.
    pub(super) fn amend(&mut self) {
        match self.call {
            Sysno::mmap => self.amend_mmap(),
            Sysno::munmap
            | Sysno::mprotect
            | Sysno::pkey_mprotect
            | Sysno::madvise
            | Sysno::mincore
            | Sysno::msync
            | Sysno::mlock
            | Sysno::mlock2
            | Sysno::munlock
            | Sysno::mbind
            | Sysno::set_mempolicy_home_node => {
                let (address, length) = self.range();
                self.set(0, address);
                self.set(1, length);
            }
            Sysno::mremap => self.amend_mremap(),
            Sysno::brk => {
                let address = self.random.pick(&BAD_POINTERS);
                self.set(0, address);
            }
            // Only current limits, and only such that the next batch can undo.
            Sysno::setrlimit => {
                let resource = self.random.pick(&LIMITS);
                self.set(0, resource);
            }
            Sysno::prlimit64 => self.amend_prlimit(),
            Sysno::prctl => {
                let option = self.random.pick(&PRCTL);
                self.set(0, option);
            }
            Sysno::arch_prctl => {
                let code = self.random.pick(&[0, 0x1000, 0x1003, 0x1003, 0x1003, 0x5000, u64::MAX]);
                self.set(0, code);
            }
            Sysno::close_range => self.amend_close_range(),
            Sysno::sendfile => self.bound_size(3),
            Sysno::splice | Sysno::copy_file_range => self.bound_size(4),
            Sysno::tee => self.bound_size(2),
            // What is random must not reach what other calls read.
            Sysno::getrandom => {
                let size = self.random.pick(&[0, 1, 16, 256, 257, 4096]);
                self.set(1, size);
            }
            Sysno::alarm => {
                let seconds = self.random.pick(&[0, 0, 100_000, 0xffff_ffff]);
                self.set(0, seconds);
            }
            Sysno::futex => self.amend_futex(),
            Sysno::personality => {
                let persona = self.random.pick(&[0, 0xffff_ffff, 0x4_0000]);
                self.set(0, persona);
            }
            _ => self.amend_scheduling(),
        }
    }

    /// Leaves out the one wait that a signal does not end, on Linux neither: after a handler it is
    /// begun anew until somebody wakes it.
    fn amend_futex(&mut self) {
        const COMMAND: u64 = 0x7f;
        const WAIT_REQUEUE_PI: u64 = 11;
        const CMP_REQUEUE_PI: u64 = 12;
        let operation = self.number(1);
        if operation & COMMAND == WAIT_REQUEUE_PI {
            self.set(1, operation & !COMMAND | CMP_REQUEUE_PI);
        }
    }

    fn amend_scheduling(&mut self) {
        match self.call {
            // A nice value below 0 and one of another thread would stay.
            Sysno::setpriority => {
                let who = self.random.pick(&[Argument::Number(0), Argument::Thread]);
                let value = self.random.pick(&[0, 1, 5, 19, 20, 1000]);
                self.set(0, 0);
                self.arguments[1] = who;
                self.set(2, value);
            }
            Sysno::sched_setscheduler
            | Sysno::sched_setparam
            | Sysno::sched_setattr
            | Sysno::sched_setaffinity => {
                let who = [Argument::Number(0), Argument::Thread, Argument::Number(0x3f_ffff)];
                self.arguments[0] = self.random.pick(&who);
            }
            _ => {}
        }
    }

    /// Returns a range that lies in the zone, or is none at all.
    fn range(&mut self) -> (u64, u64) {
        let first = self.random.below(ZONE_PAGES);
        let pages = self.random.below(8).min(ZONE_PAGES - first);
        let mut range = (ZONE + first * PAGE, pages * PAGE);
        match self.random.below(20) {
            0 => range.0 += 1 + self.random.below(PAGE - 1),
            1 => range.1 = range.1.saturating_sub(1 + self.random.below(PAGE - 1)),
            // Advice about a range that holds all of the program would be taken.
            2 if self.call == Sysno::madvise => range.1 = u64::MAX - 4095,
            2 => range.1 = self.random.pick(&[u64::MAX, 1 << 63, u64::MAX - 4095, 1 << 48]),
            3 => range.0 = self.random.pick(&[0, 0xffff_8000_0000_0000, 0x7fff_ffff_f000, 1 << 63]),
            _ => {}
        }
        // An address within a page must not make the range leave the zone.
        if !range.0.is_multiple_of(PAGE) && range.1 <= ZONE_PAGES * PAGE {
            range.1 = range.1.min(PAGE);
        }
        range
    }

    fn amend_mmap(&mut self) {
        const FIXED: u64 = 0x10;
        const FIXED_NOREPLACE: u64 = 0x10_0000;
        const GROWS_DOWN: u64 = 0x100;
        const HUGE_PAGES: u64 = 0x4_0000;
        let (address, length) = self.range();
        let mut flags = self.number(3);
        let is_hint = self.random.percent(40);
        if is_hint {
            flags &= !(FIXED | FIXED_NOREPLACE);
        } else if self.random.percent(60) {
            flags |= FIXED;
        }
        if self.random.percent(60) {
            flags |= 0x20;
        }
        let is_anywhere = is_hint && self.random.percent(60);
        self.set(0, if is_anywhere { 0 } else { address });
        self.set(1, length);
        // What grows by itself, or is larger than was said, is not where the next batch looks.
        self.set(3, flags & !(GROWS_DOWN | HUGE_PAGES));
        if self.random.percent(80) {
            self.set(5, 0);
        }
    }

    fn amend_mremap(&mut self) {
        let (address, length) = self.range();
        let (target, _) = self.range();
        let new = self.random.pick(&[0, PAGE, 2 * PAGE, 3 * PAGE, length, u64::MAX]);
        let room = (ZONE + ZONE_PAGES * PAGE).saturating_sub(target);
        self.set(0, address);
        self.set(1, length);
        self.set(2, if new <= room { new } else { PAGE });
        self.set(4, target);
    }

    fn amend_prlimit(&mut self) {
        let resource = self.random.pick(&LIMITS);
        self.set(1, resource);
        let who = [Argument::Number(0), Argument::Process, Argument::Number(0x3f_ffff)];
        self.arguments[0] = self.random.pick(&who);
    }

    fn amend_close_range(&mut self) {
        let first = self.random.pick(&[3, 4, 5, 8, 12, 20, 63, 100, 0xffff_ffff]);
        let more = self.random.below(4);
        let last = self.random.pick(&[first + more, first + more, first - 1, 0xffff_ffff]);
        self.set(0, first);
        self.set(1, last);
        if self.random.percent(80) {
            self.set(2, 0);
        }
    }

    /// Keeps what is copied from an endless file from filling the memory.
    fn bound_size(&mut self, place: usize) {
        const MOST: u64 = 0x1_0000;
        let size = self.number(place);
        if size > MOST && size < 1 << 63 {
            self.set(place, MOST);
        }
    }
}
