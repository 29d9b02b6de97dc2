//! The table: one row a system call.
//!
//! A row names the call, its handler and its arguments as the man page does; the handler's
//! signature gives their types. A row's doc comment says what is partial about it.

use abi::{Result, Sysno};

use super::argument::{FromRegister, IntoRegister};
use super::{Context, credentials, memory, numa, process, system, thread, unknown};

macro_rules! syscalls {
    ($($(#[doc = $partial:literal])* $call:ident => $family:ident::$handler:ident($($argument:ident),*);)*) => {
        /// Carries a call out.
        pub(super) fn dispatch(cx: &mut Context<'_>, call: Sysno, registers: &[u64; 6]) -> Result<u64> {
            match call {
                $(Sysno::$call => {
                    let [$($argument,)* ..] = *registers;
                    $family::$handler(cx, $(FromRegister::from_register($argument)),*)
                        .map(IntoRegister::into_register)
                })*
                _ => unknown(call),
            }
        }
    };
}

syscalls! {
    // processes
    arch_prctl => process::arch_prctl(op, addr);
    exit => process::exit(status);
    exit_group => process::exit_group(status);
    getpid => process::getpid();
    getppid => process::getppid();
    getpgrp => process::getpgrp();
    getpgid => process::getpgid(pid);
    getsid => process::getpgid(pid);
    setsid => process::setsid();
    setpgid => process::setpgid(pid, pgid);
    prctl => process::prctl(op, argument);
    prlimit64 => process::prlimit64(pid, resource, new_limit, old_limit);
    getrlimit => process::getrlimit(resource, rlim);
    setrlimit => process::setrlimit(resource, rlim);
    getrusage => process::getrusage(who, usage);
    times => process::times(buf);
    personality => process::personality(persona);
    // credentials
    getuid => credentials::getuid();
    geteuid => credentials::geteuid();
    getgid => credentials::getgid();
    getegid => credentials::getegid();
    setuid => credentials::setuid(uid);
    setgid => credentials::setgid(gid);
    setreuid => credentials::setreuid(ruid, euid);
    setregid => credentials::setregid(rgid, egid);
    setresuid => credentials::setresuid(ruid, euid, suid);
    setresgid => credentials::setresgid(rgid, egid, sgid);
    getresuid => credentials::getresuid(ruid, euid, suid);
    getresgid => credentials::getresgid(rgid, egid, sgid);
    setfsuid => credentials::setfsuid(fsuid);
    setfsgid => credentials::setfsgid(fsgid);
    getgroups => credentials::getgroups(size, list);
    setgroups => credentials::setgroups(size, list);
    capget => credentials::capget(hdrp, datap);
    // memory
    mmap => memory::mmap(addr, length, prot, flags, fd, offset);
    munmap => memory::munmap(addr, length);
    mprotect => memory::mprotect(addr, len, prot);
    /// partial: shared anonymous memory cannot be mapped twice (old_size 0 is EINVAL)
    mremap => memory::mremap(old_address, old_size, new_size, flags, new_address);
    brk => memory::brk(addr);
    /// partial: MADV_REMOVE is EOPNOTSUPP, MADV_COLLAPSE EINVAL; MADV_FREE frees at once
    madvise => memory::madvise(addr, length, advice);
    mincore => memory::mincore(addr, length, vec);
    msync => memory::msync(addr, length, flags);
    mlock => memory::mlock(addr, len);
    mlock2 => memory::mlock2(addr, len, flags);
    munlock => memory::munlock(addr, len);
    mlockall => memory::mlockall(flags);
    munlockall => memory::munlockall();
    /// partial: there is one policy for all threads
    set_mempolicy => numa::set_mempolicy(mode, nodemask, maxnode);
    get_mempolicy => numa::get_mempolicy(mode, nodemask, maxnode, addr, flags);
    /// partial: the policy of a range is checked and forgotten
    mbind => numa::mbind(addr, len, mode, nodemask, maxnode, flags);
    // the system
    uname => system::uname(buf);
    sethostname => system::sethostname(name, len);
    sysinfo => system::sysinfo(info);
    getrandom => system::getrandom(buf, buflen, flags);
    // threads
    gettid => thread::gettid();
    set_tid_address => thread::set_tid_address(tidptr);
    sched_yield => thread::sched_yield();
    clone => thread::clone(flags, stack, parent_tid, child_tid, tls);
    clone3 => thread::clone3(cl_args, size);
}
