// personality(2): Linux's own, queried and kept.
#include "../test.h"
#include <sys/personality.h>

int main(void)
{
	SHOW(personality(0xffffffff));
	SHOW(personality(0x0040000));
	SHOW(personality(0xffffffff));
	SHOW(personality(0));
	SHOW(personality(0xffffffff));
	return 0;
}
