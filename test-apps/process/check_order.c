// waitid(2), prlimit(2), capget(2), kill(2), sched_setparam(2), timer_create(2), pselect6(2), mprotect(2),
// pidfd_send_signal(2): which of several things that are wrong is told.
#include "../test.h"
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define NOBODY 0x3fffff

int main(void)
{
	struct { unsigned version; int pid; } question = { 0x19980330, 0 };
	unsigned sets[6] = { 7, 7, 7, 7, 7, 7 };
	struct sched_param parameter = { 0 };
	struct timespec wrong = { 0, -1 };
	siginfo_t info;
	int number, epoll = (int)MUST(epoll_create1(0));

	memset(&info, 0x55, sizeof info);
	SHOW(SYS(waitid, 77, 0, &info, WEXITED, NULL));
	say("%d %d %d", info.si_signo, info.si_code, info.si_pid);
	SHOW(SYS(waitid, 77, 0, BAD, WEXITED, NULL));
	SHOW(SYS(waitid, P_PID, 0, NULL, WEXITED, NULL));
	SHOW(SYS(waitid, P_PID, -1, NULL, WEXITED, NULL));
	SHOW(SYS(waitid, P_PGID, -1, NULL, WEXITED, NULL));
	SHOW(SYS(prlimit64, NOBODY, 1, BAD, NULL));
	SHOW(SYS(prlimit64, NOBODY, 999, NULL, NULL));

	// The first version has sets of 32 bits.
	SHOW(SYS(capget, &question, sets));
	say("%d %d", sets[2] != 7, sets[3] == 7);
	question.pid = NOBODY;
	SHOW(SYS(capget, &question, sets));
	question.version = 0x20071026;
	question.pid = 0;
	SHOW(SYS(capget, &question, sets));
	say("%d", sets[5] != 7);
	SHOW(SYS(capget, &question, BAD));

	SHOW(SYS(kill, NOBODY, 65));
	SHOW(SYS(kill, getpid(), 65));
	SHOW(SYS(tkill, NOBODY, 65));
	SHOW(SYS(tkill, getpid(), 65));
	SHOW(SYS(sched_setparam, NOBODY, BAD));
	SHOW(SYS(sched_setparam, NOBODY, &parameter));
	SHOW(SYS(sched_setscheduler, NOBODY, -1, &parameter));
	SHOW(SYS(sched_setscheduler, NOBODY, 99, BAD));
	SHOW(SYS(pidfd_send_signal, 77, 1, NULL, 8));
	SHOW(SYS(pidfd_send_signal, 77, 99, BAD, 0));
	SHOW(prctl(PR_GET_SECCOMP, 1, 2, 3, 4));

	SHOW(SYS(timer_create, 99, BAD, &number));
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, NULL, BAD));
	SHOW(SYS(timer_create, (~NOBODY * 8) | 2, NULL, BAD));
	SHOW(SYS(timer_create, (~NOBODY * 8) | 2, NULL, &number));
	SHOW(SYS(pselect6, 1, NULL, NULL, NULL, &wrong, BAD));
	SHOW(SYS(epoll_wait, 0, KERNEL, 8, 0));
	SHOW(SYS(epoll_wait, epoll, 0x7fffffffefff, 8, 0));

	// All 64 bits of a protection count, those of mmap(2) do not.
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SHOW(SYS(mprotect, page, 4096L, 0x100000001));
	SHOW(SYS(mprotect, page, 0L, 0x100000001));
	SHOW(SYS(mprotect, page, -1L, 0x100000001));
	SHOW(SYS(mprotect, page, 0L, 0x3000000));
	SHOW(SYS(pkey_mprotect, page, 0L, 0x3, 12345));
	SHOW(SYS(pkey_mprotect, page, -1L, 0x3, 12345));
	SHOW(SYS(pkey_mprotect, page, 4096L, 0x3, 12345));
	say("%d", (void *)SYS(mmap, NULL, 4096L, 0x100000001, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L) == MAP_FAILED);
	SHOW(SYS(mmap, NULL, 1UL << 63, PROT_READ, 0, 0, 0L));
	SHOW(SYS(mmap, NULL, 1UL << 63, PROT_READ, MAP_PRIVATE, 0, 0L));
	return 0;
}
