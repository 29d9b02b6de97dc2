// gettimeofday(2), time(2): agree with clock_gettime, by vDSO and by system call.
#include "../test.h"
#include <sys/time.h>

int main(void)
{
	struct timeval a, b;
	struct timezone zone;
	struct timespec now;
	time_t seconds, stored = 0;

	SHOW(gettimeofday(&a, NULL));
	SHOW(SYS(gettimeofday, &b, NULL));
	clock_gettime(CLOCK_REALTIME, &now);
	YES(b.tv_sec - a.tv_sec <= 1 && b.tv_sec >= a.tv_sec);
	YES(now.tv_sec - a.tv_sec <= 1 && now.tv_sec >= a.tv_sec);
	YES(a.tv_usec >= 0 && a.tv_usec < 1000000);
	seconds = time(&stored);
	YES(seconds == stored);
	YES(seconds - a.tv_sec <= 1 && seconds + 1 >= a.tv_sec);
	seconds = SYS(time, NULL);
	YES(seconds - a.tv_sec <= 1 && seconds + 1 >= a.tv_sec);
	SHOW(SYS(time, BAD));
	SHOW(SYS(gettimeofday, BAD, NULL));
	SHOW(SYS(gettimeofday, NULL, NULL));
	SHOW(SYS(gettimeofday, NULL, &zone));
	SHOW(zone.tz_minuteswest);
	struct tm *parts = gmtime(&seconds);
	YES(parts->tm_year > 120);
	return 0;
}
