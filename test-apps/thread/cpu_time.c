// CPU-time clocks: a computing thread's clock moves, a sleeping one's hardly does.
#include "../test.h"
#include <sched.h>
#include <sys/resource.h>

static long microseconds(clockid_t clock)
{
	struct timespec at;

	if (clock_gettime(clock, &at) == -1)
		return -1;
	return at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static atomic_int go;

static void *compute(void *unused)
{
	(void)unused;
	while (!go)
		sched_yield();
	while (microseconds(CLOCK_THREAD_CPUTIME_ID) < 20000)
		;
	return (void *)(microseconds(CLOCK_THREAD_CPUTIME_ID) / 1000);
}

static void *rest(void *argument)
{
	(void)argument;
	sleep_ms(50);
	return (void *)(microseconds(CLOCK_THREAD_CPUTIME_ID) / 1000);
}

int main(void)
{
	struct rusage usage;
	clockid_t clock;
	void *result;

	pthread_t thread = spawn(compute, NULL);
	RETURNS(pthread_getcpuclockid(thread, &clock));
	YES(clock < 0);
	go = 1;
	pthread_join(thread, &result);
	YES((long)result >= 20);
	thread = spawn(rest, NULL);
	pthread_join(thread, &result);
	YES((long)result < 40);
	YES(microseconds(CLOCK_PROCESS_CPUTIME_ID) >= 20000);
	RETURNS(pthread_getcpuclockid(pthread_self(), &clock));
	YES(microseconds(clock) >= 0);
	struct timespec resolution;
	SHOW(clock_getres(clock, &resolution));
	MUST(getrusage(RUSAGE_SELF, &usage));
	long total = usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec;
	YES(total >= 10000);
	return 0;
}
