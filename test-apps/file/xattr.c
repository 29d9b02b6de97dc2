// Extended attributes, xattr(7), on files in memory: flags and errors of setxattr(2),
// lsetxattr(2), fsetxattr(2), getxattr(2), lgetxattr(2), fgetxattr(2), listxattr(2),
// llistxattr(2), flistxattr(2), removexattr(2), lremovexattr(2), fremovexattr(2).
#include "../test.h"
#include <sys/xattr.h>

static int in_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
	static char names[65536];
	char *sorted[64];
	int count = 0;
	long length = listxattr(path, names, sizeof names);

	say("list of %s: %ld", strrchr(path, '/') + 1, length == -1 ? -errno : length);
	for (long at = 0; at < length; at += (long)strlen(names + at) + 1)
		sorted[count++] = names + at;
	qsort(sorted, (size_t)count, sizeof sorted[0], in_order);
	for (int i = 0; i < count; i++)
		say("  %s", sorted[i]);
}

int main(void)
{
	static char big[70000];
	char value[64] = "", name[300], directory[64], path[128], link[128], gone[128];

	// Files in memory on every system, not those of /tmp.
	snprintf(directory, sizeof directory, "/dev/shm/scull-xattr-%d", (int)getpid());
	snprintf(path, sizeof path, "%s/f", directory);
	snprintf(link, sizeof link, "%s/l", directory);
	snprintf(gone, sizeof gone, "%s/none", directory);
	remove_tree(directory, 0);
	MUST(mkdir(directory, 0755));
	int fd = make_file(path, "abc"), ends[2];
	MUST(symlink("f", link));
	MUST(pipe(ends));

	list(path);
	SHOW(getxattr(path, "trusted.a", value, sizeof value));
	SHOW(setxattr(path, "trusted.a", "one", 3, 0));
	SHOW(getxattr(path, "trusted.a", value, sizeof value));
	say("%.3s", value);
	SHOW(getxattr(path, "trusted.a", NULL, 0));
	SHOW(getxattr(path, "trusted.a", value, 2));
	SHOW(getxattr(path, "trusted.a", value, 3));
	SHOW(setxattr(path, "trusted.a", "two", 3, XATTR_CREATE));
	SHOW(setxattr(path, "trusted.b", "two", 3, XATTR_REPLACE));
	SHOW(setxattr(path, "trusted.b", "bb", 2, XATTR_CREATE));
	SHOW(setxattr(path, "trusted.a", "three", 5, XATTR_REPLACE));
	SHOW(setxattr(path, "trusted.a", "four", 4, XATTR_REPLACE | XATTR_CREATE));
	SHOW(setxattr(path, "trusted.c", "four", 4, XATTR_REPLACE | XATTR_CREATE));
	SHOW(setxattr(path, "trusted.empty", "", 0, 0));
	SHOW(getxattr(path, "trusted.empty", value, sizeof value));
	SHOW(setxattr(path, "security.x", "s", 1, 0));
	list(path);
	SHOW(listxattr(path, NULL, 0));
	SHOW(listxattr(path, big, 5));
	SHOW(flistxattr(fd, big, sizeof big));
	SHOW(llistxattr(link, big, sizeof big));
	SHOW(listxattr(link, big, sizeof big));
	SHOW(removexattr(path, "trusted.b"));
	SHOW(removexattr(path, "trusted.b"));
	list(path);

	SHOW(fsetxattr(fd, "trusted.fd", "descriptor", 10, 0));
	SHOW(fgetxattr(fd, "trusted.fd", value, sizeof value));
	SHOW(getxattr(link, "trusted.fd", value, sizeof value));
	SHOW(fremovexattr(fd, "trusted.fd"));
	SHOW(lsetxattr(link, "trusted.link", "l", 1, 0));
	SHOW(lgetxattr(link, "trusted.link", value, sizeof value));
	SHOW(getxattr(link, "trusted.link", value, sizeof value));
	SHOW(lremovexattr(link, "trusted.link"));
	SHOW(lremovexattr(link, "trusted.link"));
	SHOW(setxattr(directory, "trusted.dir", "d", 1, 0));
	SHOW(getxattr(directory, "trusted.dir", value, sizeof value));

	// Names and values.
	SHOW(setxattr(path, "", "x", 1, 0));
	SHOW(setxattr(path, "plain", "x", 1, 0));
	SHOW(setxattr(path, "trusted.", "x", 1, 0));
	SHOW(setxattr(path, "other.x", "x", 1, 0));
	SHOW(getxattr(path, "other.x", value, sizeof value));
	SHOW(getxattr(path, "plain", value, sizeof value));
	SHOW(getxattr(path, "", value, sizeof value));
	SHOW(getxattr(path, "trusted.", value, sizeof value));
	SHOW(removexattr(path, "other.x"));
	SHOW(removexattr(path, "trusted.none"));
	SHOW(setxattr(path, "system.other", "x", 1, 0));
	memset(name, 'n', sizeof name);
	memcpy(name, "trusted.", 8);
	name[255] = 0;
	SHOW(setxattr(path, name, "x", 1, 0));
	SHOW(getxattr(path, name, value, sizeof value));
	SHOW(removexattr(path, name));
	name[255] = 'n';
	name[256] = 0;
	SHOW(setxattr(path, name, "x", 1, 0));
	SHOW(getxattr(path, name, value, sizeof value));
	SHOW(setxattr(path, "trusted.big", big, 65537, 0));
	SHOW(setxattr(path, "trusted.big", big, 4096, 0));
	SHOW(getxattr(path, "trusted.big", big, sizeof big));
	SHOW(getxattr(path, "trusted.big", big, 100));
	SHOW(removexattr(path, "trusted.big"));

	// Addresses and descriptors.
	SHOW(setxattr(gone, "trusted.a", "x", 1, 0));
	SHOW(getxattr(gone, "trusted.a", value, sizeof value));
	SHOW(listxattr(gone, big, sizeof big));
	SHOW(removexattr(gone, "trusted.a"));
	SHOW(SYS(setxattr, path, "trusted.a", BAD, 1, 0));
	SHOW(SYS(setxattr, path, BAD, "x", 1, 0));
	SHOW(SYS(setxattr, BAD, "trusted.a", "x", 1, 0));
	SHOW(SYS(setxattr, path, "trusted.a", "x", 1, 4));
	SHOW(SYS(getxattr, path, "trusted.a", BAD, 64));
	SHOW(SYS(getxattr, path, BAD, value, 64));
	SHOW(SYS(getxattr, BAD, "trusted.a", value, 64));
	SHOW(SYS(listxattr, path, BAD, 64));
	SHOW(SYS(listxattr, BAD, big, 64));
	SHOW(SYS(removexattr, path, BAD));
	SHOW(SYS(removexattr, BAD, "trusted.a"));
	SHOW(SYS(fsetxattr, -1, "trusted.a", "x", 1, 0));
	SHOW(SYS(fgetxattr, -1, "trusted.a", value, 64));
	SHOW(SYS(flistxattr, -1, big, 64));
	SHOW(SYS(fremovexattr, -1, "trusted.a"));
	int only_path = (int)MUST(open(path, O_PATH));
	SHOW(SYS(fgetxattr, only_path, "trusted.a", value, 64));
	SHOW(SYS(fsetxattr, only_path, "trusted.a", value, 1, 0));
	SHOW(SYS(fgetxattr, ends[0], "trusted.a", value, 64));
	SHOW(SYS(fgetxattr, ends[0], "user.a", value, 64));
	SHOW(SYS(fsetxattr, ends[0], "user.a", value, 1, 0));
	SHOW(SYS(getxattr, "/proc/self/stat", "trusted.a", value, 64));
	SHOW(SYS(setxattr, "/proc/self/stat", "trusted.a", "x", 1, 0));
	SHOW(SYS(setxattr, "/proc/self/stat", "user.a", "x", 1, 0));
	SHOW(SYS(listxattr, "/proc/self/stat", big, 64));
	list(path);
	remove_tree(directory, 0);
	return 0;
}
