// The 128 bytes below the stack pointer belong to the program, signals or not.
#include "../test.h"

static volatile sig_atomic_t handled;

static void handle(int number)
{
	volatile char space[2000];

	(void)number;
	memset((void *)space, 0xee, sizeof space);
	handled++;
}

static long spin(long rounds)
{
	long wrong;

	__asm__ volatile("xor %%rax, %%rax\n\t"
			 "sub $256, %%rsp\n\t"
			 "1: mov %%rcx, -8(%%rsp)\n\t"
			 "mov %%rcx, -64(%%rsp)\n\t"
			 "mov %%rcx, -128(%%rsp)\n\t"
			 "mov $50, %%rdx\n\t"
			 "2: dec %%rdx\n\t"
			 "jnz 2b\n\t"
			 "cmp %%rcx, -8(%%rsp)\n\t"
			 "jne 3f\n\t"
			 "cmp %%rcx, -64(%%rsp)\n\t"
			 "jne 3f\n\t"
			 "cmp %%rcx, -128(%%rsp)\n\t"
			 "je 4f\n\t"
			 "3: inc %%rax\n\t"
			 "4: dec %%rcx\n\t"
			 "jnz 1b\n\t"
			 "add $256, %%rsp\n\t"
			 : "=a"(wrong), "+c"(rounds) : : "rdx", "memory", "cc");
	return wrong;
}

int main(void)
{
	struct itimerspec every = { { 0, 500000 }, { 0, 500000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t timer;
	long wrong = 0;

	signal(SIGUSR1, handle);
	MUST(timer_create(CLOCK_MONOTONIC, &event, &timer));
	MUST(timer_settime(timer, 0, &every, NULL));
	for (int i = 0; i < 20 || (handled < 5 && i < 2000); i++)
		wrong += spin(20000);
	MUST(timer_delete(timer));
	SHOW(wrong);
	YES(handled >= 5);
	return 0;
}
