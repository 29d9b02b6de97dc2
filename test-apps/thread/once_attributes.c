// pthread_once, attributes of stacks, names, pthread_getattr_np, recursive mutexes.
#include "../test.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int ran;

static void run(void)
{
	sleep_ms(5);
	atomic_fetch_add(&ran, 1);
}

static void *call_once(void *unused)
{
	(void)unused;
	pthread_once(&once, run);
	return (void *)(long)ran;
}

static void *bounds(void *unused)
{
	pthread_attr_t attributes;
	void *start = NULL;
	size_t size = 0;
	char here;

	(void)unused;
	RETURNS(pthread_getattr_np(pthread_self(), &attributes));
	RETURNS(pthread_attr_getstack(&attributes, &start, &size));
	YES((char *)start < &here && &here < (char *)start + size);
	pthread_attr_destroy(&attributes);
	return NULL;
}

int main(void)
{
	pthread_t threads[10];
	pthread_mutexattr_t attributes;
	pthread_mutex_t lock;
	long seen = 0;

	for (int i = 0; i < 10; i++)
		threads[i] = spawn(call_once, NULL);
	for (int i = 0; i < 10; i++) {
		void *result;
		pthread_join(threads[i], &result);
		seen += (long)result;
	}
	SHOW(seen);
	SHOW(ran);
	pthread_join(spawn(bounds, NULL), NULL);
	bounds(NULL);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&lock, &attributes);
	RETURNS(pthread_mutex_lock(&lock));
	RETURNS(pthread_mutex_lock(&lock));
	RETURNS(pthread_mutex_unlock(&lock));
	RETURNS(pthread_mutex_unlock(&lock));
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&lock, &attributes);
	RETURNS(pthread_mutex_unlock(&lock));
	RETURNS(pthread_mutex_lock(&lock));
	RETURNS(pthread_mutex_lock(&lock));
	RETURNS(pthread_setname_np(pthread_self(), "a-name"));
	RETURNS(pthread_setname_np(pthread_self(), "a-name-that-is-too-long"));
	return 0;
}
