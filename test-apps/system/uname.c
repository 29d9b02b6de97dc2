// uname(2): the system is Linux, on x86_64.
#include "../test.h"
#include <sys/utsname.h>

int main(void)
{
	struct utsname name;
	char host[256] = "";
	int major = 0, minor = 0;

	SHOW(uname(&name));
	say("%s %s", name.sysname, name.machine);
	YES(sscanf(name.release, "%d.%d", &major, &minor) == 2);
	YES(major >= 4);
	YES(name.version[0] != 0);
	SHOW(gethostname(host, sizeof host));
	YES(strcmp(host, name.nodename) == 0);
	SHOW(SYS(uname, BAD));
	SHOW(SYS(uname, KERNEL));
	return 0;
}
