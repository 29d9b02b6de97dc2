// futex(2): WAIT and WAKE, values, counts, timeouts, errors, signals.
#include "../test.h"
#include "futex.h"

static uint32_t word;
static atomic_int woken;

static void *wait_on_word(void *unused)
{
	(void)unused;
	long result = FUTEX(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	if (result == 0)
		atomic_fetch_add(&woken, 1);
	return NULL;
}

int main(void)
{
	struct timespec shortly = { 0, 20000000 }, negative = { -1, 0 }, odd = { 0, 1000000000 };
	pthread_t threads[5];
	long total = 0;

	SHOW(FUTEX(&word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_PRIVATE, 0, &shortly, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT, 0, &shortly, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_PRIVATE, 0, &negative, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_PRIVATE, 0, &odd, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_PRIVATE, 0, BAD, NULL, 0));
	SHOW(FUTEX(BAD, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	SHOW(FUTEX(KERNEL, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	SHOW(FUTEX((char *)&word + 1, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	SHOW(FUTEX((char *)&word + 1, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0));
	SHOW(FUTEX(KERNEL, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(FUTEX(&word, 99, 0, NULL, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0));
	INTERRUPTED(FUTEX(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));

	for (int i = 0; i < 5; i++)
		threads[i] = spawn(wait_on_word, NULL);
	long limit = now_ms() + 10000;
	while (total < 2 && now_ms() < limit)
		total += FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	SHOW(total);
	YES(WAIT_FOR(woken == 2));
	while (total < 5 && now_ms() < limit)
		total += FUTEX(&word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
	SHOW(total);
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	SHOW(woken);
	return 0;
}
