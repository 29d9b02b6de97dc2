// select(2), pselect6(2): the three sets, timeouts, errors.
#include "../test.h"
#include <sys/select.h>

int main(void)
{
	fd_set readable, writable, odd;
	struct timeval limit = { 0, 20000 };
	int ends[2];

	MUST(pipe(ends));
	FD_ZERO(&readable);
	FD_ZERO(&writable);
	FD_ZERO(&odd);
	FD_SET(ends[0], &readable);
	FD_SET(ends[1], &writable);
	FD_SET(ends[0], &odd);
	SHOW(SYS(select, ends[1] + 1, &readable, &writable, &odd, &limit));
	say("%d %d %d", FD_ISSET(ends[0], &readable) != 0, FD_ISSET(ends[1], &writable) != 0, FD_ISSET(ends[0], &odd) != 0);
	FD_SET(ends[0], &readable);
	limit = (struct timeval){ 0, 20000 };
	long begin = now_ms();
	SHOW(SYS(select, ends[1] + 1, &readable, NULL, NULL, &limit));
	YES(now_ms() - begin >= 19);
	SHOW(limit.tv_sec * 1000000 + limit.tv_usec);
	SHOW(FD_ISSET(ends[0], &readable));
	MUST(write(ends[1], "x", 1));
	FD_SET(ends[0], &readable);
	SHOW(SYS(select, ends[1] + 1, &readable, NULL, NULL, NULL));
	SHOW(FD_ISSET(ends[0], &readable) != 0);
	MUST(close(ends[1]));
	SHOW(SYS(select, ends[0] + 1, &readable, NULL, NULL, NULL));
	FD_ZERO(&readable);
	FD_SET(60, &readable);
	SHOW(SYS(select, 61, &readable, NULL, NULL, NULL));
	SHOW(SYS(select, -1, NULL, NULL, NULL, &limit));
	limit = (struct timeval){ -1, 0 };
	SHOW(SYS(select, 0, NULL, NULL, NULL, &limit));
	SHOW(SYS(select, 10, BAD, NULL, NULL, NULL));
	SHOW(SYS(select, 0, NULL, NULL, NULL, BAD));
	limit = (struct timeval){ 0, 5000 };
	SHOW(SYS(select, 0, NULL, NULL, NULL, &limit));
	MUST(pipe(ends));
	FD_ZERO(&readable);
	FD_SET(ends[0], &readable);
	INTERRUPTED(SYS(select, ends[0] + 1, &readable, NULL, NULL, NULL));
	struct timespec precise = { 0, 5000000 };
	FD_ZERO(&readable);
	FD_SET(ends[0], &readable);
	SHOW(pselect(ends[0] + 1, &readable, NULL, NULL, &precise, NULL));
	SHOW(FD_ISSET(ends[0], &readable));
	return 0;
}
