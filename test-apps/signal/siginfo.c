// SA_SIGINFO: code, sender and value by kill, tkill(2), tgkill(2), sigqueue and timers.
#include "../test.h"

static siginfo_t seen;

static void remember(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	seen = *info;
}

static void show(const char *what)
{
	say("%s: %s, code %d, sender %s, uid %d", what, signal_name(seen.si_signo), seen.si_code,
	    seen.si_pid == getpid() ? "self" : "other", (int)seen.si_uid);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = remember, .sa_flags = SA_SIGINFO };
	union sigval value = { .sival_int = 1234 };
	siginfo_t own;

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGRTMIN, &action, NULL);
	MUST(kill(getpid(), SIGUSR1));
	show("kill");
	MUST(SYS(tgkill, getpid(), thread_id(), SIGUSR1));
	show("tgkill");
	MUST(sigqueue(getpid(), SIGRTMIN, value));
	show("sigqueue");
	SHOW(seen.si_value.sival_int);
	memset(&own, 0, sizeof own);
	own.si_signo = SIGUSR1;
	own.si_code = -60;
	own.si_value.sival_int = 77;
	own.si_pid = getpid();
	SHOW(SYS(rt_sigqueueinfo, getpid(), SIGUSR1, &own));
	SHOW(seen.si_code);
	SHOW(seen.si_value.sival_int);
	SHOW(SYS(rt_tgsigqueueinfo, getpid(), thread_id(), SIGUSR1, &own));
	SHOW(SYS(rt_sigqueueinfo, getpid(), SIGUSR1, BAD));
	SHOW(SYS(rt_sigqueueinfo, getpid(), 65, &own));
	SHOW(SYS(rt_sigqueueinfo, 0x3fffffff, SIGUSR1, &own));
	SHOW(SYS(tgkill, getpid(), 0x3fffffff, SIGUSR1));
	SHOW(SYS(tgkill, 0x3fffffff, thread_id(), SIGUSR1));
	SHOW(SYS(tgkill, -1, thread_id(), SIGUSR1));
	SHOW(SYS(tgkill, getpid(), thread_id(), 65));
	SHOW(SYS(tgkill, getpid(), thread_id(), 0));
	SHOW(SYS(tkill, 0, SIGUSR1));
	SHOW(kill(0x3fffffff, SIGUSR1));
	return 0;
}
