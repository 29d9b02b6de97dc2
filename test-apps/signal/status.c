// proc_pid_status(5): what a thread's signals are, mask by mask.
#include "../test.h"

static char text[8192];

static const char *line(const char *name)
{
	static char found[200];
	int fd = (int)MUST(open("/proc/thread-self/status", O_RDONLY));
	ssize_t got = MUST(read(fd, text, sizeof text - 1));

	close(fd);
	text[got] = 0;
	char *at = strstr(text, name);
	if (at == NULL)
		return "missing";
	at += strlen(name) + 2;
	snprintf(found, sizeof found, "%.*s", (int)strcspn(at, "\n"), at);
	return found;
}

static void show(const char *when)
{
	static const char *const names[] = { "SigPnd", "ShdPnd", "SigBlk", "SigCgt" };

	say("%s:", when);
	for (int i = 0; i < COUNT(names); i++)
		say("  %s %s", names[i], line(names[i]));
	unsigned long long ignored = strtoull(line("SigIgn"), NULL, 16);
	say("  SigIgn of what the program ignores %llx", ignored & (1ULL << (SIGUSR2 - 1) | 1ULL << (SIGHUP - 1)));
}

static void handle(int number)
{
	(void)number;
	show("in the handler");
}

static void *in_thread(void *unused)
{
	(void)unused;
	show("in another thread");
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handle };
	sigset_t set;

	// How many are queued is a matter of all programs of a user.
	YES(strchr(line("SigQ"), '/') != NULL);
	show("at first");
	MUST(sigaction(SIGUSR1, &action, NULL));
	MUST(sigaction(SIGRTMAX, &action, NULL));
	signal(SIGUSR2, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	show("with actions");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGRTMAX);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	kill(getpid(), SIGTERM);
	SYS(tgkill, getpid(), thread_id(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	for (int i = 0; i < 3; i++)
		sigqueue(getpid(), SIGRTMAX, (union sigval) { .sival_int = i });
	show("with some that wait");
	pthread_t thread = spawn(in_thread, NULL);
	pthread_join(thread, NULL);
	signal(SIGTERM, SIG_IGN);
	signal(SIGRTMAX, SIG_IGN);
	show("with these ignored");
	sigfillset(&set);
	sigdelset(&set, SIGUSR1);
	sigsuspend(&set);
	show("after the handler");
	return 0;
}
