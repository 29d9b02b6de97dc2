// capget(2), capset(2): root has them all; versions and errors.
#include "../test.h"

struct head { uint32_t version; int pid; };
struct data { uint32_t effective, permitted, inheritable; };

int main(void)
{
	struct head head = { 0x20080522, 0 };
	struct data data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	SHOW(SYS(capget, &head, data));
	YES((data[0].effective & 0x1ff) == 0x1ff);
	YES(data[0].effective == data[0].permitted);
	SHOW(data[0].inheritable);
	SHOW(SYS(capset, &head, data));
	head.version = 1;
	SHOW(SYS(capget, &head, data));
	say("%x", head.version);
	head.version = 1;
	SHOW(SYS(capget, &head, NULL));
	SHOW(SYS(capget, BAD, data));
	SHOW(SYS(capget, &head, BAD));
	head.pid = 0x3fffffff;
	SHOW(SYS(capget, &head, data));
	head.pid = -1;
	SHOW(SYS(capget, &head, data));
	// Without sets the answer is that the version is known.
	SHOW(SYS(capget, &head, NULL));
	return 0;
}
