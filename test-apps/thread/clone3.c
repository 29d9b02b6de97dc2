// clone3(2): sizes and flags it refuses.
#include "../test.h"
#include <sched.h>

struct arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup, more;
};

int main(void)
{
	struct arguments args;
	char stack[64];

	memset(&args, 0, sizeof args);
	args.flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	SHOW(SYS(clone3, BAD, 64));
	SHOW(SYS(clone3, &args, 8));
	SHOW(SYS(clone3, &args, 1 << 20));
	args.exit_signal = SIGCHLD;
	SHOW(SYS(clone3, &args, 64));
	args.exit_signal = 1000;
	args.flags = CLONE_VM;
	SHOW(SYS(clone3, &args, 64));
	args.exit_signal = 0;
	args.flags = CLONE_THREAD;
	SHOW(SYS(clone3, &args, 64));
	args.flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	args.stack = (uint64_t)(uintptr_t)stack;
	SHOW(SYS(clone3, &args, 64));
	args.stack = 0;
	args.stack_size = 64;
	SHOW(SYS(clone3, &args, 64));
	args.stack_size = 0;
	args.more = 1;
	SHOW(SYS(clone3, &args, sizeof args));
	args.more = 0;
	args.flags |= 1UL << 40;
	SHOW(SYS(clone3, &args, 88));
	return 0;
}
