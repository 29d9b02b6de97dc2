// getpgid(2), getsid(2), setpgid(2), setsid(2), getpriority(2): of oneself, of threads, of nobody.
#include "../test.h"
#include <sys/resource.h>

static atomic_int helper_id, stop;

static void *wait_for_stop(void *unused)
{
	(void)unused;
	helper_id = thread_id();
	WAIT_FOR(stop);
	return NULL;
}

int main(void)
{
	pthread_t helper = spawn(wait_for_stop, NULL);

	WAIT_FOR(helper_id != 0);
	YES(getpgid(helper_id) == getpgrp());
	YES(getsid(helper_id) == getsid(0));
	YES(SYS0(getpgrp) == getpgid(0));
	SHOW(SYS(getpgid, -1));
	SHOW(SYS(getsid, -1));
	SHOW(SYS(setpgid, 0, -1));
	SHOW(SYS(setpgid, 0x3ffffff, 0));
	SHOW(SYS(setpgid, -1, 0));
	SHOW(SYS(setpgid, helper_id, 0));

	MUST(setpriority(PRIO_PROCESS, 0, 3));
	SHOW(SYS(getpriority, PRIO_PROCESS, 0));
	SHOW(SYS(getpriority, PRIO_PROCESS, getpid()));
	YES(SYS(getpriority, PRIO_PROCESS, helper_id) >= 1);
	SHOW(SYS(setpriority, PRIO_PROCESS, helper_id, 7));
	SHOW(SYS(getpriority, PRIO_PROCESS, helper_id));
	SHOW(SYS(getpriority, PRIO_PROCESS, 0));
	SHOW(SYS(setpriority, PRIO_PROCESS, 0, 1000));
	SHOW(SYS(getpriority, PRIO_PROCESS, 0));
	SHOW(SYS(setpriority, PRIO_PROCESS, 0, -1000));
	SHOW(SYS(getpriority, PRIO_PROCESS, 0));
	SHOW(SYS(setpriority, PRIO_PROCESS, 0, 5));
	SHOW(SYS(getpriority, 3, 0));
	SHOW(SYS(getpriority, -1, 0));
	SHOW(SYS(setpriority, 3, 0, 0));
	SHOW(SYS(getpriority, PRIO_PGRP, 0x3ffffff));
	SHOW(SYS(getpriority, PRIO_USER, 0x3ffffff));
	SHOW(SYS(setpriority, PRIO_PROCESS, 0x3ffffff, 0));
	YES(SYS(getpriority, PRIO_PGRP, 0) >= 1);
	YES(SYS(getpriority, PRIO_USER, 0) >= 1);
	// Without privileges it only gets worse.
	MUST(setresgid(54321, 54321, 54321));
	MUST(setresuid(54321, 54321, 54321));
	SHOW(SYS(setpriority, PRIO_PROCESS, 0, 6));
	SHOW(SYS(setpriority, PRIO_PROCESS, 0, 5));
	SHOW(SYS(getpriority, PRIO_PROCESS, 0));
	stop = 1;
	pthread_join(helper, NULL);
	return 0;
}
