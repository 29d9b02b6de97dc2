// openat2(2): the structure's size, flags that openat(2) would ignore, and RESOLVE_*.
#include "../test.h"

struct how { uint64_t flags, mode, resolve; };
struct long_how { struct how how; uint64_t more; };

#define NO_XDEV 1
#define NO_MAGICLINKS 2
#define NO_SYMLINKS 4
#define BENEATH 8
#define IN_ROOT 16
#define CACHED 32

static int open_by(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct how how = { flags, mode, resolve };
	int fd = (int)SYS(openat2, directory, path, &how, sizeof how);
	if (fd == -1)
		return -1;
	close(fd);
	return 0;
}

int main(void)
{
	struct long_how how = { { O_RDONLY, 0, 0 }, 0 };
	struct stat status;
	char text[128];

	enter_directory();
	int file = make_file("f", "hello");
	MUST(mkdir("d", 0755));
	make_file("d/g", "g");
	MUST(mkdir("d/e", 0755));
	make_file("d/e/h", "h");
	MUST(symlink("g", "d/to_g"));
	MUST(symlink("../f", "d/to_f"));
	MUST(symlink("/g", "d/to_root"));
	MUST(symlink("e", "d/to_e"));
	MUST(symlink("/proc/self/fd", "d/to_proc"));
	MUST(symlink("loop", "d/loop"));
	int d = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));

	// The size.
	OK(SYS(openat2, AT_FDCWD, "f", &how, sizeof how.how));
	OK(SYS(openat2, AT_FDCWD, "f", &how, sizeof how));
	how.more = 1;
	SHOW(SYS(openat2, AT_FDCWD, "f", &how, sizeof how));
	SHOW(SYS(openat2, AT_FDCWD, "f", &how, sizeof how.how - 1));
	SHOW(SYS(openat2, AT_FDCWD, "f", &how, 0));
	SHOW(SYS(openat2, AT_FDCWD, "f", &how, 5000));
	SHOW(SYS(openat2, AT_FDCWD, "f", BAD, sizeof how.how));
	SHOW(SYS(openat2, AT_FDCWD, BAD, &how, sizeof how.how));
	SHOW(SYS(openat2, AT_FDCWD, NULL, &how, sizeof how.how));
	SHOW(SYS(openat2, -1, "f", &how, sizeof how.how));
	SHOW(SYS(openat2, file, "f", &how, sizeof how.how));

	// Flags and modes.
	SHOW(open_by(AT_FDCWD, "f", 1ULL << 40, 0, 0));
	SHOW(open_by(AT_FDCWD, "f", 1ULL << 30, 0, 0));
	SHOW(open_by(AT_FDCWD, "f", O_RDONLY, 0644, 0));
	SHOW(open_by(AT_FDCWD, "n", O_RDWR | O_CREAT, 0640, 0));
	MUST(stat("n", &status));
	say("%o", status.st_mode & 07777);
	SHOW(open_by(AT_FDCWD, "m", O_RDWR | O_CREAT, 0100644, 0));
	SHOW(open_by(AT_FDCWD, ".", O_RDWR | O_TMPFILE, 0600, 0));
	SHOW(open_by(AT_FDCWD, ".", O_RDONLY | O_TMPFILE, 0600, 0));
	SHOW(open_by(AT_FDCWD, "f", O_PATH, 0, 0));
	SHOW(open_by(AT_FDCWD, "f", O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, 0));
	SHOW(open_by(AT_FDCWD, "f", O_PATH | O_RDWR, 0, 0));
	SHOW(open_by(AT_FDCWD, "f", O_PATH | O_APPEND, 0, 0));
	SHOW(open_by(AT_FDCWD, "o", O_PATH | O_CREAT, 0644, 0));
	SHOW(open_by(AT_FDCWD, "f", O_RDONLY, 0, 1 << 6));
	SHOW(open_by(AT_FDCWD, "f", O_RDONLY, 0, BENEATH | IN_ROOT));
	SHOW(open_by(AT_FDCWD, "f", O_WRONLY | O_TRUNC, 0, CACHED));
	SHOW(open_by(AT_FDCWD, "p", O_WRONLY | O_CREAT, 0644, CACHED));
	struct how by_fd = { O_RDONLY | O_CLOEXEC, 0, 0 };
	int fd = (int)MUST(SYS(openat2, AT_FDCWD, "f", &by_fd, sizeof by_fd));
	SHOW(fcntl(fd, F_GETFD));

	// RESOLVE_NO_SYMLINKS
	SHOW(open_by(d, "to_g", O_RDONLY, 0, 0));
	SHOW(open_by(d, "to_g", O_RDONLY, 0, NO_SYMLINKS));
	SHOW(open_by(d, "g", O_RDONLY, 0, NO_SYMLINKS));
	SHOW(open_by(d, "to_e/h", O_RDONLY, 0, NO_SYMLINKS));
	SHOW(open_by(d, "to_g", O_PATH | O_NOFOLLOW, 0, NO_SYMLINKS));
	SHOW(open_by(d, "loop", O_RDONLY, 0, 0));

	// RESOLVE_BENEATH
	SHOW(open_by(d, "g", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "e/../g", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "e/../../f", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "../f", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "..", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, ".", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "/", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "to_g", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "to_e/h", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "to_f", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "to_root", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "none", O_RDONLY, 0, BENEATH));
	SHOW(open_by(d, "made", O_RDWR | O_CREAT, 0644, BENEATH));
	SHOW(open_by(d, "../made", O_RDWR | O_CREAT, 0644, BENEATH));
	SHOW(open_by(d, ".", O_RDWR | O_TMPFILE, 0600, BENEATH));

	// RESOLVE_IN_ROOT
	SHOW(open_by(d, "/g", O_RDONLY, 0, IN_ROOT));
	SHOW(open_by(d, "../g", O_RDONLY, 0, IN_ROOT));
	SHOW(open_by(d, "../../../e/h", O_RDONLY, 0, IN_ROOT));
	SHOW(open_by(d, "to_root", O_RDONLY, 0, IN_ROOT));
	SHOW(open_by(d, "to_f", O_RDONLY, 0, IN_ROOT));
	SHOW(open_by(d, "/f", O_RDONLY, 0, IN_ROOT));
	SHOW(open_by(d, "/", O_RDONLY, 0, IN_ROOT));
	SHOW(open_by(-1, "/g", O_RDONLY, 0, IN_ROOT));
	SHOW(open_by(AT_FDCWD, "/d/g", O_RDONLY, 0, IN_ROOT));
	SHOW(open_by(file, "/", O_RDONLY, 0, IN_ROOT));

	// RESOLVE_NO_XDEV
	SHOW(open_by(d, "e/h", O_RDONLY, 0, NO_XDEV));
	SHOW(open_by(AT_FDCWD, "/proc/self/stat", O_RDONLY, 0, NO_XDEV));
	int proc = (int)MUST(open("/proc", O_PATH));
	SHOW(open_by(proc, "self/stat", O_RDONLY, 0, NO_XDEV));
	SHOW(open_by(proc, "..", O_RDONLY, 0, NO_XDEV));
	SHOW(open_by(d, "to_proc", O_RDONLY, 0, NO_XDEV));

	// RESOLVE_NO_MAGICLINKS
	snprintf(text, sizeof text, "/proc/self/fd/%d", file);
	SHOW(open_by(AT_FDCWD, text, O_RDONLY, 0, 0));
	SHOW(open_by(AT_FDCWD, text, O_RDONLY, 0, NO_MAGICLINKS));
	SHOW(open_by(AT_FDCWD, text, O_PATH | O_NOFOLLOW, 0, NO_MAGICLINKS));
	SHOW(open_by(AT_FDCWD, "/proc/self/cwd/f", O_RDONLY, 0, NO_MAGICLINKS));
	SHOW(open_by(AT_FDCWD, "/proc/self/stat", O_RDONLY, 0, NO_MAGICLINKS));
	SHOW(open_by(proc, "self/cwd/f", O_RDONLY, 0, BENEATH));
	SHOW(open_by(proc, "self/root", O_RDONLY, 0, IN_ROOT));
	return 0;
}
