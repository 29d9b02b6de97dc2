// clock_settime(2), settimeofday(2), adjtimex(2), clock_adjtime(2): what nobody may ask for, and
// what can be read. Nothing here sets a clock.
#include "../test.h"
#include <sys/time.h>
#include <sys/timex.h>

static void look(const char *how, long result, const struct timex *state)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	say("%s: %s, tick %s, %s, frequency %s, time %s", how,
	    result >= TIME_OK && result <= TIME_ERROR ? "a state" : errno_name(errno),
	    state->tick >= 9000 && state->tick <= 11000 ? "fine" : "odd",
	    state->precision == 1 ? "precise" : "not precise",
	    labs(state->freq) <= 500L << 16 ? "fine" : "odd",
	    state->time.tv_sec - now.tv_sec <= 1 && now.tv_sec - state->time.tv_sec <= 1 ? "now" : "another");
}

int main(void)
{
	struct timespec odd = { 0, 1000000000 }, negative = { -1, 0 }, far = { INT64_MAX, 0 };
	struct timespec at = { 1, 1 };
	struct timeval odd_time = { 0, 1000001 }, negative_time = { 0, -1 }, before = { -1, 0 };
	struct timex state;

	SHOW(SYS(clock_settime, CLOCK_REALTIME, &odd));
	SHOW(SYS(clock_settime, CLOCK_REALTIME, &negative));
	SHOW(SYS(clock_settime, CLOCK_REALTIME, &far));
	SHOW(SYS(clock_settime, CLOCK_REALTIME, NULL));
	SHOW(SYS(clock_settime, CLOCK_REALTIME, KERNEL));
	SHOW(SYS(clock_settime, CLOCK_MONOTONIC, BAD));
	SHOW(SYS(clock_settime, CLOCK_MONOTONIC_RAW, &at));
	SHOW(SYS(clock_settime, CLOCK_REALTIME_COARSE, &at));
	SHOW(SYS(clock_settime, CLOCK_MONOTONIC_COARSE, &at));
	SHOW(SYS(clock_settime, CLOCK_BOOTTIME, &at));
	SHOW(SYS(clock_settime, CLOCK_TAI, &at));
	SHOW(SYS(clock_settime, CLOCK_PROCESS_CPUTIME_ID, &at));
	SHOW(SYS(clock_settime, CLOCK_THREAD_CPUTIME_ID, &at));
	SHOW(SYS(clock_settime, 99, &at));
	// The clocks of processor time, by the numbers of processes and threads.
	SHOW(SYS(clock_settime, (~getpid() << 3) | 2, &at));
	SHOW(SYS(clock_settime, (~getpid() << 3) | 2, BAD));
	SHOW(SYS(clock_settime, (~thread_id() << 3) | 6, &at));
	SHOW(SYS(clock_settime, (~0x3ffffff << 3) | 2, &at));
	SHOW(SYS(clock_settime, (~0 << 3) | 7, &at));
	SHOW(SYS(clock_settime, (~1000 << 3) | 3, &at));

	SHOW(SYS(settimeofday, BAD, NULL));
	SHOW(SYS(settimeofday, &odd_time, NULL));
	SHOW(SYS(settimeofday, &negative_time, NULL));
	SHOW(SYS(settimeofday, &before, NULL));
	SHOW(SYS(settimeofday, &odd_time, BAD));
	SHOW(SYS(settimeofday, NULL, BAD));

	memset(&state, 0, sizeof state);
	look("adjtimex", SYS(adjtimex, &state), &state);
	memset(&state, 0, sizeof state);
	look("clock_adjtime", SYS(clock_adjtime, CLOCK_REALTIME, &state), &state);
	memset(&state, 0, sizeof state);
	state.modes = ADJ_OFFSET_SS_READ;
	look("what is left of adjtime", SYS(adjtimex, &state), &state);
	SHOW(SYS(adjtimex, NULL));
	SHOW(SYS(adjtimex, BAD));
	SHOW(SYS(clock_adjtime, CLOCK_REALTIME, BAD));
	SHOW(SYS(clock_adjtime, CLOCK_MONOTONIC, BAD));
	SHOW(SYS(clock_adjtime, CLOCK_MONOTONIC, &state));
	SHOW(SYS(clock_adjtime, CLOCK_TAI, &state));
	SHOW(SYS(clock_adjtime, CLOCK_PROCESS_CPUTIME_ID, &state));
	SHOW(SYS(clock_adjtime, (~getpid() << 3) | 2, &state));
	SHOW(SYS(clock_adjtime, (~1000 << 3) | 3, &state));
	SHOW(SYS(clock_adjtime, 99, &state));
	state.modes = ADJ_TICK;
	state.tick = 8999;
	SHOW(SYS(adjtimex, &state));
	state.tick = 11001;
	SHOW(SYS(adjtimex, &state));
	// The old way of adjtime(3) goes with nothing else.
	state.modes = 0x8000;
	SHOW(SYS(adjtimex, &state));
	state.modes = ADJ_SETOFFSET;
	state.time.tv_usec = -1;
	SHOW(SYS(adjtimex, &state));
	state.time.tv_usec = 1000000;
	SHOW(SYS(adjtimex, &state));
	state.modes = ADJ_SETOFFSET | ADJ_NANO;
	state.time.tv_usec = 1000000000;
	SHOW(SYS(adjtimex, &state));
	state.modes = ADJ_FREQUENCY;
	state.freq = INT64_MAX;
	SHOW(SYS(adjtimex, &state));
	state.freq = INT64_MIN;
	SHOW(SYS(adjtimex, &state));
	return 0;
}
