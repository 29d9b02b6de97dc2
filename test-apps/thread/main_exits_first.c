// The program ends when its last thread does, not when the first one does.
#include "../test.h"

static void *last(void *unused)
{
	(void)unused;
	sleep_ms(300);
	say("last thread");
	SYS(exit, 5);
	return NULL;
}

int main(void)
{
	spawn(last, NULL);
	say("main thread ends");
	SYS(exit, 0);
	return 1;
}
