// SIGKILL, sent by a thread, ends everything at once, masks or not.
#include "../test.h"

static void *strike(void *unused)
{
	(void)unused;
	sleep_ms(10);
	kill(getpid(), SIGKILL);
	sleep_ms(60000);
	return NULL;
}

int main(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	say("before");
	spawn(strike, NULL);
	for (;;)
		pause();
}
