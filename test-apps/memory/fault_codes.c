// The signal, the code and the address of every kind of access that fails.
#include "../test.h"
#include <setjmp.h>
#include <ucontext.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGE 4096L

static sigjmp_buf back;
static siginfo_t seen;
static long trap, error, cr2;

static void handle(int number, siginfo_t *info, void *context)
{
	ucontext_t *at = context;

	seen = *info;
	trap = at->uc_mcontext.gregs[REG_TRAPNO];
	error = at->uc_mcontext.gregs[REG_ERR];
	cr2 = at->uc_mcontext.gregs[REG_CR2];
	siglongjmp(back, number);
}

static const char *code_name(int number, int code)
{
	if (number == SIGBUS)
		return code == BUS_ADRALN ? "BUS_ADRALN" : code == BUS_ADRERR ? "BUS_ADRERR" : "another";
	if (number == SIGSEGV)
		return code == SEGV_MAPERR ? "SEGV_MAPERR" : code == SEGV_ACCERR ? "SEGV_ACCERR"
			: code == SI_KERNEL ? "SI_KERNEL" : "another";
	if (number == SIGFPE)
		return code == FPE_INTDIV ? "FPE_INTDIV" : "another";
	if (number == SIGILL)
		return code == ILL_ILLOPN ? "ILL_ILLOPN" : "another";
	return code == TRAP_BRKPT ? "TRAP_BRKPT" : code == TRAP_TRACE ? "TRAP_TRACE" : code == SI_KERNEL ? "SI_KERNEL" : "another";
}

enum how { READ, WRITE, EXECUTE };

static void touch(const char *what, char *at, enum how how)
{
	int number = sigsetjmp(back, 1);

	if (number == 0) {
		if (how == READ)
			(void)*(volatile char *)at;
		else if (how == WRITE)
			*(volatile char *)at = 1;
		else
			((void (*)(void))(uintptr_t)at)();
		say("%s: no fault", what);
		return;
	}
	say("%s: %s %s, address %s, trap %ld, error %lx, cr2 %s", what, signal_name(number), code_name(number, seen.si_code),
	    seen.si_addr == at ? "exact" : seen.si_addr == NULL ? "null" : "another", trap, error,
	    cr2 == (long)at ? "exact" : "another");
}

static void raised(const char *what, void (*body)(void))
{
	int number = sigsetjmp(back, 1);

	if (number == 0) {
		body();
		say("%s: no fault", what);
		return;
	}
	say("%s: %s %s, trap %ld, error %lx, address %s", what, signal_name(number), code_name(number, seen.si_code), trap, error,
	    seen.si_addr == NULL ? "null" : "given");
}

static void divide(void)
{
	__asm__ volatile("xor %%ecx, %%ecx\n\tmov $1, %%eax\n\tcdq\n\tidiv %%ecx" : : : "rax", "rcx", "rdx");
}

static void overflow(void)
{
	__asm__ volatile("mov $-1, %%ecx\n\tmov $0x80000000, %%eax\n\tcdq\n\tidiv %%ecx" : : : "rax", "rcx", "rdx");
}

static void undefined(void)
{
	__asm__ volatile("ud2");
}

static void breakpoint(void)
{
	__asm__ volatile("int3");
}

static void non_canonical(void)
{
	(void)*(volatile char *)0x8000000000000000;
}

static void non_canonical_jump(void)
{
	((void (*)(void))0x8000000000000000)();
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	char *area = (char *)MUST(mmap(NULL, 6 * PAGE, RW, ANON, -1, 0));

	for (int i = 0; i < COUNT(numbers); i++)
		MUST(sigaction(numbers[i], &action, NULL));
	memset(area, 0xcc, 5 * PAGE);
	MUST(mprotect(area + PAGE, PAGE, PROT_READ));
	MUST(mprotect(area + 2 * PAGE, PAGE, PROT_NONE));
	MUST(munmap(area + 3 * PAGE, PAGE));
	MUST(mprotect(area + 5 * PAGE, PAGE, PROT_NONE));
	touch("read of nothing", area + 3 * PAGE + 5, READ);
	touch("write of nothing", area + 3 * PAGE + 6, WRITE);
	touch("jump to nothing", area + 3 * PAGE + 7, EXECUTE);
	touch("write of what is read-only", area + PAGE + 8, WRITE);
	touch("jump to what is read-only", area + PAGE + 9, EXECUTE);
	touch("jump to what is writable", area + 10, EXECUTE);
	touch("read without access", area + 2 * PAGE + 1, READ);
	touch("write without access", area + 2 * PAGE + 2, WRITE);
	touch("jump without access", area + 2 * PAGE + 3, EXECUTE);
	touch("read without access, never touched", area + 5 * PAGE, READ);
	touch("write without access, never touched", area + 5 * PAGE, WRITE);
	touch("read near 0", (char *)8, READ);
	touch("write near 0", (char *)8, WRITE);
	touch("jump to 0", NULL, EXECUTE);

	enter_directory();
	int fd = make_file("f", "text");
	char *map = (char *)MUST(mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0));
	char *own = (char *)MUST(mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0));
	touch("read in the file's last page", map + 4095, READ);
	touch("read beyond the file", map + PAGE + 4, READ);
	touch("write beyond the file", map + 2 * PAGE + 5, WRITE);
	touch("read beyond the file, private", own + PAGE + 6, READ);
	touch("write beyond the file, private", own + PAGE + 7, WRITE);
	MUST(ftruncate(fd, 2 * PAGE));
	touch("read where the file grew", map + PAGE + 4, READ);
	own[PAGE] = 1;
	MUST(ftruncate(fd, 0));
	touch("read where the file was cut", map, READ);
	touch("read of a copy where the file was cut", own + PAGE, READ);

	raised("division by zero", divide);
	raised("division that overflows", overflow);
	raised("undefined instruction", undefined);
	raised("breakpoint", breakpoint);
	raised("address that is none", non_canonical);
	raised("jump to an address that is none", non_canonical_jump);
	return 0;
}
