// chroot(2), mount(2), umount(2), pivot_root(2): nobody without the privilege changes the tree.
#include "../test.h"

int main(void)
{
	enter_directory();
	MUST(mkdir("d", 0755));
	MUST(chmod(".", 0777));
	MUST(setresuid(65534, 65534, 0));
	SHOW(SYS(chroot, "d"));
	SHOW(SYS(mount, "none", "d", "tmpfs", 0L, NULL));
	SHOW(SYS(mount, "/proc", "d", NULL, 0x1000L, NULL));
	SHOW(SYS(umount2, "/proc", 0));
	SHOW(SYS(umount2, "/proc", 2));
	SHOW(SYS(pivot_root, "d", "d"));
	MUST(setresuid(0, 0, 0));
	return 0;
}
