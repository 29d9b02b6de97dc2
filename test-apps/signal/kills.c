// The default action of SIGTERM ends the program by that signal.
#include "../test.h"

int main(void)
{
	say("before");
	raise(SIGTERM);
	say("after");
	return 0;
}
