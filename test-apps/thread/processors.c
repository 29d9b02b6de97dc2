// sched_setaffinity(2): threads run where they are put, and move at once, whether they run, are ready or sleep.
#include "../test.h"
#include <sched.h>

static int cpus;
static atomic_int stop, seen[CPU_SETSIZE], wanted, moved, astray;

static cpu_set_t only(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return set;
}

static int put(pid_t thread, int cpu)
{
	cpu_set_t set = only(cpu);

	return sched_setaffinity(thread, sizeof(set), &set);
}

static int here(void)
{
	unsigned cpu = 0;

	MUST(SYS(getcpu, &cpu, NULL, NULL));
	return (int)cpu;
}

static atomic_int id;

// Where a thread was while it was wanted on one processor.
static void observe(int goal, int is_there)
{
	if (is_there)
		moved = goal + 1;
	else if (goal >= 0 && wanted == goal)
		astray++;
}

static void *spin(void *unused)
{
	(void)unused;
	id = thread_id();
	while (!stop) {
		int goal = wanted, cpu = sched_getcpu();
		if (cpu >= 0 && cpu < CPU_SETSIZE)
			seen[cpu] = 1;
		// By the C library and by the kernel.
		observe(goal, cpu == goal && here() == goal);
	}
	return NULL;
}

static void *sleeper(void *unused)
{
	(void)unused;
	id = thread_id();
	while (!stop) {
		sleep_ms(2);
		int goal = wanted;
		observe(goal, here() == goal);
	}
	return NULL;
}

static void move_around(void *(*body)(void *), const char *what)
{
	long late = 0;

	stop = 0;
	id = 0;
	moved = astray = 0;
	wanted = -2;
	pthread_t thread = spawn(body, NULL);
	WAIT_FOR(id != 0);
	for (int round = 0; round < 3 * cpus; round++) {
		int cpu = round % cpus;
		wanted = -2;
		MUST(put(id, cpu));
		moved = 0;
		wanted = cpu;
		late += !WAIT_FOR(moved == cpu + 1);
	}
	stop = 1;
	pthread_join(thread, NULL);
	say("%s: late %ld, astray %d", what, late, astray);
}

int main(void)
{
	cpu_set_t all, set;

	MUST(sched_getaffinity(0, sizeof(all), &all));
	cpus = CPU_COUNT(&all);
	YES(cpus == sysconf(_SC_NPROCESSORS_ONLN));
	long wrong = 0;
	for (int round = 0; round < 50; round++) {
		MUST(put(0, round % cpus));
		wrong += here() != round % cpus;
		wrong += sched_getcpu() != round % cpus;
		MUST(sched_getaffinity(0, sizeof(set), &set));
		wrong += CPU_COUNT(&set) != 1;
	}
	SHOW(wrong);
	// A new thread has the affinity of the one that makes it.
	MUST(sched_setaffinity(0, sizeof(all), &all));
	move_around(spin, "busy");
	move_around(sleeper, "asleep");
	long never = 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		never += !seen[cpu];
	SHOW(never);
	return 0;
}
