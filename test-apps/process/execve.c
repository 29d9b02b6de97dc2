// execve(2), execveat(2): errors first, then what of the process outlives the program.
#include "../test.h"

#include <sched.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static char *none[] = { NULL };

static void handler(int signal)
{
	(void)signal;
}

static void *sleep_for_ever(void *argument)
{
	for (;;)
		pause();
	return argument;
}

static void *run_for_ever(void *argument)
{
	for (;;)
		;
	return argument;
}

static void show_disposition(const char *name, int signal)
{
	struct sigaction action;
	MUST(sigaction(signal, NULL, &action));
	say("%s %s", name,
	    action.sa_handler == SIG_DFL ? "default" : action.sa_handler == SIG_IGN ? "ignored" : "handled");
}

// What the new program finds.
static int second(int argc, char **argv, char **envp)
{
	for (int i = 0; i < argc; i++)
		say("argument %d: %s", i, argv[i]);
	for (int i = 0; envp[i]; i++)
		say("variable %d: %s", i, envp[i]);
	say("pid %s tid", getpid() == gettid() ? "is" : "is not");
	show_disposition("SIGUSR1", SIGUSR1);
	show_disposition("SIGUSR2", SIGUSR2);
	sigset_t mask;
	MUST(pthread_sigmask(SIG_BLOCK, NULL, &mask));
	say("SIGTERM blocked %d, SIGINT blocked %d", sigismember(&mask, SIGTERM),
	    sigismember(&mask, SIGINT));
	SHOW(fcntl(100, F_GETFD));
	SHOW(fcntl(101, F_GETFD));
	char name[16];
	MUST(prctl(PR_GET_NAME, name));
	say("name %s", strlen(name) ? "given" : "empty");
	stack_t stack;
	MUST(sigaltstack(NULL, &stack));
	say("alternate stack %s", stack.ss_flags & SS_DISABLE ? "disabled" : "there");
	say("execfn %s", (char *)getauxval(AT_EXECFN));
	cpu_set_t processors;
	MUST(sched_getaffinity(0, sizeof(processors), &processors));
	say("nice %d, policy %d, processors %d", getpriority(PRIO_PROCESS, 0),
	    (int)SYS(sched_getscheduler, 0), CPU_COUNT(&processors));
	return 7;
}

static void *replace(void *argument)
{
	char *argv[] = { "second", "from", argument, "", NULL };
	char *envp[] = { "A=1", "B=", "C", NULL };
	execve("/proc/self/exe", argv, envp);
	say("execve failed: %s", errno_name(errno));
	return NULL;
}

static void show_errors(void)
{
	char *bad[] = { BAD, NULL };
	char *large = malloc(1 << 18);
	memset(large, 'x', 1 << 18);
	large[(1 << 18) - 1] = 0;
	char *too_large[] = { large, NULL };
	// A file that is open for writing would be ETXTBSY.
	MUST(close(make_file("text", "no program\n")));
	int fd = MUST(open("text", O_RDONLY));
	SHOW(execve("missing", none, none));
	SHOW(execve("", none, none));
	SHOW(execve("text", none, none));
	MUST(chmod("text", 0755));
	SHOW(execve("text", none, none));
	SHOW(execve("text/x", none, none));
	SHOW(execve(".", none, none));
	SHOW(SYS(execve, BAD, none, none));
	SHOW(SYS(execve, "text", BAD, none));
	SHOW(execve("text", bad, none));
	SHOW(execve("text", too_large, none));
	SHOW(execve("missing", too_large, none));
	MUST(close(make_file("truncated", "\177ELF\2\1\1")));
	MUST(chmod("truncated", 0755));
	SHOW(execve("truncated", none, none));
	MUST(symlink("text", "link"));
	SHOW(execve("link", none, none));
	MUST(symlink("loop", "loop"));
	SHOW(execve("loop", none, none));
	SHOW(SYS(execveat, AT_FDCWD, "link", none, none, AT_SYMLINK_NOFOLLOW));
	SHOW(SYS(execveat, fd, "", none, none, AT_EMPTY_PATH));
	SHOW(SYS(execveat, fd, "", none, none, 0));
	SHOW(SYS(execveat, fd, "x", none, none, 0));
	SHOW(SYS(execveat, -1, "x", none, none, 0));
	SHOW(SYS(execveat, AT_FDCWD, "text", none, none, 1));
}

int main(int argc, char **argv, char **envp)
{
	if (argc > 0 && strcmp(argv[0], "second") == 0 && strcmp(argv[2], "main") == 0)
		return second(argc, argv, envp);
	pthread_t thread;
	if (argc > 0 && strcmp(argv[0], "second") == 0) {
		second(argc, argv, envp);
		replace("main");
	}
	enter_directory();
	show_errors();
	MUST(dup2(1, 100));
	MUST(dup3(1, 101, O_CLOEXEC));
	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	MUST(sigprocmask(SIG_BLOCK, &mask, NULL));
	cpu_set_t first;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	MUST(sched_setaffinity(0, sizeof(first), &first));
	MUST(setpriority(PRIO_PROCESS, 0, 5));
	// Not by the C library: musl's refuses.
	struct sched_param none_of_it = { 0 };
	MUST(SYS(sched_setscheduler, 0, SCHED_BATCH, &none_of_it));
	static char memory[1 << 16];
	stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };
	MUST(sigaltstack(&stack, NULL));
	pthread_create(&thread, NULL, sleep_for_ever, NULL);
	pthread_create(&thread, NULL, run_for_ever, NULL);
	pthread_create(&thread, NULL, replace, "thread");
	pthread_join(thread, NULL);
	return 1;
}
