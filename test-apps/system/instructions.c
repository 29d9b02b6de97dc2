// Instructions that programs use: cpuid, rdtsc, SSE2, and xgetbv where there is xsave.
#include "../test.h"
#include <cpuid.h>

int main(void)
{
	unsigned a = 0, b = 0, c = 0, d = 0, low, high;
	char vendor[13] = "";

	YES(__get_cpuid(0, &a, &b, &c, &d));
	memcpy(vendor, &b, 4);
	memcpy(vendor + 4, &d, 4);
	memcpy(vendor + 8, &c, 4);
	YES(vendor[0] != 0);
	__get_cpuid(1, &a, &b, &c, &d);
	YES(d & bit_SSE2);
	YES(d & bit_FXSAVE);
	if (c & bit_OSXSAVE) {
		__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
		YES((low & 3) == 3);
	} else {
		say("(low & 3) == 3: yes");
	}
	uint64_t first = __builtin_ia32_rdtsc();
	for (volatile int i = 0; i < 1000; i++)
		;
	YES(__builtin_ia32_rdtsc() > first);
	unsigned short control;
	unsigned csr;
	__asm__ volatile("fnstcw %0" : "=m"(control));
	__asm__ volatile("stmxcsr %0" : "=m"(csr));
	say("%x %x", control, csr & ~0x3fU);
	volatile double zero = 0, one = 1;
	YES(one / zero > 1e300);
	volatile long double third = 1.0L / 3;
	YES(third * 3 > 0.999L);
	return 0;
}
