// timerfd_create(2), timerfd_settime(2), timerfd_gettime(2): one shot, intervals, absolute,
// disarming, errors.
#include "../test.h"
#include <poll.h>
#include <sys/timerfd.h>

static long expirations(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, 8) == 8 ? (long)count : -1;
}

int main(void)
{
	struct itimerspec set = { { 0, 0 }, { 0, 20000000 } }, old;
	int fd, quick;

	OK(fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	// Before it is set: printing takes its time too.
	long begin = now_ms();
	SHOW(timerfd_settime(fd, 0, &set, NULL));
	SHOW(expirations(fd));
	YES(now_ms() - begin >= 18);
	SHOW(timerfd_gettime(fd, &old));
	SHOW(old.it_value.tv_sec * 1000000000 + old.it_value.tv_nsec);

	OK(quick = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	SHOW(expirations(quick));
	set = (struct itimerspec){ { 0, 10000000 }, { 0, 10000000 } };
	SHOW(timerfd_settime(quick, 0, &set, NULL));
	struct pollfd polled = { quick, POLLIN, 0 };
	SHOW(poll(&polled, 1, 5000));
	sleep_ms(50);
	YES(expirations(quick) >= 4);
	SHOW(timerfd_gettime(quick, &old));
	SHOW(old.it_interval.tv_nsec);
	YES(old.it_value.tv_sec == 0 && old.it_value.tv_nsec <= 10000000);
	memset(&set, 0, sizeof set);
	SHOW(timerfd_settime(quick, 0, &set, &old));
	SHOW(old.it_interval.tv_nsec);
	sleep_ms(15);
	SHOW(expirations(quick));

	set.it_value.tv_nsec = 1;
	SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, NULL));
	SHOW(expirations(fd));
	OK(fd = timerfd_create(CLOCK_REALTIME, 0));
	clock_gettime(CLOCK_REALTIME, &set.it_value);
	set.it_interval.tv_nsec = 1000000;
	sleep_ms(50);
	SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, NULL));
	YES(expirations(fd) >= 50);
	set = (struct itimerspec){ { 0, 0 }, { 100, 0 } };
	SHOW(timerfd_settime(fd, 0, &set, NULL));
	INTERRUPTED(expirations(fd));
	SHOW(timerfd_gettime(fd, &old));
	YES(old.it_value.tv_sec >= 90 && old.it_value.tv_sec <= 100);
	char small[4];
	SHOW(read(fd, small, 4));
	SHOW(write(fd, "12345678", 8));
	OK(timerfd_create(CLOCK_BOOTTIME, 0));
	SHOW(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
	SHOW(timerfd_create(99, 0));
	SHOW(timerfd_create(CLOCK_MONOTONIC, 1));
	set.it_value.tv_nsec = 1000000000;
	SHOW(timerfd_settime(fd, 0, &set, NULL));
	set.it_value.tv_nsec = 0;
	SHOW(timerfd_settime(fd, 8, &set, NULL));
	SHOW(SYS(timerfd_settime, fd, 0, BAD, NULL));
	SHOW(SYS(timerfd_settime, fd, 0, &set, BAD));
	SHOW(SYS(timerfd_gettime, fd, BAD));
	SHOW(timerfd_settime(1, 0, &set, NULL));
	SHOW(timerfd_settime(-1, 0, &set, NULL));
	return 0;
}
