// futex(2): LOCK_PI is EDEADLK where owners wait for each other, over any number of locks.
#include "../test.h"
#include "futex.h"

#define THREADS 5

static uint32_t locks[THREADS + 1];
static long outcomes[THREADS];
static int errors[THREADS];

static long lock(uint32_t *word, long seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	return FUTEX(word, FUTEX_LOCK_PI_PRIVATE, 0, &until, NULL, 0);
}

static long unlock(uint32_t *word)
{
	return FUTEX(word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
}

// Takes its own lock and waits for the next one's.
static void *hold_and_wait(void *argument)
{
	long number = (long)argument;

	lock(&locks[number], 10);
	outcomes[number] = lock(&locks[number + 1], 10);
	errors[number] = errno;
	if (outcomes[number] == 0)
		unlock(&locks[number + 1]);
	unlock(&locks[number]);
	return NULL;
}

static int is_awaited(uint32_t *word)
{
	return (__atomic_load_n(word, __ATOMIC_SEQ_CST) & FUTEX_WAITERS) != 0;
}

// Threads that each wait for the next one, the last for this one.
static void chain(int length)
{
	pthread_t threads[THREADS];
	uint32_t *last = &locks[length];

	say("over %d others:", length);
	SHOW(lock(last, 10));
	for (long i = length - 1; i >= 0; i--) {
		threads[i] = spawn(hold_and_wait, (void *)i);
		YES(WAIT_FOR(is_awaited(&locks[i + 1])));
	}
	sleep_ms(50);
	SHOW(lock(&locks[0], 10));
	SHOW(FUTEX(&locks[0], FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	SHOW(lock(last, 10));
	// It goes on as if nothing had been.
	SHOW(unlock(last));
	for (int i = 0; i < length; i++) {
		pthread_join(threads[i], NULL);
		show_value("outcome", outcomes[i], errors[i]);
	}
	for (int i = 0; i <= length; i++)
		SHOW(locks[i]);
}

static atomic_int may_go;

static void *hold_for_a_while(void *unused)
{
	(void)unused;
	lock(&locks[0], 10);
	struct timespec soon;
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 20000000;
	soon.tv_sec += soon.tv_nsec / 1000000000;
	soon.tv_nsec %= 1000000000;
	outcomes[0] = FUTEX(&locks[1], FUTEX_LOCK_PI_PRIVATE, 0, &soon, NULL, 0);
	errors[0] = errno;
	may_go = 1;
	sleep_ms(20);
	unlock(&locks[0]);
	return NULL;
}

// Who has stopped waiting is in nobody's way.
static void given_up(void)
{
	pthread_t thread;

	say("given up:");
	SHOW(lock(&locks[1], 10));
	thread = spawn(hold_for_a_while, NULL);
	YES(WAIT_FOR(may_go));
	SHOW(lock(&locks[0], 10));
	SHOW(unlock(&locks[0]));
	SHOW(unlock(&locks[1]));
	pthread_join(thread, NULL);
	show_value("outcome", outcomes[0], errors[0]);
}

int main(void)
{
	chain(1);
	chain(2);
	chain(THREADS);
	given_up();
	return 0;
}
