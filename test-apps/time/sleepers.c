// Many threads sleep different times and wake in that order.
#include "../test.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int order[8], count;
static long start;

static void *rest(void *argument)
{
	long number = (long)argument;

	while (now_ms() < start + 200 + number * 60) {
		struct timespec at = { (start + 200 + number * 60) / 1000, (start + 200 + number * 60) % 1000 * 1000000 };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
	pthread_mutex_lock(&lock);
	order[count++] = (int)number;
	pthread_mutex_unlock(&lock);
	return NULL;
}

int main(void)
{
	static const long numbers[] = { 5, 2, 7, 0, 3, 6, 1, 4 };
	pthread_t threads[8];

	start = now_ms();
	for (int i = 0; i < 8; i++)
		threads[i] = spawn(rest, (void *)numbers[i]);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 8; i++)
		say("%d", order[i]);
	return 0;
}
