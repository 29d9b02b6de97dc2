// statx(2): mask, flags and fields.
#include "../test.h"

struct statx_time { int64_t seconds; uint32_t nanoseconds; int32_t pad; };
struct statx_record {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t links, uid, gid;
	uint16_t mode, pad;
	uint64_t inode, size, blocks, attributes_mask;
	struct statx_time access, birth, change, modification;
	uint32_t device_major, device_minor, major, minor;
	uint64_t spare[14];
};

#define BASIC 0x7ff

int main(void)
{
	struct statx_record record;

	enter_directory();
	int fd = make_file("f", "hello");
	MUST(symlink("f", "l"));
	memset(&record, 0xff, sizeof record);
	SHOW(SYS(statx, AT_FDCWD, "f", 0, BASIC, &record));
	YES((record.mask & BASIC) == BASIC);
	SHOW(record.size);
	SHOW(record.links);
	SHOW(record.uid);
	SHOW(record.gid);
	say("%o", record.mode);
	YES(record.inode != 0);
	YES(record.modification.seconds > 1600000000);
	YES(record.modification.nanoseconds < 1000000000);
	SHOW(SYS(statx, AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, BASIC, &record));
	SHOW(S_ISLNK(record.mode));
	SHOW(SYS(statx, fd, "", AT_EMPTY_PATH, BASIC, &record));
	SHOW(record.size);
	SHOW(SYS(statx, AT_FDCWD, "/dev/null", 0, BASIC, &record));
	SHOW(record.device_major);
	SHOW(record.device_minor);
	SHOW(SYS(statx, AT_FDCWD, "f", 0x2000, BASIC, &record));
	SHOW(SYS(statx, AT_FDCWD, "f", 0x4000, BASIC, &record));
	SHOW(SYS(statx, AT_FDCWD, "f", 0x6000, BASIC, &record));
	SHOW(SYS(statx, AT_FDCWD, "f", 0, 0, &record));
	SHOW(SYS(statx, AT_FDCWD, "f", 0, 0x80000000, &record));
	SHOW(SYS(statx, AT_FDCWD, "f", 0x800000, BASIC, &record));
	SHOW(SYS(statx, AT_FDCWD, "none", 0, BASIC, &record));
	SHOW(SYS(statx, AT_FDCWD, "", 0, BASIC, &record));
	SHOW(SYS(statx, AT_FDCWD, BAD, 0, BASIC, &record));
	SHOW(SYS(statx, AT_FDCWD, "f", 0, BASIC, BAD));
	SHOW(SYS(statx, -1, "f", 0, BASIC, &record));
	SHOW(SYS(statx, fd, "f", 0, BASIC, &record));
	return 0;
}
