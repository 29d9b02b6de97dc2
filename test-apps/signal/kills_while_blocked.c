// A fault while its signal is blocked or ignored kills all the same.
#include "../test.h"

static void handle(int number)
{
	(void)number;
	say("handled");
	_exit(3);
}

int main(void)
{
	sigset_t set;
	volatile int *volatile nowhere = NULL;

	signal(SIGSEGV, handle);
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	sigprocmask(SIG_BLOCK, &set, NULL);
	say("before");
	*nowhere = 1;
	say("after");
	return 0;
}
