// System calls while the trap flag makes every instruction raise SIGTRAP.
#include "../test.h"

static volatile sig_atomic_t steps, strange;

static void trace(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	steps++;
	strange += info->si_code != TRAP_TRACE;
}

static void flip_trap_flag(void)
{
	__asm__ volatile("sub $128, %%rsp\n\t"
			 "pushfq\n\t"
			 "xorq $0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp" : : : "memory", "cc");
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = trace, .sa_flags = SA_SIGINFO};
	pid_t process = getpid();
	char text[4] = "";
	int ends[2];
	long direct;

	if (sigaction(SIGTRAP, &action, NULL) != 0 || pipe(ends) != 0)
		return CANNOT_RUN;

	flip_trap_flag();
	pid_t by_library = getpid();
	__asm__ volatile("syscall" : "=a"(direct) : "a"(SYS_getpid) : "rcx", "r11", "memory");
	ssize_t written = write(ends[1], "abc", 3);
	ssize_t got = read(ends[0], text, sizeof text);
	int wrong = close(-1);
	flip_trap_flag();

	int after = steps;
	say("getpid() = getpid(): %d", by_library == process);
	say("syscall = getpid(): %d", direct == process);
	say("write = %zd, read = %zd, %.3s, close(-1) = %d", written, got, text, wrong);
	say("every instruction was seen: %d", after > 40);
	getpid();
	say("none is any more: %d", steps == after);
	say("with another code than TRAP_TRACE: %d", (int)strange);
	return 0;
}
