// pthread_mutex_t under contention: no increment is lost.
#include "../test.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter;

static void *increment(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		if (i % 1000 == 0)
			sched_yield();
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[8];
	struct timespec limit;

	for (int i = 0; i < 8; i++)
		threads[i] = spawn(increment, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	SHOW(counter);

	RETURNS(pthread_mutex_trylock(&lock));
	RETURNS(pthread_mutex_trylock(&lock));
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_nsec += 20000000;
	if (limit.tv_nsec >= 1000000000)
		limit.tv_sec++, limit.tv_nsec -= 1000000000;
	RETURNS(pthread_mutex_timedlock(&lock, &limit));
	RETURNS(pthread_mutex_unlock(&lock));
	return 0;
}
