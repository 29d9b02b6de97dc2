// timerfd_create(2) in all its clocks, absolute times, cancelling, waiting.
#include "../test.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>

#define CANCEL_ON_SET 2

static void *arm_later(void *argument)
{
	struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };

	sleep_ms(20);
	MUST(timerfd_settime(*(int *)argument, 0, &soon, NULL));
	return NULL;
}

static int restarting;

static void arm_now(void)
{
	struct itimerspec soon = { { 0, 0 }, { 0, 1 } };
	MUST(timerfd_settime(restarting, 0, &soon, NULL));
}

static void try(const char *name, clockid_t clock)
{
	struct itimerspec set = { { 0, 0 }, { 0, 5000000 } }, old;
	uint64_t count = 0;

	int fd = timerfd_create(clock, TFD_NONBLOCK);
	if (fd == -1) {
		say("%s: %s", name, errno_name(errno));
		return;
	}
	say("%s:", name);
	SHOW(read(fd, &count, 8));
	SHOW(timerfd_settime(fd, 0, &set, NULL));
	struct pollfd polled = { fd, POLLIN, 0 };
	SHOW(poll(&polled, 1, 10000));
	SHOW(read(fd, &count, 8));
	SHOW(count);
	// A point that is over, and one far off.
	memset(&set, 0, sizeof set);
	set.it_value.tv_sec = 1;
	SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, NULL));
	SHOW(poll(&polled, 1, 10000));
	SHOW(read(fd, &count, 8));
	clock_gettime(clock, &set.it_value);
	set.it_value.tv_sec += 1000;
	SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, NULL));
	SHOW(poll(&polled, 1, 0));
	SHOW(timerfd_gettime(fd, &old));
	YES(old.it_value.tv_sec >= 900 && old.it_value.tv_sec <= 1000);
	SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME | CANCEL_ON_SET, &set, &old));
	YES(old.it_value.tv_sec >= 900 && old.it_value.tv_sec <= 1000);
	SHOW(timerfd_settime(fd, CANCEL_ON_SET, &set, NULL));
	SHOW(poll(&polled, 1, 0));
	memset(&set, 0, sizeof set);
	SHOW(timerfd_settime(fd, 0, &set, &old));
	SHOW(timerfd_gettime(fd, &old));
	SHOW(old.it_value.tv_sec);
	close(fd);
}

int main(void)
{
	struct itimerspec set = { { 0, 0 }, { 0, 0 } };
	uint64_t count = 0;

	try("CLOCK_REALTIME", CLOCK_REALTIME);
	try("CLOCK_MONOTONIC", CLOCK_MONOTONIC);
	try("CLOCK_BOOTTIME", CLOCK_BOOTTIME);
	try("CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW);
	try("CLOCK_REALTIME_COARSE", CLOCK_REALTIME_COARSE);
	try("CLOCK_TAI", CLOCK_TAI);
	try("CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID);

	int fd = (int)MUST(timerfd_create(CLOCK_MONOTONIC, 0));
	pthread_t thread = spawn(arm_later, &fd);
	SHOW(read(fd, &count, 8));
	SHOW(count);
	pthread_join(thread, NULL);
	INTERRUPTED(read(fd, &count, 8));
	restarting = fd;
	RESTARTED(arm_now, read(fd, &count, 8));
	MUST(fcntl(fd, F_SETFL, O_NONBLOCK));
	SHOW(read(fd, &count, 8));
	// More than one expiration, counted once.
	set.it_value.tv_nsec = set.it_interval.tv_nsec = 1000000;
	SHOW(timerfd_settime(fd, 0, &set, NULL));
	sleep_ms(30);
	SHOW(read(fd, &count, 8));
	YES(count >= 10);
	// Setting it anew forgets what was not read.
	sleep_ms(5);
	set.it_value.tv_sec = 100;
	SHOW(timerfd_settime(fd, 0, &set, NULL));
	SHOW(read(fd, &count, 8));
	SHOW(read(fd, &count, 7));
	SHOW(SYS(read, fd, BAD, 8));
	set.it_value.tv_nsec = -1;
	SHOW(timerfd_settime(fd, 0, &set, NULL));
	set.it_value.tv_nsec = 0;
	set.it_value.tv_sec = -1;
	SHOW(timerfd_settime(fd, 0, &set, NULL));
	set.it_value.tv_sec = 1;
	set.it_interval.tv_nsec = 1000000000;
	SHOW(timerfd_settime(fd, 0, &set, NULL));
	SHOW(timerfd_create(-1, 0));
	SHOW(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | 8));
	SHOW(SYS(timerfd_settime, -1, 0, BAD, NULL));
	SHOW(SYS(timerfd_gettime, -1, BAD));
	return 0;
}
