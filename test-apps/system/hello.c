// The smallest program: one write, one exit.
#include "../test.h"

int main(void)
{
	say("hello");
	return 0;
}
