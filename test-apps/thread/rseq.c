// suite: static
// rseq(2): a sequence that is never left by itself ends when its thread is preempted or handles
// a signal. Static, because glibc registers every thread before main.
#include "../test.h"

#define SIGNATURE 0x53053053

struct sequence {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(32)));

struct area {
	uint32_t cpu_id_start, cpu_id;
	uint64_t sequence;
	uint32_t flags, padding[3];
} __attribute__((aligned(32)));

static struct area area;

// Loops in a sequence for ever; returns when it is aborted.
static void loop_in_sequence(void)
{
	static struct sequence sequence;
	__asm__ volatile(
		"lea 1f(%%rip), %%rax\n\t"
		"mov %%rax, 8(%0)\n\t"
		"lea 3f(%%rip), %%rax\n\t"
		"mov %%rax, 24(%0)\n\t"
		"movq $(2f - 1f), 16(%0)\n\t"
		"mov %0, 8(%1)\n\t"
		"1: jmp 1b\n\t"
		"2: jmp 4f\n\t"
		".long 0x53053053\n\t"
		"3: nop\n\t"
		"4:\n\t"
		: : "r"(&sequence), "r"(&area) : "rax", "memory");
}

static atomic_int handled;

static void handler(int number)
{
	(void)number;
	handled = 1;
}

static void *signaller(void *thread)
{
	struct timespec pause = { 0, 20 * 1000 * 1000 };
	nanosleep(&pause, NULL);
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

int main(void)
{
	printf("misaligned: %s\n", SYS(rseq, (char *)&area + 8, 32, 0, SIGNATURE) ? errno_name(errno) : "0");
	printf("short: %s\n", SYS(rseq, &area, 16, 0, SIGNATURE) ? errno_name(errno) : "0");
	printf("flag: %s\n", SYS(rseq, &area, 32, 8, SIGNATURE) ? errno_name(errno) : "0");
	printf("not registered: %s\n", SYS(rseq, &area, 32, 1, SIGNATURE) ? errno_name(errno) : "0");
	area.cpu_id = 0xffff;
	printf("register: %s\n", SYS(rseq, &area, 32, 0, SIGNATURE) ? errno_name(errno) : "0");
	printf("cpu_id is %s\n", area.cpu_id == area.cpu_id_start && area.cpu_id < 1024 ? "set" : "not set");
	printf("again: %s\n", SYS(rseq, &area, 32, 0, SIGNATURE) ? errno_name(errno) : "0");
	printf("other signature: %s\n", SYS(rseq, &area, 32, 0, 1) ? errno_name(errno) : "0");

	signal(SIGUSR1, handler);
	pthread_t self = pthread_self(), other;
	pthread_create(&other, NULL, signaller, &self);
	loop_in_sequence();
	pthread_join(other, NULL);
	printf("left the sequence: %s\n", area.sequence ? "still in it" : "yes");

	printf("unregister: %s\n", SYS(rseq, &area, 32, 1, SIGNATURE) ? errno_name(errno) : "0");
	printf("cpu_id is %s\n", area.cpu_id == UINT32_MAX ? "unset" : "still set");
	return 0;
}
