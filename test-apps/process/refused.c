// Calls that nobody may use on what is not there, or that have no use here: ptrace(2), reboot(2),
// syslog(2), pkey_mprotect(2), remap_file_pages(2), restart_syscall(2) and their errors.
#include "../test.h"
#include <sys/ptrace.h>

int main(void)
{
	// Tracing: of oneself, of nobody, of what is not traced.
	SHOW(SYS(ptrace, PTRACE_ATTACH, getpid(), 0L, 0L));
	SHOW(SYS(ptrace, PTRACE_SEIZE, getpid(), 0L, 0L));
	SHOW(SYS(ptrace, PTRACE_ATTACH, thread_id(), 0L, 0L));
	SHOW(SYS(ptrace, PTRACE_ATTACH, 0x3ffffff, 0L, 0L));
	SHOW(SYS(ptrace, PTRACE_PEEKDATA, getpid(), 0L, 0L));
	SHOW(SYS(ptrace, PTRACE_CONT, getpid(), 0L, 0L));
	SHOW(SYS(ptrace, PTRACE_PEEKDATA, 0x3ffffff, 0L, 0L));
	SHOW(SYS(ptrace, 9999, getpid(), 0L, 0L));
	SHOW(SYS(ptrace, 9999, -1, 0L, 0L));

	// The machine.
	SHOW(SYS(reboot, 1, 2, 0, 0L));
	SHOW(SYS(reboot, 0xfee1dead, 2, 0, 0L));
	SHOW(SYS(reboot, 1, 672274793, 0, 0L));
	SHOW(SYS(syslog, 11, NULL, 0));
	SHOW(SYS(syslog, -1, NULL, 0));
	SHOW(SYS(syslog, 3, NULL, 10));
	SHOW(SYS(syslog, 3, KERNEL, -1));

	// Keys of memory.
	char *area = (char *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	SHOW(SYS(pkey_alloc, 1L, 0L));
	SHOW(SYS(pkey_alloc, 0L, 4L));
	SHOW(SYS(pkey_free, 15));
	SHOW(SYS(pkey_free, -1));
	SHOW(SYS(pkey_free, 99));
	SHOW(SYS(pkey_mprotect, area, 4096L, PROT_READ, -1));
	SHOW(SYS(pkey_mprotect, area, 4096L, PROT_READ, 15));
	SHOW(SYS(pkey_mprotect, area, 4096L, PROT_READ, 99));
	SHOW(SYS(pkey_mprotect, area + 1, 4096L, PROT_READ, -1));
	SHOW(SYS(pkey_mprotect, area, 4096L, 0x100, -1));
	MUST(mprotect(area, 4096, PROT_READ | PROT_WRITE));

	// An old way to map parts of a file out of order.
	SHOW(SYS(remap_file_pages, area, 4096L, 0, 1L, 0));
	SHOW(SYS(remap_file_pages, area, 4096L, 1, 0L, 0));
	SHOW(SYS(remap_file_pages, area, 0L, 0, 0L, 0));
	SHOW(SYS(remap_file_pages, KERNEL, 4096L, 0, 0L, 0));
	char *shared = (char *)MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	for (int i = 0; i < 4; i++)
		shared[i * 4096] = (char)(i + 1);
	SHOW(SYS(remap_file_pages, shared, 4096L, 0, 2L, 0));
	say("%d %d %d", shared[0], shared[4096], shared[2 * 4096]);
	SHOW(SYS(remap_file_pages, shared + 4096, 2 * 4096L, 0, 2L, 0));
	say("%d %d %d", shared[4096], shared[2 * 4096], shared[3 * 4096]);
	SHOW(SYS(remap_file_pages, shared, 4096L, 1, 0L, 0));
	SHOW(SYS(remap_file_pages, shared, 8 * 4096L, 0, 0L, 0));
	SHOW(SYS(remap_file_pages, shared, 4096L, 0, -1L, 0));

	// Nothing to restart.
	SHOW(SYS0(restart_syscall));
	return 0;
}
