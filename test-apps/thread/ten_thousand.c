// suite: static dynamic alone
// Ten thousand threads at once, pthread_create(3), clone(2): all sleep, all go on, all are joined.
#include "../test.h"
#include "futex.h"

#define THREADS 10000

static atomic_int here;
static uint32_t gate = 1;
static __thread long own;

static void *body(void *argument)
{
	own = (long)argument;
	here++;
	while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST))
		FUTEX(&gate, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
	return (void *)(own + 1);
}

static int threads_by_status(void)
{
	char text[4096] = "";
	int fd = (int)MUST(open("/proc/self/status", O_RDONLY)), count = -1;

	MUST(read(fd, text, sizeof text - 1));
	close(fd);
	char *line = strstr(text, "\nThreads:");
	if (line != NULL)
		sscanf(line, "\nThreads: %d", &count);
	return count;
}

int main(void)
{
	static pthread_t threads[THREADS];
	pthread_attr_t attributes;
	int made = 0, error = 0;
	long sum = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	while (made < THREADS && error == 0) {
		error = pthread_create(&threads[made], &attributes, body, (void *)(long)made);
		made += error == 0;
	}
	SHOW(made);
	RETURNS(error);
	YES(WAIT_FOR(here == made));
	SHOW(threads_by_status());
	__atomic_store_n(&gate, 0, __ATOMIC_SEQ_CST);
	FUTEX(&gate, FUTEX_WAKE_PRIVATE, THREADS, NULL, NULL, 0);
	for (int i = 0; i < made; i++) {
		void *result;
		pthread_join(threads[i], &result);
		sum += (long)result;
	}
	SHOW(sum);
	WAIT_FOR(threads_by_status() == 1);
	SHOW(threads_by_status());
	return 0;
}
