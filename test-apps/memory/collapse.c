// madvise(2): MADV_COLLAPSE makes huge pages of what is there, and loses nothing of it.
#include "maps.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGE 4096L
#define HUGE (2L << 20)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

// Huge pages of the mapping at `start`, in KiB.
static long huge(char *start)
{
	char head[40];

	snprintf(head, sizeof head, "%08lx-", (unsigned long)start);
	char *at = strstr(read_text("/proc/self/smaps"), head);
	at = at ? strstr(at, "AnonHugePages:") : NULL;
	return at ? strtol(at + 14, NULL, 10) : -1;
}

// `count` huge pages at an address for them, with something else at both ends, in small pages.
static char *area(long count)
{
	char *at = (char *)MUST(mmap(NULL, (size_t)((count + 2) * HUGE), PROT_NONE, ANON | MAP_NORESERVE, -1, 0));

	at = (char *)(((uintptr_t)at + HUGE) & ~(uintptr_t)(HUGE - 1));
	MUST(mprotect(at, (size_t)(count * HUGE), RW));
	MUST(madvise(at, (size_t)(count * HUGE), MADV_NOHUGEPAGE));
	return at;
}

static void fill(char *at, long bytes, long step)
{
	for (long i = 0; i < bytes; i += step)
		at[i] = (char)(1 + i / PAGE % 100);
}

static uint32_t sum(char *at, long bytes)
{
	return checksum(CHECKSUM_START, at, (size_t)bytes);
}

static atomic_int stop;

static void *count_up(void *argument)
{
	volatile uint32_t *at = argument;

	while (!stop)
		(*at)++;
	return NULL;
}

int main(void)
{
	char *at = area(4);

	fill(at, HUGE, PAGE);
	fill(at + HUGE, HUGE, 7 * PAGE);
	// The third is only read, the fourth is not touched.
	for (long i = 0; i < HUGE; i += PAGE)
		(void)*(volatile char *)(at + 2 * HUGE + i);
	uint32_t before = sum(at, 2 * HUGE);
	SHOW(madvise(at, HUGE, MADV_COLLAPSE));
	MUST(madvise(at, 4 * HUGE, MADV_HUGEPAGE));
	SHOW(madvise(at, HUGE, MADV_COLLAPSE));
	SHOW(huge(at));
	SHOW(madvise(at, 2 * HUGE, MADV_COLLAPSE));
	SHOW(huge(at));
	SHOW(madvise(at, HUGE, MADV_COLLAPSE));
	YES(sum(at, 2 * HUGE) == before);
	at[5] = 77;
	SHOW(at[5]);

	// Parts of a huge page, and none.
	at = area(2);
	MUST(madvise(at, 2 * HUGE, MADV_HUGEPAGE));
	MUST(madvise(at, 2 * HUGE, MADV_NOHUGEPAGE));
	fill(at, 2 * HUGE, PAGE);
	MUST(madvise(at, 2 * HUGE, MADV_HUGEPAGE));
	SHOW(madvise(at + PAGE, HUGE, MADV_COLLAPSE));
	SHOW(madvise(at + PAGE, HUGE - PAGE, MADV_COLLAPSE));
	SHOW(huge(at));
	SHOW(madvise(at + PAGE, 2 * HUGE - PAGE, MADV_COLLAPSE));
	SHOW(huge(at));
	// Split again, and again made one.
	before = sum(at, 2 * HUGE);
	MUST(mprotect(at + HUGE + 3 * PAGE, PAGE, PROT_READ));
	MUST(mprotect(at + HUGE + 3 * PAGE, PAGE, RW));
	MUST(madvise(at + HUGE + 9 * PAGE, PAGE, MADV_DONTNEED));
	SHOW(at[HUGE + 9 * PAGE]);
	at[HUGE + 9 * PAGE] = (char)(1 + (HUGE + 9 * PAGE) / PAGE % 100);
	SHOW(madvise(at, 2 * HUGE, MADV_COLLAPSE));
	SHOW(huge(at));
	YES(sum(at, 2 * HUGE) == before);

	// While another writes.
	uint32_t *word = (uint32_t *)(at + HUGE + 40);
	uint32_t last = *word;
	pthread_t thread = spawn(count_up, word);
	for (int i = 0; i < 20; i++) {
		MUST(mprotect(at + HUGE + 5 * PAGE, PAGE, PROT_READ));
		MUST(mprotect(at + HUGE + 5 * PAGE, PAGE, RW));
		MUST(madvise(at, 2 * HUGE, MADV_COLLAPSE));
	}
	YES(WAIT_FOR(*(volatile uint32_t *)word != last));
	stop = 1;
	pthread_join(thread, NULL);
	SHOW(huge(at));

	// What cannot be.
	SHOW(madvise(at, HUGE, MADV_NOHUGEPAGE));
	SHOW(madvise(at, HUGE, MADV_COLLAPSE));
	at = area(1);
	MUST(madvise(at, HUGE, MADV_HUGEPAGE));
	SHOW(madvise(at, HUGE, MADV_COLLAPSE));
	at = (char *)MUST(mmap(NULL, 10 * PAGE, RW, ANON, -1, 0));
	SHOW(madvise(at, 10 * PAGE, MADV_COLLAPSE));
	MUST(munmap(at, 10 * PAGE));
	SHOW(madvise(at, PAGE, MADV_COLLAPSE));
	return 0;
}
