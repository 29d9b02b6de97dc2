// newfstatat(2), statx(2), fchownat(2), faccessat2(2): AT_EMPTY_PATH and no path at all.
#include "../test.h"

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#define BASIC 0x7ffu

struct short_statx { uint32_t mask, block_size; uint64_t rest[31]; };

int main(void)
{
	struct stat found;
	struct short_statx extended;

	enter_directory();
	int fd = make_file("f", "0123456789"), path = (int)MUST(open("f", O_PATH));
	SHOW(SYS(newfstatat, fd, NULL, &found, AT_EMPTY_PATH));
	SHOW(found.st_size);
	SHOW(SYS(newfstatat, path, NULL, &found, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
	SHOW(SYS(newfstatat, AT_FDCWD, NULL, &found, AT_EMPTY_PATH));
	YES(S_ISDIR(found.st_mode));
	SHOW(SYS(newfstatat, -1, NULL, &found, AT_EMPTY_PATH));
	SHOW(SYS(newfstatat, fd, NULL, &found, 0));
	SHOW(SYS(newfstatat, fd, BAD, &found, AT_EMPTY_PATH));
	SHOW(SYS(statx, fd, NULL, AT_EMPTY_PATH, BASIC, &extended));
	SHOW(SYS(statx, AT_FDCWD, NULL, AT_EMPTY_PATH | AT_NO_AUTOMOUNT, BASIC, &extended));
	SHOW(SYS(statx, -1, NULL, AT_EMPTY_PATH, BASIC, &extended));
	SHOW(SYS(statx, fd, NULL, 0, BASIC, &extended));
	SHOW(SYS(fchownat, fd, NULL, -1, -1, AT_EMPTY_PATH));
	SHOW(SYS(faccessat2, fd, NULL, F_OK, AT_EMPTY_PATH));
	return 0;
}
