// setitimer(2), getitimer(2), alarm(2): the three kinds, what they send, reading, errors.
#include "../test.h"
#include <sys/time.h>

static atomic_int count, last;

static void handle(int number)
{
	last = number;
	count++;
}

static void burn_until(int wanted)
{
	volatile unsigned long spin = 0;

	for (long limit = now_ms() + 10000; count < wanted && now_ms() < limit;)
		spin++;
}

int main(void)
{
	static const struct { const char *name; int kind; } kinds[] = {
		{ "ITIMER_REAL", ITIMER_REAL }, { "ITIMER_VIRTUAL", ITIMER_VIRTUAL }, { "ITIMER_PROF", ITIMER_PROF },
	};
	struct itimerval set = { { 0, 0 }, { 0, 1000 } }, now, zero = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = handle };

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGVTALRM, &action, NULL);
	sigaction(SIGPROF, &action, NULL);
	for (int i = 0; i < COUNT(kinds); i++) {
		count = 0;
		set.it_interval.tv_usec = 0;
		set.it_value = (struct timeval){ 0, 1000 };
		SHOW(SYS(setitimer, kinds[i].kind, &set, &now));
		burn_until(1);
		say("%s: %d of %s", kinds[i].name, (int)count, signal_name(last));
		SHOW(SYS(getitimer, kinds[i].kind, &now));
		say("over: %ld %ld", (long)now.it_value.tv_sec, (long)now.it_value.tv_usec);
		// Again and again.
		set.it_interval.tv_usec = 2000;
		SHOW(SYS(setitimer, kinds[i].kind, &set, NULL));
		burn_until(4);
		YES(count >= 4);
		SHOW(SYS(setitimer, kinds[i].kind, &zero, &now));
		say("interval: %ld %ld", (long)now.it_interval.tv_sec, (long)now.it_interval.tv_usec);
		SHOW(SYS(getitimer, kinds[i].kind, &now));
		say("none: %ld %ld %ld", (long)now.it_value.tv_sec, (long)now.it_value.tv_usec, (long)now.it_interval.tv_usec);
		// A long one is read back as set or little less.
		set.it_value = (struct timeval){ 1000, 0 };
		set.it_interval = (struct timeval){ 2000, 5 };
		SHOW(SYS(setitimer, kinds[i].kind, &set, NULL));
		SHOW(SYS(getitimer, kinds[i].kind, &now));
		YES(now.it_value.tv_sec >= 900 && now.it_value.tv_sec <= 1000);
		say("%ld", (long)now.it_interval.tv_sec);
		// Without an interval's value nothing repeats; without a value nothing runs.
		set.it_value = (struct timeval){ 0, 0 };
		SHOW(SYS(setitimer, kinds[i].kind, &set, NULL));
		SHOW(SYS(getitimer, kinds[i].kind, &now));
		say("stopped: %ld", (long)now.it_value.tv_sec);
		SHOW(SYS(setitimer, kinds[i].kind, NULL, NULL));
		SHOW(SYS(setitimer, kinds[i].kind, BAD, NULL));
		SHOW(SYS(setitimer, kinds[i].kind, KERNEL, NULL));
		SHOW(SYS(setitimer, kinds[i].kind, &zero, BAD));
		SHOW(SYS(getitimer, kinds[i].kind, BAD));
		SHOW(SYS(getitimer, kinds[i].kind, NULL));
		set.it_value = (struct timeval){ 0, 1000000 };
		SHOW(SYS(setitimer, kinds[i].kind, &set, NULL));
		set.it_value = (struct timeval){ 0, -1 };
		SHOW(SYS(setitimer, kinds[i].kind, &set, NULL));
		set.it_value = (struct timeval){ -1, 0 };
		SHOW(SYS(setitimer, kinds[i].kind, &set, NULL));
		set.it_value = (struct timeval){ 0, 0 };
		set.it_interval = (struct timeval){ 0, 1000000 };
		SHOW(SYS(setitimer, kinds[i].kind, &set, NULL));
		set.it_interval = (struct timeval){ 0, 0 };
	}
	SHOW(SYS(setitimer, 3, &zero, NULL));
	SHOW(SYS(setitimer, -1, &zero, NULL));
	SHOW(SYS(getitimer, 3, &now));
	SHOW(SYS(getitimer, 3, BAD));

	// alarm is the first of them in whole seconds.
	SHOW(alarm(100));
	SHOW(SYS(getitimer, ITIMER_REAL, &now));
	YES(now.it_value.tv_sec == 99 || now.it_value.tv_sec == 100);
	set.it_value = (struct timeval){ 500, 0 };
	SHOW(SYS(setitimer, ITIMER_REAL, &set, NULL));
	YES(alarm(0) >= 499);
	SHOW(alarm(0));
	set.it_value = (struct timeval){ 0, 400000 };
	SHOW(SYS(setitimer, ITIMER_REAL, &set, NULL));
	SHOW(alarm(0));
	SHOW(SYS(alarm, 0xffffffff));
	YES((unsigned)SYS(alarm, 0) > 0x70000000);
	return 0;
}
