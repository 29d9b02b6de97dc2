// getcpu(2) and the processors counted in several ways.
#include "../test.h"
#include <sched.h>

int main(void)
{
	unsigned cpu = 9999, node = 9999;

	SHOW(SYS(getcpu, &cpu, &node, NULL));
	YES(cpu < 1024);
	SHOW(node);
	SHOW(SYS(getcpu, NULL, NULL, NULL));
	SHOW(SYS(getcpu, BAD, NULL, NULL));
	YES(sched_getcpu() >= 0);
	YES(sysconf(_SC_NPROCESSORS_ONLN) == sysconf(_SC_NPROCESSORS_CONF));
	return 0;
}
