// SIGQUIT without a handler ends the program, and all of its threads.
#include "../test.h"

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(void)
{
	spawn(wait_for_ever, NULL);
	say("before");
	SYS(tgkill, getpid(), thread_id(), SIGQUIT);
	say("after");
	return 3;
}
