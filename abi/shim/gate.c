/* The gate: how the system calls of syscall_arch.h and syscall_cp.s enter the kernel. Becomes part
   of musl's libc.a. */

#include "libc.h"
#include "scull.h"

/* What stands in for a gate where there is none. It changes no register. */
__attribute__((naked)) static void no_gate(void)
{
	__asm__("ret");
}

hidden void (*__scull_gate)(void) = no_gate;
hidden int __scull_has_gate;

/* Runs before all other constructors. Calls made earlier are right too, but slower. */
__attribute__((constructor(101))) static void find_gate(void)
{
	for (size_t *entry = libc.auxv; entry[0]; entry += 2) {
		if (entry[0] == AT_SCULL_GATE) {
			__scull_gate = (void (*)(void))entry[1];
			__scull_has_gate = 1;
		}
	}
}
