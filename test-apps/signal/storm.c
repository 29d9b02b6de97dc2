// Thousands of signals between threads: none kills, none is invented.
#include "../test.h"

static atomic_long handled;
static atomic_int stop;

static void handle(int number)
{
	(void)number;
	atomic_fetch_add(&handled, 1);
}

static void *work(void *unused)
{
	double value = 1;
	long sum = 0;

	(void)unused;
	while (!stop) {
		value = value * 1.0000001;
		sum++;
		if (sum % 1000 == 0)
			sched_yield();
	}
	return (void *)(long)(value >= 1);
}

int main(void)
{
	pthread_t threads[4];
	long sent = 0, good = 0;

	signal(SIGUSR1, handle);
	for (int i = 0; i < 4; i++)
		threads[i] = spawn(work, NULL);
	for (int i = 0; i < 4000; i++)
		sent += pthread_kill(threads[i % 4], SIGUSR1) == 0;
	SHOW(sent);
	YES(WAIT_FOR(handled > 0));
	stop = 1;
	for (int i = 0; i < 4; i++) {
		void *result;
		pthread_join(threads[i], &result);
		good += (long)result;
	}
	SHOW(good);
	YES(handled <= sent);
	return 0;
}
