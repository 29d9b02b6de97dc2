// Everything at once, by seed: locks, futexes, pipes, epoll, memory, signals, timers, threads, processors; nothing is lost or mixed up.
// storm SEED SECONDS; both have defaults.
#include "../test.h"
#include "../thread/futex.h"
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

// A worker of one kind. Its progress is looked at by main: who makes none for long is stuck.
struct worker {
	const char *kind;
	void (*round)(struct worker *);
	unsigned seed;
	int index, ends[2];
	pid_t tid;
	pthread_t thread;
	atomic_long rounds, wrong, signals;
};

enum { EACH = 2, PATIENCE_MS = 60000 };

static atomic_int stop;
static __thread struct worker *self;

static unsigned chance(struct worker *w, unsigned limit)
{
	w->seed = w->seed * 1664525u + 1013904223u;
	return (w->seed >> 8) % limit;
}

static void check(struct worker *w, int is_right)
{
	if (!is_right)
		atomic_fetch_add(&w->wrong, 1);
}

// Two counters that only change together.
static pthread_mutex_t pair_lock = PTHREAD_MUTEX_INITIALIZER;
static volatile long pair[2];

static void lock(struct worker *w)
{
	pthread_mutex_lock(&pair_lock);
	check(w, pair[0] == pair[1]);
	pair[0]++;
	if (chance(w, 20) == 0)
		sched_yield();
	pair[1]++;
	pthread_mutex_unlock(&pair_lock);
}

// A bounded queue of numbers: what goes in comes out.
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_item = PTHREAD_COND_INITIALIZER, has_room = PTHREAD_COND_INITIALIZER;
static long queue[8], put, taken;

static void produce(struct worker *w)
{
	(void)w;
	pthread_mutex_lock(&queue_lock);
	while (put - taken == COUNT(queue) && !stop)
		pthread_cond_wait(&has_room, &queue_lock);
	if (put - taken < COUNT(queue)) {
		queue[put % COUNT(queue)] = put;
		put++;
	}
	pthread_cond_signal(&has_item);
	pthread_mutex_unlock(&queue_lock);
}

static void consume(struct worker *w)
{
	pthread_mutex_lock(&queue_lock);
	while (put == taken && !stop)
		pthread_cond_wait(&has_item, &queue_lock);
	if (put > taken) {
		check(w, queue[taken % COUNT(queue)] == taken);
		taken++;
	}
	pthread_cond_signal(&has_room);
	pthread_mutex_unlock(&queue_lock);
}

// A word that two threads hand to and fro by futexes.
static uint32_t turn;

static void ping(struct worker *w)
{
	uint32_t own = (uint32_t)w->index % 2;

	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) % 2 != own && !stop)
		SYS(futex, &turn, FUTEX_WAIT_PRIVATE, 1 - own, NULL, NULL, 0);
	if (!stop)
		__atomic_store_n(&turn, 1 - own, __ATOMIC_RELEASE);
	SYS(futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

// Numbers in order through a pipe that is its own.
static void pipes(struct worker *w)
{
	long sent[600], got[600];
	int count = 1 + (int)chance(w, COUNT(sent));

	for (int i = 0; i < count; i++)
		sent[i] = w->rounds * 1000 + i;
	check(w, write(w->ends[1], sent, sizeof(long) * count) == (long)sizeof(long) * count);
	check(w, read(w->ends[0], got, sizeof(got)) == (long)sizeof(long) * count);
	check(w, memcmp(sent, got, sizeof(long) * count) == 0);
}

// An eventfd that others add to, waited for by epoll.
static int event, event_poll;
static atomic_long added, read_back;

static void tell(struct worker *w)
{
	uint64_t one = 1 + chance(w, 3);

	atomic_fetch_add(&added, (long)one);
	check(w, write(event, &one, sizeof(one)) == sizeof(one));
	if (chance(w, 8) == 0)
		sleep_ms(1);
}

static void hear(struct worker *w)
{
	struct epoll_event found;
	uint64_t value;

	(void)w;
	if (epoll_wait(event_poll, &found, 1, 20) == 1 && read(event, &value, sizeof(value)) == sizeof(value))
		atomic_fetch_add(&read_back, (long)value);
}

// Memory of its own: holds what was written, is zero after it was given back, faults nowhere.
static void memory(struct worker *w)
{
	size_t pages = 1 + chance(w, 40), size = pages * 4096;
	unsigned char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		check(w, 0);
		return;
	}
	for (size_t i = 0; i < pages; i++)
		memset(at + i * 4096, (int)(w->index + i), 4096);
	size_t some = chance(w, (unsigned)pages);
	check(w, mprotect(at + some * 4096, 4096, PROT_READ) == 0);
	check(w, madvise(at, 4096, MADV_DONTNEED) == 0);
	for (size_t i = 0; i < pages; i++) {
		unsigned char wanted = i == 0 ? 0 : (unsigned char)(w->index + i);
		check(w, at[i * 4096] == wanted && at[i * 4096 + 4095] == wanted);
	}
	check(w, munmap(at, size) == 0);
}

// Values in registers, through preemption, signals and moves.
static void registers(struct worker *w)
{
	double values[8];

	for (int i = 0; i < 8; i++)
		values[i] = w->index + i * 0.5;
	for (int turn = 0; turn < 20000; turn++)
		for (int i = 0; i < 8; i++)
			values[i] = values[i] * 2.0 - values[i];
	for (int i = 0; i < 8; i++)
		check(w, values[i] == w->index + i * 0.5);
}

// Threads that come and go.
static void *short_life(void *argument)
{
	static __thread long local;

	local = (long)argument;
	sched_yield();
	return (void *)(local + 1);
}

static void threads(struct worker *w)
{
	pthread_t made;
	void *result = NULL;
	long number = w->rounds * 8 + w->index;

	if (pthread_create(&made, NULL, short_life, (void *)number) != 0) {
		check(w, 0);
		return;
	}
	pthread_join(made, &result);
	check(w, result == (void *)(number + 1));
}

// Sleeps that are never too short.
static void sleeps(struct worker *w)
{
	struct timespec before, after, wait = { 0, 1000 * (long)chance(w, 3000) };
	int was_interrupted;

	clock_gettime(CLOCK_MONOTONIC, &before);
	was_interrupted = nanosleep(&wait, NULL) != 0;
	clock_gettime(CLOCK_MONOTONIC, &after);
	long nanos = (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec;
	check(w, nanos >= 0 && (was_interrupted || nanos >= wait.tv_nsec));
}

// Interval timers by descriptor.
static void timers(struct worker *w)
{
	struct itimerspec every = { { 0, 300000 }, { 0, 1 + (long)chance(w, 500000) } };
	uint64_t count = 0;

	check(w, timerfd_settime(w->ends[0], 0, &every, NULL) == 0);
	while (read(w->ends[0], &count, sizeof(count)) < 0 && errno == EINTR)
		;
	check(w, count >= 1);
}

// Moves to another processor, of those that there are.
static cpu_set_t all;

static void moves(struct worker *w)
{
	cpu_set_t one;
	int cpu = (int)chance(w, (unsigned)CPU_COUNT(&all));

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (CPU_ISSET(cpu, &all) && sched_setaffinity(0, sizeof(one), &one) == 0)
		check(w, sched_getcpu() == cpu);
	sched_yield();
}

// Queued signals to all: each one that is accepted is handled.
static struct worker workers[40];
static int worker_count;
static atomic_long signals_sent;

static void on_signal(int signal)
{
	int error = errno;

	(void)signal;
	atomic_fetch_add(&self->signals, 1);
	errno = error;
}

static void signals(struct worker *w)
{
	struct worker *to = &workers[chance(w, (unsigned)worker_count)];

	if (to->tid && SYS(tgkill, getpid(), to->tid, SIGRTMIN + 1) == 0)
		atomic_fetch_add(&signals_sent, 1);
	if (chance(w, 4) == 0)
		sleep_ms(1);
}

static void *work(void *argument)
{
	struct worker *w = self = argument;

	w->tid = thread_id();
	while (!stop) {
		w->round(w);
		atomic_fetch_add(&w->rounds, 1);
	}
	return NULL;
}

static void start(const char *kind, void (*round)(struct worker *), unsigned seed)
{
	for (int i = 0; i < EACH; i++) {
		struct worker *w = &workers[worker_count];
		*w = (struct worker) { .kind = kind, .round = round, .index = worker_count };
		w->seed = seed * 77u + (unsigned)worker_count++;
		if (round == pipes)
			MUST(pipe(w->ends));
		if (round == timers)
			w->ends[0] = MUST(timerfd_create(CLOCK_MONOTONIC, 0));
	}
}

// Returns how many workers made no progress for long; names them. What passes while this thread
// does not run either counts little: the machine may have stood still.
static long watch(long seconds)
{
	long seen[COUNT(workers)] = { 0 }, idle[COUNT(workers)] = { 0 };
	long last = now_ms(), end = last + seconds * 1000, stuck = 0;

	while (last < end && stuck == 0) {
		sleep_ms(50);
		long now = now_ms(), passed = now - last < 1000 ? now - last : 1000;
		last = now;
		for (int i = 0; i < worker_count; i++) {
			long rounds = workers[i].rounds;
			idle[i] = rounds == seen[i] ? idle[i] + passed : 0;
			seen[i] = rounds;
			if (idle[i] > PATIENCE_MS) {
				say("%s is stuck after %ld rounds", workers[i].kind, rounds);
				stuck++;
			}
		}
	}
	return stuck;
}

static long count_handled(void)
{
	long handled = 0;

	for (int i = 0; i < worker_count; i++)
		handled += workers[i].signals;
	return handled;
}

int main(int argc, char **argv)
{
	unsigned seed = argc > 1 ? (unsigned)atol(argv[1]) : 1;
	long seconds = argc > 2 ? atol(argv[2]) : 2;
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	long wrong = 0, idle = 0;

	MUST(sigaction(SIGRTMIN + 1, &action, NULL));
	MUST(sched_getaffinity(0, sizeof(all), &all));
	event = MUST(eventfd(0, EFD_NONBLOCK));
	event_poll = MUST(epoll_create1(0));
	struct epoll_event wanted = { .events = EPOLLIN | (seed % 2 ? EPOLLET : 0) };
	MUST(epoll_ctl(event_poll, EPOLL_CTL_ADD, event, &wanted));
	start("lock", lock, seed);
	start("produce", produce, seed);
	start("consume", consume, seed);
	start("ping", ping, seed);
	start("pipe", pipes, seed);
	start("tell", tell, seed);
	start("hear", hear, seed);
	start("memory", memory, seed);
	start("registers", registers, seed);
	start("threads", threads, seed);
	start("sleep", sleeps, seed);
	start("timer", timers, seed);
	start("move", moves, seed);
	start("signal", signals, seed);
	for (int i = 0; i < worker_count; i++)
		workers[i].thread = spawn(work, &workers[i]);
	long stuck = watch(seconds);
	SHOW(stuck);
	if (stuck)
		return 1;
	// Signals stop first, so that those that were sent find their threads alive.
	void (*sender)(struct worker *) = signals;
	for (int i = 0; i < worker_count; i++)
		if (workers[i].round == sender) {
			workers[i].round = sleeps;
			long before = workers[i].rounds;
			// The round that it was in may have sent one more.
			WAIT_FOR(workers[i].rounds > before);
		}
	WAIT_FOR(count_handled() == signals_sent);
	long lost_signals = signals_sent - count_handled();
	SHOW(lost_signals);
	stop = 1;
	for (int i = 0; i < worker_count; i++) {
		pthread_cond_broadcast(&has_item);
		pthread_cond_broadcast(&has_room);
		SYS(futex, &turn, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0);
		pthread_join(workers[i].thread, NULL);
	}
	uint64_t rest = 0;
	if (read(event, &rest, sizeof(rest)) == sizeof(rest))
		atomic_fetch_add(&read_back, (long)rest);
	long lost_events = added - read_back;
	SHOW(lost_events);
	for (int i = 0; i < worker_count; i++) {
		if (workers[i].wrong)
			say("%s: %ld wrong", workers[i].kind, workers[i].wrong);
		wrong += workers[i].wrong;
		idle += workers[i].rounds == 0;
	}
	SHOW(wrong);
	SHOW(idle);
	return wrong != 0 || lost_signals != 0 || lost_events != 0 || idle != 0;
}
