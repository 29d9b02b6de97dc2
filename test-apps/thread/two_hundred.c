// Two hundred threads alive at once, each with its own number, released together.
#include "../test.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t open_gate = PTHREAD_COND_INITIALIZER;
static atomic_int alive, same;
static int released;
static pid_t ids[200];

static void *stay(void *argument)
{
	ids[(long)argument] = thread_id();
	atomic_fetch_add(&alive, 1);
	pthread_mutex_lock(&lock);
	while (!released)
		pthread_cond_wait(&open_gate, &lock);
	pthread_mutex_unlock(&lock);
	if (thread_id() != ids[(long)argument])
		atomic_fetch_add(&same, 1);
	return NULL;
}

int main(void)
{
	pthread_t threads[200];
	int doubles = 0;

	for (long i = 0; i < 200; i++)
		threads[i] = spawn(stay, (void *)i);
	YES(WAIT_FOR(atomic_load(&alive) == 200));
	for (int i = 0; i < 200; i++)
		for (int k = 0; k < i; k++)
			doubles += ids[i] == ids[k] || ids[i] == getpid();
	SHOW(doubles);
	pthread_mutex_lock(&lock);
	released = 1;
	pthread_cond_broadcast(&open_gate);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 200; i++)
		pthread_join(threads[i], NULL);
	SHOW(same);
	return 0;
}
