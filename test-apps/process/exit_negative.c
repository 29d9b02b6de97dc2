// exit_group(2) with a negative status: 255.
#include "../test.h"

int main(void)
{
	say("leaving");
	SYS(exit_group, -1);
	return 1;
}
