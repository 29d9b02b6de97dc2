// sysinfo(2): memory that exists, in sane units.
#include "../test.h"
#include <sys/sysinfo.h>

int main(void)
{
	struct sysinfo info;

	SHOW(sysinfo(&info));
	YES(info.mem_unit >= 1);
	YES(info.totalram * info.mem_unit >= 16 << 20);
	YES(info.freeram <= info.totalram);
	YES(info.procs >= 1);
	YES(info.uptime < 1L << 40);
	SHOW(SYS(sysinfo, BAD));
	SHOW(SYS(sysinfo, KERNEL));
	YES(sysconf(_SC_PHYS_PAGES) > 4096);
	YES(sysconf(_SC_AVPHYS_PAGES) > 0);
	SHOW(sysconf(_SC_PAGESIZE));
	YES(sysconf(_SC_NPROCESSORS_CONF) >= 1);
	return 0;
}
