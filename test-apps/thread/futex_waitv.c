// futex_waitv(2): several words at once: which was woken, values, timeouts, signals, errors.
#include "../test.h"
#include "futex.h"

#define WAITV(words, count, flags, timeout, clock) \
	SYS(futex_waitv, (words), (long)(count), (long)(flags), (timeout), (long)(clock))

static uint32_t values[3] = { 1, 2, 3 };
static struct waitv words[3];
static atomic_int done;

static void fill(uint32_t flags)
{
	for (int i = 0; i < 3; i++)
		words[i] = (struct waitv){ values[i], (uint64_t)(uintptr_t)&values[i], flags, 0 };
}

static void *wake_one(void *argument)
{
	uint32_t *word = argument;

	while (!done) {
		FUTEX(word, FUTEX_WAKE, 1, NULL, NULL, 0);
		sleep_ms(1);
	}
	return NULL;
}

static void wait_for(int which, uint32_t flags)
{
	done = 0;
	fill(flags);
	pthread_t waker = spawn(wake_one, &values[which]);
	long woken = WAITV(words, 3, 0, NULL, 0);
	done = 1;
	pthread_join(waker, NULL);
	say("word %d: %ld", which, woken);
}

static struct timespec in(clockid_t clock, long ms)
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
	struct timespec at, odd = { 0, 1000000000 }, past = { 1, 0 };
	static struct waitv many[129];

	for (int i = 0; i < 3; i++)
		wait_for(i, FUTEX_32);
	at = in(CLOCK_MONOTONIC, 20);
	fill(FUTEX_32 | FUTEX_PRIVATE);
	SHOW(WAITV(words, 3, 0, &at, CLOCK_MONOTONIC));
	at = in(CLOCK_REALTIME, 20);
	SHOW(WAITV(words, 3, 0, &at, CLOCK_REALTIME));
	SHOW(WAITV(words, 1, 0, &past, CLOCK_MONOTONIC));
	at = in(CLOCK_MONOTONIC, 100000);
	INTERRUPTED(WAITV(words, 3, 0, &at, CLOCK_MONOTONIC));

	words[2].value = 4;
	SHOW(WAITV(words, 3, 0, NULL, 0));
	words[2].value = 1UL << 32;
	SHOW(WAITV(words, 3, 0, NULL, 0));
	fill(FUTEX_32);
	words[1].reserved = 1;
	SHOW(WAITV(words, 3, 0, NULL, 0));
	fill(FUTEX_32);
	words[1].flags = FUTEX_32 | 0x40;
	SHOW(WAITV(words, 3, 0, NULL, 0));
	words[1].flags = 0;
	SHOW(WAITV(words, 3, 0, NULL, 0));
	fill(FUTEX_32);
	words[1].address += 1;
	SHOW(WAITV(words, 3, 0, NULL, 0));
	words[1].address = 8;
	SHOW(WAITV(words, 3, 0, NULL, 0));
	words[1].address = (uint64_t)(uintptr_t)KERNEL;
	SHOW(WAITV(words, 3, 0, NULL, 0));
	fill(FUTEX_32);
	SHOW(WAITV(words, 3, 1, NULL, 0));
	SHOW(WAITV(words, 0, 0, NULL, 0));
	SHOW(WAITV(many, 129, 0, NULL, 0));
	SHOW(WAITV(NULL, 1, 0, NULL, 0));
	SHOW(WAITV(BAD, 1, 0, NULL, 0));
	SHOW(WAITV(KERNEL, 1, 0, NULL, 0));
	SHOW(WAITV(words, 3, 0, BAD, CLOCK_MONOTONIC));
	SHOW(WAITV(words, 3, 0, &odd, CLOCK_MONOTONIC));
	SHOW(WAITV(words, 3, 0, &past, CLOCK_BOOTTIME));
	SHOW(WAITV(words, 3, 0, &past, 99));
	return 0;
}
