// Division by zero without a handler: SIGFPE.
#include "../test.h"

int main(void)
{
	volatile int one = 1, zero = 0;

	say("before");
	say("%d", one / zero);
	return 0;
}
