// sem_t: counting, trying, waiting with a limit, hand-over between two threads.
#include "../test.h"
#include <semaphore.h>

static sem_t ping, pong;

static void *answer(void *unused)
{
	(void)unused;
	for (int i = 0; i < 2000; i++) {
		sem_wait(&ping);
		sem_post(&pong);
	}
	return NULL;
}

int main(void)
{
	struct timespec limit;
	int value, rounds = 0;

	SHOW(sem_init(&ping, 0, 0));
	SHOW(sem_init(&pong, 0, 2));
	SHOW(sem_trywait(&pong));
	SHOW(sem_trywait(&pong));
	SHOW(sem_trywait(&pong));
	MUST(sem_getvalue(&pong, &value));
	SHOW(value);
	clock_gettime(CLOCK_REALTIME, &limit);
	SHOW(sem_timedwait(&pong, &limit));
	pthread_t thread = spawn(answer, NULL);
	for (int i = 0; i < 2000; i++) {
		sem_post(&ping);
		sem_wait(&pong);
		rounds++;
	}
	pthread_join(thread, NULL);
	SHOW(rounds);
	INTERRUPTED(sem_wait(&ping));
	return 0;
}
