// Faults whose handlers change the interrupted registers: the flow goes on as told.
#include "../test.h"
#include <ucontext.h>

// From the C library's headers only when asked for before them; Linux's layout.
enum { CONTEXT_RAX = 13, CONTEXT_RIP = 16, CONTEXT_ERR = 19, CONTEXT_TRAP = 20, CONTEXT_CR2 = 22 };

static siginfo_t seen;
static long trap, error, cr2;
static char *page;

static void skip(int number, siginfo_t *info, void *context)
{
	long long *registers = (long long *)((ucontext_t *)context)->uc_mcontext.gregs;

	(void)number;
	seen = *info;
	trap = registers[CONTEXT_TRAP];
	error = registers[CONTEXT_ERR];
	cr2 = registers[CONTEXT_CR2];
	registers[CONTEXT_RAX] = 4242;
	registers[CONTEXT_RIP] += 2;
}

static void mend(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	seen = *info;
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void show(const char *what, long value)
{
	say("%s: %s, code %d, trap %ld, error %ld, value %ld", what, signal_name(seen.si_signo), seen.si_code, trap, error, value);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO };
	long value;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
	__asm__ volatile("movb (%%rbx), %%al" : "=a"(value) : "b"(16L));
	show("load", value);
	SHOW(cr2);
	__asm__ volatile("movb %%al, (%%rbx)" : "=a"(value) : "a"(1L), "b"(24L) : "memory");
	show("store", value);
	__asm__ volatile("div %%ebx" : "=a"(value) : "a"(1L), "b"(0L), "d"(0L));
	show("division", value);
	YES(seen.si_addr != NULL);
	__asm__ volatile("idiv %%ebx" : "=a"(value) : "a"(0x80000000L), "b"(-1L), "d"(-1L));
	show("overflow", value);
	__asm__ volatile("ud2" : "=a"(value) : "a"(1L));
	show("ud2", value);

	page = (char *)MUST(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	action.sa_sigaction = mend;
	sigaction(SIGSEGV, &action, NULL);
	*(volatile char *)page = 7;
	SHOW(*(volatile char *)page);
	YES(seen.si_addr == page);
	SHOW(seen.si_code);
	return 0;
}
