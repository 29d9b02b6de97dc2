// A signal for the process finds another thread when the one it was meant for blocks it or ends, signal(7).
#include "../test.h"

#define ROUNDS 100

static atomic_int handled, go, ready, over;

static void handle(int number)
{
	(void)number;
	handled++;
}

static void unblock(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

// Is the first that the signal could be for, and ends just then.
static void *ends(void *argument)
{
	unblock();
	ready++;
	while (go != (int)(long)argument)
		;
	return NULL;
}

// Blocks it just then.
static void *blocks(void *argument)
{
	sigset_t set;

	sigfillset(&set);
	unblock();
	ready++;
	while (go != (int)(long)argument)
		;
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	while (!over)
		sleep_ms(1);
	return NULL;
}

static void *sleeps(void *unused)
{
	struct timespec rest = { 20, 0 };

	(void)unused;
	unblock();
	ready++;
	while (!over && nanosleep(&rest, NULL) == 0)
		;
	return NULL;
}

static int rounds(void *(*first)(void *))
{
	int good = 0;

	for (long round = 1; round <= ROUNDS; round++) {
		pthread_t threads[2];

		ready = over = handled = go = 0;
		threads[0] = spawn(first, (void *)round);
		threads[1] = spawn(sleeps, NULL);
		WAIT_FOR(ready == 2);
		go = (int)round;
		for (volatile int i = 0; i < round * 20; i++)
			;
		kill(getpid(), SIGUSR1);
		good += WAIT_FOR(handled == 1);
		over = 1;
		pthread_kill(threads[1], SIGUSR2);
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
		if (good < round)
			break;
	}
	return good;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handle }, nothing = { .sa_handler = see_poke };
	sigset_t set;

	MUST(sigaction(SIGUSR1, &action, NULL));
	MUST(sigaction(SIGUSR2, &nothing, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SHOW(rounds(ends));
	SHOW(rounds(blocks));
	return 0;
}
