// timer_create(2): every clock, every kind of notification, absolute times, overruns, reading.
#include "../test.h"

// struct sigevent as the kernel has it.
struct kernel_event {
	union sigval value;
	int number, notify;
	pid_t thread;
	char rest[44];
};

static atomic_int count, overrun, code, value, receiver;
static atomic_int helper_id, stop;

static void handle(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	overrun = info->si_overrun;
	code = info->si_code;
	value = info->si_value.sival_int;
	receiver = thread_id();
	count++;
}

static void *wait_for_stop(void *unused)
{
	(void)unused;
	helper_id = thread_id();
	WAIT_FOR(stop);
	return NULL;
}

static void one_of(const char *name, clockid_t clock)
{
	struct kernel_event event = { .value = { .sival_int = 7 }, .number = SIGRTMIN, .notify = SIGEV_SIGNAL };
	struct itimerspec set = { { 0, 0 }, { 0, 1000000 } };
	volatile unsigned long spin = 0;
	int timer;

	if (SYS(timer_create, clock, &event, &timer) == -1) {
		say("%s: %s", name, errno_name(errno));
		return;
	}
	count = 0;
	SYS(timer_settime, timer, 0, &set, NULL);
	for (long limit = now_ms() + 10000; count == 0 && now_ms() < limit;)
		spin++;
	say("%s: %d with %d", name, (int)count, (int)value);
	SYS(timer_delete, timer);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };
	struct kernel_event event = { .number = SIGRTMIN, .notify = SIGEV_NONE };
	struct itimerspec set = { { 0, 0 }, { 100, 0 } }, now;
	int timer, second;

	sigaction(SIGRTMIN, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	one_of("CLOCK_REALTIME", CLOCK_REALTIME);
	one_of("CLOCK_MONOTONIC", CLOCK_MONOTONIC);
	one_of("CLOCK_BOOTTIME", CLOCK_BOOTTIME);
	one_of("CLOCK_TAI", CLOCK_TAI);
	one_of("CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID);
	one_of("CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID);
	one_of("CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW);
	one_of("CLOCK_REALTIME_COARSE", CLOCK_REALTIME_COARSE);
	one_of("CLOCK_MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE);

	// One that tells nobody, but runs.
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	SHOW(SYS(timer_gettime, timer, &now));
	say("%ld %ld", (long)now.it_value.tv_sec, (long)now.it_interval.tv_sec);
	SHOW(SYS(timer_settime, timer, 0, &set, NULL));
	SHOW(SYS(timer_gettime, timer, &now));
	YES(now.it_value.tv_sec == 99 || now.it_value.tv_sec == 100);
	set.it_value = (struct timespec){ 0, 1000000 };
	SHOW(SYS(timer_settime, timer, 0, &set, &now));
	YES(now.it_value.tv_sec >= 80);
	sleep_ms(5);
	SHOW(SYS(timer_gettime, timer, &now));
	say("once, over: %ld.%ld", (long)now.it_value.tv_sec, now.it_value.tv_nsec);
	set.it_interval = (struct timespec){ 50, 0 };
	SHOW(SYS(timer_settime, timer, 0, &set, NULL));
	sleep_ms(5);
	SHOW(SYS(timer_gettime, timer, &now));
	YES(now.it_value.tv_sec >= 40 && now.it_value.tv_sec <= 50);
	SHOW(SYS(timer_getoverrun, timer));
	SHOW(SYS(timer_gettime, timer, BAD));
	SHOW(SYS(timer_gettime, timer, KERNEL));
	SHOW(SYS(timer_settime, timer, 0, &set, BAD));
	SHOW(SYS(timer_settime, timer, 0, BAD, NULL));
	// Unknown flags are not looked at.
	SHOW(SYS(timer_settime, timer, 0x40, &set, NULL));
	SHOW(SYS(timer_delete, timer));
	SHOW(SYS(timer_getoverrun, timer));

	// An absolute time that is over, and again every 100 s.
	event.notify = SIGEV_SIGNAL;
	event.value.sival_int = 11;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	clock_gettime(CLOCK_MONOTONIC, &set.it_value);
	count = 0;
	set.it_interval = (struct timespec){ 100, 0 };
	SHOW(SYS(timer_settime, timer, TIMER_ABSTIME, &set, NULL));
	YES(WAIT_FOR(count == 1));
	say("code %s, value %d, overrun %d", code == SI_TIMER ? "SI_TIMER" : "?", (int)value, (int)overrun);
	SHOW(SYS(timer_gettime, timer, &now));
	YES(now.it_value.tv_sec >= 50);
	// The same on the clock of the day.
	SHOW(SYS(timer_create, CLOCK_REALTIME, &event, &second));
	set.it_value = (struct timespec){ 1, 0 };
	set.it_interval = (struct timespec){ 0, 0 };
	SHOW(SYS(timer_settime, second, TIMER_ABSTIME, &set, NULL));
	YES(WAIT_FOR(count == 2));
	// Never: zero takes it back.
	set.it_value = (struct timespec){ 0, 0 };
	SHOW(SYS(timer_settime, timer, TIMER_ABSTIME, &set, &now));
	YES(now.it_interval.tv_sec == 100);
	SHOW(SYS(timer_delete, second));

	// How often a blocked signal should have come.
	sigset_t blocked;
	siginfo_t info;
	struct timespec patience = { 10, 0 };
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	set.it_value = set.it_interval = (struct timespec){ 0, 1000000 };
	SHOW(SYS(timer_settime, timer, 0, &set, NULL));
	sleep_ms(30);
	YES(sigtimedwait(&blocked, &info, &patience) == SIGRTMIN);
	YES(info.si_overrun >= 10);
	YES(SYS(timer_getoverrun, timer) == info.si_overrun);
	say("%d %d", info.si_code == SI_TIMER, info.si_value.sival_int);
	SHOW(SYS(timer_delete, timer));
	struct timespec none = { 0, 0 };
	while (sigtimedwait(&blocked, &info, &none) == SIGRTMIN)
		;
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);

	// One thread of several.
	pthread_t helper = spawn(wait_for_stop, NULL);
	WAIT_FOR(helper_id != 0);
	event.notify = SIGEV_SIGNAL | SIGEV_THREAD_ID;
	event.thread = helper_id;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	set.it_interval = (struct timespec){ 0, 0 };
	count = 0;
	SHOW(SYS(timer_settime, timer, 0, &set, NULL));
	YES(WAIT_FOR(count == 1));
	YES(receiver == helper_id);
	SHOW(SYS(timer_delete, timer));
	stop = 1;
	pthread_join(helper, NULL);
	// Who waits for a thread is woken a little before it is gone.
	WAIT_FOR(SYS(tgkill, getpid(), (int)helper_id, 0) == -1);
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	event.thread = 0x3ffffff;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	event.thread = -1;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	event.notify = SIGEV_NONE | SIGEV_THREAD_ID;
	event.thread = thread_id();
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	event.notify = SIGEV_THREAD;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	event.notify = SIGEV_SIGNAL;
	for (int number = -1; number <= 65; number += 33) {
		event.number = number;
		SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	}
	event.number = 0;
	event.notify = SIGEV_NONE;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, &timer));
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &event, KERNEL));
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, KERNEL, &timer));
	SHOW(SYS(timer_delete, -1));
	SHOW(SYS(timer_settime, -1, 0, &set, NULL));
	return 0;
}
