// proc_pid_smaps(5): what is said of a mapping, line by line, and of all of them; proc_meminfo(5).
#include "maps.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGE 4096L

static char *text;

// Only flags that do not depend on how a kernel was configured.
static void flags(char *from, const char *end)
{
	static const char *const known[] = { "rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "lo", "dc", "nr", "wf", "dd",
					     "hg", "nh" };
	char all[200] = "";

	for (char *at = from; at + 2 < end; at += 3)
		for (int i = 0; i < COUNT(known); i++)
			if (memcmp(at, known[i], 2) == 0)
				snprintf(all + strlen(all), sizeof all - strlen(all), " %s", known[i]);
	say("  VmFlags:%s", all);
}

static void show(const char *what, char *start)
{
	static const char *const names[] = { "Size:", "KernelPageSize:", "Rss:", "Private_Dirty:", "Anonymous:", "KSM:", "Swap:", "Locked:" };
	char head[40], *at, *next;

	text = read_text("/proc/self/smaps");
	snprintf(head, sizeof head, "%08lx-", (unsigned long)start);
	at = strstr(text, head);
	say("%s: %s", what, at ? "there" : "not there");
	if (at == NULL)
		return;
	for (at = strchr(at, '\n') + 1; *at >= 'A' && *at <= 'Z'; at = next + 1) {
		next = strchr(at, '\n');
		for (int i = 0; i < COUNT(names); i++)
			if (memcmp(at, names[i], strlen(names[i])) == 0)
				say("  %.*s", (int)(next - at), at);
		if (memcmp(at, "VmFlags: ", 9) == 0)
			flags(at + 9, next);
	}
}

static char *map(long pages, int prot, int flags_, int fd)
{
	char *area = (char *)MUST(mmap(NULL, (size_t)(pages + 2) * PAGE, PROT_NONE, ANON, -1, 0)) + PAGE;

	return (char *)MUST(mmap(area, (size_t)pages * PAGE, prot, flags_ | MAP_FIXED, fd, 0));
}

static void has(const char *path, const char *const *names, int count)
{
	text = read_text(path);
	say("%s:", path);
	for (int i = 0; i < count; i++) {
		char *at = strstr(text, names[i]);
		say("  %s %s", names[i], at != NULL && (at == text || at[-1] == '\n') ? "there" : "not there");
	}
}

int main(void)
{
	static const char *const rollup[] = { "Rss:", "Pss:", "Pss_Dirty:", "Private_Clean:", "Private_Dirty:", "Anonymous:", "Locked:" };
	static const char *const system[] = { "MemTotal:", "MemFree:", "MemAvailable:", "Buffers:", "Cached:", "SwapTotal:", "SwapFree:",
					      "AnonPages:", "Mapped:", "Shmem:", "Slab:", "KernelStack:", "PageTables:",
					      "CommitLimit:", "Committed_AS:", "HugePages_Total:", "Hugepagesize:" };
	char *area;

	enter_directory();
	int fd = make_file("f", "file"), reading = (int)MUST(open("f", O_RDONLY));
	area = map(10, RW, ANON, -1);
	show("never touched", area);
	memset(area, 1, 5 * PAGE);
	show("half of it touched", area);
	MUST(mlock(area, 10 * PAGE));
	show("locked", area);
	MUST(munlock(area, 10 * PAGE));
	MUST(madvise(area, 3 * PAGE, MADV_DONTNEED));
	show("some given back", area);
	MUST(madvise(area, 10 * PAGE, MADV_DONTFORK));
	MUST(madvise(area, 10 * PAGE, MADV_DONTDUMP));
	MUST(madvise(area, 10 * PAGE, MADV_WIPEONFORK));
	show("with advice", area);
	MUST(mprotect(area, 10 * PAGE, PROT_READ));
	show("read-only", area);
	show("executable", map(3, PROT_READ | PROT_EXEC, ANON, -1));
	show("no reserve", map(3, RW, ANON | MAP_NORESERVE, -1));
	show("growing down", map(3, RW, ANON | MAP_GROWSDOWN, -1));
	show("shared", map(3, RW, MAP_SHARED | MAP_ANONYMOUS, -1));
	show("a file, shared", map(1, RW, MAP_SHARED, fd));
	show("a file that is only read, shared", map(1, PROT_READ, MAP_SHARED, reading));
	area = map(1, RW, MAP_PRIVATE, reading);
	area[0] = 'F';
	show("a file that is only read, private", area);
	has("/proc/self/smaps_rollup", rollup, COUNT(rollup));
	YES(strstr(text, "[rollup]\n") != NULL);
	has("/proc/meminfo", system, COUNT(system));
	return 0;
}
