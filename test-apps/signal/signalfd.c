// signalfd(2), signalfd4(2): signals read as records, non-blocking, changing the mask.
#include "../test.h"
#include <poll.h>
#include <sys/signalfd.h>

int main(void)
{
	struct signalfd_siginfo info[2];
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	OK(fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	SHOW(read(fd, info, sizeof info));
	raise(SIGUSR1);
	struct pollfd polled = { fd, POLLIN, 0 };
	SHOW(poll(&polled, 1, 0));
	SHOW(read(fd, info, sizeof info) / (long)sizeof info[0]);
	SHOW(info[0].ssi_signo == SIGUSR1);
	SHOW(info[0].ssi_pid == (uint32_t)getpid());
	union sigval value = { .sival_int = 5 };
	sigqueue(getpid(), SIGRTMIN, value);
	sigqueue(getpid(), SIGRTMIN, value);
	SHOW(read(fd, info, sizeof info) / (long)sizeof info[0]);
	SHOW(info[1].ssi_int);
	SHOW(read(fd, info, 10));
	sigdelset(&set, SIGUSR1);
	SHOW(signalfd(fd, &set, 0) == fd);
	raise(SIGUSR1);
	SHOW(poll(&polled, 1, 0));
	SHOW(SYS(signalfd4, -1, &set, 4, 0));
	SHOW(SYS(signalfd4, -1, &set, 8, 1));
	SHOW(SYS(signalfd4, -1, BAD, 8, 0));
	SHOW(SYS(signalfd4, 1000, &set, 8, 0));
	SHOW(SYS(signalfd4, 1, &set, 8, 0));
	return 0;
}
