// suite: static
// Calls whose lines in a trace are the same in every run: what strace writes of them on Linux is
// in calls.strace, and scull trace has to write the same.
#include "../test.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

static void files(void)
{
	struct iovec parts[2] = { { "one", 3 }, { " and two", 8 } };
	struct stat status;
	char text[16];
	int ends[2];

	SYS(openat, AT_FDCWD, "none/such", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	SYS(mkdirat, AT_FDCWD, "/proc", 0755);
	SYS(unlinkat, -1, "none", AT_REMOVEDIR);
	SYS(openat, AT_FDCWD, BAD, O_RDONLY);
	SYS(pipe2, ends, O_NONBLOCK);
	SYS(write, ends[1], "a \"line\"\n\0\1end of it, which is longer than what is shown", 54);
	SYS(read, ends[0], text, 16);
	SYS(writev, ends[1], parts, 2);
	SYS(fstat, ends[0], &status);
	SYS(lseek, ends[0], 5, SEEK_CUR);
	SYS(fcntl, ends[0], F_GETFL);
	SYS(fcntl, ends[0], F_SETFD, FD_CLOEXEC);
	SYS(dup3, ends[0], 10, O_CLOEXEC);
	SYS(close, 10);
	struct pollfd polled[2] = { { ends[0], POLLIN, 0 }, { ends[1], POLLOUT, 0 } };
	SYS(poll, polled, 2, 1000);
	int epoll = (int)SYS(epoll_create1, EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u32 = 7 };
	SYS(epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], &event);
	SYS(epoll_wait, epoll, &event, 1, 0);
	SYS(close, 77);
	SYS(close, epoll);
	SYS(close, ends[0]);
	SYS(close, ends[1]);
}

static void sockets(void)
{
	struct sockaddr_in ipv4 = { AF_INET, htons(9), { htonl(INADDR_LOOPBACK) }, { 0 } };
	struct sockaddr_un local = { AF_UNIX, "none/such" };
	struct { uint16_t family, pad; uint32_t pid, groups; } netlink = { AF_NETLINK, 0, 0, 0 };
	int one = 1;

	int fd = (int)SYS(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	SYS(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	SYS(connect, fd, &ipv4, sizeof ipv4);
	SYS(close, fd);
	fd = (int)SYS(socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SYS(connect, fd, &local, sizeof local);
	SYS(listen, 77, 5);
	SYS(close, fd);
	fd = (int)SYS(socket, AF_NETLINK, SOCK_RAW, 0);
	SYS(bind, fd, &netlink, sizeof netlink);
	SYS(close, fd);
}

static void others(void)
{
	struct timespec brief = { 0, 1000 };
	struct rlimit limit = { 100, RLIM_INFINITY };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	SYS(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	SYS(rt_sigprocmask, SIG_UNBLOCK, &set, &set, 8);
	SYS(nanosleep, &brief, NULL);
	SYS(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &brief, NULL);
	SYS(prlimit64, 0, RLIMIT_CORE, &limit, NULL);
	SYS(mprotect, 4096L, 4096L, PROT_READ | PROT_EXEC);
	SYS(madvise, 4096L, 4096L, MADV_DONTNEED);
	SYS(wait4, -1, NULL, WNOHANG, NULL);
	SYS(kill, 1L << 30, SIGTERM);
	SYS(prctl, PR_SET_NAME, "tracee");
	SYS(prctl, PR_GET_DUMPABLE);
	SYS(prctl, PR_SET_PDEATHSIG, SIGTERM);
	SYS(prctl, PR_SET_PDEATHSIG, 0);
	SYS(getrandom, NULL, 0, 1);
}

int main(void)
{
	files();
	sockets();
	others();
	SYS(exit_group, 7);
	return 0;
}
