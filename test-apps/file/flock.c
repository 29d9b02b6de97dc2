// flock(2): shared and exclusive, LOCK_NB, conversion, waiting.
#include "../test.h"
#include <sys/file.h>

static int first;

static void *unlock_later(void *unused)
{
	(void)unused;
	sleep_ms(20);
	MUST(flock(first, LOCK_UN));
	return NULL;
}

int main(void)
{
	enter_directory();
	first = make_file("f", "");
	int second = (int)MUST(open("f", O_RDONLY));
	int copy = (int)MUST(dup(first));

	SHOW(flock(first, LOCK_EX));
	SHOW(flock(second, LOCK_EX | LOCK_NB));
	SHOW(flock(second, LOCK_SH | LOCK_NB));
	SHOW(flock(copy, LOCK_EX | LOCK_NB));
	SHOW(flock(first, LOCK_SH));
	SHOW(flock(second, LOCK_SH | LOCK_NB));
	SHOW(flock(second, LOCK_EX | LOCK_NB));
	SHOW(flock(copy, LOCK_UN));
	SHOW(flock(second, LOCK_EX | LOCK_NB));
	SHOW(flock(second, LOCK_UN));
	SHOW(flock(first, LOCK_EX));
	pthread_t thread = spawn(unlock_later, NULL);
	SHOW(flock(second, LOCK_EX));
	pthread_join(thread, NULL);
	INTERRUPTED(flock(first, LOCK_EX));
	SHOW(close(second));
	SHOW(flock(first, LOCK_EX | LOCK_NB));
	SHOW(flock(first, 0));
	SHOW(flock(first, LOCK_SH | LOCK_EX));
	SHOW(flock(-1, LOCK_EX));
	int ends[2];
	MUST(pipe(ends));
	SHOW(flock(ends[0], LOCK_EX));
	return 0;
}
