// pselect6(2): mask, timeout, errors; select(2) and signals.
#include "../test.h"
#include <sys/select.h>

static volatile sig_atomic_t seen;

static void handle(int number)
{
	(void)number;
	seen++;
}

int main(void)
{
	struct { const void *mask; size_t size; } argument;
	struct timespec limit = { 0, 20000000 };
	struct timeval coarse = { 0, 1000001 };
	sigset_t blocked, open, now;
	fd_set set, other;
	int ends[2];

	MUST(pipe(ends));
	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	signal(SIGUSR2, handle);
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	long begin = now_ms();
	SHOW(SYS(pselect6, ends[0] + 1, &set, NULL, NULL, &limit, NULL));
	YES(now_ms() - begin >= 19);
	SHOW(limit.tv_sec * 1000000000 + limit.tv_nsec);
	SHOW(FD_ISSET(ends[0], &set));

	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR2);
	FD_SET(ends[0], &set);
	limit = (struct timespec){ 0, 5000000 };
	argument.mask = &blocked;
	argument.size = 8;
	SHOW(SYS(pselect6, ends[0] + 1, &set, NULL, NULL, &limit, &argument));
	SHOW(seen);
	FD_SET(ends[0], &set);
	limit = (struct timespec){ 5, 0 };
	argument.mask = &open;
	SHOW(SYS(pselect6, ends[0] + 1, &set, NULL, NULL, &limit, &argument));
	SHOW(seen);
	YES(limit.tv_sec <= 5);
	SHOW(FD_ISSET(ends[0], &set) != 0);
	sigprocmask(SIG_SETMASK, NULL, &now);
	SHOW(sigismember(&now, SIGUSR2));

	limit = (struct timespec){ 0, 0 };
	argument.size = 4;
	SHOW(SYS(pselect6, ends[0] + 1, &set, NULL, NULL, &limit, &argument));
	argument.mask = NULL;
	SHOW(SYS(pselect6, ends[0] + 1, &set, NULL, NULL, &limit, &argument));
	argument.mask = BAD;
	argument.size = 8;
	SHOW(SYS(pselect6, ends[0] + 1, &set, NULL, NULL, &limit, &argument));
	SHOW(SYS(pselect6, ends[0] + 1, &set, NULL, NULL, &limit, BAD));
	SHOW(SYS(pselect6, ends[0] + 1, &set, NULL, NULL, BAD, NULL));
	SHOW(SYS(pselect6, ends[0] + 1, BAD, NULL, NULL, &limit, NULL));
	SHOW(SYS(pselect6, ends[0] + 1, NULL, KERNEL, NULL, &limit, NULL));
	SHOW(SYS(pselect6, ends[0] + 1, NULL, NULL, BAD, &limit, NULL));
	SHOW(SYS(pselect6, -1, NULL, NULL, NULL, &limit, NULL));
	limit.tv_nsec = 1000000000;
	SHOW(SYS(pselect6, 0, NULL, NULL, NULL, &limit, NULL));
	limit = (struct timespec){ -1, 0 };
	SHOW(SYS(pselect6, 0, NULL, NULL, NULL, &limit, NULL));

	// Microseconds beyond a second are carried over.
	MUST(write(ends[1], "x", 1));
	FD_ZERO(&other);
	FD_SET(ends[1], &other);
	FD_SET(ends[0], &set);
	SHOW(SYS(select, ends[1] + 1, &set, &other, NULL, &coarse));
	SHOW(FD_ISSET(ends[0], &set) != 0);
	SHOW(FD_ISSET(ends[1], &other) != 0);
	YES(coarse.tv_sec <= 1 && coarse.tv_usec < 1000000);
	coarse.tv_usec = -1;
	SHOW(SYS(select, 0, NULL, NULL, NULL, &coarse));

	char byte;
	MUST(read(ends[0], &byte, 1));
	sigprocmask(SIG_SETMASK, &open, NULL);
	FD_SET(ends[0], &set);
	NOT_RESTARTED(SYS(select, ends[0] + 1, &set, NULL, NULL, NULL));
	NOT_RESTARTED(SYS(pselect6, ends[0] + 1, &set, NULL, NULL, NULL, NULL));
	struct pollfd { int fd; short events, revents; } polled = { ends[0], 1, 0 };
	NOT_RESTARTED(SYS(poll, &polled, 1, -1));
	NOT_RESTARTED(SYS(ppoll, &polled, 1, NULL, NULL, 8));
	limit = (struct timespec){ 60, 0 };
	NOT_RESTARTED(SYS(ppoll, &polled, 1, &limit, NULL, 8));
	YES(limit.tv_sec < 60);
	return 0;
}
