// Threads that only compute share the processor, and a sleeper gets its turn.
#include "../test.h"

static atomic_int stop;
static atomic_long progress[4];

static void *compute(void *argument)
{
	long number = (long)argument;

	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		atomic_fetch_add_explicit(&progress[number], 1, memory_order_relaxed);
	return NULL;
}

int main(void)
{
	pthread_t threads[4];
	int moved = 0;
	long before[4];

	for (long i = 0; i < 4; i++)
		threads[i] = spawn(compute, (void *)i);
	for (int i = 0; i < 4; i++)
		moved += WAIT_FOR(progress[i] > 0);
	SHOW(moved);
	sleep_ms(50);
	for (int i = 0; i < 4; i++)
		before[i] = progress[i];
	moved = 0;
	for (int i = 0; i < 4; i++)
		moved += WAIT_FOR(progress[i] > before[i]);
	SHOW(moved);
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	say("all ended");
	return 0;
}
