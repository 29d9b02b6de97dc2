// epoll(7): what the calls refuse, and in which order they look.
#include "../test.h"
#include <sys/epoll.h>

static int made(void)
{
	return (int)MUST(epoll_create1(0));
}

static int watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN }, ready[4];
	struct timespec now = { 0, 0 };
	sigset_t none;
	int ends[2], chain[8];

	enter_directory();
	sigemptyset(&none);
	MUST(pipe(ends));
	int epoll = made(), file = make_file("f", "");
	int path = (int)MUST(open("f", O_PATH));
	int directory = (int)MUST(open(".", O_RDONLY));
	SHOW(epoll_create1(EPOLL_CLOEXEC | 1));
	SHOW(SYS(epoll_create, -1));

	SHOW(watch(epoll, file));
	SHOW(watch(epoll, directory));
	SHOW(watch(epoll, path));
	SHOW(watch(epoll, -1));
	SHOW(watch(-1, ends[0]));
	SHOW(watch(file, ends[0]));
	SHOW(watch(path, ends[0]));
	SHOW(watch(epoll, epoll));
	SHOW(SYS(epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], NULL));
	SHOW(SYS(epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], KERNEL));
	SHOW(SYS(epoll_ctl, epoll, EPOLL_CTL_MOD, ends[0], BAD));
	SHOW(SYS(epoll_ctl, epoll, EPOLL_CTL_DEL, ends[0], BAD));
	SHOW(SYS(epoll_ctl, -1, EPOLL_CTL_ADD, ends[0], BAD));
	SHOW(SYS(epoll_ctl, epoll, 0, ends[0], &event));
	SHOW(SYS(epoll_ctl, epoll, 4, ends[0], BAD));
	SHOW(SYS(epoll_ctl, epoll, 4, -1, &event));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, file, &event));

	// A ring of them, and more than five in a row.
	for (int i = 0; i < 8; i++)
		chain[i] = made();
	for (int i = 0; i < 7; i++)
		say("%d watches %d: %s", i, i + 1, watch(chain[i], chain[i + 1]) == -1 ? errno_name(errno) : "ok");
	SHOW(watch(chain[3], chain[0]));
	SHOW(watch(chain[4], chain[4]));
	int first = made(), second = made();
	MUST(watch(first, second));
	SHOW(watch(second, first));
	SHOW(watch(first, second));
	MUST(epoll_ctl(first, EPOLL_CTL_DEL, second, NULL));
	SHOW(watch(second, first));

	event.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLET | EPOLLWAKEUP;
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
	event.events = EPOLLIN;
	SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL));
	event.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLPRI;
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
	event.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP;
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
	event.events = EPOLLIN | EPOLLEXCLUSIVE;
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, first, &event));

	MUST(write(ends[1], "x", 1));
	MUST(watch(epoll, ends[0]));
	SHOW(SYS(epoll_wait, epoll, NULL, 1, 0));
	SHOW(SYS(epoll_wait, epoll, KERNEL, 1, 0));
	SHOW(SYS(epoll_wait, epoll, ready, 0x7fffffff, 0));
	SHOW(SYS(epoll_wait, path, ready, 1, 0));
	SHOW(SYS(epoll_pwait, epoll, ready, 1, 0, &none, 4));
	SHOW(SYS(epoll_pwait, epoll, ready, 1, 0, BAD, 8));
	SHOW(SYS(epoll_pwait, epoll, ready, 1, 0, NULL, 4));
	SHOW(SYS(epoll_pwait2, epoll, ready, 1, &now, &none, 8));
	SHOW(SYS(epoll_pwait2, epoll, ready, 1, &now, &none, 4));
	SHOW(SYS(epoll_pwait2, epoll, ready, 1, &now, BAD, 8));
	SHOW(SYS(epoll_pwait2, epoll, ready, 1, BAD, &none, 8));
	SHOW(SYS(epoll_pwait2, epoll, ready, 0, &now, NULL, 8));
	SHOW(SYS(epoll_pwait2, epoll, BAD, 1, &now, NULL, 8));
	SHOW(SYS(epoll_pwait2, -1, ready, 1, &now, NULL, 8));
	now.tv_sec = -1;
	SHOW(SYS(epoll_pwait2, epoll, ready, 1, &now, NULL, 8));

	// Two events, and room in the program's memory for one.
	char *page = (char *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	MUST(munmap(page + 4096, 4096));
	event.events = EPOLLOUT;
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event));
	SHOW(epoll_wait(epoll, (struct epoll_event *)(void *)(page + 4096 - sizeof event), 2, 0));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	return 0;
}
