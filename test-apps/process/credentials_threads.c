// setuid(3) changes every thread: the C library asks each by a signal.
#include "../test.h"
#include <grp.h>

static atomic_int ready, changed;

static void *watch(void *unused)
{
	(void)unused;
	atomic_fetch_add(&ready, 1);
	while (!changed)
		sleep_ms(1);
	return (void *)(long)(SYS0(getuid) == 65534 && SYS0(getgid) == 65534);
}

int main(void)
{
	pthread_t threads[4];
	int seen = 0;

	for (int i = 0; i < 4; i++)
		threads[i] = spawn(watch, NULL);
	YES(WAIT_FOR(ready == 4));
	SHOW(setgroups(0, NULL));
	SHOW(setgid(65534));
	SHOW(setuid(65534));
	changed = 1;
	for (int i = 0; i < 4; i++) {
		void *result;
		pthread_join(threads[i], &result);
		seen += (int)(long)result;
	}
	SHOW(seen);
	return 0;
}
