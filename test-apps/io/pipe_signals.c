// Signals in blocked pipe reads and writes: EINTR, restart, partial writes.
#include "../test.h"

static int ends[2];
static char buffer[200000];

static void feed(void)
{
	MUST(write(ends[1], "fed", 3));
}

static void drain(void)
{
	for (int total = 0; total < 65536 + 100000;)
		total += (int)MUST(read(ends[0], buffer + 100000, 50000));
}

int main(void)
{
	MUST(pipe(ends));
	INTERRUPTED(read(ends[0], buffer, 10));
	RESTARTED(feed, read(ends[0], buffer, 10));
	MUST(write(ends[1], buffer, 65536));
	INTERRUPTED(write(ends[1], buffer, 10));
	RESTARTED(drain, write(ends[1], buffer, 100000));
	INTERRUPTED(write(ends[1], buffer, 100000));
	return 0;
}
