// ppoll(2): nanosecond timeouts, the remaining time, an atomically swapped mask.
#include "../test.h"
#include <poll.h>

static volatile sig_atomic_t seen;

static void handle(int number)
{
	(void)number;
	seen++;
}

int main(void)
{
	struct timespec limit = { 0, 20000000 };
	sigset_t blocked, open;
	int ends[2];

	MUST(pipe(ends));
	struct pollfd set = { ends[0], POLLIN, 0 };
	long begin = now_ms();
	SHOW(SYS(ppoll, &set, 1, &limit, NULL, 8));
	YES(now_ms() - begin >= 19);
	SHOW(limit.tv_sec * 1000000000 + limit.tv_nsec);
	limit = (struct timespec){ 5, 0 };
	MUST(write(ends[1], "x", 1));
	SHOW(SYS(ppoll, &set, 1, &limit, NULL, 8));
	YES(limit.tv_sec == 4 || (limit.tv_sec == 5 && limit.tv_nsec == 0));
	SHOW(SYS(ppoll, &set, 1, NULL, NULL, 8));

	signal(SIGUSR1, handle);
	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR1);
	set.fd = -1;
	limit = (struct timespec){ 0, 10000000 };
	SHOW(SYS(ppoll, &set, 1, &limit, &blocked, 8));
	limit = (struct timespec){ 5, 0 };
	SHOW(seen);
	SHOW(SYS(ppoll, &set, 1, &limit, &open, 8));
	SHOW(seen);
	sigset_t now;
	sigprocmask(SIG_SETMASK, NULL, &now);
	SHOW(sigismember(&now, SIGUSR1));
	limit.tv_nsec = 1000000000;
	SHOW(SYS(ppoll, &set, 1, &limit, NULL, 8));
	limit = (struct timespec){ -1, 0 };
	SHOW(SYS(ppoll, &set, 1, &limit, NULL, 8));
	SHOW(SYS(ppoll, &set, 1, BAD, NULL, 8));
	SHOW(SYS(ppoll, &set, 1, NULL, &open, 4));
	SHOW(SYS(ppoll, &set, 1, NULL, BAD, 8));
	return 0;
}
