// inotify(7): creation, writing, renaming and removal are reported in order.
#include "../test.h"
#include <sys/inotify.h>

static void events(int fd)
{
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t got = read(fd, buffer, sizeof buffer);

	if (got == -1)
		say("read: %s", errno_name(errno));
	for (char *at = buffer; at < buffer + got;) {
		struct inotify_event *event = (struct inotify_event *)(void *)at;
		say("%x %s cookie %s", event->mask, event->len ? event->name : "-", event->cookie ? "set" : "0");
		at += sizeof *event + event->len;
	}
}

int main(void)
{
	int fd, watch;

	enter_directory();
	MUST(mkdir("d", 0755));
	OK(fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	SHOW(watch = inotify_add_watch(fd, "d", IN_ALL_EVENTS));
	events(fd);
	int file = make_file("d/f", "");
	MUST(write(file, "x", 1));
	MUST(close(file));
	events(fd);
	MUST(rename("d/f", "d/g"));
	MUST(mkdir("d/sub", 0755));
	MUST(unlink("d/g"));
	MUST(rmdir("d/sub"));
	events(fd);
	SHOW(inotify_rm_watch(fd, watch));
	events(fd);
	SHOW(inotify_rm_watch(fd, watch));
	SHOW(inotify_add_watch(fd, "none", IN_CREATE));
	SHOW(inotify_add_watch(fd, "d", 0));
	SHOW(inotify_add_watch(-1, "d", IN_CREATE));
	SHOW(inotify_add_watch(-1, "d", IN_CREATE | IN_UNMOUNT | IN_IGNORED));
	SHOW(inotify_add_watch(-1, "d", IN_CREATE | 1u << 27));
	SHOW(SYS(inotify_add_watch, fd, BAD, IN_CREATE));
	SHOW(SYS(inotify_init1, 1));
	say("no event at all is wanted");
	SHOW(inotify_add_watch(-1, "d", 0));
	SHOW(inotify_add_watch(-1, "d", IN_Q_OVERFLOW));
	SHOW(inotify_add_watch(-1, "d", IN_MASK_ADD | IN_MASK_CREATE));
	SHOW(inotify_add_watch(0, "d", IN_MASK_ADD | IN_MASK_CREATE));
	SHOW(inotify_add_watch(fd, "d", IN_MASK_ADD | IN_MASK_CREATE));
	SHOW(inotify_add_watch(fd, "d", IN_UNMOUNT));
	SHOW(inotify_add_watch(fd, "none", IN_UNMOUNT));
	SHOW(watch = inotify_add_watch(fd, "d", IN_ONLYDIR));
	MUST(mkdir("d/unseen", 0755));
	events(fd);
	SHOW(inotify_add_watch(fd, "d", IN_CREATE));
	MUST(mkdir("d/seen", 0755));
	events(fd);
	SHOW(inotify_rm_watch(fd, watch));
	events(fd);
	return 0;
}
