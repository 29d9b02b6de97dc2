// futex(2): WAIT_REQUEUE_PI and CMP_REQUEUE_PI, condition variables on locks that are handed over.
#include "../test.h"
#include <limits.h>
#include "futex.h"

#define FUTEX_WAIT_REQUEUE_PI_PRIVATE 139
#define FUTEX_CMP_REQUEUE_PI_PRIVATE 140

static uint32_t word, lock, other, plain;
static atomic_int served, results[8], waiting_tid;

static long wait_for(const struct timespec *deadline)
{
	return FUTEX(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, deadline, &lock, 0);
}

static long requeue(long count)
{
	return FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, count, &lock, 0);
}

static void take(void)
{
	uint32_t free = 0;

	if (!__atomic_compare_exchange_n(&lock, &free, (uint32_t)thread_id(), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		MUST(FUTEX(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
}

static void give(void)
{
	uint32_t mine = (uint32_t)thread_id();

	if (!__atomic_compare_exchange_n(&lock, &mine, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		MUST(FUTEX(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
}

static int owns(void)
{
	return (__atomic_load_n(&lock, __ATOMIC_SEQ_CST) & 0x3fffffff) == (uint32_t)thread_id();
}

// Waits, and says as the how many-th it got the lock.
static void *waiter(void *number)
{
	long result = wait_for(NULL);

	results[(intptr_t)number] = result == 0 && owns() ? ++served : -errno;
	give();
	return NULL;
}

static void *poked(void *unused)
{
	struct sigaction action = { .sa_handler = see_poke };

	(void)unused;
	sigaction(SIGUSR1, &action, NULL);
	waiting_tid = thread_id();
	SHOW(wait_for(NULL));
	waiting_tid = 0;
	return NULL;
}

static void *late(void *unused)
{
	struct timespec deadline;

	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += 1;
	SHOW(wait_for(&deadline));
	return NULL;
}

static void *wait_plainly(void *unused)
{
	(void)unused;
	while (FUTEX(&plain, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) == 0 && plain == 0)
		;
	return NULL;
}

static void finish_restarted(void)
{
	MUST(WAIT_FOR(requeue(0) == 1) ? 0 : -1);
}

static void errors(void)
{
	struct timespec past = { 1, 0 }, odd = { 1, 1000000000 };

	SHOW(FUTEX(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 1, NULL, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &word, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &past, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &past, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &odd, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, BAD, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &past, (char *)&lock + 1, 0));
	SHOW(FUTEX((char *)&word + 1, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &past, &lock, 0));
	SHOW(FUTEX(BAD, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &past, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &past, KERNEL, 0));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 0, &lock, 1));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 0, 0, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 2, 0, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, -1, 0, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, -1L, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 0, &word, 0));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE | FUTEX_CLOCK_REALTIME, 1, 0, &lock, 0));
	SHOW(FUTEX((char *)&word + 2, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 0, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 0, (char *)&lock + 2, 0));
	SHOW(FUTEX(BAD, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 0, &lock, 0));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 0, BAD, 0));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 0, KERNEL, 0));
	// Nobody waits: the lock stays as it is.
	SHOW(requeue(INT_MAX));
	SHOW(lock);
}

int main(void)
{
	pthread_t threads[4];
	long moved = 0;

	errors();

	// One after the other is moved to a lock that is held, and gets it in that order.
	take();
	for (intptr_t i = 0; i < 3; i++) {
		threads[i] = spawn(waiter, (void *)i);
		YES(WAIT_FOR(requeue(0) == 1));
	}
	YES(lock == ((uint32_t)thread_id() | FUTEX_WAITERS));
	SHOW(FUTEX(&lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(served);
	give();
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	say("%d %d %d", results[0], results[1], results[2]);
	SHOW(lock);

	// All at once.
	take();
	served = 0;
	for (intptr_t i = 0; i < 4; i++)
		threads[i] = spawn(waiter, (void *)i);
	YES(WAIT_FOR((moved += requeue(INT_MAX)) == 4));
	give();
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	SHOW(served);

	// A lock that is free goes to the first at once.
	served = 0;
	threads[0] = spawn(waiter, (void *)0);
	YES(WAIT_FOR(requeue(0) == 1));
	pthread_join(threads[0], NULL);
	SHOW(served);
	threads[0] = spawn(waiter, (void *)0);
	YES(WAIT_FOR(requeue(5) == 1));
	pthread_join(threads[0], NULL);
	SHOW(served);
	SHOW(lock);

	// What belongs to these calls is not for others, nor for another lock.
	threads[0] = spawn(waiter, (void *)0);
	YES(WAIT_FOR(FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == -1));
	SHOW(FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 1));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, &other, 0));
	SHOW(FUTEX(&word, FUTEX_REQUEUE_PRIVATE, 0, 1, &other, 0));
	SHOW(FUTEX(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other, 0));
	SHOW(FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 0, &other, 0));
	// A lock whose owner is nobody.
	lock = 0x3ffffff;
	SHOW(requeue(0));
	say("%x", lock);
	lock = 0;
	SHOW(requeue(0));
	pthread_join(threads[0], NULL);
	threads[0] = spawn(wait_plainly, NULL);
	YES(WAIT_FOR(FUTEX(&plain, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 0, &lock, 0) == -1));
	SHOW(FUTEX(&plain, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 0, &lock, 0));
	SHOW(FUTEX(&plain, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	plain = 1;
	SHOW(FUTEX(&plain, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	pthread_join(threads[0], NULL);

	// Time runs out after the move, too.
	take();
	threads[0] = spawn(late, NULL);
	YES(WAIT_FOR(requeue(0) == 1));
	pthread_join(threads[0], NULL);
	give();
	SHOW(lock);

	// A signal: before the move it waits on, after it the call is over.
	struct poker poker;
	poke_start(&poker, 0, finish_restarted);
	SHOW(wait_for(NULL));
	poke_stop(&poker);
	YES(pokes_seen >= 2);
	YES(owns());
	give();
	take();
	threads[0] = spawn(poked, NULL);
	YES(WAIT_FOR(requeue(0) == 1));
	YES(WAIT_FOR(waiting_tid == 0 || (SYS(tgkill, getpid(), waiting_tid, SIGUSR1), 0)));
	pthread_join(threads[0], NULL);
	give();
	SHOW(lock);
	return 0;
}
