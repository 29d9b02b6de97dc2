// A place on Linux in which a plan can do no harm.
//
// Namespaces of its own, a small root in memory on which no device opens but those that harm
// nobody, and no capability that reaches beyond them: not the clock, devices, modules, mounts or
// other processes.
#include "interpreter.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT "/tmp"
#define LAST_CAPABILITY 63

// chown, dac_override, dac_read_search, fowner, fsetid, kill, setgid, setuid, net_bind_service,
// ipc_lock: what concerns files in the sandbox, and the process itself.
static const int kept[] = { 0, 1, 2, 3, 4, 5, 6, 7, 10, 14 };

static void must(long result, const char *what)
{
	if (result == -1)
		give_up(what);
}

// Makes a copy of a file of the host's below the new root.
static void copy(const char *from, const char *to)
{
	char buffer[65536];
	ssize_t length;
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (in == -1 || out == -1)
		give_up("the plan cannot be copied");
	while ((length = read(in, buffer, sizeof buffer)) > 0)
		must(write(out, buffer, (size_t)length) == length ? 0 : -1, "the plan cannot be copied");
	close(in);
	close(out);
}

// Makes the devices. Where the host lets us make nodes they are our own, for whoever owns a node can
// change its mode, times and owner; else they are the host's, which we do not own then.
static void make_devices(void)
{
	static const struct { const char *name; unsigned minor; } devices[] = {
		{ "null", 3 }, { "zero", 5 }, { "full", 7 }, { "random", 8 }, { "urandom", 9 },
	};
	char from[64], to[64];

	must(mkdir(ROOT "/dev", 0755), "/dev");
	must(mount("fuzz", ROOT "/dev", "tmpfs", MS_NOSUID, "size=1m,mode=755"), "/dev");
	for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
		snprintf(from, sizeof from, "/dev/%s", devices[i].name);
		snprintf(to, sizeof to, ROOT "/dev/%s", devices[i].name);
		if (geteuid() == 0 && mknod(to, S_IFCHR | 0666, makedev(1, devices[i].minor)) == 0 && chmod(to, 0666) == 0)
			continue;
		int file = open(to, O_WRONLY | O_CREAT, 0666);
		must(file, to);
		close(file);
		must(mount(from, to, NULL, MS_BIND, NULL), to);
	}
}

// Puts the sandbox's own device where the host's may be.
static void replace_standard_streams(void)
{
	int null = open("/dev/null", O_RDWR);

	must(null, "/dev/null");
	must(dup2(null, STDIN_FILENO), "standard input");
	must(dup2(null, STDERR_FILENO), "standard error");
	if (null > STDERR_FILENO)
		close(null);
}

static void make_root(const char *plan)
{
	char from[64];

	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mounts cannot be made private");
	// The plan may lie where the new root will be.
	int source = open(plan, O_RDONLY | O_CLOEXEC);
	must(source, "the plan cannot be opened");
	must(mount("fuzz", ROOT, "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,mode=755"), "no root can be mounted");
	make_devices();
	must(mkdir(ROOT "/proc", 0555), "/proc");
	must(mount("proc", ROOT "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL), "/proc");
	must(mkdir(ROOT "/tmp", 0777), "/tmp");
	must(mount("fuzz", ROOT "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,mode=1777"), "/tmp");
	snprintf(from, sizeof from, "/proc/self/fd/%d", source);
	copy(from, ROOT "/plan");
	close(source);
	must(chdir(ROOT), "the root cannot be entered");
	must(mount(ROOT, "/", NULL, MS_MOVE, NULL), "the root cannot be moved");
	must(chroot("."), "the root cannot be entered");
	must(chdir("/"), "the root cannot be entered");
}

static void raise_loopback(void)
{
	struct ifreq request;
	int socket_fd = socket(AF_INET, SOCK_DGRAM, 0);

	memset(&request, 0, sizeof request);
	strcpy(request.ifr_name, "lo");
	must(socket_fd, "no socket can be made");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	must(ioctl(socket_fd, SIOCSIFFLAGS, &request), "loopback cannot be raised");
	close(socket_fd);
}

static void drop_rights(void)
{
	struct { uint32_t version; int pid; } header = { 0x20080522, 0 };
	uint32_t sets[6] = { 0 };
	uint64_t keep = 0;

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		keep |= 1ul << kept[i];
	for (int capability = 0; capability <= LAST_CAPABILITY; capability++)
		if ((keep >> capability & 1) == 0)
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	sets[0] = sets[1] = (uint32_t)keep;
	sets[3] = sets[4] = (uint32_t)(keep >> 32);
	must(raw(SYS_capset, (unsigned long)&header, (unsigned long)sets, 0, 0, 0, 0) < 0 ? -1 : 0,
	     "rights cannot be dropped");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "rights cannot be dropped");
}

static void bound(int resource, rlim_t most)
{
	const struct rlimit limit = { most, most };
	must(setrlimit(resource, &limit), "a limit cannot be set");
}

// Without root, a user namespace gives the rights to make the others.
static void make_namespaces(void)
{
	const int others = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

	if (geteuid() != 0) {
		char map[32];
		int length = snprintf(map, sizeof map, "0 %u 1", (unsigned)geteuid());
		must(unshare(CLONE_NEWUSER), "no user namespace can be made");
		int file = open("/proc/self/uid_map", O_WRONLY);
		must(file, "ids cannot be mapped");
		must(write(file, map, (size_t)length), "ids cannot be mapped");
		close(file);
	}
	must(unshare(others), "no namespaces can be made");
}

void enter_sandbox(const char *plan)
{
	int status;

	must(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "no tie to the parent");
	make_namespaces();
	pid_t child = fork();
	must(child, "no process can be made");
	if (child != 0) {
		must(waitpid(child, &status, 0), "the process is lost");
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
	must(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "no tie to the parent");
	make_root(plan);
	replace_standard_streams();
	raise_loopback();
	bound(RLIMIT_NPROC, 256);
	bound(RLIMIT_AS, 4ul << 30);
	drop_rights();
}
