// timer_create(2), timer_settime(2), timer_gettime(2), timer_getoverrun(2), timer_delete(2):
// signal with a value, to one thread, overrun, errors.
#include "../test.h"

struct kernel_event {
	union sigval value;
	int number, notify;
	pid_t thread;
	char rest[44];
};

static volatile sig_atomic_t count;
static siginfo_t seen;
static pid_t handled_by;

static void handle(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	seen = *info;
	handled_by = thread_id();
	count++;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };
	struct kernel_event event = { .value = { .sival_int = 55 }, .number = SIGRTMIN, .notify = SIGEV_SIGNAL };
	struct itimerspec set = { { 0, 0 }, { 0, 10000000 } }, old;
	int timer = -1, other = -1;
	sigset_t blocked;

	sigaction(SIGRTMIN, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	SHOW(SYS(timer_settime, timer, 0, &set, NULL));
	YES(WAIT_FOR(count == 1));
	say("%d %d", seen.si_code == SI_TIMER, seen.si_value.sival_int);
	SHOW(SYS(timer_gettime, timer, &old));
	SHOW(old.it_value.tv_nsec);

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	set.it_interval.tv_nsec = 2000000;
	SHOW(SYS(timer_settime, timer, 0, &set, NULL));
	sleep_ms(60);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	YES(WAIT_FOR(count >= 2));
	set.it_value.tv_nsec = 0;
	SHOW(SYS(timer_settime, timer, 0, &set, &old));
	SHOW(old.it_interval.tv_nsec);
	YES(SYS(timer_getoverrun, timer) >= 0);
	SHOW(SYS(timer_delete, timer));
	SHOW(SYS(timer_delete, timer));
	SHOW(SYS(timer_gettime, timer, &old));

	count = 0;
	event.notify = 4;
	event.thread = thread_id();
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &other));
	clock_gettime(CLOCK_MONOTONIC, &set.it_value);
	set.it_interval.tv_nsec = 0;
	SHOW(SYS(timer_settime, other, TIMER_ABSTIME, &set, NULL));
	YES(WAIT_FOR(count == 1));
	YES(handled_by == thread_id());
	count = 0;
	SHOW(SYS(timer_create, CLOCK_REALTIME, NULL, &timer));
	set.it_value = (struct timespec){ 0, 5000000 };
	SHOW(SYS(timer_settime, timer, 0, &set, NULL));
	YES(WAIT_FOR(count == 1));
	SHOW(seen.si_signo == SIGALRM);
	event.notify = SIGEV_NONE;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	event.notify = 77;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	event.notify = SIGEV_SIGNAL;
	event.number = 65;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	SHOW(SYS(timer_create, 99, NULL, &timer));
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, BAD, &timer));
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, NULL, BAD));
	set.it_value.tv_nsec = -1;
	SHOW(SYS(timer_settime, other, 0, &set, NULL));
	SHOW(SYS(timer_settime, other, 0, NULL, NULL));
	SHOW(SYS(timer_settime, 9999, 0, &set, NULL));
	return 0;
}
