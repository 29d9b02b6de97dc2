// sethostname(2), setdomainname(2): refusals only, the name is the machine's.
#include "../test.h"

int main(void)
{
	SHOW(SYS(sethostname, "x", -1L));
	SHOW(SYS(sethostname, "x", 65));
	SHOW(SYS(sethostname, BAD, 5));
	SHOW(SYS(setdomainname, "x", 65));
	return 0;
}
