// RLIMIT_CPU: SIGXCPU at the soft limit, SIGKILL at the hard one.
#include "../test.h"
#include <sys/resource.h>

static volatile sig_atomic_t warned;

static void handle(int number)
{
	warned = number;
}

int main(void)
{
	struct rlimit limit = { 1, 1000 };

	signal(SIGXCPU, handle);
	SHOW(setrlimit(RLIMIT_CPU, &limit));
	while (!warned)
		;
	say("warned by %s", signal_name(warned));
	signal(SIGXCPU, SIG_IGN);
	limit.rlim_cur = limit.rlim_max = 1;
	// It may be over at once.
	setrlimit(RLIMIT_CPU, &limit);
	for (;;)
		;
	return 3;
}
