//! Records and the lines that strace 6.1 writes for the same calls.

use abi::Sysno;
use abi::signal::{SEGV_MAPERR, SigInfo, Signal};
use abi::trace::{Call, End, Return, Start};

use super::printer::Printer;
use super::record::{Event, Memory, Record};
use super::{Style, Times};

const PLAIN: Style = Style { times: Times::None, shows_time_spent: false, is_file: false };

/// Records made by hand.
#[derive(Default)]
struct Trace(Vec<Record>);

impl Trace {
    fn push(&mut self, thread: u32, event: Event) {
        let nanos = 1000 * u64::try_from(self.0.len()).unwrap();
        self.0.push(Record { thread, nanos, event });
    }

    fn enter(&mut self, thread: u32, call: Sysno, arguments: &[u64], memory: &[(u64, &[u8])]) {
        let mut all = [0; 6];
        all[..arguments.len()].copy_from_slice(arguments);
        let call = Call { number: call as u64, arguments: all };
        self.push(thread, Event::Enter(call, known(memory)));
    }

    fn leave(&mut self, thread: u32, call: Sysno, result: i64, memory: &[(u64, &[u8])]) {
        let result = Return { number: call as u64, result: result.cast_unsigned() };
        self.push(thread, Event::Leave(result, known(memory)));
    }

    fn lines(self, style: Style) -> String {
        let mut out = Vec::new();
        let mut printer = Printer::new(&mut out, style);
        let start = Event::Start(Start { real_nanos: 0, string_size: 32 });
        printer.record(Record { thread: 0, nanos: 0, event: start }).unwrap();
        self.0.into_iter().for_each(|record| printer.record(record).unwrap());
        String::from_utf8(out).unwrap()
    }
}

fn known(memory: &[(u64, &[u8])]) -> Memory {
    let mut known = Memory::default();
    memory.iter().for_each(|(address, bytes)| known.add(*address, bytes));
    known
}

/// Returns the line of one call.
fn line(
    call: Sysno,
    arguments: &[u64],
    before: &[(u64, &[u8])],
    result: i64,
    after: &[(u64, &[u8])],
) -> String {
    let mut trace = Trace::default();
    trace.enter(1, call, arguments, before);
    trace.leave(1, call, result, after);
    trace.lines(PLAIN).trim_end().to_owned()
}

const AT_FDCWD: u64 = (-100_i64).cast_unsigned();

#[test]
fn names_strings_and_errors_read_as_in_strace() {
    let path = (0x1000, &b"/etc/ld.so.preload\0"[..]);
    assert_eq!(
        line(Sysno::access, &[0x1000, 4], &[path], -2, &[]),
        "access(\"/etc/ld.so.preload\", R_OK)      = -1 ENOENT (No such file or directory)"
    );
    assert_eq!(
        line(Sysno::openat, &[AT_FDCWD, 0x1000, 0o2_000_101, 0o644], &[path], 3, &[]),
        "openat(AT_FDCWD, \"/etc/ld.so.preload\", O_WRONLY|O_CREAT|O_CLOEXEC, 0644) = 3"
    );
    let long = [b'x'; 33];
    assert_eq!(
        line(Sysno::write, &[1, 0x1000, 100], &[(0x1000, &long)], 100, &[]),
        format!("write(1, \"{}\"..., 100) = 100", "x".repeat(32))
    );
    assert_eq!(
        line(Sysno::read, &[3, 0x1000, 10], &[], 4, &[(0x1000, b"\x7fE\n1")]),
        format!("{:<40}= 4", "read(3, \"\\177E\\n1\", 10)")
    );
    assert_eq!(line(Sysno::close, &[3], &[], 0, &[]), format!("{:<40}= 0", "close(3)"));
}

#[test]
fn memory_calls_read_as_in_strace() {
    assert_eq!(
        line(Sysno::mmap, &[0, 8192, 3, 0x22, u64::MAX, 0], &[], 0x7f00_0000_0000, &[]),
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000"
    );
    assert_eq!(line(Sysno::brk, &[0], &[], 0x5000, &[]), format!("{:<40}= 0x5000", "brk(NULL)"));
}

#[test]
fn what_an_argument_means_depends_on_another() {
    let text = |arguments: &[u64], result| line(Sysno::fcntl, arguments, &[], result, &[]);
    assert!(text(&[3, 1, 9], 1).starts_with("fcntl(3, F_GETFD) "));
    assert!(text(&[3, 1], 1).ends_with("= 0x1 (flags FD_CLOEXEC)"));
    assert!(text(&[3, 3], 0x8002).ends_with("= 0x8002 (flags O_RDWR|O_LARGEFILE)"));
    let futex = line(Sysno::futex, &[0x10, 0x81, 1], &[], 0, &[]);
    assert!(futex.starts_with("futex(0x10, FUTEX_WAKE_PRIVATE, 1) "), "{futex}");
}

#[test]
fn structures_and_addresses_read_as_in_strace() {
    let limit = [0x80_0000_u64.to_le_bytes(), u64::MAX.to_le_bytes()].concat();
    assert_eq!(
        line(Sysno::prlimit64, &[0, 3, 0, 0x1000], &[], 0, &[(0x1000, &limit)]),
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0"
    );
    let peer = [2, 0, 0x2b, 0xcb, 10, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0];
    let (before, after) = (128_u32.to_le_bytes(), 16_u32.to_le_bytes());
    assert_eq!(
        line(
            Sysno::accept4,
            &[3, 0x1000, 0x2000, 0o4000],
            &[(0x2000, &before)],
            9,
            &[(0x1000, &peer), (0x2000, &after)]
        ),
        "accept4(3, {sa_family=AF_INET, sin_port=htons(11211), sin_addr=inet_addr(\"10.0.2.2\")}, \
         [128 => 16], SOCK_NONBLOCK) = 9"
    );
    let event = [1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(
        line(Sysno::epoll_ctl, &[4, 1, 5, 0x1000], &[(0x1000, &event)], 0, &[]),
        "epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=EPOLLIN, data={u32=5, u64=5}}) = 0"
    );
    let poll = |revents: u8| [3, 0, 0, 0, 1, 0, revents, 0];
    let poll = line(Sysno::poll, &[0x1000, 1, 50], &[(0x1000, &poll(0))], 1, &[(0x1000, &poll(1))]);
    assert_eq!(poll, "poll([{fd=3, events=POLLIN}], 1, 50)    = 1 ([{fd=3, revents=POLLIN}])");
}

#[test]
fn what_is_not_known_is_an_address() {
    assert_eq!(
        line(Sysno::openat, &[AT_FDCWD, 0xdead, 0], &[], -14, &[]),
        "openat(AT_FDCWD, 0xdead, O_RDONLY)      = -1 EFAULT (Bad address)"
    );
    let unknown = line(Sysno::vserver, &[1, 0, 3], &[], -38, &[]);
    assert!(unknown.starts_with("vserver(0x1, 0, 0x3, 0, 0, 0)"), "{unknown}");
    assert!(unknown.ends_with("= -1 ENOSYS (Function not implemented)"), "{unknown}");
}

#[test]
fn calls_of_several_threads_are_left_unfinished_and_resumed() {
    let mut trace = Trace::default();
    trace.enter(1, Sysno::read, &[3, 0x1000, 10], &[]);
    trace.enter(2, Sysno::getpid, &[], &[]);
    trace.leave(2, Sysno::getpid, 1, &[]);
    trace.leave(1, Sysno::read, 2, &[(0x1000, b"ab")]);
    trace.enter(2, Sysno::exit_group, &[0], &[]);
    trace.push(0, Event::End(End { status: 0, signal: 0 }));
    let style = Style { is_file: true, ..PLAIN };
    assert_eq!(
        trace.lines(style),
        "1     read(3,  <unfinished ...>\n\
         2     getpid()                          = 1\n\
         1     <... read resumed>\"ab\", 10)       = 2\n\
         2     exit_group(0)                     = ?\n\
         2     +++ exited with 0 +++\n\
         1     +++ exited with 0 +++\n"
    );
}

#[test]
fn a_signal_that_kills_stands_between_the_calls() {
    let mut trace = Trace::default();
    let info = SigInfo::from_fault(Signal::SIGSEGV, SEGV_MAPERR, 0x10);
    trace.push(1, Event::Signal(info));
    trace.push(0, Event::End(End { status: 0, signal: 11 }));
    assert_eq!(
        trace.lines(PLAIN),
        "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---\n\
         +++ killed by SIGSEGV +++\n"
    );
}

#[test]
fn times_stand_where_they_are_asked_for() {
    let mut trace = Trace::default();
    trace.enter(1, Sysno::getpid, &[], &[]);
    trace.leave(1, Sysno::getpid, 1, &[]);
    let style = Style { times: Times::Clock(true), shows_time_spent: true, is_file: false };
    assert_eq!(trace.lines(style), "00:00:00.000000 getpid()                = 1 <0.000001>\n");
}
