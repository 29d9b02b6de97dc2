// SIGALRM of a timer ends the program out of a call that waits.
#include "../test.h"
#include <sys/time.h>

int main(void)
{
	struct itimerval soon = { { 0, 0 }, { 0, 20000 } };

	say("before");
	SHOW(setitimer(ITIMER_REAL, &soon, NULL));
	pause();
	say("after");
	return 3;
}
