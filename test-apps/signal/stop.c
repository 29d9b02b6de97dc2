// Stop signals that are blocked, ignored or handled, and SIGCONT, which takes them back.
#include "../test.h"

static volatile sig_atomic_t handled[65];

static void handle(int number)
{
	handled[number]++;
}

static void show_pending(const char *what)
{
	sigset_t pending;

	sigpending(&pending);
	say("%s: SIGTSTP %d SIGTTIN %d SIGTTOU %d SIGCONT %d", what, sigismember(&pending, SIGTSTP),
	    sigismember(&pending, SIGTTIN), sigismember(&pending, SIGTTOU), sigismember(&pending, SIGCONT));
}

int main(void)
{
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };
	struct sigaction action = { .sa_handler = handle };
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < COUNT(stops); i++)
		sigaddset(&set, stops[i]);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < COUNT(stops); i++)
		SHOW(kill(getpid(), stops[i]));
	show_pending("blocked");
	SHOW(kill(getpid(), SIGCONT));
	show_pending("after SIGCONT");
	SHOW(SYS(tgkill, getpid(), thread_id(), SIGTSTP));
	show_pending("after SIGTSTP");
	SHOW(kill(getpid(), SIGCONT));
	show_pending("after SIGCONT");
	SHOW(SYS(tgkill, getpid(), thread_id(), SIGCONT));
	SHOW(kill(getpid(), SIGTTIN));
	show_pending("after SIGTTIN");
	for (int i = 0; i < COUNT(stops); i++)
		signal(stops[i], SIG_IGN);
	show_pending("ignored");
	for (int i = 0; i < COUNT(stops); i++)
		SHOW(kill(getpid(), stops[i]));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	for (int i = 0; i < COUNT(stops); i++)
		SHOW(kill(getpid(), stops[i]));
	for (int i = 0; i < COUNT(stops); i++) {
		sigaction(stops[i], &action, NULL);
		SHOW(kill(getpid(), stops[i]));
		say("%s: %d", signal_name(stops[i]), (int)handled[stops[i]]);
	}
	SHOW(kill(getpid(), SIGCONT));
	sigaction(SIGCONT, &action, NULL);
	SHOW(kill(getpid(), SIGCONT));
	SHOW(handled[SIGCONT]);
	// A call that waits is interrupted by a handler for either.
	action.sa_flags = SA_RESTART;
	sigaction(SIGTSTP, &action, NULL);
	struct timespec zero = { 0, 0 };
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGTSTP);
	SHOW(sigtimedwait(&set, NULL, &zero) == SIGTSTP);
	kill(getpid(), SIGCONT);
	SHOW(sigtimedwait(&set, NULL, &zero) == SIGCONT);
	SHOW(sigtimedwait(&set, NULL, &zero));
	struct sigaction old = { .sa_handler = SIG_DFL };
	SHOW(sigaction(SIGSTOP, &action, NULL));
	SHOW(sigaction(SIGKILL, &old, NULL));
	SHOW(sigaction(SIGSTOP, NULL, &old));
	return 0;
}
