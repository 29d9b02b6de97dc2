// inotify(7): each event and flag, order, merging, reading, waiting; inotify_init(2),
// inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2).
#include "../test.h"
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

static int fd;

static void events(const char *what)
{
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t got = read(fd, buffer, sizeof buffer);

	say("%s: %s", what, got == -1 ? errno_name(errno) : "");
	for (char *at = buffer; at < buffer + got;) {
		struct inotify_event *event = (struct inotify_event *)(void *)at;
		say("  watch %d: %x %s cookie %s", event->wd, event->mask, event->len ? event->name : "-",
		    event->cookie ? "set" : "0");
		at += sizeof *event + event->len;
	}
}

static void write_now(void)
{
	close((int)MUST(open("d/now", O_CREAT | O_RDWR, 0644)));
}

int main(void)
{
	int held = 0, other, watch, file;
	char small[16], byte;

	enter_directory();
	MUST(mkdir("d", 0755));
	file = make_file("d/f", "hello");
	MUST(symlink("d", "l"));
	fd = (int)MUST(inotify_init1(IN_NONBLOCK));

	SHOW(watch = inotify_add_watch(fd, "d/f", IN_ALL_EVENTS));
	SHOW(inotify_add_watch(fd, "d/f", IN_ALL_EVENTS));
	MUST(read(file, &byte, 1));
	MUST(read(file, &byte, 1));
	events("two reads are one");
	MUST(pwrite(file, "x", 1, 0));
	MUST(ftruncate(file, 3));
	events("write and truncate");
	MUST(fchmod(file, 0600));
	MUST(futimens(file, NULL));
	events("attributes");
	MUST(truncate("d/f", 2));
	MUST(close((int)MUST(open("d/f", O_RDONLY))));
	MUST(close((int)MUST(open("d/f", O_WRONLY))));
	events("opened and closed");
	MUST(link("d/f", "d/g"));
	MUST(unlink("d/g"));
	events("another name");
	SHOW(inotify_add_watch(fd, "d/f", IN_MODIFY) == watch);
	MUST(read(file, &byte, 1));
	MUST(pwrite(file, "x", 1, 0));
	events("only modify");
	SHOW(inotify_add_watch(fd, "d/f", IN_ATTRIB | IN_MASK_ADD) == watch);
	MUST(pwrite(file, "x", 1, 0));
	MUST(fchmod(file, 0644));
	events("attributes too");
	SHOW(inotify_add_watch(fd, "d/f", IN_ATTRIB | IN_MASK_CREATE));
	SHOW(inotify_add_watch(fd, "d/f", IN_ATTRIB | IN_MASK_CREATE | IN_MASK_ADD));
	SHOW(inotify_add_watch(fd, "d/f", IN_ATTRIB | IN_ONESHOT) == watch);
	MUST(fchmod(file, 0600));
	MUST(fchmod(file, 0644));
	events("one shot");
	SHOW(inotify_rm_watch(fd, watch));

	SHOW(inotify_add_watch(fd, "d/f", IN_OPEN | IN_ONLYDIR));
	SHOW(watch = inotify_add_watch(fd, "l", IN_CREATE | IN_ONLYDIR));
	SHOW(other = inotify_add_watch(fd, "l", IN_ALL_EVENTS | IN_DONT_FOLLOW));
	MUST(mkdir("d/sub", 0755));
	MUST(symlink("x", "d/link"));
	MUST(mkfifo("d/fifo", 0644));
	MUST(link("d/f", "d/hard"));
	events("made");
	SHOW(inotify_add_watch(fd, "d", IN_MOVE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR) == watch);
	MUST(rename("d/hard", "d/renamed"));
	MUST(rename("d/renamed", "outside"));
	MUST(rename("outside", "d/link"));
	MUST(rmdir("d/sub"));
	MUST(unlink("d/fifo"));
	events("moved and removed");
	MUST(rename("d", "e"));
	events("itself moved");
	MUST(unlink("e/link"));
	MUST(unlink("e/f"));
	MUST(close(file));
	MUST(rmdir("e"));
	events("itself removed");
	MUST(unlink("l"));
	events("the link");

	MUST(mkdir("d", 0755));
	SHOW((watch = inotify_add_watch(fd, "d", IN_CREATE)) > 0);
	MUST(mkdir("d/a", 0755));
	MUST(mkdir("d/a-longer-name-than-sixteen", 0755));
	SHOW(ioctl(fd, FIONREAD, &held));
	SHOW(held);
	struct pollfd polled = { fd, POLLIN, 0 };
	SHOW(poll(&polled, 1, 0));
	SHOW(read(fd, small, sizeof small));
	char exact[32];
	SHOW(read(fd, exact, sizeof exact));
	SHOW(read(fd, exact, sizeof exact));
	events("rest");
	SHOW(poll(&polled, 1, 0));
	SHOW(write(fd, "x", 1));
	MUST(fcntl(fd, F_SETFL, 0));
	INTERRUPTED(read(fd, exact, sizeof exact));
	RESTARTED(write_now, read(fd, exact, sizeof exact));

	SHOW(inotify_add_watch(0, "d", IN_CREATE));
	SHOW(SYS(inotify_add_watch, -1, BAD, IN_CREATE));
	SHOW(inotify_rm_watch(fd, 1000));
	SHOW(inotify_rm_watch(fd, -1));
	SHOW(inotify_rm_watch(-1, 1));
	SHOW(inotify_rm_watch(0, 1));
	SHOW(SYS(inotify_init1, IN_CLOEXEC | 1));
	OK(SYS0(inotify_init));
	return 0;
}
