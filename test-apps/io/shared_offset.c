// Several threads read one descriptor: no byte twice, none lost.
#include "../test.h"

static int fd;

static void *take(void *unused)
{
	unsigned char block[100];
	long sum = 0;
	ssize_t got;

	(void)unused;
	while ((got = read(fd, block, sizeof block)) > 0)
		for (ssize_t i = 0; i < got; i++)
			sum += block[i];
	return (void *)sum;
}

int main(void)
{
	static unsigned char content[100000];
	pthread_t threads[5];
	long expected = 0, sum = 0;

	enter_directory();
	for (int i = 0; i < 100000; i++)
		expected += content[i] = (unsigned char)(i * 31 >> 3);
	fd = make_file("f", "");
	MUST(write(fd, content, sizeof content));
	MUST(lseek(fd, 0, SEEK_SET));
	for (int i = 0; i < 5; i++)
		threads[i] = spawn(take, NULL);
	for (int i = 0; i < 5; i++) {
		void *result;
		pthread_join(threads[i], &result);
		sum += (long)result;
	}
	YES(sum == expected);
	SHOW(sum);
	return 0;
}
