//! Why Scull lacks calls that Linux has.

/// Reasons, each with the calls that are absent for it. What has a row in the kernel's table by
/// now is not absent, whatever stands here.
pub(super) const REASONS: [(&str, &str); 13] = [
    (
        "one process: there is no second one to make, to watch or to signal",
        "fork vfork pidfd_open pidfd_getfd pidfd_send_signal process_madvise process_mrelease setns \
         unshare seccomp acct",
    ),
    (
        "System V IPC and POSIX message queues connect processes, and there is one",
        "shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl \
         mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr",
    ),
    (
        "the kernel is not extended or replaced at run time",
        "create_module init_module delete_module get_kernel_syms query_module finit_module \
         kexec_load kexec_file_load bpf uretprobe",
    ),
    (
        "the tree of names is the machine's: nothing is mounted, swapped or put under quota",
        "swapon swapoff quotactl quotactl_fd open_tree move_mount fsopen fsconfig fsmount fspick \
         mount_setattr open_tree_attr statmount listmount sysfs ustat lookup_dcookie \
         name_to_handle_at open_by_handle_at",
    ),
    (
        "there is one user, and nobody to be protected from",
        "add_key request_key keyctl landlock_create_ruleset landlock_add_rule \
         landlock_restrict_self lsm_get_self_attr lsm_set_self_attr lsm_list_modules memfd_secret",
    ),
    (
        "segments and ports are the kernel's, which shares ring 0 with the program",
        "modify_ldt iopl ioperm set_thread_area get_thread_area map_shadow_stack",
    ),
    (
        "Linux has no more than the number, or has removed the call",
        "uselib _sysctl nfsservctl getpmsg putpmsg afs_syscall tuxcall security epoll_ctl_old \
         epoll_wait_old vserver",
    ),
    ("there is no terminal that could hang up", "vhangup"),
    (
        "asynchronous input and output by rings: programs fall back to epoll or threads",
        "io_setup io_destroy io_getevents io_submit io_cancel io_pgetevents io_uring_setup \
         io_uring_enter io_uring_register",
    ),
    (
        "there is one memory node, one disk-less tree and no priority of input and output",
        "migrate_pages move_pages set_mempolicy_home_node ioprio_set ioprio_get cachestat",
    ),
    (
        "the kernel does not watch programs for others",
        "perf_event_open fanotify_init fanotify_mark userfaultfd",
    ),
    (
        "newer than the Linux whose release is told by uname(2)",
        "futex_wake futex_wait futex_requeue mseal fchmodat2 setxattrat getxattrat \
         listxattrat removexattrat file_getattr file_setattr",
    ),
    ("not there yet", "openat2 futex_waitv sched_setattr sched_getattr"),
];
