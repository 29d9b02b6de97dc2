// setregid(2), setreuid(2): pairs of ids, what is kept, what is refused without privilege;
// setfsuid(2), setfsgid(2): the ids for files follow and answer what they were.
#include "../test.h"
#include <sys/fsuid.h>

static void show(void)
{
	uid_t user[3];
	gid_t group[3];

	MUST(getresuid(&user[0], &user[1], &user[2]));
	MUST(getresgid(&group[0], &group[1], &group[2]));
	// An id that nobody can have changes nothing and answers the present one.
	say("  users %d %d %d %ld, groups %d %d %d %ld", (int)user[0], (int)user[1], (int)user[2],
	    SYS(setfsuid, -1), (int)group[0], (int)group[1], (int)group[2], SYS(setfsgid, -1));
}

static void pair(long real, long effective)
{
	long result = SYS(setregid, real, effective);

	say("setregid(%ld, %ld) = %ld %s", real, effective, result, result ? errno_name(errno) : "");
	show();
}

static void user_pair(long real, long effective)
{
	long result = SYS(setreuid, real, effective);

	say("setreuid(%ld, %ld) = %ld %s", real, effective, result, result ? errno_name(errno) : "");
	show();
}

int main(void)
{
	show();
	// With privilege. The saved id follows where the real one is set, or the effective one is
	// set to what is not the real one.
	pair(-1, -1);
	pair(-1, 5);
	pair(7, -1);
	pair(-1, 7);
	pair(8, 9);
	pair(-1, 8);
	pair(0, 0);

	// The ids for files alone.
	SHOW(SYS(setfsgid, 50));
	SHOW(SYS(setfsgid, 51));
	show();
	SHOW(SYS(setfsuid, 60));
	show();
	SHOW(SYS(setfsuid, 0));
	SHOW(SYS(setfsgid, 0x80000000u));
	SHOW(SYS(setfsgid, 0));
	// They follow the effective ones.
	MUST(setfsuid(60));
	MUST(setegid(4));
	MUST(seteuid(0));
	show();
	MUST(setegid(0));

	// Without privilege: among the ids that it has.
	MUST(setresgid(11, 12, 13));
	MUST(setresuid(21, 22, 23));
	show();
	pair(-1, 14);
	pair(13, -1);
	pair(14, -1);
	pair(-1, 13);
	pair(-1, 11);
	pair(12, 11);
	pair(11, 12);
	pair(12, 11);
	SHOW(SYS(setfsgid, 13));
	show();
	SHOW(SYS(setfsgid, 11));
	SHOW(SYS(setfsgid, 99));
	show();
	SHOW(SYS(setfsuid, 21));
	SHOW(SYS(setfsuid, 22));
	SHOW(SYS(setfsuid, 23));
	SHOW(SYS(setfsuid, 0));
	show();
	user_pair(-1, 24);
	user_pair(23, -1);
	user_pair(-1, 23);
	user_pair(22, -1);
	user_pair(23, 21);
	user_pair(0, -1);
	return 0;
}
