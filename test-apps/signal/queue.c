// Real-time signals: queued with their values, the lowest number first, then in order; those of
// the thread before those of the process; RLIMIT_SIGPENDING and what is lost beyond it.
#include "../test.h"
#include <sys/resource.h>

static volatile int numbers[64], values[64], codes[64], senders[64], count;

static void handle(int number, siginfo_t *info, void *context)
{
	(void)context;
	numbers[count] = number;
	values[count] = info->si_value.sival_int;
	codes[count] = info->si_code;
	senders[count] = info->si_pid;
	count++;
}

static const char *code_name(int code)
{
	return code == SI_USER ? "SI_USER" : code == SI_QUEUE ? "SI_QUEUE" : code == SI_TKILL ? "SI_TKILL" : "another";
}

static void show(const char *what)
{
	say("%s: %d", what, count);
	for (int i = 0; i < count; i++)
		say("  %s%d value %d code %s sender %s", numbers[i] >= SIGRTMIN ? "SIGRTMIN+" : "",
		    numbers[i] >= SIGRTMIN ? numbers[i] - SIGRTMIN : numbers[i],
		    codes[i] == SI_QUEUE ? values[i] : 0, code_name(codes[i]),
		    senders[i] == getpid() ? "self" : senders[i] == 0 ? "nobody" : "another");
	count = 0;
}

static void send(int number, int value)
{
	errno = 0;
	long result = sigqueue(getpid(), number, (union sigval){ .sival_int = value });
	if (result == -1)
		say("sigqueue(SIGRTMIN+%d): %s", number - SIGRTMIN, errno_name(errno));
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };
	struct rlimit none = { 0, 1 << 20 }, old;
	sigset_t all, pending;

	sigfillset(&action.sa_mask);
	for (int i = 0; i < 4; i++)
		sigaction(SIGRTMIN + i, &action, NULL);
	sigaction(SIGRTMAX, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	send(SIGRTMIN + 2, 1);
	send(SIGRTMIN + 1, 2);
	send(SIGRTMAX, 3);
	send(SIGRTMIN + 2, 4);
	kill(getpid(), SIGUSR2);
	send(SIGRTMIN, 5);
	send(SIGRTMIN + 1, 6);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	send(SIGUSR1, 9);
	sigpending(&pending);
	say("pending: %d %d %d", sigismember(&pending, SIGRTMIN), sigismember(&pending, SIGRTMIN + 3),
	    sigismember(&pending, SIGUSR1));
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	show("in order of numbers");

	// A thread's own come before those of the process, of the same number.
	sigprocmask(SIG_BLOCK, &all, NULL);
	send(SIGRTMIN, 1);
	SYS(tgkill, getpid(), thread_id(), SIGRTMIN);
	send(SIGRTMIN, 2);
	SYS(tgkill, getpid(), thread_id(), SIGUSR2);
	send(SIGUSR2, 3);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	show("of the thread and of the process");

	// Taken by number.
	sigset_t two;
	siginfo_t info;
	struct timespec zero = { 0, 0 };
	sigemptyset(&two);
	sigaddset(&two, SIGRTMIN + 1);
	sigaddset(&two, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &all, NULL);
	send(SIGRTMIN + 3, 7);
	send(SIGRTMIN + 1, 8);
	send(SIGRTMIN + 1, 9);
	send(SIGRTMIN, 10);
	for (int i = 0; i < 4; i++)
		if (sigtimedwait(&two, &info, &zero) > 0)
			say("taken: SIGRTMIN+%d value %d", info.si_signo - SIGRTMIN, info.si_value.sival_int);
		else
			say("taken: %s", errno_name(errno));
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	show("what was left");

	// Without room nothing is queued that carries something.
	MUST(getrlimit(RLIMIT_SIGPENDING, &old));
	none.rlim_max = old.rlim_max;
	SHOW(setrlimit(RLIMIT_SIGPENDING, &none));
	sigprocmask(SIG_BLOCK, &all, NULL);
	send(SIGRTMIN, 1);
	SHOW(SYS(tgkill, getpid(), thread_id(), SIGRTMIN));
	SHOW(kill(getpid(), SIGRTMIN + 1));
	SHOW(kill(getpid(), SIGRTMIN + 1));
	SHOW(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 4 }));
	SHOW(kill(getpid(), SIGUSR2));
	int timer;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, NULL, &timer));
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	show("without room");
	SHOW(setrlimit(RLIMIT_SIGPENDING, &old));
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, NULL, &timer));
	send(SIGRTMIN, 1);
	show("with room");
	return 0;
}
