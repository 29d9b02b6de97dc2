// The few helpers every program of the suite shares.
//
// A program prints what it observes, one line an observation, and the suite compares
// those lines between Linux and Scull. So nothing here judges; it only prints, by
// write(2) alone, that a kernel with few calls can already run the simplest programs.
// Lines must be the same in every run: no descriptors' addresses, pids or times.
#ifndef TEST_H
#define TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

// Exit status when the preparation of a test failed, not the thing under test.
#define CANNOT_RUN 99

// An address in the never-mapped first page, and one in the kernel's half.
#define BAD ((void *)8)
#define KERNEL ((void *)0xffff800000001000)

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

// A raw system call: what the C library would check or use itself reaches the kernel.
#define SYS(name, ...) syscall(SYS_##name, __VA_ARGS__)
#define SYS0(name) syscall(SYS_##name)

static inline const char *errno_name(int error)
{
	static const struct { int number; const char *name; } names[] = {
#define E(name) { name, #name }
		E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC),
		E(EBADF), E(ECHILD), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(ENOTBLK),
		E(EBUSY), E(EEXIST), E(EXDEV), E(ENODEV), E(ENOTDIR), E(EISDIR), E(EINVAL),
		E(ENFILE), E(EMFILE), E(ENOTTY), E(ETXTBSY), E(EFBIG), E(ENOSPC), E(ESPIPE),
		E(EROFS), E(EMLINK), E(EPIPE), E(EDOM), E(ERANGE), E(EDEADLK), E(ENAMETOOLONG),
		E(ENOLCK), E(ENOSYS), E(ENOTEMPTY), E(ELOOP), E(ENODATA), E(EPROTO), E(EOVERFLOW),
		E(EILSEQ), E(ENOTSOCK), E(EDESTADDRREQ), E(EMSGSIZE), E(EPROTOTYPE),
		E(ENOPROTOOPT), E(EPROTONOSUPPORT), E(ESOCKTNOSUPPORT), E(EOPNOTSUPP),
		E(EPFNOSUPPORT), E(EAFNOSUPPORT), E(EADDRINUSE), E(EADDRNOTAVAIL), E(ENETDOWN),
		E(ENETUNREACH), E(ENETRESET), E(ECONNABORTED), E(ECONNRESET), E(ENOBUFS),
		E(EISCONN), E(ENOTCONN), E(ESHUTDOWN), E(ETIMEDOUT), E(ECONNREFUSED),
		E(EHOSTDOWN), E(EHOSTUNREACH), E(EALREADY), E(EINPROGRESS), E(ESTALE),
		E(ECANCELED), E(EOWNERDEAD), E(ENOTRECOVERABLE),
#undef E
	};
	for (int i = 0; i < COUNT(names); i++)
		if (names[i].number == error)
			return names[i].name;
	return "an unnamed errno";
}

static inline const char *signal_name(int number)
{
	static const struct { int number; const char *name; } names[] = {
#define S(name) { name, #name }
		S(SIGHUP), S(SIGINT), S(SIGQUIT), S(SIGILL), S(SIGTRAP), S(SIGABRT), S(SIGBUS),
		S(SIGFPE), S(SIGKILL), S(SIGUSR1), S(SIGSEGV), S(SIGUSR2), S(SIGPIPE), S(SIGALRM),
		S(SIGTERM), S(SIGCHLD), S(SIGCONT), S(SIGSTOP), S(SIGTSTP), S(SIGTTIN), S(SIGTTOU),
		S(SIGURG), S(SIGXCPU), S(SIGXFSZ), S(SIGVTALRM), S(SIGPROF), S(SIGWINCH), S(SIGIO),
		S(SIGPWR), S(SIGSYS),
#undef S
	};
	for (int i = 0; i < COUNT(names); i++)
		if (names[i].number == number)
			return names[i].name;
	return number >= 32 && number <= 64 ? "a real-time signal" : "no signal";
}

// Prints one line. Lines over 900 bytes are cut.
__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
	char line[1024];
	int saved = errno;
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(line, 900, format, arguments);
	va_end(arguments);
	if (length > 899)
		length = 899;
	line[length++] = '\n';
	for (int done = 0; done < length;) {
		ssize_t wrote = write(1, line + done, (size_t)(length - done));
		if (wrote < 0 && errno != EINTR && errno != EAGAIN)
			break;
		done += wrote > 0 ? (int)wrote : 0;
	}
	errno = saved;
}

static inline void show_value(const char *what, long value, int error)
{
	if (value == -1 && error != 0)
		say("%s = -1 %s", what, errno_name(error));
	else
		say("%s = %ld", what, value);
}

static inline void show_success(const char *what, long value, int error)
{
	if (value == -1 && error != 0)
		say("%s = -1 %s", what, errno_name(error));
	else
		say("%s: ok", what);
}

// Prints an expression with its value, or with -1 and the name of errno.
#define SHOW(...)                                                  \
	do {                                                       \
		errno = 0;                                         \
		long value_ = (long)(__VA_ARGS__);                 \
		show_value(#__VA_ARGS__, value_, errno);           \
	} while (0)

// The same where the value differs between runs (a descriptor, an address): "ok".
#define OK(...)                                                    \
	do {                                                       \
		errno = 0;                                         \
		long value_ = (long)(__VA_ARGS__);                 \
		show_success(#__VA_ARGS__, value_, errno);         \
	} while (0)

// A call that returns its error instead of setting errno (pthread_*, posix_*).
#define RETURNS(...)                                               \
	do {                                                       \
		int error_ = (int)(__VA_ARGS__);                   \
		say("%s: %s", #__VA_ARGS__, error_ ? errno_name(error_) : "ok"); \
	} while (0)

// Prints whether a condition holds.
#define YES(...) say("%s: %s", #__VA_ARGS__, (__VA_ARGS__) ? "yes" : "no")

static inline long must_value(const char *what, long value, int line)
{
	if (value == -1) {
		say("line %d: cannot go on: %s = -1 %s", line, what, errno_name(errno));
		_exit(CANNOT_RUN);
	}
	return value;
}

// Preparation: gives the value, or ends the program.
#define MUST(...) must_value(#__VA_ARGS__, (long)(__VA_ARGS__), __LINE__)

static inline void sleep_ms(long ms)
{
	struct timespec rest = { ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&rest, &rest) == -1 && errno == EINTR)
		;
}

static inline long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Waits up to ten seconds for a condition; whether it came true.
#define WAIT_FOR(...)                                              \
	({                                                         \
		long limit_ = now_ms() + 10000;                    \
		int holds_;                                        \
		while (!(holds_ = (__VA_ARGS__) ? 1 : 0) && now_ms() < limit_) \
			sleep_ms(1);                               \
		holds_;                                            \
	})

static inline pthread_t spawn(void *(*body)(void *), void *argument)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, body, argument);
	if (error != 0) {
		say("cannot go on: pthread_create: %s", errno_name(error));
		_exit(CANNOT_RUN);
	}
	return thread;
}

static inline pid_t thread_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}

// Signals by a helper thread, to see what a blocked call makes of them.
//
// The helper cannot know when its target sleeps, so it sends SIGUSR1 again and again:
// until stopped (the call must end with EINTR), or, when `finish` is given, twice, and
// then ends the call by `finish` (the call must have been restarted).
struct poker {
	pid_t target;
	pthread_t thread;
	atomic_int stop;
	void (*finish)(void);
};

static atomic_int pokes_seen;

static inline void see_poke(int number)
{
	(void)number;
	atomic_fetch_add(&pokes_seen, 1);
}

static inline void *poke(void *argument)
{
	struct poker *self = argument;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (int sent = 0; !self->stop && sent < 500; sent++) {
		if (self->finish && atomic_load(&pokes_seen) >= 2) {
			sleep_ms(10);
			self->finish();
			return NULL;
		}
		sleep_ms(10);
		if (!self->stop)
			syscall(SYS_tgkill, getpid(), self->target, SIGUSR1);
	}
	return NULL;
}

static inline void poke_start(struct poker *self, int flags, void (*finish)(void))
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = see_poke;
	action.sa_flags = flags;
	sigaction(SIGUSR1, &action, NULL);
	pokes_seen = 0;
	self->target = thread_id();
	self->stop = 0;
	self->finish = finish;
	self->thread = spawn(poke, self);
}

static inline void poke_stop(struct poker *self)
{
	self->stop = 1;
	pthread_join(self->thread, NULL);
}

// Shows a blocking call that signals (handler without SA_RESTART) hit.
#define INTERRUPTED(...)                                           \
	do {                                                       \
		struct poker poker_;                               \
		poke_start(&poker_, 0, NULL);                      \
		errno = 0;                                         \
		long value_ = (long)(__VA_ARGS__);                 \
		int error_ = errno;                                \
		poke_stop(&poker_);                                \
		show_value("interrupted: " #__VA_ARGS__, value_, error_); \
	} while (0)

// The same with SA_RESTART, for calls that end with EINTR all the same.
#define NOT_RESTARTED(...)                                         \
	do {                                                       \
		struct poker poker_;                               \
		poke_start(&poker_, SA_RESTART, NULL);             \
		errno = 0;                                         \
		long value_ = (long)(__VA_ARGS__);                 \
		int error_ = errno;                                \
		poke_stop(&poker_);                                \
		show_value("in spite of SA_RESTART: " #__VA_ARGS__, value_, error_); \
	} while (0)

// With SA_RESTART; FINISH is called after two signals to end a restarted call.
#define RESTARTED(finish, ...)                                     \
	do {                                                       \
		struct poker poker_;                               \
		poke_start(&poker_, SA_RESTART, finish);           \
		errno = 0;                                         \
		long value_ = (long)(__VA_ARGS__);                 \
		int error_ = errno;                                \
		poke_stop(&poker_);                                \
		show_value("with SA_RESTART: " #__VA_ARGS__, value_, error_); \
	} while (0)

static inline void remove_tree(const char *path, int depth)
{
	char command[4096];
	char entries[2048];

	if (unlink(path) == 0 || depth > 8)
		return;
	for (;;) {
		int directory = open(path, O_RDONLY | O_DIRECTORY);
		if (directory == -1)
			return;
		int removed = 0;
		long length = syscall(SYS_getdents64, directory, entries, sizeof entries);
		close(directory);
		for (long at = 0; at < length;) {
			char *entry = entries + at;
			char *name = entry + 19;
			at += *(unsigned short *)(void *)(entry + 16);
			if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
				continue;
			if ((size_t)snprintf(command, sizeof command, "%s/%s", path, name) >= sizeof command)
				continue;
			remove_tree(command, depth + 1);
			removed += access(command, F_OK) == -1;
		}
		if (removed == 0)
			break;
	}
	rmdir(path);
}

static char own_directory[64];

static inline void leave_directory(void)
{
	if (chdir("/") == 0)
		remove_tree(own_directory, 0);
}

// Makes an empty directory of the program's own under /tmp and goes there.
static inline void enter_directory(void)
{
	snprintf(own_directory, sizeof own_directory, "/tmp/scull-test-%d", (int)getpid());
	remove_tree(own_directory, 0);
	mkdir("/tmp", 0777);
	MUST(mkdir(own_directory, 0755));
	MUST(chdir(own_directory));
	atexit(leave_directory);
}

// Makes a file with the given content; its descriptor, open for reading and writing.
static inline int make_file(const char *path, const char *content)
{
	int fd = (int)MUST(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));
	size_t length = strlen(content);

	if (length > 0)
		MUST(write(fd, content, length));
	MUST(lseek(fd, 0, SEEK_SET));
	return fd;
}

// A 32-bit checksum (FNV-1a), to print one number for many bytes.
static inline uint32_t checksum(uint32_t sum, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ at[i]) * 16777619u;
	return sum;
}
#define CHECKSUM_START 2166136261u

#endif
