// name_to_handle_at(2) and open_by_handle_at(2): what is refused.
#include "../test.h"

struct handle { unsigned bytes; int type; unsigned char data[128]; };

int main(void)
{
	struct handle handle;
	int mount = 0, ends[2];

	enter_directory();
	make_file("f", "");
	MUST(pipe(ends));
	memset(&handle, 0, sizeof handle);
	handle.bytes = 128;
	SHOW(SYS(name_to_handle_at, AT_FDCWD, "/proc/self/stat", &handle, &mount, 0));
	SHOW(SYS(name_to_handle_at, ends[0], "", &handle, &mount, AT_EMPTY_PATH));
	SHOW(SYS(name_to_handle_at, AT_FDCWD, "none", &handle, &mount, 0));
	SHOW(SYS(name_to_handle_at, AT_FDCWD, BAD, &handle, &mount, 0));
	SHOW(SYS(name_to_handle_at, AT_FDCWD, "", &handle, &mount, 0));
	SHOW(SYS(name_to_handle_at, -1, "f", &handle, &mount, 0));
	SHOW(SYS(name_to_handle_at, -1, "", &handle, &mount, AT_EMPTY_PATH));
	SHOW(SYS(name_to_handle_at, AT_FDCWD, "f", &handle, &mount, 0x10));
	handle.bytes = 8;
	SHOW(SYS(open_by_handle_at, -1, &handle, O_RDONLY));
	SHOW(SYS(open_by_handle_at, AT_FDCWD, BAD, O_RDONLY));
	handle.bytes = 0;
	SHOW(SYS(open_by_handle_at, AT_FDCWD, &handle, O_RDONLY));
	handle.bytes = 129;
	SHOW(SYS(open_by_handle_at, AT_FDCWD, &handle, O_RDONLY));
	return 0;
}
