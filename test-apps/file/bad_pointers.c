// EFAULT for each pointer of the calls about files, and paths that are empty or too long.
#include "../test.h"
#include <sys/statfs.h>
#include <sys/time.h>
#include <utime.h>

#define EACH(call, ...)                                        \
	do {                                                   \
		const char *path;                              \
		path = BAD;                                    \
		SHOW(SYS(call, __VA_ARGS__));                  \
		path = KERNEL;                                 \
		SHOW(SYS(call, __VA_ARGS__));                  \
		path = NULL;                                   \
		SHOW(SYS(call, __VA_ARGS__));                  \
		path = "";                                     \
		SHOW(SYS(call, __VA_ARGS__));                  \
		path = long_path;                              \
		SHOW(SYS(call, __VA_ARGS__));                  \
		path = long_name;                              \
		SHOW(SYS(call, __VA_ARGS__));                  \
		path = "none/x";                               \
		SHOW(SYS(call, __VA_ARGS__));                  \
		path = "f/x";                                  \
		SHOW(SYS(call, __VA_ARGS__));                  \
	} while (0)

static char long_path[5000], long_name[300], buffer[4096];

int main(void)
{
	struct stat status;
	struct statfs space;
	int cwd = AT_FDCWD;

	enter_directory();
	int fd = make_file("f", "abc");
	for (int i = 0; i < 4998; i += 2)
		memcpy(long_path + i, "./", 2);
	memset(long_name, 'n', 256);
	EACH(open, path, O_RDONLY);
	EACH(open, path, O_RDWR | O_CREAT, 0644);
	EACH(creat, path, 0644);
	EACH(openat, cwd, path, O_RDONLY);
	EACH(stat, path, &status);
	EACH(lstat, path, &status);
	EACH(newfstatat, cwd, path, &status, 0);
	EACH(access, path, F_OK);
	EACH(faccessat, cwd, path, F_OK);
	EACH(faccessat2, cwd, path, F_OK, 0);
	EACH(statfs, path, &space);
	EACH(chmod, path, 0644);
	EACH(fchmodat, cwd, path, 0644);
	EACH(chown, path, 0, 0);
	EACH(lchown, path, 0, 0);
	EACH(fchownat, cwd, path, 0, 0, 0);
	EACH(truncate, path, 0L);
	EACH(utime, path, NULL);
	EACH(utimes, path, NULL);
	EACH(mkdir, path, 0755);
	EACH(mkdirat, cwd, path, 0755);
	EACH(mknod, path, S_IFREG | 0644, 0);
	EACH(mknodat, cwd, path, S_IFIFO | 0644, 0);
	EACH(rmdir, path);
	EACH(unlink, path);
	EACH(unlinkat, cwd, path, 0);
	EACH(unlinkat, cwd, path, AT_REMOVEDIR);
	EACH(symlink, "target", path);
	EACH(symlinkat, "target", cwd, path);
	EACH(readlink, path, buffer, sizeof buffer);
	EACH(readlinkat, cwd, path, buffer, sizeof buffer);
	EACH(link, path, "new");
	EACH(link, "f", path);
	EACH(linkat, cwd, path, cwd, "new", 0);
	EACH(linkat, cwd, "f", cwd, path, 0);
	EACH(rename, path, "new");
	EACH(rename, "f", path);
	EACH(renameat, cwd, path, cwd, "new");
	EACH(chdir, path);
	SHOW(SYS(symlink, BAD, "s"));
	SHOW(SYS(symlink, "", "s"));
	SHOW(SYS(symlink, long_path, "s"));
	SHOW(SYS(stat, "f", BAD));
	SHOW(SYS(stat, "f", KERNEL));
	SHOW(SYS(lstat, "f", NULL));
	SHOW(SYS(fstat, fd, BAD));
	SHOW(SYS(fstat, -1, BAD));
	SHOW(SYS(newfstatat, AT_FDCWD, "f", BAD, 0));
	SHOW(SYS(newfstatat, AT_FDCWD, "f", &status, 0x2));
	SHOW(SYS(newfstatat, -1, "f", &status, 0));
	SHOW(SYS(newfstatat, -1, own_directory, &status, 0));
	SHOW(SYS(fstatfs, fd, BAD));
	SHOW(SYS(utime, "f", BAD));
	SHOW(SYS(utimes, "f", BAD));
	SHOW(SYS(futimesat, AT_FDCWD, "f", BAD));
	SHOW(SYS(futimesat, AT_FDCWD, BAD, NULL));
	SHOW(SYS(utimensat, AT_FDCWD, "f", KERNEL, 0));
	SHOW(SYS(readlink, "/proc/self/cwd", BAD, 64));
	SHOW(SYS(readlink, "f", buffer, 64));
	SHOW(SYS(readlink, "/proc/self/cwd", buffer, 0));
	SHOW(SYS(readlink, "/proc/self/cwd", buffer, -1));
	SHOW(SYS(getcwd, BAD, 4096));
	SHOW(SYS(getcwd, buffer, 0));
	SHOW(SYS(getcwd, buffer, 2));
	SHOW(SYS(unlinkat, AT_FDCWD, "f", 0x100));
	SHOW(SYS(fchownat, AT_FDCWD, "f", 0, 0, 0x200));
	SHOW(SYS(linkat, AT_FDCWD, "f", AT_FDCWD, "new", 0x100));
	SHOW(SYS(faccessat2, AT_FDCWD, "f", 8, 0));
	SHOW(SYS(faccessat2, AT_FDCWD, "f", F_OK, 0x400));
	SHOW(SYS(mknod, "node", S_IFDIR | 0755, 0));
	SHOW(SYS(mknod, "node", 0170000, 0));
	SHOW(SYS(mknod, "node", S_IFLNK | 0777, 0));
	SHOW(SYS(sendfile, 1, fd, BAD, 1));
	SHOW(SYS(copy_file_range, fd, BAD, fd, NULL, 1, 0));
	SHOW(SYS(copy_file_range, fd, NULL, fd, BAD, 1, 0));
	return 0;
}
