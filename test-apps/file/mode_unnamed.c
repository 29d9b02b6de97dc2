// fchmod(2), fchown(2) of pipes and sockets; fchmod(2) of a socket decides the mode of its name.
#include "../test.h"
#include <sys/socket.h>
#include <sys/un.h>

static void show(int fd)
{
	struct stat status;

	MUST(fstat(fd, &status));
	say("  %o, %d %d", status.st_mode, (int)status.st_uid, (int)status.st_gid);
}

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "named" };
	struct stat status;
	int ends[2];

	enter_directory();
	MUST(pipe(ends));
	show(ends[0]);
	SHOW(fchmod(ends[0], 0612));
	show(ends[0]);
	SHOW(fchown(ends[0], 5, (gid_t)-1));
	SHOW(fchown(ends[0], (uid_t)-1, 6));
	show(ends[0]);
	show(dup(ends[0]));

	int fd = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	show(fd);
	SHOW(fchmod(fd, 0640));
	SHOW(fchown(fd, 7, 8));
	show(fd);
	umask(0);
	SHOW(bind(fd, (struct sockaddr *)&address, sizeof address));
	MUST(stat("named", &status));
	say("  %o", status.st_mode);
	show(fd);
	SHOW(fchmod(fd, 0600));
	MUST(stat("named", &status));
	say("  %o", status.st_mode);
	return 0;
}
