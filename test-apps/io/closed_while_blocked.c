// Closing a descriptor does not end a read that already waits on it.
#include "../test.h"

static int ends[2];
static atomic_int started;

static void *block(void *unused)
{
	char byte = 0;

	(void)unused;
	started = 1;
	return (void *)(long)(read(ends[0], &byte, 1) * 1000 + byte);
}

int main(void)
{
	void *result;

	MUST(pipe(ends));
	pthread_t thread = spawn(block, NULL);
	YES(WAIT_FOR(started));
	sleep_ms(20);
	SHOW(close(ends[0]));
	SHOW(write(ends[1], "!", 1));
	pthread_join(thread, &result);
	SHOW((long)result);
	signal(SIGPIPE, SIG_IGN);
	SHOW(write(ends[1], "!", 1));
	return 0;
}
