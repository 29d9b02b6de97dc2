// atexit(3), destructors, and the status: its low eight bits.
#include "../test.h"

static void first(void)
{
	say("first");
}

static void second(void)
{
	say("second");
}

__attribute__((constructor)) static void before(void)
{
	say("constructor");
}

__attribute__((destructor)) static void after(void)
{
	say("destructor");
}

int main(void)
{
	say("main");
	atexit(second);
	atexit(first);
	exit(0x1234);
}
