// /dev/null, zero, full, random and urandom.
#include "../test.h"

static void look(const char *path)
{
	char buffer[64];
	struct stat status;
	int zeroes = 0;
	int fd = open(path, O_RDWR);

	if (fd == -1) {
		say("%s: %s", path, errno_name(errno));
		return;
	}
	say("%s", path);
	MUST(fstat(fd, &status));
	SHOW(S_ISCHR(status.st_mode));
	SHOW(status.st_rdev);
	SHOW(status.st_mode & 0777);
	memset(buffer, 'x', sizeof buffer);
	ssize_t got = read(fd, buffer, sizeof buffer);
	SHOW(got);
	for (int i = 0; i < 64; i++)
		zeroes += buffer[i] == 0;
	YES(zeroes == 64);
	YES(buffer[0] == 'x' && buffer[63] == 'x');
	SHOW(write(fd, "some", 4));
	SHOW(write(fd, "", 0));
	SHOW(lseek(fd, 100, SEEK_SET));
	SHOW(pread(fd, buffer, 0, 0));
	SHOW(SYS(read, fd, BAD, 8));
	SHOW(ftruncate(fd, 0));
	SHOW(close(fd));
}

int main(void)
{
	look("/dev/null");
	look("/dev/zero");
	look("/dev/full");
	look("/dev/random");
	look("/dev/urandom");
	look("/dev/none-such");
	int fd = (int)MUST(open("/dev/zero", O_RDWR));
	char *page = (char *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	SHOW(page[5000]);
	page[5000] = 1;
	SHOW(page[5000]);
	fd = (int)MUST(open("/dev/null", O_RDWR | O_CREAT | O_TRUNC, 0644));
	SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	return 0;
}
