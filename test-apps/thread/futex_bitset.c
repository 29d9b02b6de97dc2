// futex(2): WAIT_BITSET with absolute times on both clocks, WAKE_BITSET by mask.
#include "../test.h"
#include "futex.h"

static uint32_t word;
static atomic_int waiting, woken_mask;

static void *wait_with_mask(void *argument)
{
	uint32_t mask = (uint32_t)(long)argument;

	atomic_fetch_add(&waiting, 1);
	if (FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, mask) == 0)
		atomic_fetch_or(&woken_mask, (int)mask);
	return NULL;
}

static struct timespec after(clockid_t clock, long ms)
{
	struct timespec at;

	clock_gettime(clock, &at);
	at.tv_nsec += ms * 1000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

int main(void)
{
	pthread_t threads[3];
	struct timespec past = { 1, 0 };
	struct timespec monotonic = after(CLOCK_MONOTONIC, 20), real = after(CLOCK_REALTIME, 20);
	long begin = now_ms(), count = 0;

	SHOW(FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &monotonic, NULL, ~0U));
	YES(now_ms() - begin >= 19);
	SHOW(FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &real, NULL, ~0U));
	real = after(CLOCK_REALTIME, 20);
	begin = now_ms();
	SHOW(FUTEX(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &real, NULL, ~0U));
	YES(now_ms() - begin >= 19);
	SHOW(FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &past, NULL, ~0U));
	SHOW(FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE, 1, &past, NULL, ~0U));
	SHOW(FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &past, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 0));

	for (long i = 0; i < 3; i++)
		threads[i] = spawn(wait_with_mask, (void *)(1L << i));
	YES(WAIT_FOR(waiting == 3));
	long limit = now_ms() + 10000;
	while (count < 1 && now_ms() < limit)
		count += FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 2);
	YES(WAIT_FOR(woken_mask == 2));
	SHOW(FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 8));
	while (count < 3 && now_ms() < limit)
		count += FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, ~0U);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	SHOW(woken_mask);
	return 0;
}
