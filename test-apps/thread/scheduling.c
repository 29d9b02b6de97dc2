// sched_yield(2), sched_setaffinity(2), sched_getaffinity(2), setpriority(2), policies.
#include "../test.h"
#include <sched.h>
#include <sys/resource.h>

int main(void)
{
	cpu_set_t set;
	struct sched_param param = { 0 };
	struct timespec slice;
	unsigned long mask[16];

	SHOW(sched_yield());
	memset(mask, 0, sizeof mask);
	long length = SYS(sched_getaffinity, 0, sizeof mask, mask);
	YES(length >= 8 && length % 8 == 0);
	YES(mask[0] & 1);
	SHOW(SYS(sched_getaffinity, 0, 0, mask));
	SHOW(SYS(sched_getaffinity, 0, 7, mask));
	SHOW(SYS(sched_getaffinity, 0, sizeof mask, BAD));
	SHOW(SYS(sched_getaffinity, 0x3fffffff, sizeof mask, mask));
	MUST(sched_getaffinity(0, sizeof set, &set));
	YES(CPU_COUNT(&set) >= 1);
	YES(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	SHOW(sched_setaffinity(0, sizeof set, &set));
	MUST(sched_getaffinity(0, sizeof set, &set));
	SHOW(CPU_COUNT(&set));
	SHOW(sched_getcpu());
	CPU_ZERO(&set);
	SHOW(sched_setaffinity(0, sizeof set, &set));
	SHOW(SYS(sched_setaffinity, 0, 8, BAD));
	SHOW(SYS(sched_getscheduler, 0));
	SHOW(SYS(sched_getparam, 0, &param));
	SHOW(param.sched_priority);
	SHOW(SYS(sched_setscheduler, 0, SCHED_OTHER, &param));
	SHOW(SYS(sched_setscheduler, 0, SCHED_BATCH, &param));
	SHOW(SYS(sched_getscheduler, 0));
	param.sched_priority = 5;
	SHOW(SYS(sched_setscheduler, 0, SCHED_OTHER, &param));
	SHOW(SYS(sched_setscheduler, 0, 99, &param));
	SHOW(SYS(sched_setscheduler, -1, SCHED_OTHER, &param));
	SHOW(SYS(sched_getparam, 0, BAD));
	SHOW(sched_get_priority_max(SCHED_FIFO));
	SHOW(sched_get_priority_min(SCHED_RR));
	SHOW(sched_get_priority_max(SCHED_OTHER));
	SHOW(sched_get_priority_max(99));
	SHOW(SYS(sched_rr_get_interval, 0, &slice));
	YES(getpriority(PRIO_PROCESS, 0) >= 0);
	SHOW(setpriority(PRIO_PROCESS, 0, 5));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(setpriority(PRIO_PROCESS, 0, 100));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(setpriority(99, 0, 5));
	SHOW(getpriority(PRIO_PROCESS, 0x3fffffff));
	return 0;
}
