// arch_prctl(2): the FS and GS bases, and what is refused.
#include "../test.h"

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

int main(void)
{
	unsigned long base = 0, self;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(self));
	SHOW(SYS(arch_prctl, ARCH_GET_FS, &base));
	YES(base == self);
	SHOW(SYS(arch_prctl, ARCH_SET_FS, base));
	__asm__ volatile("mov %%fs:0, %0" : "=r"(self));
	YES(base == self);
	SHOW(SYS(arch_prctl, ARCH_SET_FS, KERNEL));
	SHOW(SYS(arch_prctl, ARCH_SET_FS, -1L));
	SHOW(SYS(arch_prctl, ARCH_GET_FS, BAD));
	SHOW(SYS(arch_prctl, ARCH_SET_GS, KERNEL));
	SHOW(SYS(arch_prctl, 0x9999, 0));
	return 0;
}
