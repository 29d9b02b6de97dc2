// pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2): the program itself, and refusals.
#include "../test.h"
#include <poll.h>
#include <sys/wait.h>

static volatile sig_atomic_t seen, number, code, value;

static void see(int signal, siginfo_t *info, void *context)
{
	(void)context;
	seen++;
	number = signal;
	code = info->si_code;
	value = info->si_value.sival_int;
}

static void *thread_body(void *argument)
{
	*(pid_t *)argument = thread_id();
	pause();
	return NULL;
}

int main(void)
{
	struct sigaction action;
	siginfo_t info;
	int fd, copy, ends[2];
	char text[8] = "";

	memset(&action, 0, sizeof action);
	action.sa_sigaction = see;
	action.sa_flags = SA_SIGINFO;
	sigaction(SIGUSR1, &action, NULL);
	MUST(pipe(ends));

	OK(fd = (int)SYS(pidfd_open, getpid(), 0));
	SHOW(fcntl(fd, F_GETFD));
	YES((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
	SHOW(SYS(pidfd_open, 0, 0));
	SHOW(SYS(pidfd_open, -1, 0));
	SHOW(SYS(pidfd_open, 0x3fffffff, 0));
	SHOW(SYS(pidfd_open, getpid(), 1));
	int quick;
	OK(quick = (int)SYS(pidfd_open, getpid(), O_NONBLOCK));
	YES((fcntl(quick, F_GETFL) & O_NONBLOCK) != 0);

	struct pollfd polled = { fd, POLLIN | POLLOUT, 0 };
	SHOW(poll(&polled, 1, 0));
	SHOW(read(fd, text, 8));
	SHOW(write(fd, text, 8));

	SHOW(SYS(pidfd_send_signal, fd, 0, NULL, 0));
	SHOW(SYS(pidfd_send_signal, fd, SIGUSR1, NULL, 0));
	say("%d %s %d", (int)seen, signal_name(number), (int)code);
	memset(&info, 0, sizeof info);
	info.si_signo = SIGUSR1;
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 5;
	SHOW(SYS(pidfd_send_signal, fd, SIGUSR1, &info, 0));
	say("%d %s %d %d", (int)seen, signal_name(number), (int)code, (int)value);
	SHOW(SYS(pidfd_send_signal, fd, SIGUSR2, &info, 0));
	SHOW(SYS(pidfd_send_signal, fd, SIGUSR1, BAD, 0));
	SHOW(SYS(pidfd_send_signal, fd, 65, NULL, 0));
	SHOW(SYS(pidfd_send_signal, fd, SIGUSR1, NULL, 0x100));
	SHOW(SYS(pidfd_send_signal, ends[0], SIGUSR1, NULL, 0));
	SHOW(SYS(pidfd_send_signal, -1, SIGUSR1, NULL, 0));

	OK(copy = (int)SYS(pidfd_getfd, fd, ends[0], 0));
	SHOW(fcntl(copy, F_GETFD));
	MUST(write(ends[1], "abc", 3));
	SHOW(read(copy, text, 8));
	SHOW(SYS(pidfd_getfd, fd, 1000, 0));
	SHOW(SYS(pidfd_getfd, fd, ends[0], 1));
	SHOW(SYS(pidfd_getfd, ends[0], ends[1], 0));
	SHOW(SYS(pidfd_getfd, -1, ends[1], 0));

	memset(&info, 0, sizeof info);
	SHOW(waitid((idtype_t)3, (id_t)fd, &info, WEXITED | WNOHANG));
	SHOW(waitid((idtype_t)3, (id_t)ends[0], &info, WEXITED | WNOHANG));
	SHOW(waitid((idtype_t)3, 1000, &info, WEXITED | WNOHANG));

	pid_t thread = 0;
	spawn(thread_body, &thread);
	YES(WAIT_FOR(*(volatile pid_t *)&thread != 0));
	SHOW(SYS(pidfd_open, thread, 0) == -1);
	return 0;
}
