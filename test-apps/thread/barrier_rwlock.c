// pthread_barrier_t and pthread_rwlock_t: phases in step, readers never see half a write.
#include "../test.h"

static pthread_barrier_t barrier;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static long first, second;
static atomic_int arrived, torn, serial;

static void *work(void *argument)
{
	long number = (long)argument;

	for (int phase = 1; phase <= 20; phase++) {
		atomic_fetch_add(&arrived, 1);
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			atomic_fetch_add(&serial, 1);
		if (atomic_load(&arrived) < phase * 6)
			atomic_fetch_add(&torn, 1);
		pthread_barrier_wait(&barrier);
	}
	for (int i = 0; i < 2000; i++) {
		if ((i + number) % 10 == 0) {
			pthread_rwlock_wrlock(&lock);
			first++;
			second++;
		} else {
			pthread_rwlock_rdlock(&lock);
			if (first != second)
				atomic_fetch_add(&torn, 1);
		}
		pthread_rwlock_unlock(&lock);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[6];

	pthread_barrier_init(&barrier, NULL, 6);
	for (long i = 0; i < 6; i++)
		threads[i] = spawn(work, (void *)i);
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	SHOW(serial);
	SHOW(torn);
	SHOW(first);
	RETURNS(pthread_rwlock_tryrdlock(&lock));
	RETURNS(pthread_rwlock_trywrlock(&lock));
	RETURNS(pthread_rwlock_unlock(&lock));
	RETURNS(pthread_rwlock_trywrlock(&lock));
	RETURNS(pthread_rwlock_tryrdlock(&lock));
	return 0;
}
