// pthread_cancel(3) of a thread blocked in read, with its clean-up.
#include "../test.h"

static int ends[2];
static atomic_int cleaned, started;

static void clean(void *argument)
{
	atomic_store((atomic_int *)argument, 1);
}

static void *block(void *unused)
{
	char byte;

	(void)unused;
	pthread_cleanup_push(clean, &cleaned);
	started = 1;
	if (read(ends[0], &byte, 1) == 1)
		say("read");
	pthread_cleanup_pop(0);
	return NULL;
}

int main(void)
{
	void *result = NULL;

	MUST(pipe(ends));
	pthread_t thread = spawn(block, NULL);
	YES(WAIT_FOR(started));
	sleep_ms(10);
	RETURNS(pthread_cancel(thread));
	RETURNS(pthread_join(thread, &result));
	YES(result == PTHREAD_CANCELED);
	SHOW(cleaned);
	return 0;
}
