// /proc/self: exe, fd, cwd, comm, maps, as programs use them.
#include "../test.h"

static int contains(const char *path, const char *word)
{
	static char content[1 << 16];
	int fd = open(path, O_RDONLY);
	size_t held = 0;
	ssize_t got;

	if (fd == -1)
		return -1;
	while (held < sizeof content - 1 && (got = read(fd, content + held, sizeof content - 1 - held)) > 0)
		held += (size_t)got;
	content[held] = 0;
	close(fd);
	return strstr(content, word) != NULL;
}

int main(void)
{
	char text[256] = "", path[64];
	struct stat a, b;

	enter_directory();
	int fd = make_file("f", "hello");
	SHOW(readlink("/proc/self/exe", text, 255) > 0 && text[0] == '/');
	SHOW(stat("/proc/self/exe", &a));
	SHOW(stat(text, &b));
	SHOW(a.st_ino == b.st_ino);
	memset(text, 0, sizeof text);
	MUST(readlink("/proc/self/cwd", text, 255));
	SHOW(strcmp(text, own_directory));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	memset(text, 0, sizeof text);
	MUST(readlink(path, text, 255));
	say("%s", text + strlen(own_directory));
	int again;
	OK(again = open(path, O_RDONLY));
	SHOW(read(again, text, 5));
	MUST(unlink("f"));
	memset(text, 0, sizeof text);
	MUST(readlink(path, text, 255));
	say("%s", text + strlen(own_directory));
	SHOW(open("/proc/self/fd/999", O_RDONLY));
	SHOW(contains("/proc/self/maps", "[stack]"));
	SHOW(contains("/proc/self/maps", "r-xp"));
	SHOW(contains("/proc/self/status", "Threads:"));
	SHOW(contains("/proc/self/stat", " R "));
	SHOW(contains("/proc/meminfo", "MemTotal:"));
	SHOW(contains("/proc/cpuinfo", "processor"));
	SHOW(contains("/proc/stat", "cpu0"));
	SHOW(contains("/proc/self/limits", "Max open files"));
	SHOW(contains("/proc/sys/vm/overcommit_memory", "\n"));
	SHOW(contains("/proc/sys/net/core/somaxconn", "4096"));
	SHOW(contains("/proc/mounts", " / "));
	SHOW(contains("/sys/devices/system/cpu/online", "0"));
	SHOW(access("/proc/none-such", F_OK));
	SHOW(open("/proc/self/none-such", O_RDONLY));
	SHOW(open("/proc/self/new", O_CREAT | O_WRONLY, 0644) == -1);
	return 0;
}
