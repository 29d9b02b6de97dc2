// Signals by descriptor: O_ASYNC, F_SETOWN, F_SETOWN_EX, F_SETSIG, fcntl(2).
#include "../test.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static atomic_int count, number, code, fd_told, band;
static atomic_long thread_told;

static void see(int signal, siginfo_t *info, void *context)
{
	(void)context;
	number = signal;
	code = info->si_code;
	fd_told = info->si_fd;
	band = (int)info->si_band;
	thread_told = thread_id();
	atomic_fetch_add(&count, 1);
}

static void handle(int signal)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_sigaction = see;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	sigaction(signal, &action, NULL);
}

// What came since the last look; the descriptor is told by its place in `known`.
static int known[2];

static void look(const char *what)
{
	if (count == 0) {
		say("%s: nothing", what);
		return;
	}
	const char *place = fd_told == known[0] ? "first" : fd_told == known[1] ? "second" : "none";
	if (number == SIGIO)
		say("%s: %s", what, signal_name(number));
	else
		say("%s: %s code %d band %x fd %s", what, signal_name(number), code, (unsigned)band, place);
	count = 0;
}

static void *other_thread(void *argument)
{
	struct f_owner_ex owner = { F_OWNER_TID, thread_id() };

	SHOW(fcntl(known[0], F_SETOWN_EX, &owner));
	MUST(write(known[1], "x", 1));
	YES(WAIT_FOR(count > 0));
	YES(thread_told == thread_id());
	*(pid_t *)argument = owner.pid;
	return NULL;
}

int main(void)
{
	struct f_owner_ex owner = { 9, 9 };
	int ends[2], on = 1, off = 0;
	char bytes[64];
	pid_t gone;

	handle(SIGIO);
	handle(SIGRTMIN + 1);
	handle(SIGUSR1);
	MUST(pipe(ends));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, known));
	SHOW(fcntl(known[0], F_GETOWN));
	SHOW(fcntl(known[0], F_GETSIG));
	SHOW(fcntl(known[0], F_GETOWN_EX, &owner));
	say("%d %d", owner.type, (int)owner.pid);

	// Nothing comes before there are an owner and O_ASYNC.
	SHOW(fcntl(known[0], F_SETFL, O_ASYNC));
	YES((fcntl(known[0], F_GETFL) & O_ASYNC) != 0);
	MUST(write(known[1], "x", 1));
	look("no owner");
	SHOW(fcntl(known[0], F_SETOWN, getpid()));
	YES(fcntl(known[0], F_GETOWN) == getpid());
	SHOW(fcntl(known[0], F_GETOWN_EX, &owner));
	YES(owner.type == F_OWNER_PID && owner.pid == getpid());
	MUST(write(known[1], "x", 1));
	look("written");
	MUST(read(known[0], bytes, 64));
	look("read");
	MUST(write(known[1], "x", 1));
	look("written again");

	SHOW(fcntl(known[0], F_SETSIG, SIGRTMIN + 1));
	YES(fcntl(known[0], F_GETSIG) == SIGRTMIN + 1);
	MUST(write(known[1], "x", 1));
	look("real-time signal");
	SHOW(fcntl(known[0], F_SETSIG, SIGUSR1));
	MUST(write(known[1], "x", 1));
	look("chosen signal");
	// The other side of a connection is told when there is room.
	MUST(shutdown(known[1], SHUT_WR));
	YES(count > 0);
	count = 0;
	SHOW(fcntl(known[0], F_SETSIG, 0));
	SHOW(fcntl(known[0], F_GETSIG));
	SHOW(fcntl(known[0], F_SETSIG, 65));
	SHOW(fcntl(known[0], F_SETSIG, -1));

	// FIOASYNC is O_ASYNC.
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, known));
	SHOW(fcntl(known[0], F_SETSIG, SIGRTMIN + 1));
	SHOW(fcntl(known[0], F_SETOWN, getpid()));
	MUST(write(known[1], "x", 1));
	look("not asked for");
	SHOW(ioctl(known[0], FIOASYNC, &on));
	YES((fcntl(known[0], F_GETFL) & O_ASYNC) != 0);
	MUST(write(known[1], "x", 1));
	look("FIOASYNC");
	SHOW(ioctl(known[0], FIOASYNC, &off));
	YES((fcntl(known[0], F_GETFL) & O_ASYNC) != 0);
	MUST(write(known[1], "x", 1));
	look("off");
	SHOW(ioctl(known[0], FIOASYNC, BAD));

	// The descriptor is the one by which O_ASYNC was set, though another writes.
	int copy = (int)MUST(dup(known[0]));
	SHOW(fcntl(copy, F_SETFL, O_ASYNC));
	SHOW(fcntl(copy, F_GETSIG) == SIGRTMIN + 1);
	MUST(write(known[1], "x", 1));
	YES(fd_told == copy);
	known[0] = copy;
	look("by a duplicate");

	// A thread as the owner.
	pthread_t thread = spawn(other_thread, &gone);
	pthread_join(thread, NULL);
	count = 0;
	MUST(write(known[1], "x", 1));
	look("owner gone");
	owner = (struct f_owner_ex){ F_OWNER_TID, thread_id() };
	SHOW(fcntl(known[0], F_SETOWN_EX, &owner));
	SHOW(fcntl(known[0], F_GETOWN_EX, &owner));
	YES(owner.type == F_OWNER_TID && owner.pid == thread_id());
	owner = (struct f_owner_ex){ F_OWNER_PID, 0x3fffffff };
	SHOW(fcntl(known[0], F_SETOWN_EX, &owner));
	owner = (struct f_owner_ex){ 7, 0 };
	SHOW(fcntl(known[0], F_SETOWN_EX, &owner));
	SHOW(fcntl(known[0], F_SETOWN_EX, BAD));
	SHOW(fcntl(known[0], F_GETOWN_EX, BAD));
	owner = (struct f_owner_ex){ F_OWNER_PID, 0 };
	SHOW(fcntl(known[0], F_SETOWN_EX, &owner));
	SHOW(fcntl(known[0], F_GETOWN));
	MUST(write(known[1], "x", 1));
	look("nobody");
	SHOW(fcntl(known[0], F_SETOWN, INT32_MIN));

	// Pipes: data, room, the other end's going.
	memcpy(known, ends, sizeof ends);
	MUST(fcntl(ends[0], F_SETSIG, SIGRTMIN + 1));
	MUST(fcntl(ends[0], F_SETOWN, getpid()));
	MUST(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK));
	MUST(write(ends[1], "x", 1));
	look("pipe written");
	MUST(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	static char much[65536];
	MUST(read(ends[0], bytes, 64));
	MUST(write(ends[1], much, sizeof much));
	MUST(fcntl(ends[1], F_SETSIG, SIGRTMIN + 1));
	MUST(fcntl(ends[1], F_SETOWN, getpid()));
	MUST(fcntl(ends[1], F_SETFL, O_ASYNC));
	look("pipe full");
	MUST(read(ends[0], much, sizeof much));
	look("pipe read");
	MUST(close(ends[0]));
	YES(count > 0);

	// What can never be waited for takes the flag and stays silent.
	enter_directory();
	int file = make_file("f", "abc");
	SHOW(fcntl(file, F_SETOWN, getpid()));
	SHOW(fcntl(file, F_SETFL, O_ASYNC));
	YES((fcntl(file, F_GETFL) & O_ASYNC) != 0);
	int path = (int)MUST(open("f", O_PATH));
	SHOW(fcntl(path, F_SETOWN, getpid()));
	SHOW(fcntl(path, F_SETSIG, SIGIO));
	SHOW(fcntl(path, F_GETOWN));
	SHOW(fcntl(-1, F_SETOWN, getpid()));
	return 0;
}
