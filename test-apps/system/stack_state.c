// A system call changes rax, rcx and r11 only: flags, direction, segment and all others stay.
#include "../test.h"

__attribute__((used)) static uint64_t in[12], out[12];

int main(void)
{

	for (int i = 0; i < 12; i++)
		in[i] = 0x0123456789abcdefUL * (unsigned)(i + 1);
	__asm__ volatile(
		"push %%rbp\n\t"
		"lea in(%%rip), %%rax\n\t"
		"mov (%%rax), %%rbx; mov 8(%%rax), %%rdx; mov 16(%%rax), %%rsi; mov 24(%%rax), %%rdi\n\t"
		"mov 32(%%rax), %%r8; mov 40(%%rax), %%r9; mov 48(%%rax), %%r10; mov 56(%%rax), %%r12\n\t"
		"mov 64(%%rax), %%r13; mov 72(%%rax), %%r14; mov 80(%%rax), %%r15; mov 88(%%rax), %%rbp\n\t"
		"mov $110, %%eax\n\t"
		"syscall\n\t"
		"lea out(%%rip), %%rax\n\t"
		"mov %%rbx, (%%rax); mov %%rdx, 8(%%rax); mov %%rsi, 16(%%rax); mov %%rdi, 24(%%rax)\n\t"
		"mov %%r8, 32(%%rax); mov %%r9, 40(%%rax); mov %%r10, 48(%%rax); mov %%r12, 56(%%rax)\n\t"
		"mov %%r13, 64(%%rax); mov %%r14, 72(%%rax); mov %%r15, 80(%%rax); mov %%rbp, 88(%%rax)\n\t"
		"pop %%rbp\n\t"
		: :
		: "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
	for (int i = 0; i < 12; i++)
		if (in[i] != out[i])
			say("register %d changed", i);
	uint64_t before, after, rcx, r11;
	__asm__ volatile("stc; pushfq; pop %0; mov $110, %%eax; lea 1f(%%rip), %%rdx; syscall; 1: pushfq; pop %1; sub %%rdx, %%rcx; mov %%rcx, %2; mov %%r11, %3; cld"
			 : "=&r"(before), "=&r"(after), "=&r"(rcx), "=&r"(r11) : : "rax", "rcx", "rdx", "r11", "memory", "cc");
	YES((before & 0xcd5) == (after & 0xcd5));
	YES((before & 1) == 1);
	SHOW(rcx);
	YES((r11 & 0xcd5) == (before & 0xcd5));
	return 0;
}
