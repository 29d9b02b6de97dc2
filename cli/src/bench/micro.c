/* What `scull bench micro` measures: so many of an operation, or the loop around nothing. Says how long one took. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/futex.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PAGES = 64, MOST_THREADS = 4, SECOND = 1000000000 };

static long rounds;
/* Whether two threads stay on a processor each. */
static int is_apart;

#define REPEAT for (long left = rounds; left > 0; left--)

static void must(int is_good)
{
	if (!is_good)
		_exit(3);
}

static void nothing(void)
{
	REPEAT __asm__ volatile("");
}

static void call(void)
{
	REPEAT must(syscall(SYS_getppid) >= 0);
}

static void time_of(void)
{
	struct timespec now;

	REPEAT must(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
}

static void stay_on(int processor)
{
	cpu_set_t set;

	if (!is_apart)
		return;
	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0);
}

/* Two threads that hand a word to and fro. */
static uint32_t turn;

static void take_turns(uint32_t own)
{
	REPEAT {
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != own)
			syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1 - own, NULL, NULL, 0);
		__atomic_store_n(&turn, 1 - own, __ATOMIC_RELEASE);
		syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
}

static void *second(void *unused)
{
	stay_on(1);
	take_turns(1);
	return unused;
}

static void with_thread(void *(*other)(void *), void (*own)(void))
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, other, NULL) == 0);
	stay_on(0);
	own();
	pthread_join(thread, NULL);
}

static void first(void)
{
	take_turns(0);
}

static void futexes(void)
{
	with_thread(second, first);
}

/* A byte to another thread and back: by pipes or by a TCP connection. */
static int to[2], from[2];

static void *echo(void *unused)
{
	char byte;

	stay_on(1);
	REPEAT must(read(to[0], &byte, 1) == 1 && write(from[1], &byte, 1) == 1);
	return unused;
}

static void ask(void)
{
	char byte = 1;

	REPEAT must(write(to[1], &byte, 1) == 1 && read(from[0], &byte, 1) == 1);
}

static void pipes(void)
{
	must(pipe(to) == 0 && pipe(from) == 0);
	with_thread(echo, ask);
}

static void tcp(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	must(bind(listener, (struct sockaddr *)&at, size) == 0 && listen(listener, 1) == 0);
	must(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
	must(connect(client, (struct sockaddr *)&at, size) == 0);
	int server = accept(listener, NULL, NULL);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	to[1] = from[0] = client;
	to[0] = from[1] = server;
	with_thread(echo, ask);
}

static void *nobody(void *unused)
{
	return unused;
}

static void threads(void)
{
	pthread_t thread;

	REPEAT must(pthread_create(&thread, NULL, nobody, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

/* Each round is of PAGES pages. */
static void memory(void)
{
	REPEAT {
		char *at = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(at != MAP_FAILED);
		for (int page = 0; page < PAGES; page++)
			at[page * 4096] = 1;
		munmap(at, PAGES * 4096);
	}
}

static void events(void)
{
	int event = eventfd(1, 0), poll = epoll_create1(0);
	struct epoll_event wanted = { .events = EPOLLIN }, found;

	must(epoll_ctl(poll, EPOLL_CTL_ADD, event, &wanted) == 0);
	REPEAT must(epoll_wait(poll, &found, 1, -1) == 1);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* The other one comes while the mutex is taken. Without that, all of it would be the C library. */
static void contend(void)
{
	REPEAT {
		pthread_mutex_lock(&mutex);
		sched_yield();
		pthread_mutex_unlock(&mutex);
	}
}

static void *contend_too(void *unused)
{
	contend();
	return unused;
}

static void locks(void)
{
	with_thread(contend_too, contend);
}

static void more_locks(void)
{
	pthread_t threads[MOST_THREADS];

	for (int i = 0; i < MOST_THREADS; i++)
		must(pthread_create(&threads[i], NULL, contend_too, NULL) == 0);
	for (int i = 0; i < MOST_THREADS; i++)
		pthread_join(threads[i], NULL);
}

static const struct { const char *name; void (*body)(void); int is_apart; } ways[] = {
	{ "nothing", nothing }, { "getppid", call }, { "clock", time_of }, { "futex", futexes },
	{ "pipe", pipes }, { "thread", threads }, { "memory", memory }, { "epoll", events },
	{ "tcp", tcp }, { "mutex", locks }, { "mutex-4", more_locks },
	{ "futex-apart", futexes, 1 }, { "pipe-apart", pipes, 1 }, { "tcp-apart", tcp, 1 },
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * SECOND + time.tv_nsec;
}

int main(int count, char **words)
{
	if (count != 3)
		return 2;
	rounds = atol(words[2]);
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(words[1], ways[i].name) == 0) {
			is_apart = ways[i].is_apart;
			double start = now();
			ways[i].body();
			printf("nanoseconds %.1f\n", (now() - start) / rounds);
			return 0;
		}
	return 2;
}
