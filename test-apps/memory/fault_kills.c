// A fault without a handler ends the program by SIGSEGV.
#include "../test.h"

int main(void)
{
	volatile int *volatile nowhere = NULL;

	say("before");
	*nowhere = 1;
	say("after");
	return 3;
}
