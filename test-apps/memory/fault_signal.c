// Faults: SIGSEGV with the code and address of every kind of bad access.
#include "../test.h"
#include <setjmp.h>

static sigjmp_buf back;
static siginfo_t seen;

static void remember(int number, siginfo_t *info, void *context)
{
	(void)context;
	seen = *info;
	siglongjmp(back, number);
}

static void touch(const char *what, volatile char *at, int store)
{
	memset(&seen, 0, sizeof seen);
	int number = sigsetjmp(back, 1);
	if (number == 0) {
		if (store)
			*at = 1;
		else
			(void)*at;
		say("%s: no fault", what);
		return;
	}
	say("%s: %s, %s, address %s", what, signal_name(number),
	    seen.si_code == SEGV_MAPERR ? "SEGV_MAPERR" : seen.si_code == SEGV_ACCERR ? "SEGV_ACCERR" : "other",
	    seen.si_addr == at ? "exact" : seen.si_addr == NULL ? "null" : "wrong");
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = remember, .sa_flags = SA_SIGINFO };
	char *area = (char *)MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	MUST(sigaction(SIGSEGV, &action, NULL));
	MUST(mprotect(area + 4096, 4096, PROT_READ));
	MUST(mprotect(area + 2 * 4096, 4096, PROT_NONE));
	MUST(munmap(area + 3 * 4096, 4096));
	touch("read of page 0", (char *)16, 0);
	touch("write of page 0", NULL, 1);
	touch("write of a writable page", area, 1);
	touch("read of a read-only page", area + 4096, 0);
	touch("write of a read-only page", area + 4096 + 123, 1);
	touch("read of a PROT_NONE page", area + 2 * 4096 + 5, 0);
	touch("write of a PROT_NONE page", area + 2 * 4096 + 6, 1);
	touch("read of an unmapped page", area + 3 * 4096 + 7, 0);
	touch("non-canonical address", (char *)0x8000000000001234, 0);
	touch("last page of user space", (char *)0x7ffffffff010, 0);
	return 0;
}
