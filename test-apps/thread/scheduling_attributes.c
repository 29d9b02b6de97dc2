// sched_setattr(2), sched_getattr(2): policies without priorities, nice values, sizes, errors.
#include "../test.h"

struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t least, most;
	uint64_t beyond;
};

#define SET(tid, attributes, flags) SYS(sched_setattr, (long)(tid), (attributes), (long)(flags))
#define GET(tid, attributes, size, flags) SYS(sched_getattr, (long)(tid), (attributes), (long)(size), (long)(flags))

static void show(void)
{
	struct attributes now;

	memset(&now, 0xff, sizeof now);
	long result = GET(0, &now, 48, 0);
	say("%ld: size %u policy %u flags %lx nice %d priority %u", result, now.size, now.policy, (long)now.flags, now.nice,
	    now.priority);
}

int main(void)
{
	struct attributes set, now;

	memset(&set, 0, sizeof set);
	set.size = 48;
	set.nice = 3;
	SHOW(SET(0, &set, 0));
	show();
	set.policy = 3;
	SHOW(SET(0, &set, 0));
	show();
	set.policy = 5;
	SHOW(SET(thread_id(), &set, 0));
	show();
	set.policy = 0;
	set.flags = 1;
	set.nice = 100;
	SHOW(SET(0, &set, 0));
	show();
	SHOW(SYS(sched_getscheduler, 0));
	set.flags = 0;
	set.nice = 4;
	set.size = 0;
	SHOW(SET(0, &set, 0));
	show();
	// What is kept.
	set.size = 48;
	set.flags = 8;
	set.policy = 99;
	set.nice = 5;
	SHOW(SET(0, &set, 0));
	show();
	set.flags = 0x10;
	set.policy = 3;
	set.nice = 6;
	SHOW(SET(0, &set, 0));
	show();
	set.flags = 0;
	set.policy = 0;

	set.size = 47;
	SHOW(SET(0, &set, 0));
	YES(set.size >= 48);
	set.size = 5000;
	SHOW(SET(0, &set, 0));
	set.size = sizeof set;
	set.beyond = 1;
	SHOW(SET(0, &set, 0));
	set.beyond = 0;
	set.size = sizeof set;
	SHOW(SET(0, &set, 0));
	set.size = 48;
	set.flags = 0x80;
	SHOW(SET(0, &set, 0));
	set.flags = 0;
	set.priority = 1;
	SHOW(SET(0, &set, 0));
	set.priority = 0;
	set.policy = 1;
	SHOW(SET(0, &set, 0));
	set.priority = 100;
	SHOW(SET(0, &set, 0));
	set.priority = 0;
	set.policy = 4;
	SHOW(SET(0, &set, 0));
	set.policy = 99;
	SHOW(SET(0, &set, 0));
	set.policy = 0xffffffff;
	SHOW(SET(0, &set, 0));
	set.policy = 6;
	SHOW(SET(0, &set, 0));
	set.policy = 0;
	SHOW(SET(0, &set, 1));
	SHOW(SET(-1, &set, 0));
	SHOW(SET(0x3ffffff, &set, 0));
	SHOW(SET(0, NULL, 0));
	SHOW(SET(0, BAD, 0));
	SHOW(SET(0, KERNEL, 0));

	SHOW(GET(0, &now, 47, 0));
	SHOW(GET(0, &now, 4097, 0));
	SHOW(GET(0, &now, 48, 1));
	SHOW(GET(-1, &now, 48, 0));
	SHOW(GET(0x3ffffff, &now, 48, 0));
	SHOW(GET(0, NULL, 48, 0));
	SHOW(GET(0, BAD, 48, 0));
	SHOW(GET(0, KERNEL, 48, 0));
	memset(&now, 0xff, sizeof now);
	SHOW(GET(0, &now, sizeof now, 0));
	YES(now.size >= 48 && now.size <= sizeof now);
	return 0;
}
