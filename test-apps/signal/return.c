// rt_sigreturn(2): made by hand, it brings back registers, mask and alternate stack as the
// frame has them; a frame that cannot be read is SIGSEGV.
#include "../test.h"
#include <ucontext.h>
#include <setjmp.h>

static sigjmp_buf back;
static volatile int blocked_inside;
static void *stack_area;

static int is_blocked(int number)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, number);
}

// Returns to the frame by the call itself, not by the restorer of the C library: the stack
// pointer has to be where the frame's context is.
__attribute__((noreturn)) static void return_by(ucontext_t *context)
{
	__asm__ volatile("mov %0, %%rsp\n\tmov $15, %%eax\n\tsyscall\n\tud2" : : "r"(context) : "memory");
	__builtin_unreachable();
}

static void by_hand(int number, siginfo_t *info, void *context)
{
	ucontext_t *at = context;

	(void)info;
	blocked_inside = is_blocked(number);
	sigaddset(&at->uc_sigmask, SIGUSR2);
	// Neither can be blocked, whatever the frame says.
	sigaddset(&at->uc_sigmask, SIGKILL);
	sigaddset(&at->uc_sigmask, SIGSTOP);
	return_by(at);
}

static void from_copy(int number, siginfo_t *info, void *context)
{
	static ucontext_t copy __attribute__((aligned(64)));

	(void)number;
	(void)info;
	copy = *(ucontext_t *)context;
	// Without the vector registers' image, they are as at the start.
	copy.uc_mcontext.fpregs = NULL;
	copy.uc_mcontext.gregs[REG_R8] = 88;
	return_by(&copy);
}

static void other_stack(int number, siginfo_t *info, void *context)
{
	ucontext_t *at = context;

	(void)number;
	(void)info;
	at->uc_stack.ss_sp = stack_area;
	at->uc_stack.ss_size = 65536;
	at->uc_stack.ss_flags = 0;
	return_by(at);
}

static void segment(int number, siginfo_t *info, void *context)
{
	(void)context;
	say("%s, code %s, address %s", signal_name(number), info->si_code == SI_KERNEL ? "SI_KERNEL" : "another",
	    info->si_addr == NULL ? "none" : "some");
	siglongjmp(back, 1);
}

static long raise_with_r8(int number, uint64_t *xmm)
{
	long pid = getpid(), result = SYS_kill;
	register long r8 __asm__("r8") = 8;

	__asm__ volatile("movq %[value], %%xmm3\n\tsyscall\n\tmovq %%xmm3, %[value]"
			 : "+a"(result), "+r"(r8), [value] "+r"(*xmm)
			 : "D"(pid), "S"((long)number) : "rcx", "r11", "xmm3", "memory");
	return r8;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = by_hand, .sa_flags = SA_SIGINFO };
	stack_t now;
	uint64_t xmm = 0x1234;

	stack_area = (void *)MUST(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	MUST(sigaction(SIGUSR1, &action, NULL));
	SHOW(raise_with_r8(SIGUSR1, &xmm));
	YES(xmm == 0x1234);
	SHOW(blocked_inside);
	SHOW(is_blocked(SIGUSR1));
	SHOW(is_blocked(SIGUSR2));
	SHOW(is_blocked(SIGKILL));
	SHOW(is_blocked(SIGSTOP));

	action.sa_sigaction = from_copy;
	MUST(sigaction(SIGUSR1, &action, NULL));
	SHOW(raise_with_r8(SIGUSR1, &xmm));
	SHOW(xmm);
	SHOW(is_blocked(SIGUSR2));

	action.sa_sigaction = other_stack;
	MUST(sigaction(SIGUSR1, &action, NULL));
	MUST(raise(SIGUSR1));
	MUST(sigaltstack(NULL, &now));
	YES(now.ss_sp == stack_area && now.ss_size == 65536);
	SHOW(now.ss_flags);

	action.sa_sigaction = segment;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
	MUST(sigaction(SIGSEGV, &action, NULL));
	if (sigsetjmp(back, 1) == 0)
		return_by(BAD);
	if (sigsetjmp(back, 1) == 0)
		return_by(KERNEL);
	if (sigsetjmp(back, 1) == 0)
		return_by((void *)0x8000000000000000);
	// Half of a frame.
	char *pages = (char *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	MUST(mprotect(pages + 4096, 4096, PROT_NONE));
	if (sigsetjmp(back, 1) == 0)
		return_by((void *)(pages + 4096 - 64));
	SHOW(is_blocked(SIGSEGV));
	return 0;
}
