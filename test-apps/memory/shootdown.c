// mprotect(2), munmap(2) and MADV_DONTNEED hold for all threads once they return: no thread uses what was there before.
#include "../test.h"
#include <setjmp.h>
#include <sys/mman.h>

enum { THREADS = 3, ROUNDS = 60 };

static long *page;
static atomic_int forbidden, stop, faults, running;
static atomic_long violations;
static __thread sigjmp_buf back;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

// Counts in its own word of the page.
static void *write_on(void *argument)
{
	volatile long *word = page + (long)argument * 8;

	atomic_fetch_add(&running, 1);
	while (!stop) {
		if (sigsetjmp(back, 1)) {
			atomic_fetch_add(&faults, 1);
			while (forbidden && !stop)
				sched_yield();
			continue;
		}
		*word += 1;
	}
	return NULL;
}

static void forbid_and_permit(void)
{
	MUST(mprotect(page, 4096, PROT_READ));
	atomic_store(&forbidden, 1);
	long sums[2] = { 0, 0 };
	// No thread writes any more.
	for (int look = 0; look < 2; look++) {
		for (int i = 0; i < THREADS; i++)
			sums[look] += page[i * 8];
		sched_yield();
	}
	if (sums[0] != sums[1])
		atomic_fetch_add(&violations, 1);
	MUST(mprotect(page, 4096, PROT_READ | PROT_WRITE));
	atomic_store(&forbidden, 0);
}

int main(void)
{
	pthread_t threads[THREADS];
	struct sigaction action = { .sa_handler = on_fault };

	MUST(sigaction(SIGSEGV, &action, NULL));
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long i = 0; i < THREADS; i++)
		threads[i] = spawn(write_on, (void *)i);
	WAIT_FOR(running == THREADS);
	for (int round = 0; round < ROUNDS; round++) {
		forbid_and_permit();
		sched_yield();
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	SHOW(violations);
	return 0;
}
