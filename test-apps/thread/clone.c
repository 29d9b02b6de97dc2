// clone(2) without a C library's help: a thread on a bare stack, its tid words.
#include "../test.h"
#include "futex.h"
#include <sched.h>

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static volatile pid_t seen_tid;
static uint32_t parent_word, child_word = 77;
static volatile uint32_t child_word_at_start;
static volatile int value;

__attribute__((noinline)) static void child(void)
{
	long tid;

	__asm__ volatile("syscall" : "=a"(tid) : "a"(SYS_gettid) : "rcx", "r11", "memory");
	child_word_at_start = child_word;
	value = 42;
	seen_tid = (pid_t)tid;
	__asm__ volatile("syscall" : : "a"(SYS_exit), "D"(0) : "rcx", "r11", "memory");
}

static long start(unsigned long flags, char *stack)
{
	long result;
	register uint32_t *child_tid __asm__("r10") = &child_word;
	register long tls __asm__("r8") = 0;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "call *%[child]\n\t"
			 "1:"
			 : "=a"(result)
			 : "a"(SYS_clone), "D"(flags), "S"(stack), "d"(&parent_word), "r"(child_tid), "r"(tls),
			   [child] "b"(child)
			 : "rcx", "r11", "memory");
	if (result < 0) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

int main(void)
{
	char *stack = (char *)MUST(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + 65536;
	long tid = start(THREAD_FLAGS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, stack);

	YES(tid > 0 && tid != getpid());
	uint32_t held;
	while ((held = __atomic_load_n(&child_word, __ATOMIC_SEQ_CST)) != 0)
		FUTEX(&child_word, FUTEX_WAIT, held, NULL, NULL, 0);
	say("cleared");
	SHOW(value);
	YES(seen_tid == tid);
	YES(parent_word == (uint32_t)tid);
	YES(child_word_at_start == (uint32_t)tid);
	SHOW(start(CLONE_THREAD, stack));
	SHOW(start(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_NEWNS, stack));
	SHOW(start(CLONE_SIGHAND, stack));
	return 0;
}
