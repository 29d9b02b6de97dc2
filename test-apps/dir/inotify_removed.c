// inotify(7): IN_DELETE_SELF and IN_IGNORED come once the last name is gone and nothing holds
// the file any more: no descriptor, no mapping, no working directory.
#include "../test.h"
#include <sys/inotify.h>

static int queue;

static void events(const char *what)
{
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t got = read(queue, buffer, sizeof buffer);

	say("%s: %s", what, got == -1 ? errno_name(errno) : "");
	for (char *at = buffer; at < buffer + got;) {
		struct inotify_event *event = (struct inotify_event *)(void *)at;
		say("  watch %d: %x %s", event->wd, event->mask, event->len ? event->name : "-");
		at += sizeof *event + event->len;
	}
}

static int watched(const char *path)
{
	return (int)MUST(inotify_add_watch(queue, path, IN_ALL_EVENTS & ~(IN_OPEN | IN_ACCESS)));
}

int main(void)
{
	char link_path[64], byte = 'x';
	int watch;

	enter_directory();
	queue = (int)MUST(inotify_init1(IN_NONBLOCK));

	int file = make_file("f", "hello");
	watch = watched("f");
	MUST(unlink("f"));
	events("unlinked while open");
	MUST(pwrite(file, &byte, 1, 0));
	MUST(fchmod(file, 0600));
	events("written and changed");
	int other = (int)MUST(dup(file));
	MUST(close(file));
	events("one descriptor closed");
	MUST(close(other));
	events("the other closed");
	SHOW(inotify_rm_watch(queue, watch));

	file = make_file("f", "hello");
	MUST(link("f", "g"));
	watched("g");
	MUST(unlink("f"));
	events("one name of two");
	MUST(close(file));
	events("closed");
	MUST(unlink("g"));
	events("the other name");

	file = make_file("f", "hello");
	watched("f");
	int path = (int)MUST(open("f", O_PATH));
	MUST(unlink("f"));
	MUST(close(file));
	events("still found by O_PATH");
	MUST(close(path));
	events("no more");

	file = make_file("f", "hello");
	MUST(inotify_add_watch(queue, "f", IN_ATTRIB | IN_DELETE_SELF));
	void *map = (void *)MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0));
	MUST(close(file));
	MUST(unlink("f"));
	events("mapped");
	MUST(munmap(map, 4096));
	events("unmapped");

	file = make_file("f", "old");
	MUST(close(make_file("new", "new")));
	watched("f");
	watched("new");
	MUST(rename("new", "f"));
	events("replaced while open");
	MUST(close(file));
	events("closed");
	MUST(close(make_file("new", "new")));
	watched("new");
	MUST(rename("new", "f"));
	events("replaced");
	MUST(unlink("f"));
	events("removed");

	MUST(mkdir("d", 0755));
	int directory = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));
	watched("d");
	MUST(rmdir("d"));
	events("directory removed while open");
	MUST(close(directory));
	events("closed");
	MUST(mkdir("d", 0755));
	watched("d");
	MUST(chdir("d"));
	MUST(rmdir("../d"));
	events("removed while one is in it");
	MUST(chdir("/"));
	events("left");
	MUST(chdir(own_directory));

	// Without a name from the start.
	file = (int)MUST(open(".", O_TMPFILE | O_RDWR, 0600));
	snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", file);
	watched(link_path);
	MUST(linkat(AT_FDCWD, link_path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	events("named");
	MUST(close(file));
	events("closed");
	MUST(unlink("named"));
	events("and not any more");
	file = (int)MUST(open(".", O_TMPFILE | O_RDWR, 0600));
	snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", file);
	watched(link_path);
	MUST(close(file));
	events("never named");

	// A watch that is ended before says nothing of it.
	file = make_file("f", "");
	watch = watched("f");
	MUST(unlink("f"));
	SHOW(inotify_rm_watch(queue, watch));
	MUST(close(file));
	events("watched no more");
	return 0;
}
