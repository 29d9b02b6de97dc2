// MAP_GROWSDOWN, mmap(2): how far a mapping grows, what stops it, what keeps its distance from it.
#include "../test.h"
#include <setjmp.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGE 4096L
#define GAP 256
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static sigjmp_buf back;
static siginfo_t seen;

static void handle(int number, siginfo_t *info, void *context)
{
	(void)context;
	seen = *info;
	siglongjmp(back, number);
}

// Writes below `top`, page by page; says how many pages there were.
static void grow(const char *what, char *top, long pages)
{
	volatile long page = 0;
	int number = sigsetjmp(back, 1);

	if (number == 0) {
		for (page = 1; page <= pages; page++)
			*(volatile char *)(top - page * PAGE) = 1;
		say("%s: all %ld pages", what, pages);
		return;
	}
	say("%s: %ld pages, then %s %s, address %s", what, page - 1, signal_name(number),
	    seen.si_code == SEGV_MAPERR ? "SEGV_MAPERR" : seen.si_code == SEGV_ACCERR ? "SEGV_ACCERR" : "another code",
	    (char *)seen.si_addr == top - page * PAGE ? "exact" : "another");
}

static int is_mapped(char *at)
{
	unsigned char there;

	return mincore(at, PAGE, &there) == 0;
}

static char *map(char *at, long pages, int prot, int flags)
{
	return mmap(at, (size_t)(pages * PAGE), prot, ANON | flags, -1, 0);
}

// Free addresses with something at both ends.
static char *room(long pages)
{
	char *area = map(NULL, pages + 2, RW, 0);

	MUST(munmap(area + PAGE, (size_t)(pages * PAGE)));
	return area + PAGE;
}

static char *stack_at(char *at, int prot)
{
	char *stack = map(at, 1, prot, MAP_GROWSDOWN | MAP_FIXED);

	YES(stack == at);
	return stack;
}

static void hint(char *top, long pages_below)
{
	char *at = top - pages_below * PAGE, *got = map(at, 1, PROT_READ, 0);

	say("a hint %ld pages below: %s", pages_below, got == at ? "taken" : "not taken");
	munmap(got, PAGE);
}

static void placement(void)
{
	char *area = room(1000), *top = stack_at(area + 600 * PAGE, RW), *got;

	hint(top, 1);
	hint(top, GAP - 1);
	hint(top, GAP);
	hint(top, GAP + 1);
	got = map(top - (GAP + 3) * PAGE, 4, PROT_READ, 0);
	YES(got == top - (GAP + 3) * PAGE);
	munmap(got, 4 * PAGE);
	YES(map(top - 100 * PAGE, 1, RW, MAP_FIXED_NOREPLACE) == top - 100 * PAGE);
	// Below something that does not grow there is no distance to keep.
	hint(top - 100 * PAGE, 1);
	grow("towards what can be used", top, 999);
	MUST(mprotect(top - 100 * PAGE, PAGE, PROT_NONE));
	grow("towards what cannot", top, 999);
	MUST(munmap(top - 100 * PAGE, PAGE));
	hint(top - 99 * PAGE, GAP);
	hint(top - 99 * PAGE, GAP + 1);
	// Another that grows down does not stop it.
	area = room(1000);
	top = stack_at(area + 600 * PAGE, RW);
	stack_at(area + 500 * PAGE, RW);
	grow("towards another that grows", top, 99);
	MUST(munmap(area + 450 * PAGE, 151 * PAGE));
	YES(map(area + 599 * PAGE, 1, RW, 0) == area + 599 * PAGE);
}

static void use(void)
{
	char *area = room(400), *top = stack_at(area + 390 * PAGE, PROT_READ);
	int ends[2];

	// It grows, and then the access is refused.
	grow("read-only", top, 1);
	YES(is_mapped(top - PAGE));
	// The kernel's accesses make it grow as well.
	area = room(800);
	top = stack_at(area + 790 * PAGE, RW);
	MUST(pipe(ends));
	MUST(write(ends[1], "abc", 3));
	SHOW(read(ends[0], top - 3 * PAGE, 3));
	YES(is_mapped(top - 3 * PAGE));
	YES(is_mapped(top - 2 * PAGE));
	YES(is_mapped(top - 4 * PAGE));
	SHOW(mprotect(top - 2 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
	grow("after PROT_GROWSDOWN", top, 1);
	SHOW(mprotect(top - 2 * PAGE, 3 * PAGE, RW | PROT_GROWSDOWN));
	SHOW(mlock(top, PAGE));
	*(volatile char *)(top - 10 * PAGE) = 1;
	YES(is_mapped(top - 10 * PAGE));
	// What was grown is a mapping like any other.
	MUST(munmap(top - 8 * PAGE, 2 * PAGE));
	grow("with a hole", top, 12);
}

int main(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS };
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };

	for (int i = 0; i < COUNT(numbers); i++)
		MUST(sigaction(numbers[i], &action, NULL));
	grow("with room", stack_at(room(1000) + 999 * PAGE, RW), 700);
	grow("with room for less", stack_at(room(1000) + 999 * PAGE, RW), 999);
	placement();
	use();
	return 0;
}
