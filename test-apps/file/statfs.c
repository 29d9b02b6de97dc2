// statfs(2), fstatfs(2): plausible numbers and errors.
#include "../test.h"
#include <sys/statfs.h>

int main(void)
{
	struct statfs space;

	enter_directory();
	int fd = make_file("f", "");
	SHOW(statfs(".", &space));
	YES(space.f_bsize >= 512 && space.f_bsize <= 65536);
	YES(space.f_blocks > 0 && space.f_bfree <= space.f_blocks && space.f_bavail <= space.f_bfree);
	YES(space.f_namelen == 255);
	SHOW(fstatfs(fd, &space));
	YES(space.f_bsize >= 512);
	SHOW(statfs("none", &space));
	SHOW(SYS(statfs, BAD, &space));
	SHOW(SYS(statfs, ".", BAD));
	SHOW(fstatfs(-1, &space));
	SHOW(statfs("/proc", &space));
	SHOW(space.f_type == 0x9fa0);
	return 0;
}
