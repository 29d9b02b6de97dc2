// Signals to one thread, to the process, and masks of their own.
#include "../test.h"

static pid_t handled_by;
static atomic_int handled, stop;
static volatile sig_atomic_t spinning;

static void handle(int number)
{
	(void)number;
	handled_by = thread_id();
	handled++;
}

static void *spin(void *argument)
{
	*(pid_t *)argument = thread_id();
	spinning = 1;
	while (!stop)
		;
	return NULL;
}

static void *rest_blocked(void *argument)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	*(atomic_int *)argument = 1;
	while (!stop)
		sleep_ms(1);
	sigset_t pending;
	sigpending(&pending);
	return (void *)(long)sigismember(&pending, SIGUSR2);
}

int main(void)
{
	struct sigaction action = { .sa_handler = handle };
	atomic_int ready = 0;
	pid_t spinner = 0;
	void *result;

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	pthread_t thread = spawn(spin, &spinner);
	YES(WAIT_FOR(spinning));
	RETURNS(pthread_kill(thread, SIGUSR1));
	YES(WAIT_FOR(handled == 1));
	YES(handled_by == spinner);
	stop = 1;
	pthread_join(thread, NULL);

	stop = 0;
	thread = spawn(rest_blocked, &ready);
	YES(WAIT_FOR(ready));
	MUST(kill(getpid(), SIGUSR1));
	YES(WAIT_FOR(handled == 2));
	YES(handled_by == thread_id());
	RETURNS(pthread_kill(thread, SIGUSR2));
	sleep_ms(5);
	SHOW(handled);
	stop = 1;
	pthread_join(thread, &result);
	SHOW((long)result);
	RETURNS(pthread_kill(pthread_self(), 0));
	RETURNS(pthread_kill(pthread_self(), 65));
	return 0;
}
