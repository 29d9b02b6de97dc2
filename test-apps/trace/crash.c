// suite: static
// Three threads wait in calls while a fourth ends the program by SIGSEGV: what each was doing is
// in crash.report, as the kernel reports it.
#include "../test.h"

static int ends[2];
static uint32_t word;
static atomic_int started;

static void *wait_for_signal(void *unused)
{
	(void)unused;
	started++;
	SYS0(pause);
	return NULL;
}

static void *wait_for_word(void *unused)
{
	(void)unused;
	started++;
	SYS(futex, &word, 0, 0, NULL, NULL, 0);
	return NULL;
}

static void *crash(void *unused)
{
	(void)unused;
	WAIT_FOR(started == 3);
	// They are in their calls by then: they have nothing else to do.
	sleep_ms(300);
	SYS0(getppid);
	*(volatile int *)64 = 1;
	return NULL;
}

int main(void)
{
	char byte;

	MUST(pipe2(ends, O_CLOEXEC));
	spawn(wait_for_signal, NULL);
	spawn(wait_for_word, NULL);
	spawn(crash, NULL);
	started++;
	SYS(read, ends[0], &byte, 1);
	return 0;
}
