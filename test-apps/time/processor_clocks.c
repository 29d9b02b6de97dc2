// The clocks of processor time: of the process, of threads, by number; sleep on them.
#include "../test.h"

static atomic_int stop;
static atomic_int busy_id;

static void *burn(void *unused)
{
	(void)unused;
	busy_id = thread_id();
	while (!stop)
		;
	return NULL;
}

static clockid_t process_clock(pid_t pid)
{
	return (clockid_t)((~(unsigned)pid << 3) | 2);
}

static clockid_t thread_clock(pid_t tid)
{
	return (clockid_t)((~(unsigned)tid << 3) | 6);
}

// Which of the three kinds of processor time: all, the program's own, the scheduler's.
static clockid_t kind(clockid_t clock, int which)
{
	return (clock & ~3) | which;
}

static long long now_on(clockid_t clock)
{
	struct timespec now;

	if (SYS(clock_gettime, clock, &now) == -1)
		return -1;
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static struct timespec later(clockid_t clock, long nanoseconds)
{
	long long at = now_on(clock) + nanoseconds;

	return (struct timespec){ (time_t)(at / 1000000000), (long)(at % 1000000000) };
}

int main(void)
{
	struct timespec at, left = { 7, 7 }, bad = { 0, -1 }, rest = { 0, 20000000 };
	pthread_t busy = spawn(burn, NULL);
	clockid_t clock, other;

	WAIT_FOR(busy_id != 0);
	clock = process_clock(getpid());
	other = thread_clock(busy_id);
	// Every way to name them.
	YES(now_on(clock) > 0);
	YES(now_on(process_clock(0)) > 0);
	YES(WAIT_FOR(now_on(kind(clock, 0)) > 0));
	YES(WAIT_FOR(now_on(kind(clock, 1)) > 0));
	YES(now_on(other) > 0);
	YES(now_on(thread_clock(0)) > 0);
	YES(now_on(thread_clock(thread_id())) > 0);
	YES(now_on(kind(other, 0)) >= 0);
	SHOW(SYS(clock_gettime, process_clock(busy_id), &at));
	SHOW(SYS(clock_gettime, process_clock(0x3ffffff), &at));
	SHOW(SYS(clock_gettime, thread_clock(0x3ffffff), &at));
	SHOW(SYS(clock_gettime, kind(clock, 3), &at));
	SHOW(SYS(clock_gettime, clock, BAD));
	SHOW(SYS(clock_getres, clock, &at));
	SHOW(SYS(clock_getres, other, &at));
	SHOW(SYS(clock_getres, process_clock(0x3ffffff), &at));
	SHOW(SYS(clock_getres, clock, BAD));
	SHOW(SYS(clock_getres, kind(clock, 3), &at));
	clockid_t found;
	RETURNS(clock_getcpuclockid(0, &found));
	YES(now_on(found) > 0);
	RETURNS(pthread_getcpuclockid(busy, &found));
	YES(now_on(found) > 0);

	// Sleep while another thread works.
	long long begin = now_on(CLOCK_PROCESS_CPUTIME_ID);
	SHOW(SYS(clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &rest, &left));
	YES(now_on(CLOCK_PROCESS_CPUTIME_ID) - begin >= 20000000);
	begin = now_on(clock);
	SHOW(SYS(clock_nanosleep, clock, 0, &rest, NULL));
	YES(now_on(clock) - begin >= 20000000);
	at = later(CLOCK_PROCESS_CPUTIME_ID, 20000000);
	SHOW(SYS(clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &at, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &at, NULL));
	begin = now_on(other);
	SHOW(SYS(clock_nanosleep, other, 0, &rest, NULL));
	YES(now_on(other) - begin >= 20000000);
	at = later(other, 20000000);
	SHOW(SYS(clock_nanosleep, other, TIMER_ABSTIME, &at, NULL));
	SHOW(left.tv_sec);
	rest = (struct timespec){ 100, 0 };
	INTERRUPTED(SYS(clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &rest, &left));
	YES(left.tv_sec < 100 && left.tv_sec > 50);
	left = (struct timespec){ 7, 7 };
	NOT_RESTARTED(SYS(clock_nanosleep, other, 0, &rest, &left));
	YES(left.tv_sec < 100 && left.tv_sec > 50);
	INTERRUPTED(SYS(clock_nanosleep, other, 0, &rest, BAD));
	at = later(other, 100000000000);
	left = (struct timespec){ 7, 7 };
	INTERRUPTED(SYS(clock_nanosleep, other, TIMER_ABSTIME, &at, &left));
	SHOW(left.tv_sec);

	// A thread cannot wait for its own time to pass.
	SHOW(SYS(clock_nanosleep, thread_clock(0), 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, thread_clock(thread_id()), 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, thread_clock(0x3ffffff), 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, process_clock(0x3ffffff), 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, process_clock(busy_id), 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, kind(clock, 3), 0, &rest, NULL));
	SHOW(SYS(clock_nanosleep, clock, 0, &bad, NULL));
	SHOW(SYS(clock_nanosleep, clock, 0, BAD, NULL));
	SHOW(SYS(clock_nanosleep, kind(clock, 3), 0, BAD, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, BAD, NULL));

	// Timers on them.
	int timer;
	SHOW(SYS(timer_create, kind(clock, 3), NULL, &timer));
	SHOW(SYS(timer_create, process_clock(0x3ffffff), NULL, &timer));
	SHOW(SYS(timer_create, thread_clock(0x3ffffff), NULL, &timer));
	SHOW(SYS(timer_create, process_clock(busy_id), NULL, &timer));
	OK(SYS(timer_create, clock, NULL, &timer));
	OK(SYS(timer_create, other, NULL, &timer));
	SHOW(SYS(timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0));
	SHOW(SYS(timerfd_create, clock, 0));
	stop = 1;
	pthread_join(busy, NULL);
	// Who waits for a thread is woken a little before it is gone.
	WAIT_FOR(SYS(clock_gettime, other, &at) == -1);
	SHOW(SYS(clock_gettime, other, &at));
	return 0;
}
