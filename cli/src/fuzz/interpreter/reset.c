// The state in which a batch begins, and the way back to it.
//
// On Linux a batch has a process of its own; where there is only one, this undoes what a batch
// can have changed of it. What cannot be undone no plan does.
#include "interpreter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OPEN_FILES 64
#define DEEPEST 64

static void map(unsigned long address, unsigned long length, int protection)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	if (mmap((void *)address, length, protection, flags, -1, 0) == MAP_FAILED)
		give_up("the arena cannot be mapped");
}

void map_arena(void)
{
	// What a signal's handler and restorer are: ret; mov $15, %eax; syscall.
	static const unsigned char code[] = { 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
					      0xb8, 15, 0, 0, 0, 0x0f, 0x05 };

	munmap((void *)ARENA, CODE + PAGE - ARENA);
	map(DATA, DATA_SIZE, PROT_READ | PROT_WRITE);
	map(READ_ONLY, PAGE, PROT_READ);
	map(NO_ACCESS, PAGE, PROT_NONE);
	map(TRASH, TRASH_SIZE, PROT_READ | PROT_WRITE);
	map(ZONE, ZONE_SIZE, PROT_READ | PROT_WRITE);
	map(ALT_STACK, ALT_STACK_SIZE, PROT_READ | PROT_WRITE);
	map(CODE, PAGE, PROT_READ | PROT_WRITE);
	memcpy((void *)CODE, code, sizeof code);
	if (mprotect((void *)CODE, PAGE, PROT_READ | PROT_EXEC) == -1)
		give_up("the arena cannot be made executable");
}

// Unmaps what the calls of a batch have mapped outside the arena.
static void unmap_results(const struct batch *batch)
{
	for (unsigned i = 0; i < batch->call_count; i++) {
		const struct call *call = &batch->calls[i];
		unsigned long at = (unsigned long)call->result, length = 0;
		if (call->number == SYS_mmap)
			length = call->arguments[1].value;
		else if (call->number == SYS_mremap)
			length = call->arguments[2].value;
		if (length == 0 || !call->is_done || call->result < 0)
			continue;
		if (at < ARENA || at >= CODE + PAGE)
			munmap((void *)at, length);
	}
}

static int is_fault(int number)
{
	return number == SIGILL || number == SIGTRAP || number == SIGBUS || number == SIGFPE ||
	       number == SIGSEGV || number == SIGSYS;
}

static void reset_signals(void)
{
	sigset_t all;
	struct timespec none = { 0, 0 };
	struct {
		unsigned long handler, flags, restorer, mask;
	} action = { CODE, 0x04000000 /* SA_RESTORER */, RESTORER, 0 };

	// The main thread takes no signals, so those sent to the process last stay; drop them.
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int number = 1; number <= 64; number++)
		// A fault that is handled by returning would come again for ever.
		if (!is_fault(number))
			raw(SYS_rt_sigaction, (unsigned long)number, (unsigned long)&action, 0, 8, 0, 0);
	while (raw(SYS_rt_sigtimedwait, (unsigned long)&(uint64_t){ ~0ul }, 0, (unsigned long)&none, 8, 0, 0) > 0)
		;
}

// What a batch finds is the same everywhere.
static void reset_limits(void)
{
	static const struct { int resource; struct rlimit limit; } limits[] = {
		{ RLIMIT_NOFILE, { OPEN_FILES, 1024 } },
		{ RLIMIT_FSIZE, { 64 << 20, 64 << 20 } },
		{ RLIMIT_CORE, { 0, 0 } },
		{ RLIMIT_MEMLOCK, { 8 << 20, 8 << 20 } },
		{ RLIMIT_SIGPENDING, { 128, 128 } },
	};

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		setrlimit(limits[i].resource, &limits[i].limit);
}

// Takes away what a batch has said of devices, which it shares with the next.
static void reset_devices(void)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full" };
	static const char *const names[] = { "security.x", "trusted.x" };

	for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
		chmod(devices[i], 0666);
		chown(devices[i], 0, 0);
		for (size_t j = 0; j < sizeof names / sizeof names[0]; j++)
			removexattr(devices[i], names[j]);
	}
}

void reset_process(const struct batch *batch)
{
	static unsigned long brk;
	const struct { uint64_t interval[2], value[2]; } no_timer = { { 0, 0 }, { 0, 0 } };

	reset_limits();
	raw(SYS_setresuid, 0, 0, 0, 0, 0, 0);
	raw(SYS_setresgid, 0, 0, 0, 0, 0, 0);
	raw(SYS_setfsuid, 0, 0, 0, 0, 0, 0);
	raw(SYS_setfsgid, 0, 0, 0, 0, 0, 0);
	raw(SYS_setgroups, 0, 0, 0, 0, 0, 0);
	for (unsigned long timer = 0; timer < 256; timer++)
		raw(SYS_timer_delete, timer, 0, 0, 0, 0, 0);
	for (unsigned long which = 0; which < 3; which++)
		raw(SYS_setitimer, which, (unsigned long)&no_timer, 0, 0, 0, 0);
	raw(SYS_close_range, 0, ~0u, 0, 0, 0, 0);
	if (open("/dev/null", O_RDWR) != 0 || dup(0) != 1 || dup(0) != 2)
		give_up("/dev/null cannot be opened");
	reset_devices();
	raw(SYS_munlockall, 0, 0, 0, 0, 0, 0);
	if (batch != NULL)
		unmap_results(batch);
	map_arena();
	if (brk == 0)
		brk = (unsigned long)raw(SYS_brk, 0, 0, 0, 0, 0, 0);
	raw(SYS_brk, brk, 0, 0, 0, 0, 0);
	raw(SYS_set_mempolicy, 0, 0, 0, 0, 0, 0);
	raw(SYS_personality, 0, 0, 0, 0, 0, 0);
	raw(SYS_umask, 022, 0, 0, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	reset_signals();
}

// Removes what is in the folder `at`, however deep. Nothing here allocates memory, for a batch
// may change where the heap ends.
static void empty(int at, int depth)
{
	static char entries[DEEPEST][1024];
	long length;
	int removed;

	do {
		removed = 0;
		lseek(at, 0, SEEK_SET);
		length = raw(SYS_getdents64, (unsigned long)at, (unsigned long)entries[depth],
			     sizeof entries[depth], 0, 0, 0);
		for (long next = 0; next < length;) {
			const char *entry = entries[depth] + next;
			const char *name = entry + 19;
			next += *(const unsigned short *)(const void *)(entry + 16);
			if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
				continue;
			if (unlinkat(at, name, 0) == 0) {
				removed = 1;
				continue;
			}
			fchmodat(at, name, 0700, 0);
			int inner = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
			if (inner == -1)
				continue;
			if (depth + 1 < DEEPEST)
				empty(inner, depth + 1);
			close(inner);
			removed |= unlinkat(at, name, AT_REMOVEDIR) == 0;
		}
	} while (removed);
}

void reset_folder(void)
{
	struct stat found;

	mkdir("/tmp", 0777);
	if (chdir("/") == -1 || (stat(FOLDER, &found) == -1 && mkdir(FOLDER, 0755) == -1))
		give_up("the folder cannot be made");
	chmod(FOLDER, 0755);
	int folder = open(FOLDER, O_RDONLY | O_DIRECTORY);
	if (folder == -1 || fchdir(folder) == -1)
		give_up("the folder cannot be entered");
	empty(folder, 0);
	close(folder);
}
