// Eight megabytes each way at once over loopback: every byte, in order.
#include "net.h"

#define TOTAL (8 << 20)

static int both[2];

static void *send_all(void *argument)
{
	static _Thread_local unsigned char block[65536];
	int fd = both[(long)argument];
	unsigned seed = (unsigned)(long)argument + 1;

	for (int sent = 0; sent < TOTAL;) {
		for (int i = 0; i < 65536; i++)
			block[i] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
		for (int at = 0; at < 65536;) {
			int piece = 65536 - at < 30011 ? 65536 - at : 30011;
			at += (int)MUST(write(fd, block + at, (size_t)piece));
		}
		sent += 65536;
	}
	MUST(shutdown(fd, SHUT_WR));
	return NULL;
}

static void *receive_all(void *argument)
{
	static _Thread_local unsigned char block[50021];
	int fd = both[1 - (long)argument];
	unsigned seed = (unsigned)(long)argument + 1;
	long total = 0, wrong = 0;
	ssize_t got;

	while ((got = read(fd, block, sizeof block)) > 0) {
		for (ssize_t i = 0; i < got; i++)
			wrong += block[i] != (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
		total += got;
	}
	say("stream %ld: %ld bytes, %ld wrong", (long)argument, total, wrong);
	return NULL;
}

int main(void)
{
	pthread_t threads[3];

	tcp_pair(both);
	threads[0] = spawn(send_all, (void *)0L);
	threads[1] = spawn(send_all, (void *)1L);
	threads[2] = spawn(receive_all, (void *)0L);
	pthread_join(threads[2], NULL);
	receive_all((void *)1L);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return 0;
}
