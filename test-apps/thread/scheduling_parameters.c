// sched_setparam(2), sched_getparam(2), sched_setscheduler(2), sched_getscheduler(2),
// sched_get_priority_max(2), sched_get_priority_min(2), sched_rr_get_interval(2): the errors.
#include "../test.h"
#include <sched.h>

#define NOBODY 0x3fffffff

int main(void)
{
	struct sched_param param = { 0 };
	struct timespec slice;

	SHOW(SYS(sched_setparam, 0, &param));
	SHOW(SYS(sched_setparam, thread_id(), &param));
	SHOW(SYS(sched_setparam, NOBODY, &param));
	SHOW(SYS(sched_setparam, -1, &param));
	SHOW(SYS(sched_setparam, 0, NULL));
	SHOW(SYS(sched_setparam, -1, BAD));
	SHOW(SYS(sched_setparam, 0, BAD));
	SHOW(SYS(sched_setparam, 0, KERNEL));
	SHOW(SYS(sched_setparam, NOBODY, BAD));
	// An ordinary policy has one priority.
	param.sched_priority = 1;
	SHOW(SYS(sched_setparam, 0, &param));
	param.sched_priority = -1;
	SHOW(SYS(sched_setparam, 0, &param));
	SHOW(SYS(sched_setparam, NOBODY, &param));
	param.sched_priority = 100;
	SHOW(SYS(sched_setparam, 0, &param));
	param.sched_priority = 0;
	MUST(SYS(sched_setscheduler, 0, SCHED_IDLE, &param));
	SHOW(SYS(sched_setparam, 0, &param));
	SHOW(SYS(sched_getscheduler, 0));
	MUST(SYS(sched_setscheduler, 0, SCHED_BATCH, &param));
	param.sched_priority = 2;
	SHOW(SYS(sched_setparam, 0, &param));
	param.sched_priority = 0;
	SHOW(SYS(sched_setparam, 0, &param));
	SHOW(SYS(sched_getscheduler, 0));
	SHOW(SYS(sched_setscheduler, 0, SCHED_BATCH | 0x40000000, &param));
	SHOW(SYS(sched_getscheduler, 0));
	SHOW(SYS(sched_setparam, 0, &param));
	SHOW(SYS(sched_getscheduler, 0));
	SHOW(SYS(sched_setscheduler, 0, SCHED_OTHER, &param));

	SHOW(SYS(sched_getparam, -1, &param));
	SHOW(SYS(sched_getparam, 0, NULL));
	SHOW(SYS(sched_getparam, 0, KERNEL));
	SHOW(SYS(sched_getparam, NOBODY, &param));
	SHOW(SYS(sched_getparam, NOBODY, BAD));
	SHOW(SYS(sched_getparam, thread_id(), &param));

	SHOW(SYS(sched_setscheduler, 0, SCHED_OTHER, NULL));
	SHOW(SYS(sched_setscheduler, 0, SCHED_OTHER, BAD));
	SHOW(SYS(sched_setscheduler, 0, -1, &param));
	SHOW(SYS(sched_setscheduler, NOBODY, SCHED_OTHER, &param));
	SHOW(SYS(sched_setscheduler, NOBODY, 99, &param));
	SHOW(SYS(sched_setscheduler, 0, 4, &param));
	SHOW(SYS(sched_setscheduler, 0, SCHED_OTHER | 0x20000000, &param));
	SHOW(SYS(sched_setscheduler, 0, SCHED_FIFO, &param));
	SHOW(SYS(sched_setscheduler, 0, 6, &param));
	SHOW(SYS(sched_getscheduler, -1));
	SHOW(SYS(sched_getscheduler, NOBODY));

	for (int policy = -1; policy <= 6; policy++)
		say("%d: %ld %ld", policy, SYS(sched_get_priority_min, policy), SYS(sched_get_priority_max, policy));
	SHOW(SYS(sched_get_priority_min, 4));
	SHOW(SYS(sched_get_priority_max, 4));

	SHOW(SYS(sched_rr_get_interval, 0, &slice));
	SHOW(SYS(sched_rr_get_interval, thread_id(), &slice));
	SHOW(SYS(sched_rr_get_interval, -1, &slice));
	SHOW(SYS(sched_rr_get_interval, NOBODY, &slice));
	SHOW(SYS(sched_rr_get_interval, 0, BAD));
	SHOW(SYS(sched_rr_get_interval, NOBODY, BAD));
	return 0;
}
