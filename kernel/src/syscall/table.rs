//! The table: one row a system call.
//!
//! A row names the call, its handler and its arguments as the man page does; the handler's
//! signature gives their types; a handler that serves several calls has in angle brackets the type
//! that tells them apart. A row's doc comment says what is partial about it (`partial: …`), or
//! why it is always answered with an error (`refused: …`); docs/syscalls.md is made of it.
#![expect(unsafe_code, reason = "the handlers in force are exchanged at start-up")]

use core::cell::UnsafeCell;

use abi::{Errno, Result, Sysno};

use super::argument::{FromRegister, IntoRegister};
use super::{
    Context, attribute, barrier, copy, credentials, descriptor, dir, event, exec, file, futex,
    handle, inotify, inspect, io, lock, memory, numa, pidfd, poll, prctl, process, schedattr,
    scheduling, settime, signal, socket, splice, system, thread, time, timer, unknown, xattr,
};
use crate::arch::cpu::{Attention, Cpu};
use crate::arch::frame::TrapFrame;
use crate::process::thread::Thread;
use crate::wait;

/// What serves a call: its registers in, the result's register out.
pub(super) type Handler = fn(&mut TrapFrame) -> u64;

/// One more than the largest number of a call.
const SIZE: usize = {
    let last = Sysno::ALL[Sysno::ALL.len() - 1];
    last as usize + 1
};

macro_rules! syscalls {
    ($($(#[doc = $partial:literal])* $call:ident => $family:ident::$handler:ident$(<$of:ident>)?($($argument:ident),*);)*) => {
        /// The handlers by the numbers of their calls.
        const HANDLERS: [Handler; SIZE] = {
            let mut handlers: [Handler; SIZE] = [unknown; SIZE];
            $(handlers[Sysno::$call as usize] = |frame| {
                let [$($argument,)* ..] = frame.arguments();
                let mut cx = Context { thread: Thread::current(), frame };
                encode($family::$handler$(::<$family::$of>)?(
                    &mut cx,
                    $(FromRegister::from_register($argument)),*
                ))
            };)*
            handlers
        };
    };
}

/// The handlers in force.
struct InForce(UnsafeCell<[Handler; SIZE]>);

// SAFETY: changed by `record` only, before there are calls.
unsafe impl Sync for InForce {}

static IN_FORCE: InForce = InForce(UnsafeCell::new(HANDLERS));
/// What [`record`] replaced.
static REPLACED: [Handler; SIZE] = HANDLERS;

/// Returns what serves the call with a number.
#[inline]
pub(super) fn handler(number: usize) -> Handler {
    // SAFETY: nothing changes the table any more once there are calls.
    let handlers = unsafe { &*IN_FORCE.0.get() };
    handlers.get(number).copied().unwrap_or(unknown)
}

/// Lets `recorder` serve the calls of which `is_selected`, which has to call [`replaced`]. To be
/// called at start-up, before there are calls.
pub(super) fn record(is_selected: impl Fn(Sysno) -> bool, recorder: Handler) {
    // SAFETY: start-up code calls this once, and other processors have nothing to run yet.
    let handlers = unsafe { &mut *IN_FORCE.0.get() };
    for call in Sysno::ALL.iter().copied().filter(|&call| is_selected(call)) {
        handlers[call as usize] = recorder;
    }
}

/// Returns the handler of the call with a number, whatever is recorded.
pub(super) fn replaced(number: usize) -> Handler {
    REPLACED.get(number).copied().unwrap_or(unknown)
}

/// A result as a register holds it: an error is its negated number.
fn encode(result: Result<impl IntoRegister>) -> u64 {
    match result {
        Ok(value) => value.into_register(),
        Err(error) => encode_error(error),
    }
}

/// As [`encode`]. A call that a signal ended has to see to that signal on its way back.
#[cold]
fn encode_error(error: Errno) -> u64 {
    if wait::is_interruption(error) {
        Cpu::current().call_attention(Attention::Threads);
    }
    u64::from(error.raw()).wrapping_neg()
}

syscalls! {
    // sockets
    socket => socket::socket(domain, kind, protocol);
    socketpair => socket::socketpair(domain, kind, protocol, sv);
    bind => socket::bind(sockfd, addr, addrlen);
    listen => socket::listen(sockfd, backlog);
    accept => socket::accept(sockfd, addr, addrlen);
    accept4 => socket::accept4(sockfd, addr, addrlen, flags);
    connect => socket::connect(sockfd, addr, addrlen);
    shutdown => socket::shutdown(sockfd, how);
    getsockname => socket::getsockname(sockfd, addr, addrlen);
    getpeername => socket::getpeername(sockfd, addr, addrlen);
    getsockopt => socket::getsockopt(sockfd, level, optname, optval, optlen);
    setsockopt => socket::setsockopt(sockfd, level, optname, optval, optlen);
    sendto => socket::sendto(sockfd, buf, size, flags, dest_addr, addrlen);
    sendmsg => socket::sendmsg(sockfd, msg, flags);
    sendmmsg => socket::sendmmsg(sockfd, msgvec, vlen, flags);
    recvfrom => socket::recvfrom(sockfd, buf, size, flags, src_addr, addrlen);
    recvmsg => socket::recvmsg(sockfd, msg, flags);
    recvmmsg => socket::recvmmsg(sockfd, msgvec, vlen, flags, timeout);
    // reading and writing
    read => io::read(fd, buf, count);
    write => io::write(fd, buf, count);
    readv => io::readv(fd, iov, iovcnt);
    writev => io::writev(fd, iov, iovcnt);
    pread64 => io::pread64(fd, buf, count, offset);
    pwrite64 => io::pwrite64(fd, buf, count, offset);
    preadv => io::preadv(fd, iov, iovcnt, offset);
    pwritev => io::pwritev(fd, iov, iovcnt, offset);
    preadv2 => io::preadv2(fd, iov, iovcnt, offset, offset_high, flags);
    pwritev2 => io::pwritev2(fd, iov, iovcnt, offset, offset_high, flags);
    lseek => io::lseek(fd, offset, whence);
    sendfile => copy::sendfile(out_fd, in_fd, offset, count);
    splice => splice::splice(fd_in, off_in, fd_out, off_out, size, flags);
    tee => splice::tee(fd_in, fd_out, size, flags);
    vmsplice => splice::vmsplice(fd, iov, nr_segs, flags);
    copy_file_range => copy::copy_file_range(fd_in, off_in, fd_out, off_out, size, flags);
    fsync => io::fsync(fd);
    fdatasync => io::fdatasync(fd);
    sync => io::sync();
    syncfs => io::syncfs(fd);
    sync_file_range => io::sync_file_range(fd, offset, nbytes, flags);
    fadvise64 => io::fadvise64(fd, offset, size, advice);
    readahead => io::readahead(fd, offset, count);
    // descriptors
    close => descriptor::close(fd);
    close_range => descriptor::close_range(first, last, flags);
    dup => descriptor::dup(oldfd);
    dup2 => descriptor::dup2(oldfd, newfd);
    dup3 => descriptor::dup3(oldfd, newfd, flags);
    /// partial: leases and notification of directories are EINVAL
    fcntl => descriptor::fcntl(fd, op, arg);
    ioctl => descriptor::ioctl(fd, op, arg);
    flock => lock::flock(fd, op);
    // files
    open => file::open(pathname, flags, mode);
    openat => file::openat(dirfd, pathname, flags, mode);
    openat2 => file::openat2(dirfd, pathname, how, size);
    creat => file::creat(pathname, mode);
    stat => file::stat(pathname, statbuf);
    lstat => file::lstat(pathname, statbuf);
    fstat => file::fstat(fd, statbuf);
    newfstatat => file::newfstatat(dirfd, pathname, statbuf, flags);
    statx => file::statx(dirfd, pathname, flags, mask, statxbuf);
    access => file::access(pathname, mode);
    faccessat => file::faccessat(dirfd, pathname, mode);
    faccessat2 => file::faccessat2(dirfd, pathname, mode, flags);
    statfs => file::statfs(path, buf);
    fstatfs => file::fstatfs(fd, buf);
    chmod => attribute::chmod(pathname, mode);
    fchmod => attribute::fchmod(fd, mode);
    fchmodat => attribute::fchmodat(dirfd, pathname, mode);
    fchmodat2 => attribute::fchmodat2(dirfd, pathname, mode, flags);
    chown => attribute::chown(pathname, owner, group);
    lchown => attribute::lchown(pathname, owner, group);
    fchown => attribute::fchown(fd, owner, group);
    fchownat => attribute::fchownat(dirfd, pathname, owner, group, flags);
    utimensat => attribute::utimensat(dirfd, pathname, times, flags);
    utimes => attribute::utimes(filename, times);
    futimesat => attribute::futimesat(dirfd, pathname, times);
    utime => attribute::utime(filename, times);
    umask => attribute::umask(mask);
    truncate => attribute::truncate(path, length);
    ftruncate => attribute::ftruncate(fd, length);
    fallocate => attribute::fallocate(fd, mode, offset, size);
    setxattr => xattr::set<Followed>(path, name, value, size, flags);
    getxattr => xattr::get<Followed>(path, name, value, size);
    listxattr => xattr::list<Followed>(path, list, size);
    removexattr => xattr::remove<Followed>(path, name);
    lsetxattr => xattr::set<Named>(path, name, value, size, flags);
    lgetxattr => xattr::get<Named>(path, name, value, size);
    llistxattr => xattr::list<Named>(path, list, size);
    lremovexattr => xattr::remove<Named>(path, name);
    fsetxattr => xattr::set<Open>(fd, name, value, size, flags);
    fgetxattr => xattr::get<Open>(fd, name, value, size);
    flistxattr => xattr::list<Open>(fd, list, size);
    fremovexattr => xattr::remove<Open>(fd, name);
    /// partial: huge pages are EINVAL
    memfd_create => dir::memfd_create(name, flags);
    /// partial: no file system has handles, always EOPNOTSUPP
    name_to_handle_at => handle::name_to_handle_at(dirfd, pathname, handle, mount_id, flags);
    /// partial: no file system has handles, always ESTALE
    open_by_handle_at => handle::open_by_handle_at(mount_fd, handle, flags);
    // watching
    inotify_init => inotify::inotify_init();
    inotify_init1 => inotify::inotify_init1(flags);
    /// partial: IN_CLOSE does not wait for the mappings of a file to go
    inotify_add_watch => inotify::inotify_add_watch(fd, pathname, mask);
    inotify_rm_watch => inotify::inotify_rm_watch(fd, wd);
    // names
    mkdir => dir::mkdir(pathname, mode);
    mkdirat => dir::mkdirat(dirfd, pathname, mode);
    mknod => dir::mknod(pathname, mode, dev);
    mknodat => dir::mknodat(dirfd, pathname, mode, dev);
    symlink => dir::symlink(target, linkpath);
    symlinkat => dir::symlinkat(target, newdirfd, linkpath);
    readlink => dir::readlink(pathname, buf, bufsiz);
    readlinkat => dir::readlinkat(dirfd, pathname, buf, bufsiz);
    link => dir::link(oldpath, newpath);
    linkat => dir::linkat(olddirfd, oldpath, newdirfd, newpath, flags);
    unlink => dir::unlink(pathname);
    rmdir => dir::rmdir(pathname);
    unlinkat => dir::unlinkat(dirfd, pathname, flags);
    rename => dir::rename(oldpath, newpath);
    renameat => dir::renameat(olddirfd, oldpath, newdirfd, newpath);
    renameat2 => dir::renameat2(olddirfd, oldpath, newdirfd, newpath, flags);
    getdents => dir::getdents(fd, dirp, count);
    getdents64 => dir::getdents64(fd, dirp, count);
    getcwd => dir::getcwd(buf, size);
    chdir => dir::chdir(path);
    fchdir => dir::fchdir(fd);
    /// refused: the tree of names is the machine's: EPERM
    chroot => dir::refuse();
    /// refused: the tree of names is the machine's: EPERM
    mount => dir::refuse();
    /// refused: the tree of names is the machine's: EPERM
    umount2 => dir::refuse();
    /// refused: the tree of names is the machine's: EPERM
    pivot_root => dir::refuse();
    // processes
    arch_prctl => process::arch_prctl(op, addr);
    execve => exec::execve(path, argv, envp);
    execveat => exec::execveat(fd, path, argv, envp, flags);
    exit => process::exit(status);
    exit_group => process::exit_group(status);
    getpid => process::getpid();
    getppid => process::getppid();
    getpgrp => process::getpgrp();
    getpgid => process::getpgid(pid);
    getsid => process::getsid(pid);
    setsid => process::setsid();
    setpgid => process::setpgid(pid, pgid);
    /// partial: what it is about that Linux has and Scull has not is EINVAL
    prctl => prctl::prctl(op, arg2, arg3, arg4, arg5);
    wait4 => process::wait4(pid, wstatus, options);
    waitid => process::waitid(idtype, id, infop, options);
    /// partial: of the program itself only
    pidfd_open => pidfd::pidfd_open(pid, flags);
    pidfd_send_signal => pidfd::pidfd_send_signal(pidfd, sig, info, flags);
    pidfd_getfd => pidfd::pidfd_getfd(pidfd, targetfd, flags);
    membarrier => barrier::membarrier(cmd, flags, cpu_id);
    prlimit64 => process::prlimit64(pid, resource, new_limit, old_limit);
    getrlimit => process::getrlimit(resource, rlim);
    setrlimit => process::setrlimit(resource, rlim);
    getrusage => process::getrusage(who, usage);
    times => process::times(buf);
    /// partial: ADDR_NO_RANDOMIZE and READ_IMPLIES_EXEC; others are EINVAL
    personality => process::personality(persona);
    process_vm_readv => inspect::process_vm_readv(pid, local_iov, liovcnt, remote_iov, riovcnt, flags);
    process_vm_writev => inspect::process_vm_writev(pid, local_iov, liovcnt, remote_iov, riovcnt, flags);
    /// partial: no KCMP_EPOLL_TFD
    kcmp => inspect::kcmp(pid1, pid2, kind, idx1, idx2);
    /// refused: there is no other process to trace: EPERM or ESRCH
    ptrace => inspect::ptrace(op, pid);
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
    capset => credentials::capset(hdrp, datap);
    capget => credentials::capget(hdrp, datap);
    // memory
    mmap => memory::mmap(addr, length, prot, flags, fd, offset);
    munmap => memory::munmap(addr, length);
    mprotect => memory::mprotect(addr, len, prot);
    pkey_mprotect => memory::pkey_mprotect(addr, len, prot, pkey);
    /// refused: there are no protection keys: ENOSPC
    pkey_alloc => memory::pkey_alloc(flags, access_rights);
    /// refused: there are no protection keys: EINVAL
    pkey_free => memory::pkey_free(pkey);
    remap_file_pages => memory::remap_file_pages(addr, size, prot, pgoff, flags);
    mremap => memory::mremap(old_address, old_size, new_size, flags, new_address);
    brk => memory::brk(addr);
    /// partial: MADV_COLLAPSE of files and shared memory is EINVAL; MADV_FREE frees at once
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
    setdomainname => system::setdomainname(name, len);
    sethostname => system::sethostname(name, len);
    sysinfo => system::sysinfo(info);
    getrandom => system::getrandom(buf, buflen, flags);
    /// partial: the log cannot be read
    syslog => system::syslog(kind, bufp, len);
    reboot => system::reboot(magic, magic2, op);
    // threads
    gettid => thread::gettid();
    set_tid_address => thread::set_tid_address(tidptr);
    rseq => thread::rseq(rseq, rseq_len, flags, sig);
    sched_yield => thread::sched_yield();
    /// partial: threads only, which share descriptors and directory; all else is ENOSYS
    clone => thread::clone(flags, stack, parent_tid, child_tid, tls);
    /// partial: as clone
    clone3 => thread::clone3(cl_args, size);
    /// partial: priorities are not inherited
    futex => futex::futex(uaddr, op, val, timeout, uaddr2, val3);
    futex_waitv => futex::futex_waitv(waiters, nr_futexes, flags, timeout, clockid);
    set_robust_list => futex::set_robust_list(head, len);
    get_robust_list => futex::get_robust_list(tid, head, len);
    // scheduling
    sched_getaffinity => scheduling::sched_getaffinity(pid, cpusetsize, mask);
    sched_setaffinity => scheduling::sched_setaffinity(pid, cpusetsize, mask);
    sched_getscheduler => scheduling::sched_getscheduler(pid);
    /// partial: real-time policies are EPERM
    sched_setscheduler => scheduling::sched_setscheduler(pid, policy, param);
    /// partial: real-time policies are EPERM, bounds of utilisation EOPNOTSUPP
    sched_setattr => schedattr::sched_setattr(pid, attr, flags);
    sched_getattr => schedattr::sched_getattr(pid, attr, size, flags);
    sched_getparam => scheduling::sched_getparam(pid, param);
    sched_setparam => scheduling::sched_setparam(pid, param);
    sched_get_priority_max => scheduling::sched_get_priority_max(policy);
    sched_get_priority_min => scheduling::sched_get_priority_min(policy);
    sched_rr_get_interval => scheduling::sched_rr_get_interval(pid, tp);
    getpriority => scheduling::getpriority(which, who);
    setpriority => scheduling::setpriority(which, who, prio);
    getcpu => scheduling::getcpu(cpu, node);
    // signals
    rt_sigaction => signal::rt_sigaction(signum, act, oldact, sigsetsize);
    rt_sigprocmask => signal::rt_sigprocmask(how, set, oldset, sigsetsize);
    rt_sigpending => signal::rt_sigpending(set, sigsetsize);
    rt_sigsuspend => signal::rt_sigsuspend(mask, sigsetsize);
    rt_sigtimedwait => signal::rt_sigtimedwait(set, info, timeout, sigsetsize);
    rt_sigreturn => signal::rt_sigreturn();
    restart_syscall => signal::restart_syscall();
    sigaltstack => signal::sigaltstack(ss, old_ss);
    pause => signal::pause();
    kill => signal::kill(pid, sig);
    tkill => signal::tkill(tid, sig);
    tgkill => signal::tgkill(tgid, tid, sig);
    rt_sigqueueinfo => signal::rt_sigqueueinfo(tgid, sig, info);
    rt_tgsigqueueinfo => signal::rt_tgsigqueueinfo(tgid, tid, sig, info);
    signalfd => signal::signalfd(fd, mask, sizemask);
    signalfd4 => signal::signalfd4(fd, mask, sizemask, flags);
    // waiting for files
    poll => poll::poll(fds, nfds, timeout);
    ppoll => poll::ppoll(fds, nfds, tmo_p, sigmask, sigsetsize);
    select => poll::select(nfds, readfds, writefds, exceptfds, timeout);
    pselect6 => poll::pselect6(nfds, readfds, writefds, exceptfds, timeout, sigmask);
    epoll_create => poll::epoll_create(size);
    epoll_create1 => poll::epoll_create1(flags);
    epoll_ctl => poll::epoll_ctl(epfd, op, fd, event);
    epoll_wait => poll::epoll_wait(epfd, events, maxevents, timeout);
    epoll_pwait => poll::epoll_pwait(epfd, events, maxevents, timeout, sigmask, sigsetsize);
    epoll_pwait2 => poll::epoll_pwait2(epfd, events, maxevents, timeout, sigmask, sigsetsize);
    pipe => event::pipe(pipefd);
    pipe2 => event::pipe2(pipefd, flags);
    eventfd => event::eventfd(initval);
    eventfd2 => event::eventfd2(initval, flags);
    timerfd_create => event::timerfd_create(clockid, flags);
    timerfd_settime => event::timerfd_settime(fd, flags, new_value, old_value);
    timerfd_gettime => event::timerfd_gettime(fd, curr_value);
    // clocks and timers
    clock_gettime => time::clock_gettime(clockid, tp);
    clock_getres => time::clock_getres(clockid, res);
    /// refused: the clock is the machine's: EPERM
    clock_settime => settime::clock_settime(clockid, tp);
    /// partial: the clock cannot be set
    settimeofday => settime::settimeofday(tv, tz);
    /// partial: the clock cannot be adjusted
    adjtimex => settime::adjtimex(buf);
    /// partial: the clock cannot be adjusted
    clock_adjtime => settime::clock_adjtime(clk_id, buf);
    gettimeofday => time::gettimeofday(tv, tz);
    time => time::time(tloc);
    nanosleep => time::nanosleep(duration, rem);
    clock_nanosleep => time::clock_nanosleep(clockid, flags, t, remain);
    timer_create => timer::timer_create(clockid, sevp, timerid);
    timer_settime => timer::timer_settime(timerid, flags, new_value, old_value);
    timer_gettime => timer::timer_gettime(timerid, curr_value);
    timer_getoverrun => timer::timer_getoverrun(timerid);
    timer_delete => timer::timer_delete(timerid);
    setitimer => timer::setitimer(which, new_value, old_value);
    getitimer => timer::getitimer(which, curr_value);
    alarm => timer::alarm(seconds);
}
