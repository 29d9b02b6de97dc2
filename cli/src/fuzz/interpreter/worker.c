// Threads that make a batch's calls.
//
// They are made by a bare clone(2) and touch nothing of the C library, so that a plan may change
// what belongs to a thread (its robust list, its thread id's address, its signal mask) as it likes.
#include "interpreter.h"

#include <sched.h>
#include <time.h>

#define STACK_SIZE 0x10000
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129
// How often the main thread looks at the others, in nanoseconds, and how many looks without
// progress a call may take before the watchdog's signal is sent.
#define LOOK 2000000
#define PATIENCE 5
// Looks after which a thread counts as stuck: at least ten seconds.
#define STUCK 5000

struct worker {
	struct batch *batch;
	unsigned index;
	int tid;
	// Odd while the thread is in a call.
	atomic_uint progress;
	atomic_int is_done;
};

static struct worker workers[MAX_THREADS];
static _Alignas(16) char stacks[MAX_THREADS][STACK_SIZE];
// The call whose turn it is, and how many threads have finished.
static atomic_uint turn, finished;

static unsigned long resolve(const struct worker *self, struct argument argument)
{
	switch (argument.kind) {
	case PID:
		return (unsigned long)raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
	case TID:
		return (unsigned long)self->tid;
	default:
		return argument.value;
	}
}

static void write_data(const struct batch *batch, const struct call *call)
{
	for (unsigned i = 0; i < call->data_count; i++) {
		const struct data *data = &batch->data[call->first_data + i];
		for (unsigned at = 0; at < data->length; at++)
			((volatile unsigned char *)data->address)[at] = batch->bytes[data->offset + at];
	}
}

// FNV-1a over what a call has left in memory.
static uint32_t digest(const struct call *call)
{
	uint32_t sum = 2166136261u;

	for (unsigned i = 0; i < call->digest_count; i++) {
		unsigned long length = call->digests[i].length;
		if (length == 0)
			length = (unsigned long)call->result;
		if (length > DATA + DATA_SIZE - call->digests[i].address)
			length = DATA + DATA_SIZE - call->digests[i].address;
		for (unsigned long at = 0; at < length; at++)
			sum = (sum ^ ((volatile unsigned char *)call->digests[i].address)[at]) * 16777619u;
	}
	return sum;
}

static void make_call(struct worker *self, struct call *call)
{
	unsigned long a[6];

	write_data(self->batch, call);
	for (int i = 0; i < 6; i++)
		a[i] = resolve(self, call->arguments[i]);
	atomic_fetch_add(&self->progress, 1);
	call->result = raw(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	atomic_fetch_add(&self->progress, 1);
	if (call->result >= 0 && call->digest_count != 0)
		call->sum = digest(call);
	atomic_store(&call->is_done, 1);
}

static void work(struct worker *self)
{
	struct batch *batch = self->batch;
	uint64_t none = 0;

	raw(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, (unsigned long)&none, 0, 8, 0, 0);
	self->tid = (int)raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
	for (unsigned i = 0; i < batch->call_count; i++) {
		struct call *call = &batch->calls[i];
		if (call->thread != self->index)
			continue;
		while (batch->is_ordered && atomic_load(&turn) != i)
			raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		make_call(self, call);
		if (batch->is_ordered)
			atomic_store(&turn, i + 1);
	}
	atomic_store(&self->is_done, 1);
	atomic_fetch_add(&finished, 1);
	raw(SYS_futex, (unsigned long)&finished, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	for (;;)
		raw(SYS_exit, 0, 0, 0, 0, 0, 0);
}

// Starts a thread: `body(argument)` on the stack that ends at `top`; its thread id.
long start_thread(unsigned long flags, void *top, void (*body)(struct worker *),
		  struct worker *argument);
__asm__(".text\n"
	".globl start_thread\n"
	"start_thread:\n"
	"	sub $16, %rsi\n"
	"	mov %rdx, (%rsi)\n"
	"	mov %rcx, 8(%rsi)\n"
	"	xor %edx, %edx\n"
	"	xor %r10d, %r10d\n"
	"	xor %r8d, %r8d\n"
	"	mov $56, %eax\n" // clone(2)
	"	syscall\n"
	"	test %eax, %eax\n"
	"	jz 1f\n"
	"	ret\n"
	"1:	xor %ebp, %ebp\n"
	"	pop %rax\n"
	"	pop %rdi\n"
	"	call *%rax\n"
	"	hlt\n");

// Sends the watchdog's signal to threads that have been in one call for long.
static void watch(const struct batch *batch, unsigned *seen, unsigned *looks, int pid)
{
	for (unsigned i = 0; i < batch->threads; i++) {
		unsigned progress = atomic_load(&workers[i].progress);
		if (progress != seen[i] || atomic_load(&workers[i].is_done)) {
			seen[i] = progress;
			looks[i] = 0;
			continue;
		}
		looks[i]++;
		if (looks[i] >= PATIENCE && progress % 2 == 1)
			raw(SYS_tgkill, (unsigned long)pid, (unsigned long)workers[i].tid, WATCHDOG, 0, 0, 0);
		if (looks[i] >= STUCK)
			give_up(progress % 2 == 1 ? "a thread is stuck in a call"
						  : "a thread is stuck between calls");
	}
}

void run_batch(struct batch *batch)
{
	const unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
				    CLONE_THREAD | CLONE_SYSVSEM;
	unsigned seen[MAX_THREADS] = { 0 }, looks[MAX_THREADS] = { 0 };
	int pid = (int)raw(SYS_getpid, 0, 0, 0, 0, 0, 0);

	atomic_store(&turn, 0);
	atomic_store(&finished, 0);
	for (unsigned i = 0; i < batch->threads; i++) {
		struct worker *worker = &workers[i];
		worker->batch = batch;
		worker->index = i;
		atomic_store(&worker->progress, 0);
		atomic_store(&worker->is_done, 0);
		long tid = start_thread(flags, stacks[i] + STACK_SIZE, work, worker);
		if (tid < 0)
			give_up("no thread can be made");
		worker->tid = (int)tid;
	}
	for (;;) {
		unsigned count = atomic_load(&finished);
		if (count == batch->threads)
			break;
		struct timespec look = { 0, LOOK };
		raw(SYS_futex, (unsigned long)&finished, FUTEX_WAIT_PRIVATE, count, (unsigned long)&look, 0, 0);
		watch(batch, seen, looks, pid);
	}
	// A thread's stack is another's only once it is gone.
	for (unsigned i = 0; i < batch->threads; i++) {
		struct timespec moment = { 0, 100000 };
		for (int tries = 0; raw(SYS_tgkill, (unsigned long)pid, (unsigned long)workers[i].tid, 0, 0, 0, 0) == 0; tries++) {
			if (tries < 20)
				raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
			else
				raw(SYS_nanosleep, (unsigned long)&moment, 0, 0, 0, 0, 0);
			if (tries > 100000)
				give_up("a thread does not end");
		}
	}
}
