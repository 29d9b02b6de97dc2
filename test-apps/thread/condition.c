// pthread_cond_t: a ring between producers and consumers, broadcast, timed wait.
#include "../test.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static pthread_cond_t emptied = PTHREAD_COND_INITIALIZER;
static int ring[16], held, head;
static long total;
static int gate_open, passed;

static void *produce(void *argument)
{
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&lock);
		while (held == 16)
			pthread_cond_wait(&emptied, &lock);
		ring[(head + held++) % 16] = (int)(long)argument + i;
		pthread_cond_signal(&filled);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void *consume(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&lock);
		while (held == 0)
			pthread_cond_wait(&filled, &lock);
		total += ring[head];
		head = (head + 1) % 16;
		held--;
		pthread_cond_signal(&emptied);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void *wait_for_gate(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	while (!gate_open)
		pthread_cond_wait(&filled, &lock);
	passed++;
	pthread_mutex_unlock(&lock);
	return NULL;
}

int main(void)
{
	pthread_t threads[20];
	struct timespec limit;

	for (long i = 0; i < 3; i++) {
		threads[i] = spawn(produce, (void *)(i * 1000));
		threads[3 + i] = spawn(consume, NULL);
	}
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	SHOW(total);

	for (int i = 0; i < 20; i++)
		threads[i] = spawn(wait_for_gate, NULL);
	sleep_ms(10);
	pthread_mutex_lock(&lock);
	gate_open = 1;
	pthread_cond_broadcast(&filled);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 20; i++)
		pthread_join(threads[i], NULL);
	SHOW(passed);

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec -= 1;
	pthread_mutex_lock(&lock);
	RETURNS(pthread_cond_timedwait(&filled, &lock, &limit));
	limit.tv_sec += 1;
	RETURNS(pthread_cond_timedwait(&filled, &lock, &limit));
	pthread_mutex_unlock(&lock);
	return 0;
}
