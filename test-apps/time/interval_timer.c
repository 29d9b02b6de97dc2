// setitimer(2), getitimer(2), alarm(2): signals, intervals, cancelling.
#include "../test.h"
#include <sys/time.h>

static volatile sig_atomic_t alarms, virtual_alarms, profiles;

static void handle(int number)
{
	if (number == SIGALRM)
		alarms++;
	else if (number == SIGVTALRM)
		virtual_alarms++;
	else
		profiles++;
}

int main(void)
{
	struct itimerval set = { { 0, 0 }, { 0, 20000 } }, old;

	signal(SIGALRM, handle);
	signal(SIGVTALRM, handle);
	signal(SIGPROF, handle);
	SHOW(setitimer(ITIMER_REAL, &set, NULL));
	YES(WAIT_FOR(alarms == 1));
	SHOW(getitimer(ITIMER_REAL, &old));
	SHOW(old.it_value.tv_sec + old.it_value.tv_usec);
	set.it_interval.tv_usec = 10000;
	SHOW(setitimer(ITIMER_REAL, &set, NULL));
	YES(WAIT_FOR(alarms >= 4));
	memset(&set, 0, sizeof set);
	SHOW(setitimer(ITIMER_REAL, &set, &old));
	SHOW(old.it_interval.tv_usec);
	int stopped = alarms;
	sleep_ms(30);
	SHOW(alarms == stopped);
	SHOW(alarm(100));
	SHOW(alarm(0) >= 99);
	SHOW(alarm(0));
	set.it_value.tv_usec = 10000;
	SHOW(setitimer(ITIMER_VIRTUAL, &set, NULL));
	SHOW(setitimer(ITIMER_PROF, &set, NULL));
	for (long limit = now_ms() + 5000; (virtual_alarms == 0 || profiles == 0) && now_ms() < limit;)
		for (volatile int i = 0; i < 10000; i++)
			;
	SHOW(virtual_alarms);
	SHOW(profiles);
	set.it_value.tv_usec = 1000000;
	SHOW(SYS(setitimer, ITIMER_REAL, &set, NULL));
	SHOW(SYS(setitimer, 9, NULL, NULL));
	SHOW(SYS(getitimer, 9, &old));
	SHOW(SYS(setitimer, ITIMER_REAL, BAD, NULL));
	SHOW(SYS(getitimer, ITIMER_REAL, BAD));
	return 0;
}
