// rt_sigqueueinfo(2), rt_tgsigqueueinfo(2): what may be said of whom, and what arrives.
#include "../test.h"

static siginfo_t seen;
static atomic_int helper_id, stop;

static void handle(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	seen = *info;
}

static void *wait_for_stop(void *unused)
{
	(void)unused;
	helper_id = thread_id();
	WAIT_FOR(stop);
	return NULL;
}

static siginfo_t info_of(int code)
{
	siginfo_t info;

	memset(&info, 0, sizeof info);
	info.si_signo = 99;
	info.si_errno = 5;
	info.si_code = code;
	info.si_pid = 1234;
	info.si_uid = 5678;
	info.si_value.sival_int = 42;
	return info;
}

int main(void)
{
	static const int codes[] = { SI_USER, SI_KERNEL, SI_QUEUE, SI_MESGQ, SI_ASYNCIO, SI_SIGIO, SI_TKILL, -60, -100, 1, 1000 };
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };
	siginfo_t info;

	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < COUNT(codes); i++) {
		info = info_of(codes[i]);
		memset(&seen, 0, sizeof seen);
		long result = SYS(rt_sigqueueinfo, getpid(), SIGUSR1, &info);
		say("code %d to oneself: %s, arrived: signal %s errno %d code %d pid %d uid %d value %d", codes[i],
		    result == 0 ? "ok" : errno_name(errno), signal_name(seen.si_signo), seen.si_errno, seen.si_code,
		    (int)seen.si_pid, (int)seen.si_uid, seen.si_value.sival_int);
		memset(&seen, 0, sizeof seen);
		result = SYS(rt_tgsigqueueinfo, getpid(), thread_id(), SIGUSR1, &info);
		say("  to the thread: %s, arrived: signal %s code %d", result == 0 ? "ok" : errno_name(errno),
		    signal_name(seen.si_signo), seen.si_code);
	}
	// Others are not told lies.
	pthread_t helper = spawn(wait_for_stop, NULL);
	WAIT_FOR(helper_id != 0);
	for (int i = 0; i < COUNT(codes); i++) {
		info = info_of(codes[i]);
		long other = SYS(rt_sigqueueinfo, 0x3ffffff, SIGUSR1, &info);
		int error = other == -1 ? errno : 0;
		long thread = SYS(rt_tgsigqueueinfo, getpid(), helper_id, SIGUSR1, &info);
		say("code %d to others: %s, to another thread: %s", codes[i], error ? errno_name(error) : "ok",
		    thread == 0 ? "ok" : errno_name(errno));
	}
	stop = 1;
	pthread_join(helper, NULL);
	// Bytes beyond what the code of an unknown kind carries.
	info = info_of(-100);
	((char *)&info)[100] = 1;
	SHOW(SYS(rt_sigqueueinfo, getpid(), SIGUSR1, &info));
	info.si_code = SI_QUEUE;
	SHOW(SYS(rt_sigqueueinfo, getpid(), SIGUSR1, &info));
	info = info_of(SI_QUEUE);
	SHOW(SYS(rt_sigqueueinfo, getpid(), 0, &info));
	SHOW(SYS(rt_sigqueueinfo, getpid(), -1, &info));
	SHOW(SYS(rt_sigqueueinfo, getpid(), 65, &info));
	SHOW(SYS(rt_sigqueueinfo, getpid(), SIGUSR1, NULL));
	SHOW(SYS(rt_sigqueueinfo, getpid(), SIGUSR1, KERNEL));
	SHOW(SYS(rt_tgsigqueueinfo, getpid(), thread_id(), SIGUSR1, BAD));
	SHOW(SYS(rt_tgsigqueueinfo, getpid(), thread_id(), 65, &info));
	SHOW(SYS(rt_tgsigqueueinfo, getpid(), thread_id(), 0, &info));
	SHOW(SYS(rt_tgsigqueueinfo, 0, thread_id(), SIGUSR1, &info));
	SHOW(SYS(rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, &info));
	SHOW(SYS(rt_tgsigqueueinfo, -1, thread_id(), SIGUSR1, &info));
	SHOW(SYS(rt_tgsigqueueinfo, getpid(), 0x3ffffff, SIGUSR1, &info));
	SHOW(SYS(rt_tgsigqueueinfo, 0x3ffffff, thread_id(), SIGUSR1, &info));
	SHOW(SYS(tkill, thread_id(), 65));
	SHOW(SYS(tkill, thread_id(), -1));
	SHOW(SYS(tkill, thread_id(), 0));
	SHOW(SYS(tkill, -1, SIGUSR1));
	SHOW(SYS(tkill, 0x3ffffff, SIGUSR1));
	SHOW(SYS(kill, getpid(), 65));
	SHOW(SYS(kill, getpid(), -1));
	SHOW(SYS(kill, getpid(), 0));
	SHOW(SYS(kill, 0x80000000, 0));
	SHOW(SYS(kill, -0x3ffffff, 0));
	SHOW(SYS(kill, -0x3ffffff, SIGUSR1));
	return 0;
}
