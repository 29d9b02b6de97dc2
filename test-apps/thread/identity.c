// gettid(2), set_tid_address(2), set_robust_list(2), get_robust_list(2).
#include "../test.h"

struct robust { void *next; long offset; void *pending; };

static void *in_thread(void *argument)
{
	YES(thread_id() != *(pid_t *)argument);
	YES(getpid() == *(pid_t *)argument);
	return NULL;
}

int main(void)
{
	static int word;
	static struct robust head = { &head, 0, NULL };
	pid_t pid = getpid();
	struct robust *old = NULL;
	size_t size = 0;

	YES(thread_id() == pid);
	YES(SYS(set_tid_address, &word) == pid);
	pthread_join(spawn(in_thread, &pid), NULL);
	SHOW(SYS(set_robust_list, &head, 24));
	SHOW(SYS(set_robust_list, &head, 16));
	SHOW(SYS(get_robust_list, 0, &old, &size));
	YES(old == &head);
	SHOW(size);
	SHOW(SYS(get_robust_list, 0, BAD, &size));
	SHOW(SYS(get_robust_list, 0x3fffffff, &old, &size));
	return 0;
}
