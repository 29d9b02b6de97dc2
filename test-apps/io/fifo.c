// mknod(2) of a FIFO: opening waits for the other side; O_NONBLOCK, ENXIO.
#include "../test.h"

static void *open_writer(void *unused)
{
	(void)unused;
	sleep_ms(20);
	int fd = (int)MUST(open("fifo", O_WRONLY));
	MUST(write(fd, "through", 7));
	close(fd);
	return NULL;
}

int main(void)
{
	struct stat status;
	char text[16] = "";

	enter_directory();
	SHOW(mkfifo("fifo", 0640));
	SHOW(mkfifo("fifo", 0640));
	MUST(stat("fifo", &status));
	SHOW(S_ISFIFO(status.st_mode));
	SHOW(status.st_mode & 0777);
	SHOW(open("fifo", O_WRONLY | O_NONBLOCK));
	pthread_t thread = spawn(open_writer, NULL);
	int fd;
	OK(fd = open("fifo", O_RDONLY));
	SHOW(read(fd, text, 15));
	say("%s", text);
	SHOW(read(fd, text, 15));
	pthread_join(thread, NULL);
	close(fd);
	OK(fd = open("fifo", O_RDONLY | O_NONBLOCK));
	SHOW(read(fd, text, 15));
	int writer;
	OK(writer = open("fifo", O_WRONLY | O_NONBLOCK));
	SHOW(read(fd, text, 15));
	SHOW(write(writer, "abc", 3));
	SHOW(read(fd, text, 15));
	close(fd);
	close(writer);
	OK(fd = open("fifo", O_RDWR));
	SHOW(write(fd, "own", 3));
	SHOW(read(fd, text, 15));
	SHOW(unlink("fifo"));
	return 0;
}
