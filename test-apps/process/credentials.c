// getuid(2), geteuid(2), getgid(2), getegid(2), getresuid(2), getresgid(2), getgroups(2),
// setgroups(2), and root becoming somebody else for good: setuid(2), setgid(2), setresuid(2),
// setresgid(2).
#include "../test.h"
#include <grp.h>

static void show(void)
{
	uid_t real, effective, saved;
	gid_t real_group, effective_group, saved_group;

	MUST(getresuid(&real, &effective, &saved));
	MUST(getresgid(&real_group, &effective_group, &saved_group));
	say("%d %d %d, %d %d %d", (int)real, (int)effective, (int)saved, (int)real_group, (int)effective_group, (int)saved_group);
}

int main(void)
{
	gid_t groups[8] = { 0 }, wanted[3] = { 10, 20, 30 };

	SHOW(getuid());
	SHOW(geteuid());
	SHOW(getgid());
	SHOW(getegid());
	show();
	SHOW(SYS(getresuid, BAD, BAD, BAD));
	SHOW(setgroups(3, wanted));
	SHOW(getgroups(0, NULL));
	SHOW(getgroups(8, groups));
	say("%d %d %d", (int)groups[0], (int)groups[1], (int)groups[2]);
	SHOW(SYS(getgroups, 1, groups));
	SHOW(SYS(getgroups, -1, groups));
	SHOW(SYS(setgroups, 1, BAD));
	// What is no group counts before what cannot be read behind it.
	gid_t *page = (gid_t *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	MUST(mprotect(page + 1024, 4096, PROT_NONE));
	page[1023] = (gid_t)-1;
	SHOW(SYS(setgroups, 2, page + 1023));
	page[1023] = 7;
	SHOW(SYS(setgroups, 2, page + 1023));
	SHOW(SYS(setgroups, 1 << 20, groups));
	SHOW(setgroups(0, NULL));
	SHOW(getgroups(8, groups));
	SHOW(setresgid(5, 6, 7));
	show();
	SHOW(setgid(65534));
	show();
	SHOW(seteuid(1000));
	show();
	SHOW(SYS(setgroups, 0, NULL));
	SHOW(seteuid(0));
	show();
	SHOW(SYS(setuid, -1));
	SHOW(setuid(65534));
	show();
	SHOW(setuid(0));
	SHOW(setgid(0));
	SHOW(seteuid(0));
	SHOW(setuid(65534));
	SHOW(setreuid((uid_t)-1, 65534));
	SHOW(setresuid(0, (uid_t)-1, (uid_t)-1));
	SHOW(geteuid());
	return 0;
}
