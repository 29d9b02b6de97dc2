// clock_gettime(2): every clock, by the C library and by the system call.
#include "../test.h"

static long long nanoseconds(struct timespec at)
{
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void look(const char *name, clockid_t clock)
{
	struct timespec before = { 0, 0 }, between = { 0, 0 }, after = { 0, 0 };
	long first = clock_gettime(clock, &before);
	long second = SYS(clock_gettime, clock, &between);
	long third = clock_gettime(clock, &after);

	say("%s: %ld %ld %ld, in order: %s, above zero: %s, valid: %s", name, first, second, third,
	    nanoseconds(before) <= nanoseconds(between) && nanoseconds(between) <= nanoseconds(after) ? "yes" : "no",
	    nanoseconds(after) > 0 ? "yes" : "no",
	    before.tv_nsec >= 0 && before.tv_nsec < 1000000000 ? "yes" : "no");
}

int main(void)
{
	struct timespec now, last = { 0, 0 };
	int backwards = 0;

	look("CLOCK_REALTIME", CLOCK_REALTIME);
	look("CLOCK_MONOTONIC", CLOCK_MONOTONIC);
	look("CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID);
	look("CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID);
	look("CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW);
	look("CLOCK_REALTIME_COARSE", CLOCK_REALTIME_COARSE);
	look("CLOCK_MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE);
	look("CLOCK_BOOTTIME", CLOCK_BOOTTIME);
	look("CLOCK_TAI", CLOCK_TAI);
	for (int i = 0; i < 20000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		backwards += nanoseconds(now) < nanoseconds(last);
		last = now;
	}
	SHOW(backwards);
	clock_gettime(CLOCK_REALTIME, &now);
	YES(now.tv_sec > 1600000000 && now.tv_sec < 8000000000);
	SHOW(SYS(clock_gettime, 99, &now));
	SHOW(SYS(clock_gettime, -1, &now));
	SHOW(SYS(clock_gettime, CLOCK_REALTIME, BAD));
	SHOW(SYS(clock_gettime, CLOCK_REALTIME, KERNEL));
	return 0;
}
