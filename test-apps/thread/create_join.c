// pthread_create(3), pthread_join(3): a hundred threads, arguments and results.
#include "../test.h"

static void *square(void *argument)
{
	long value = (long)argument;

	return (void *)(value * value);
}

int main(void)
{
	pthread_t threads[100];
	long sum = 0;

	for (long i = 0; i < 100; i++)
		threads[i] = spawn(square, (void *)i);
	for (int i = 0; i < 100; i++) {
		void *result;
		if (pthread_join(threads[i], &result) == 0)
			sum += (long)result;
	}
	SHOW(sum);
	for (int round = 0; round < 200; round++) {
		pthread_t thread = spawn(square, (void *)2L);
		void *result;
		pthread_join(thread, &result);
		sum += (long)result;
	}
	SHOW(sum);
	return 0;
}
