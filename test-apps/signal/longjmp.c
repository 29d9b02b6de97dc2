// siglongjmp(3) out of handlers, many times, with the mask restored.
#include "../test.h"
#include <setjmp.h>

static sigjmp_buf back;
static volatile int rounds;

static void leave(int number)
{
	siglongjmp(back, number);
}

int main(void)
{
	sigset_t now;
	volatile int *volatile nowhere = NULL;

	signal(SIGUSR1, leave);
	signal(SIGSEGV, leave);
	for (rounds = 0; rounds < 1000;) {
		int number = sigsetjmp(back, 1);
		if (number == 0 && rounds % 2)
			*nowhere = 1;
		else if (number == 0)
			raise(SIGUSR1);
		rounds++;
	}
	SHOW(rounds);
	sigprocmask(SIG_SETMASK, NULL, &now);
	SHOW(sigismember(&now, SIGUSR1));
	SHOW(sigismember(&now, SIGSEGV));
	return 0;
}
