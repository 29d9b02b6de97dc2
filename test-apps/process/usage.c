// getrusage(2), times(2): sane numbers, errors.
#include "../test.h"
#include <sys/resource.h>
#include <sys/times.h>

int main(void)
{
	struct rusage usage, later;
	struct tms spent;

	SHOW(getrusage(RUSAGE_SELF, &usage));
	YES(usage.ru_utime.tv_usec >= 0 && usage.ru_utime.tv_usec < 1000000);
	YES(usage.ru_maxrss > 0);
	SHOW(getrusage(RUSAGE_CHILDREN, &later));
	SHOW(later.ru_utime.tv_sec + later.ru_utime.tv_usec);
	SHOW(getrusage(RUSAGE_THREAD, &later));
	SHOW(getrusage(99, &later));
	SHOW(SYS(getrusage, RUSAGE_SELF, BAD));
	clock_t begin = times(&spent);
	YES(begin != (clock_t)-1);
	sleep_ms(30);
	YES(times(&spent) - begin >= 2);
	SHOW(spent.tms_cutime + spent.tms_cstime);
	YES(spent.tms_utime >= 0 && spent.tms_stime >= 0);
	SHOW(SYS(times, BAD));
	YES(SYS(times, NULL) >= 0);
	MUST(getrusage(RUSAGE_SELF, &later));
	YES(later.ru_utime.tv_sec >= usage.ru_utime.tv_sec);
	return 0;
}
