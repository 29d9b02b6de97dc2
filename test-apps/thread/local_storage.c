// Thread-local variables and keys with destructors.
#include "../test.h"

static _Thread_local int mine = 7;
static _Thread_local char zeroed[10000];
static pthread_key_t key;
static atomic_int destroyed;

static void destroy(void *value)
{
	atomic_fetch_add(&destroyed, (int)(long)value);
}

static void *use(void *argument)
{
	int number = (int)(long)argument;
	long good = mine == 7 && zeroed[9999] == 0;

	mine = number;
	zeroed[9999] = 1;
	pthread_setspecific(key, argument);
	for (int i = 0; i < 20; i++) {
		sched_yield();
		good = good && mine == number;
	}
	return (void *)good;
}

int main(void)
{
	pthread_t threads[20];
	long good = 0;

	RETURNS(pthread_key_create(&key, destroy));
	for (long i = 0; i < 20; i++)
		threads[i] = spawn(use, (void *)(i + 100));
	for (int i = 0; i < 20; i++) {
		void *result;
		pthread_join(threads[i], &result);
		good += (long)result;
	}
	SHOW(good);
	SHOW(mine);
	SHOW(destroyed);
	return 0;
}
