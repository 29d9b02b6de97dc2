// exit(2) ends one thread, exit_group(2) all, with the status of the caller.
#include "../test.h"

static atomic_int about_to_end;

static void *only_this_thread(void *unused)
{
	(void)unused;
	about_to_end = 1;
	SYS(exit, 9);
	return NULL;
}

static void *whole_process(void *unused)
{
	(void)unused;
	sleep_ms(10);
	say("a thread ends the program");
	_exit(42);
}

int main(void)
{
	spawn(only_this_thread, NULL);
	YES(WAIT_FOR(about_to_end));
	sleep_ms(20);
	say("the others live on");
	spawn(whole_process, NULL);
	for (;;)
		pause();
}
