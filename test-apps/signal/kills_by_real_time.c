// The default action of a real-time signal ends the program.
#include "../test.h"

int main(void)
{
	say("before");
	raise(40);
	say("after");
	return 0;
}
