// nanosleep(2), clock_nanosleep(2): at least the time asked for; remainders; errors.
#include "../test.h"

static long slept(const struct timespec *rest)
{
	long begin = now_ms();

	if (nanosleep(rest, NULL) == -1)
		return -1;
	return now_ms() - begin;
}

int main(void)
{
	struct timespec rest = { 0, 20000000 }, left = { 7, 7 }, at, odd = { 0, 1000000000 }, negative = { -1, 0 };

	YES(slept(&rest) >= 19);
	rest.tv_nsec = 0;
	YES(slept(&rest) >= 0);
	rest.tv_nsec = 1;
	YES(slept(&rest) >= 0);
	SHOW(SYS(nanosleep, &odd, NULL));
	SHOW(SYS(nanosleep, &negative, NULL));
	SHOW(SYS(nanosleep, BAD, NULL));
	rest = (struct timespec){ 5, 0 };
	INTERRUPTED(SYS(nanosleep, &rest, &left));
	YES(left.tv_sec < 5 || (left.tv_sec == 5 && left.tv_nsec == 0));
	YES(left.tv_sec >= 1);

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += 20000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	long begin = now_ms();
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL));
	YES(now_ms() - begin >= 19);
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL));
	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_nsec += 20000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	SHOW(SYS(clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL));
	rest = (struct timespec){ 0, 5000000 };
	SHOW(SYS(clock_nanosleep, CLOCK_REALTIME, 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_BOOTTIME, 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_TAI, 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, 99, 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC, 0, &odd, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, NULL));
	rest = (struct timespec){ 5, 0 };
	left = (struct timespec){ 7, 7 };
	INTERRUPTED(SYS(clock_nanosleep, CLOCK_MONOTONIC, 0, &rest, &left));
	YES(left.tv_sec < 5);
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += 5;
	left = (struct timespec){ 7, 7 };
	INTERRUPTED(SYS(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &at, &left));
	SHOW(left.tv_sec);
	return 0;
}
