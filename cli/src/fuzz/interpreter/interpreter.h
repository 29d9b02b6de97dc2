// What the parts of the interpreter share: the arena, batches, raw system calls.
#ifndef INTERPRETER_H
#define INTERPRETER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

// The arena, at one address on every system, so that a plan's pointers are plain numbers. The
// generator (cli/src/fuzz/arena.rs) knows the same addresses. Between the parts nothing is mapped.
#define ARENA 0x1000000000ul
#define DATA (ARENA)                  // readable and writable
#define DATA_SIZE 0x10000ul
#define READ_ONLY (ARENA + 0x20000)   // one page
#define NO_ACCESS (ARENA + 0x22000)   // one page
#define TRASH (ARENA + 0x28000)       // written, but not read by a plan
#define TRASH_SIZE 0x4000ul
#define ZONE (ARENA + 0x100000)       // what the calls about memory map, protect and unmap
#define ZONE_SIZE 0x40000ul
#define ALT_STACK (ARENA + 0x200000)  // for sigaltstack(2); never unmapped
#define ALT_STACK_SIZE 0x10000ul
#define CODE (ARENA + 0x300000)       // a signal handler that returns, and its restorer
#define RESTORER (CODE + 16)
#define PAGE 4096ul

// The folder in which a batch runs; it is emptied between batches.
#define FOLDER "/tmp/fuzz"

#define MAX_CALLS 512
#define MAX_WRITES 2048
#define MAX_BYTES 0x40000
#define MAX_DIGESTS 4
#define MAX_THREADS 4

// The one signal that no plan sends, blocks or handles: it ends calls that wait too long. It is not
// one of those that are queued, so no limit stops it.
#define WATCHDOG 16 // SIGSTKFLT

// How an argument is found.
enum kind { NUMBER, PID, TID };

struct argument {
	enum kind kind;
	unsigned long value;
};

// Bytes to put into the arena before a call.
struct data {
	unsigned long address;
	unsigned offset, length;
};

// Memory to digest after a call that succeeded. A length of zero is the call's result.
struct digest {
	unsigned long address, length;
};

struct call {
	unsigned thread;
	long number;
	struct argument arguments[6];
	unsigned first_data, data_count;
	unsigned digest_count;
	struct digest digests[MAX_DIGESTS];
	// What came of it.
	long result;
	uint32_t sum;
	atomic_int is_done;
};

struct batch {
	unsigned id, threads;
	// Whether its threads take turns, call by call; else they race.
	int is_ordered;
	unsigned call_count, data_count, byte_count;
	struct call calls[MAX_CALLS];
	struct data data[MAX_WRITES];
	unsigned char bytes[MAX_BYTES];
};

static inline long raw(long number, unsigned long a, unsigned long b, unsigned long c,
		       unsigned long d, unsigned long e, unsigned long f)
{
	register unsigned long r10 __asm__("r10") = d;
	register unsigned long r8 __asm__("r8") = e;
	register unsigned long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

// Ends the program, saying why.
_Noreturn void give_up(const char *why);

// Makes namespaces and a small root of its own, without rights over the machine; returns in a new
// process that ends with its parent.
void enter_sandbox(const char *plan);

// Maps the arena, as every batch finds it.
void map_arena(void);
// Undoes what a batch can have done to the process, as far as a program can.
void reset_process(const struct batch *batch);
// Empties FOLDER, or makes it.
void reset_folder(void);

// Runs the calls of a batch on threads of its own; returns once they have ended.
void run_batch(struct batch *batch);

#endif
