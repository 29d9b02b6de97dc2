// clock_getres(2) of every clock, clock_settime's refusals.
#include "../test.h"

int main(void)
{
	struct timespec resolution;

	for (clockid_t clock = 0; clock <= 11; clock++) {
		resolution = (struct timespec){ -1, -1 };
		long result = SYS(clock_getres, clock, &resolution);
		if (result == -1)
			say("clock %d: %s", clock, errno_name(errno));
		else
			say("clock %d: %ld s, %s", clock, (long)resolution.tv_sec,
			    resolution.tv_nsec >= 1 && resolution.tv_nsec <= 10000000 ? "fine" : "coarse");
	}
	SHOW(SYS(clock_getres, CLOCK_MONOTONIC, NULL));
	SHOW(SYS(clock_getres, CLOCK_MONOTONIC, BAD));
	SHOW(SYS(clock_getres, 99, &resolution));
	SHOW(SYS(clock_settime, CLOCK_MONOTONIC, &resolution));
	SHOW(SYS(clock_settime, CLOCK_REALTIME, BAD));
	resolution.tv_nsec = 1000000000;
	SHOW(SYS(clock_settime, CLOCK_REALTIME, &resolution));
	return 0;
}
