// Detached threads: a thousand come and go, their stacks are used again.
#include "../test.h"

static atomic_int done;

static void *pass(void *unused)
{
	(void)unused;
	char local[1000];
	memset(local, 1, sizeof local);
	atomic_fetch_add(&done, local[999]);
	return NULL;
}

int main(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int refused = 0;

	pthread_attr_init(&attributes);
	RETURNS(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED));
	RETURNS(pthread_attr_setstacksize(&attributes, 65536));
	for (int i = 0; i < 1000; i++) {
		refused += pthread_create(&thread, &attributes, pass, NULL) != 0;
		if (i % 50 == 49)
			WAIT_FOR(done >= i - 20);
	}
	YES(WAIT_FOR(atomic_load(&done) == 1000));
	SHOW(refused);
	thread = spawn(pass, NULL);
	RETURNS(pthread_detach(thread));
	YES(WAIT_FOR(atomic_load(&done) == 1001));
	return 0;
}
