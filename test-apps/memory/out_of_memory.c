// RLIMIT_AS: ENOMEM from mmap, brk, mremap; the program goes on.
#include "../test.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit limit;
	char *area = (char *)MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	MUST(getrlimit(RLIMIT_AS, &limit));
	limit.rlim_cur = 1 << 20;
	SHOW(setrlimit(RLIMIT_AS, &limit));
	SHOW(mmap(NULL, 16 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	SHOW(mremap(area, 4096, 16 << 20, MREMAP_MAYMOVE));
	char *end = (char *)SYS(brk, 0);
	YES((char *)SYS(brk, end + (16 << 20)) == end);
	limit.rlim_cur = limit.rlim_max;
	MUST(setrlimit(RLIMIT_AS, &limit));
	OK(mmap(NULL, 16 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	limit.rlim_cur = 0;
	MUST(getrlimit(RLIMIT_DATA, &limit));
	YES(limit.rlim_cur > 0);
	return 0;
}
