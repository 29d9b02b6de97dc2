// personality(2): Linux's own, queried and kept.
#include "../test.h"
#include <sys/personality.h>

static void *in_thread(void *unused)
{
	(void)unused;
	SHOW(personality(0xffffffff));
	SHOW(personality(0));
	return NULL;
}

int main(void)
{
	SHOW(personality(0xffffffff));
	SHOW(personality(0x0040000));
	SHOW(personality(0xffffffff));
	say("a thread has that of its maker, and its own from then on");
	pthread_join(spawn(in_thread, NULL), NULL);
	SHOW(personality(0xffffffff));
	SHOW(personality(0));
	SHOW(personality(0xffffffff));
	return 0;
}
