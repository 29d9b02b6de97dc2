// A garbage collector's heap: a reservation, regions that threads commit, fill, protect, discard and
// give back, with mmap(2), mprotect(2) and madvise(2). Regions are large and wanted in huge pages,
// what is done to them is not, so huge pages are split; each word tells where it belongs.
#include "../test.h"

#define REGION (4UL << 20)
#define REGIONS 8
#define THREADS 4
#define ROUNDS 60
#define RW (PROT_READ | PROT_WRITE)
#define RESERVE (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static char *heap;
static _Atomic long wrong;

static uint64_t word(const char *at, int round)
{
	return (uint64_t)(at - heap) * 31 + (uint64_t)round;
}

static void fill(char *from, char *to, int round)
{
	for (; from < to; from += 512)
		*(uint64_t *)(void *)from = word(from, round);
}

static void check(char *from, char *to, int round)
{
	for (; from < to; from += 512)
		wrong += *(uint64_t *)(void *)from != (round < 0 ? 0 : word(from, round));
}

static void one_round(char *region, unsigned draw, int round)
{
	char *end = region + REGION;
	// Anywhere inside of a huge page.
	char *hole = region + (draw % 880 + 50) * 4096;
	char *hole_end = hole + (draw / 880 % 60 + 1) * 4096;

	// Commit, as by mmap or by mprotect.
	if (draw & 1)
		MUST(mprotect(region, REGION, RW));
	else
		MUST(mmap(region, REGION, RW, RESERVE | MAP_FIXED, -1, 0));
	MUST(madvise(region, REGION, draw & 2 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE));
	fill(region, end, round);
	// A guard amid it, and away again.
	MUST(mprotect(hole, (size_t)(hole_end - hole), draw & 4 ? PROT_READ : PROT_NONE));
	check(region, hole, round);
	check(hole_end, end, round);
	MUST(mprotect(hole, (size_t)(hole_end - hole), RW));
	check(hole, hole_end, round);
	// A part is discarded.
	MUST(madvise(hole, (size_t)(hole_end - hole), MADV_DONTNEED));
	check(region, hole, round);
	check(hole, hole_end, -1);
	check(hole_end, end, round);
	// A part moves to another place, with its frames.
	char *moved = (char *)MUST(mremap(hole_end, 16 * 4096, 16 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED,
					  region + 4096));
	for (char *at = moved; at < moved + 16 * 4096; at += 512)
		wrong += *(uint64_t *)(void *)at != word(hole_end + (at - moved), round);
	MUST(mmap(hole_end, 16 * 4096, RW, RESERVE | MAP_FIXED, -1, 0));
	check(hole_end, hole_end + 16 * 4096, -1);
	check(hole_end + 16 * 4096, end, round);
	// All of it is given back.
	MUST(mmap(region, REGION, PROT_NONE, RESERVE | MAP_FIXED, -1, 0));
}

static void *work(void *argument)
{
	long self = (long)argument;
	uint64_t state = 88172645463325252u + (uint64_t)self;

	for (int round = 0; round < ROUNDS; round++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		// Each thread has regions of its own, side by side with those of others.
		long region = self + (long)(state >> 60) % (REGIONS / THREADS) * THREADS;
		one_round(heap + (size_t)region * REGION, (unsigned)(state >> 20) & 0xffffff, round);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	heap = (char *)MUST(mmap(NULL, 1UL << 36, PROT_NONE, RESERVE, -1, 0));
	heap += REGION - (uintptr_t)heap % REGION;
	for (long i = 0; i < THREADS; i++)
		threads[i] = spawn(work, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	SHOW(wrong);
	return 0;
}
