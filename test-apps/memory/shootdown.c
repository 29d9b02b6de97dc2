// mprotect(2) and munmap(2) hold for all threads once they return: no thread uses what was there before.
#include "../test.h"
#include <setjmp.h>

enum { THREADS = 3, ROUNDS = 30 };
#define RW (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

static volatile long *page;
static atomic_int forbidden, stop, faults;
static __thread sigjmp_buf back;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

// Counts in its own word of the page; where that is forbidden, faults once and waits.
static void *write_on(void *argument)
{
	volatile long *word = page + (long)argument * 8;

	if (sigsetjmp(back, 1)) {
		atomic_fetch_add(&faults, 1);
		while (forbidden)
			sched_yield();
	}
	while (!stop)
		*word += 1;
	return NULL;
}

static long sum(void)
{
	long all = 0;

	for (int i = 0; i < THREADS; i++)
		all += page[i * 8];
	return all;
}

// Whether every thread writes.
static int all_write(void)
{
	int writing = 0;

	for (int i = 0; i < THREADS; i++) {
		long before = page[i * 8];
		writing += WAIT_FOR(page[i * 8] != before);
	}
	return writing == THREADS;
}

static int all_fault(int round)
{
	return WAIT_FOR(faults == THREADS * (round + 1));
}

int main(void)
{
	pthread_t threads[THREADS];
	struct sigaction action = { .sa_handler = on_fault };
	long written = 0;
	int round = 0;

	MUST(sigaction(SIGSEGV, &action, NULL));
	page = (long *)MUST(mmap(NULL, 4096, RW, PRIVATE, -1, 0));
	for (long i = 0; i < THREADS; i++)
		threads[i] = spawn(write_on, (void *)i);
	for (; all_write() && round < ROUNDS; round++) {
		forbidden = 1;
		if (round % 2) {
			MUST(munmap((void *)page, 4096));
			if (!all_fault(round))
				break;
			MUST(mmap((void *)page, 4096, RW, PRIVATE | MAP_FIXED, -1, 0));
		} else {
			MUST(mprotect((void *)page, 4096, PROT_READ));
			long before = sum();
			if (!all_fault(round))
				break;
			written += sum() - before;
			MUST(mprotect((void *)page, 4096, RW));
		}
		forbidden = 0;
	}
	SHOW(round);
	SHOW(faults);
	SHOW(written);
	if (round < ROUNDS)
		return 1;
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
