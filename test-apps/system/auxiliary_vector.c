// getauxval(3): what the kernel tells a program at its start.
#include "../test.h"
#include <elf.h>
#include <sys/auxv.h>

int main(void)
{
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	const char *name = (const char *)getauxval(AT_EXECFN);
	const char *platform = (const char *)getauxval(AT_PLATFORM);
	int zeroes = 0;

	SHOW(getauxval(AT_PAGESZ));
	SHOW(getauxval(AT_CLKTCK));
	SHOW(getauxval(AT_UID));
	SHOW(getauxval(AT_EUID));
	SHOW(getauxval(AT_GID));
	SHOW(getauxval(AT_EGID));
	SHOW(getauxval(AT_SECURE));
	SHOW(getauxval(AT_PHENT));
	SHOW(getauxval(AT_FLAGS));
	YES(getauxval(AT_PHDR) != 0);
	YES(getauxval(AT_PHNUM) >= 2);
	YES(getauxval(AT_ENTRY) != 0);
	YES(getauxval(AT_HWCAP) != 0);
	YES(getauxval(AT_SYSINFO_EHDR) % 4096 == 0);
	YES(random != NULL);
	for (int i = 0; random && i < 16; i++)
		zeroes += random[i] == 0;
	YES(zeroes < 8);
	YES(name != NULL && name[0] == '/');
	YES(platform != NULL && strcmp(platform, "x86_64") == 0);
	const Elf64_Phdr *header = (const Elf64_Phdr *)getauxval(AT_PHDR);
	int loads = 0;
	for (unsigned long i = 0; header && i < getauxval(AT_PHNUM); i++)
		loads += header[i].p_type == PT_LOAD;
	YES(loads >= 2);
	errno = 0;
	SHOW(getauxval(999999));
	return 0;
}
