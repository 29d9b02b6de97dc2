// Vector and floating-point registers survive switches between threads that all use them.
#include "../test.h"

static atomic_int wrong;

static void *compute(void *argument)
{
	double value = (double)(long)argument;
	unsigned char pattern[16], back[16];

	memset(pattern, (int)(long)argument, sizeof pattern);
	for (int round = 0; round < 200; round++) {
		__asm__ volatile("movdqu %0, %%xmm7; movdqu %0, %%xmm15" : : "m"(pattern) : "xmm7", "xmm15");
		for (volatile int i = 0; i < 2000; i++)
			;
		if (round % 10 == 0)
			__asm__ volatile("syscall" : : "a"(SYS_sched_yield) : "rcx", "r11", "memory");
		__asm__ volatile("movdqu %%xmm7, %0" : "=m"(back));
		if (memcmp(pattern, back, 16) != 0)
			atomic_fetch_add(&wrong, 1);
		__asm__ volatile("movdqu %%xmm15, %0" : "=m"(back));
		if (memcmp(pattern, back, 16) != 0)
			atomic_fetch_add(&wrong, 1);
		long double wide = (long double)value;
		for (int i = 0; i < 100; i++)
			wide = wide * 3 / 3;
		if ((double)wide != value)
			atomic_fetch_add(&wrong, 1);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[6];

	for (long i = 0; i < 6; i++)
		threads[i] = spawn(compute, (void *)(i + 1));
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	SHOW(wrong);
	return 0;
}
