// Robust mutexes: the owner dies, the next locker learns it.
#include "../test.h"

static pthread_mutex_t lock, dead;

static void *die_holding(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	pthread_mutex_lock(&dead);
	return NULL;
}

static void *wait_for_it(void *unused)
{
	(void)unused;
	return (void *)(long)pthread_mutex_lock(&lock);
}

static void *hold_then_die(void *argument)
{
	pthread_mutex_lock(&lock);
	*(atomic_int *)argument = 1;
	sleep_ms(20);
	return NULL;
}

int main(void)
{
	pthread_mutexattr_t attributes;
	atomic_int held = 0;
	void *result;

	pthread_mutexattr_init(&attributes);
	RETURNS(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
	pthread_mutex_init(&lock, &attributes);
	pthread_mutex_init(&dead, &attributes);
	pthread_join(spawn(die_holding, NULL), NULL);
	RETURNS(pthread_mutex_lock(&lock));
	RETURNS(pthread_mutex_consistent(&lock));
	RETURNS(pthread_mutex_unlock(&lock));
	RETURNS(pthread_mutex_lock(&lock));
	RETURNS(pthread_mutex_unlock(&lock));
	RETURNS(pthread_mutex_lock(&dead));
	RETURNS(pthread_mutex_unlock(&dead));
	RETURNS(pthread_mutex_lock(&dead));

	pthread_t holder = spawn(hold_then_die, &held);
	YES(WAIT_FOR(held));
	pthread_t waiter = spawn(wait_for_it, NULL);
	pthread_join(holder, NULL);
	pthread_join(waiter, &result);
	say("%s", errno_name((int)(long)result));
	return 0;
}
