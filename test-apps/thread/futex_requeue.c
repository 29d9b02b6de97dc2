// futex(2): REQUEUE and CMP_REQUEUE move waiters from one word to another.
#include "../test.h"
#include "futex.h"

static uint32_t from, to;
static atomic_int woken;

static void *wait_on_from(void *unused)
{
	(void)unused;
	if (FUTEX(&from, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) == 0)
		atomic_fetch_add(&woken, 1);
	return NULL;
}

int main(void)
{
	pthread_t threads[6];

	SHOW(FUTEX(&from, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1L, &to, 7));
	SHOW(FUTEX(&from, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1L, &to, 0));
	SHOW(FUTEX(&from, FUTEX_REQUEUE_PRIVATE, 1, (void *)1L, &to, 0));
	SHOW(FUTEX(&from, FUTEX_REQUEUE_PRIVATE, 1, (void *)1L, BAD, 0));
	SHOW(FUTEX(&from, FUTEX_CMP_REQUEUE_PRIVATE, -1, (void *)1L, &to, 0));
	for (int i = 0; i < 6; i++)
		threads[i] = spawn(wait_on_from, NULL);
	// On Linux, a waiter that another lock's wake-up reaches late, one that it took as it
	// started, waits anew on the word it was called with. So nobody is moved who just came.
	YES(WAIT_FOR(FUTEX(&from, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)6L, &from, 0) == 6));
	sleep_ms(100);
	SHOW(FUTEX(&from, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)6L, &to, 0));
	SHOW(woken);
	SHOW(FUTEX(&from, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0));
	SHOW(FUTEX(&to, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0));
	YES(WAIT_FOR(woken == 2));
	SHOW(FUTEX(&to, FUTEX_REQUEUE_PRIVATE, 1, (void *)2L, &from, 0));
	YES(WAIT_FOR(woken == 3));
	SHOW(FUTEX(&to, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0));
	SHOW(FUTEX(&from, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0));
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	SHOW(woken);
	return 0;
}
