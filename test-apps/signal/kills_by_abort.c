// abort(3): SIGABRT, even when it is ignored.
#include "../test.h"

int main(void)
{
	signal(SIGABRT, SIG_IGN);
	say("before");
	abort();
}
