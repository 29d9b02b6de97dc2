//! Tracing: the program's calls, told to the host as they happen.
//!
//! The option `trace=` selects calls; the host tool reads the records ([`abi::trace`]) and shows
//! them. A selected call's handler is exchanged for one that records and calls it
//! ([`syscall::record`](crate::syscall::record)), so that no other call is slower for it.
//!
//! Records gather in the channel's buffer and leave it when it is full, when the processor has
//! nothing to do, after [`DELAY`], and before the machine ends.

mod capture;
pub(crate) mod recent;
mod record;
mod selection;

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::task::Waker;
use core::time::Duration;

use abi::call::Description;
use abi::signal::{SigInfo, SignalSet};
use abi::trace::{self, Call, End, Return, Start};
use abi::{Errno, Sysno};

use self::capture::When;
use self::recent::Shown;
use self::record::Record;
use self::selection::Selection;
use crate::arch::clock;
use crate::arch::frame::TrapFrame;
use crate::drivers::channel;
use crate::memory::user::UserPtr;
use crate::network::Load;
use crate::process::exit::Status;
use crate::process::signal;
use crate::process::thread::Thread;
use crate::{syscall, time, timer};

/// How long a record may wait in the buffer while the program runs.
const DELAY: Duration = Duration::from_millis(20);

/// Whether anything is recorded.
static IS_ON: AtomicBool = AtomicBool::new(false);
/// The calls that are recorded.
static SELECTION: Selection = Selection::none();
/// How much of strings and buffers is recorded, in bytes.
static STRING_SIZE: AtomicUsize = AtomicUsize::new(0);
/// When the oldest record in the buffer has to leave, in nanoseconds; 0 if there is none.
static DUE: AtomicU64 = AtomicU64::new(0);

/// Begins to record the calls that `selection` names ([`Selection::read`]), and of strings and buffers `string_size`
/// bytes.
pub(crate) fn start(selection: &[u8], string_size: usize) {
    if !channel::is_there() {
        log::error!("trace= needs a virtio console to write to");
        return;
    }
    SELECTION.read(selection);
    syscall::record(|call| SELECTION.contains(call as u64));
    STRING_SIZE.store(string_size, Ordering::Relaxed);
    IS_ON.store(true, Ordering::Relaxed);
    let start = Start { real_nanos: time::start_nanos(), string_size: string_size as u64 };
    let mut record = Record::new(trace::START, 0);
    record.push(&start);
    send(record);
}

/// Returns whether anything is recorded.
fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

/// Records that the running thread begins the call in `frame`.
pub(crate) fn enter(frame: &TrapFrame) {
    let (number, mut arguments) = (frame.rax, frame.arguments());
    if number == Sysno::rt_sigreturn as u64 {
        // Its only argument is the handler's frame on the stack, of which the mask is shown.
        arguments[0] = signal::mask_place(frame);
    }
    begin_call(Thread::current().tid, Call { number, arguments });
}

fn begin_call(thread: u32, call: Call) {
    let mut record = Record::new(trace::ENTER, thread);
    record.push(&call);
    if call.number == Sysno::rt_sigreturn as u64 {
        record.copy(call.arguments[0], size_of::<SignalSet>());
    } else if let Some(description) = description(call.number) {
        capture::capture(&mut record, description, &call.arguments, When::Enter);
    }
    send(record);
}

/// Records that the running thread's call returns.
pub(crate) fn leave(number: u64, arguments: [u64; 6], result: u64) {
    let thread = Thread::current().tid;
    recent::keep(thread, Shown { number, arguments }, result);
    let mut record = Record::new(trace::LEAVE, thread);
    record.push(&Return { number, result });
    if let Some(description) = description(number) {
        capture::capture(&mut record, description, &arguments, When::Leave(result));
    }
    send(record);
}

/// Records that the running thread's `execve(2)`, or the like by its number, succeeded.
pub(crate) fn leave_exec(number: u64) {
    if SELECTION.contains(number) {
        succeed(Thread::current().tid, number);
    }
}

fn succeed(thread: u32, number: u64) {
    let mut record = Record::new(trace::LEAVE, thread);
    record.push(&Return { number, result: 0 });
    send(record);
}

/// Records the start of the first program as the `execve(2)` that it is on Linux. Its arguments
/// are on its stack, which begins at `stack`.
pub(crate) fn first_program(thread: u32, stack: u64) {
    let number = Sysno::execve as u64;
    if !SELECTION.contains(number) {
        return;
    }
    let stack = UserPtr::<u64>::new(stack);
    let (count, path) = (stack.read().unwrap_or(0), stack.at(1).read().unwrap_or(0));
    let argv = stack.at(1).address();
    let envp = argv.wrapping_add((count + 1).wrapping_mul(8));
    begin_call(thread, Call { number, arguments: [path, argv, envp, 0, 0, 0] });
    succeed(thread, number);
}

/// Records that a signal is delivered to the running thread.
pub(crate) fn delivered(info: &SigInfo) {
    if is_on() {
        let mut record = Record::new(trace::SIGNAL, Thread::current().tid);
        record.push(info);
        send(record);
    }
}

/// Records the end of a thread, of the program if `thread` is 0.
pub(crate) fn end(thread: u32, status: Status) {
    if is_on() {
        recent::forget(thread);
        let end = match status {
            Status::Exited(status) => End { status: status.into(), signal: 0 },
            Status::Signal(signal) => End { status: 0, signal: signal.into() },
        };
        let mut record = Record::new(trace::END, thread);
        record.push(&end);
        send(record);
    }
}

/// Lets records go that have waited long enough.
pub(crate) fn serve(load: Load) {
    let due = DUE.load(Ordering::Relaxed);
    if due != 0 && (load == Load::Idle || clock::now().as_nanos() >= due) {
        flush();
    }
}

/// Lets all records go: the machine ends.
pub(crate) fn finish() {
    if is_on() {
        flush();
        channel::drain();
    }
}

fn flush() {
    DUE.store(0, Ordering::Relaxed);
    channel::flush();
}

fn send(record: Record) {
    channel::write(&record.finish());
    if DUE.load(Ordering::Relaxed) == 0 {
        let due = clock::now() + DELAY;
        DUE.store(due.as_nanos(), Ordering::Relaxed);
        timer::insert(due, Waker::noop().clone());
    }
}

fn description(number: u64) -> Option<&'static Description> {
    Sysno::from_raw(number)?.description()
}

/// Returns the error that a result stands for.
fn error(result: u64) -> Option<Errno> {
    let code = u16::try_from(result.wrapping_neg()).ok()?;
    (1..=4095).contains(&code).then(|| Errno::new(code))
}
