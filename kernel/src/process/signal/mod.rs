//! Signals: who gets them, what is pending, what is done about them. `signal(7)`.
//!
//! A signal is sent to the program or to one thread ([`send_to_process`], [`send_to_thread`]),
//! waits in a [`Pending`] and is delivered by [`deliver`] on the thread's way back to the
//! application. What only the delivering thread touches is in its [`ThreadSignals`].
//!
//! Lock order: the actions, then a [`Pending`].

mod frame;
mod pending;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering, fence};

use abi::poll::Events;
use abi::signal::{
    ActionFlags, COUNT, DefaultAction, SI_USER, SIG_DFL, SIG_IGN, SigAction, SigInfo, SigStack,
    Signal, SignalSet,
};
use abi::{Errno, Result};
use sync::{SpinLock, Waiters};

pub(crate) use self::frame::{is_on_stack, mask_place, return_from_handler, shown_stack};
pub(super) use self::pending::Room;
use self::pending::{Origin, Pending};
use super::exit::{self, Status};
use super::thread::Thread;
use super::{PID, Process, rseq, timers};
use crate::arch::cpu::{Attention, Cpu};
use crate::arch::frame::{SYSCALL, TrapFrame};
use crate::memory::report;
use crate::schedule;
use crate::trace;
use crate::wait::{RESTART, RESTART_ALWAYS, RESTART_UNLESS_HANDLED};

/// What is done about each signal; a signal's place is [`Signal::index`].
static ACTIONS: SpinLock<[SigAction; COUNT]> = SpinLock::new(
    [SigAction { handler: SIG_DFL, flags: 0, restorer: 0, mask: SignalSet::EMPTY }; COUNT],
);

/// The signals for the program that no thread has taken yet.
static PENDING: Pending = Pending::new();

/// Told whenever a signal comes, for signalfd(2).
static ARRIVALS: Waiters = Waiters::new();

/// Returns the queue that is told whenever a signal comes.
pub(crate) fn arrivals() -> &'static Waiters {
    &ARRIVALS
}

/// The last exception of a thread, which its handler finds in the context.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Exception {
    /// The exception's vector.
    pub(crate) vector: u64,
    /// Its error code as Linux's programs see it.
    pub(crate) error: u64,
    /// The address that a page fault was about.
    pub(crate) address: u64,
}

/// The signals of one thread.
#[derive(Debug)]
pub(crate) struct ThreadSignals {
    /// What is blocked.
    mask: AtomicU64,
    /// What is blocked but for those that `sigtimedwait(2)` waits for.
    waiting_mask: AtomicU64,
    pending: Pending,
    /// The mask to go back to after a call that changed it for its duration.
    saved_mask: SpinLock<Option<SignalSet>>,
    stack: SpinLock<SigStack>,
    exception: SpinLock<Exception>,
}

impl ThreadSignals {
    /// Returns what a thread starts with.
    pub(crate) const fn new() -> Self {
        Self {
            mask: AtomicU64::new(0),
            waiting_mask: AtomicU64::new(0),
            pending: Pending::new(),
            saved_mask: SpinLock::new(None),
            stack: SpinLock::new(SigStack::disabled()),
            exception: SpinLock::new(Exception { vector: 0, error: 0, address: 0 }),
        }
    }

    /// Returns what is blocked.
    pub(crate) fn mask(&self) -> SignalSet {
        SignalSet::from_bits(self.mask.load(Ordering::Relaxed))
    }

    /// Sets what is blocked; what cannot be blocked is left out.
    pub(crate) fn set_mask(&self, mask: SignalSet) {
        let mask = mask & !SignalSet::UNBLOCKABLE;
        self.waiting_mask.store(mask.bits(), Ordering::Relaxed);
        // Whoever sends a signal to the program meanwhile sees this mask, or this sees the signal.
        let before = SignalSet::from_bits(self.mask.swap(mask.bits(), Ordering::SeqCst));
        let left = PENDING.set() & mask & !before;
        if !left.is_empty() {
            self.leave_to_others(left);
        }
        if self.has_deliverable() {
            Cpu::current().call_attention(Attention::Threads);
        }
    }

    /// Makes other threads take signals of the program that were meant for this one.
    #[cold]
    fn leave_to_others(&self, signals: SignalSet) {
        let mut left = signals;
        Process::current().find_thread(|thread| {
            let taken = left & !thread.signals.mask();
            if !core::ptr::eq(&raw const thread.signals, self) && !taken.is_empty() {
                left = left & !taken;
                schedule::interrupt(thread);
            }
            left.is_empty()
        });
    }

    /// Unblocks `wanted` while the thread waits for just these.
    fn unblock_for_wait(&self, wanted: SignalSet) {
        let mask = self.waiting_mask.load(Ordering::Relaxed) & !wanted.bits();
        self.mask.store(mask, Ordering::Relaxed);
    }

    /// Sets what is blocked until the running call is over, `sigsuspend(2)`.
    pub(crate) fn set_mask_for_call(&self, mask: SignalSet) {
        let before = self.mask();
        self.saved_mask.lock().get_or_insert(before);
        self.set_mask(mask);
    }

    /// Ends [`set_mask_for_call`](Self::set_mask_for_call) where no handler runs.
    pub(crate) fn restore_mask(&self) {
        if let Some(mask) = self.take_saved_mask() {
            self.set_mask(mask);
        }
    }

    fn take_saved_mask(&self) -> Option<SignalSet> {
        self.saved_mask.lock().take()
    }

    /// Returns what is pending for the thread or the program.
    pub(crate) fn pending(&self) -> SignalSet {
        self.pending.set() | PENDING.set()
    }

    /// Returns whether something is pending that is not blocked.
    #[inline]
    pub(crate) fn has_deliverable(&self) -> bool {
        !(self.pending() & !self.mask()).is_empty()
    }

    /// Returns the alternate stack.
    pub(crate) fn stack(&self) -> SigStack {
        *self.stack.lock()
    }

    /// Sets the alternate stack.
    pub(crate) fn set_stack(&self, stack: SigStack) {
        *self.stack.lock() = stack;
    }

    /// Notes an exception for the handler to find.
    pub(crate) fn note_exception(&self, exception: Exception) {
        *self.exception.lock() = exception;
    }

    fn exception(&self) -> Exception {
        *self.exception.lock()
    }

    /// Takes a pending signal out of those in `wanted`, the thread's own first.
    pub(crate) fn take(&self, wanted: SignalSet) -> Option<SigInfo> {
        let taken = self.pending.take(wanted).or_else(|| PENDING.take(wanted))?;
        Some(timers::complete(taken))
    }

    /// Takes a pending signal out of those in `wanted`, or lets them in for the thread to wait.
    pub(crate) fn take_or_unblock(&self, wanted: SignalSet) -> Option<SigInfo> {
        let taken = self.take(wanted);
        if taken.is_none() {
            self.unblock_for_wait(wanted);
        }
        taken
    }

    /// Ends the wait of [`take_or_unblock`](Self::take_or_unblock).
    pub(crate) fn block_after_wait(&self) {
        self.mask.store(self.waiting_mask.load(Ordering::Relaxed), Ordering::Relaxed);
        if self.has_deliverable() {
            Cpu::current().call_attention(Attention::Threads);
        }
    }

    /// Returns whether a signal would do nothing if it were sent to the thread, so that it need
    /// not be kept: it is ignored, or would stop the program, and is not blocked, since its action
    /// may change until then.
    fn drops(&self, signal: Signal) -> bool {
        let blocked = self.mask.load(Ordering::Relaxed) | self.waiting_mask.load(Ordering::Relaxed);
        let action = action(signal);
        !SignalSet::from_bits(blocked).contains(signal)
            && (action.ignores(signal) || stops(signal, action))
    }
}

/// What `/proc/pid/status` says of signals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overview {
    /// How many wait with what they carry, or have room kept for it.
    pub(crate) queued: u64,
    /// What waits for the thread.
    pub(crate) own: SignalSet,
    /// What waits for the program.
    pub(crate) shared: SignalSet,
    /// What the thread blocks.
    pub(crate) blocked: SignalSet,
    /// What is ignored.
    pub(crate) ignored: SignalSet,
    /// What has a handler.
    pub(crate) caught: SignalSet,
}

/// Returns how it is with a thread's signals.
pub(crate) fn overview(thread: &Thread) -> Overview {
    let actions = ACTIONS.lock();
    let those = |is: fn(u64) -> bool| {
        let numbers = (1..=COUNT as u64).filter_map(Signal::from_raw);
        let numbers = numbers.filter(|signal| is(actions[signal.index()].handler));
        numbers.fold(SignalSet::EMPTY, SignalSet::with)
    };
    Overview {
        queued: pending::taken(),
        own: thread.signals.pending.set(),
        shared: PENDING.set(),
        blocked: thread.signals.mask(),
        ignored: those(|handler| handler == SIG_IGN),
        caught: those(|handler| handler > SIG_IGN),
    }
}

/// Returns what is done about a signal.
pub(crate) fn action(signal: Signal) -> SigAction {
    ACTIONS.lock()[signal.index()]
}

/// Sets what is done about a signal; those that are pending and are ignored now are forgotten.
pub(crate) fn set_action(signal: Signal, action: SigAction) {
    ACTIONS.lock()[signal.index()] = action;
    if action.ignores(signal) {
        forget(SignalSet::only(signal));
    }
}

/// Takes pending signals back, the program's and those of all threads.
fn forget(signals: SignalSet) {
    PENDING.forget(signals);
    Process::current().find_thread(|thread| {
        thread.signals.pending.forget(signals);
        false
    });
}

/// Returns whether a signal would stop the program. It does not, since nobody is there to continue
/// it: what the action says is logged, and nothing happens.
fn stops(signal: Signal, action: SigAction) -> bool {
    let stops = signal.default_action() == DefaultAction::Stop && action.handler == SIG_DFL;
    if stops {
        log::warn!("{signal:?} does not stop the program");
    }
    stops
}

/// Sends a signal to one thread: `tgkill(2)`. Returns whether it is on its way: it is not if it is
/// ignored or, as a standard signal, pending already.
///
/// # Errors
/// `EAGAIN` if too many are pending already.
pub(crate) fn send_to_thread(thread: &Arc<Thread>, info: SigInfo) -> Result<bool> {
    queue_for_thread(thread, info, Origin::Call)
}

/// Sends one thread a timer's signal; returns whether it is on its way.
pub(super) fn send_timer_to_thread(thread: &Arc<Thread>, info: SigInfo) -> bool {
    queue_for_thread(thread, info, Origin::Kernel).unwrap_or(false)
}

fn queue_for_thread(thread: &Arc<Thread>, info: SigInfo, origin: Origin) -> Result<bool> {
    let Some(signal) = filter(&thread.signals, &info) else { return Ok(false) };
    let is_new = thread.signals.pending.push(signal, info, origin)?;
    if !thread.signals.mask().contains(signal) {
        schedule::interrupt(thread);
    }
    ARRIVALS.wake(Events::IN);
    Ok(is_new)
}

/// Sends the running thread a signal on account of its own call, such as SIGPIPE.
pub(crate) fn send_to_current(signal: Signal) {
    if let Some(thread) = Thread::current().arc() {
        // A standard signal that is pending already will do as well.
        let _ = send_to_thread(&thread, own_info(signal, SI_USER));
        Cpu::current().call_attention(Attention::Threads);
    }
}

/// Makes another thread end as soon as it would return to the application.
pub(crate) fn end_thread(thread: &Arc<Thread>) {
    let kill = Signal::SIGKILL;
    // One that is to end already needs no second signal, and the queue takes every standard one.
    let _ = thread.signals.pending.push(kill, SigInfo::from_kernel(kill), Origin::Kernel);
    schedule::interrupt(thread);
}

/// Sends a signal to the program: `kill(2)`. The first thread that does not block it gets it.
/// Returns as [`send_to_thread`].
///
/// # Errors
/// `EAGAIN` if too many are pending already.
pub(crate) fn send_to_process(info: SigInfo) -> Result<bool> {
    queue_for_process(info, Origin::Call)
}

/// Sends the program a timer's signal; returns whether it is on its way.
pub(super) fn send_timer_to_process(info: SigInfo) -> bool {
    queue_for_process(info, Origin::Kernel).unwrap_or(false)
}

fn queue_for_process(info: SigInfo, origin: Origin) -> Result<bool> {
    let process = Process::current();
    let Some(first) = process.find_thread(|_| true) else { return Ok(false) };
    let Some(signal) = filter(&first.signals, &info) else { return Ok(false) };
    let is_new = PENDING.push(signal, info, origin)?;
    // As `set_mask` says.
    fence(Ordering::SeqCst);
    let takes = |thread: &Arc<Thread>| !thread.signals.mask().contains(signal);
    if let Some(thread) = process.find_thread(takes) {
        schedule::interrupt(&thread);
    }
    ARRIVALS.wake(Events::IN);
    Ok(is_new)
}

/// Returns the signal if it is to be kept. SIGKILL ends the program here. SIGCONT takes back what
/// would stop the program, and that takes back SIGCONT.
fn filter(signals: &ThreadSignals, info: &SigInfo) -> Option<Signal> {
    let signal = info.signal()?;
    if signal == Signal::SIGKILL {
        exit::doom(Status::Signal(signal.raw()));
        return None;
    }
    if signal == Signal::SIGCONT {
        forget(SignalSet::STOPPING);
    } else if SignalSet::STOPPING.contains(signal) {
        forget(SignalSet::only(Signal::SIGCONT));
    }
    (!signals.drops(signal)).then_some(signal)
}

/// Raises the signal of an exception in the running thread. It cannot be blocked or ignored: if
/// it is, it takes its default action.
pub(crate) fn force(info: SigInfo) {
    let Some(signal) = info.signal() else { return };
    let signals = &Thread::current().signals;
    let is_blocked = signals.mask().contains(signal);
    let action = action(signal);
    if is_blocked || action.handler <= SIG_IGN {
        set_action(signal, SigAction::default());
    }
    if is_blocked {
        signals.set_mask(signals.mask().without(signal));
    }
    // A pending one of the same number keeps its place; the outcome is the same.
    let _ = signals.pending.push(signal, info, Origin::Kernel);
    Cpu::current().call_attention(Attention::Threads);
}

/// Delivers what is pending for the running thread, on its way back to the application in
/// `frame`: enters handlers, or ends the program.
pub(crate) fn deliver(frame: &mut TrapFrame) {
    let thread = Thread::current();
    let signals = &thread.signals;
    // Mostly there is nothing to take, as a look at the sets shows.
    while signals.has_deliverable()
        && let Some(info) = signals.take(!signals.mask())
    {
        let Some(signal) = info.signal() else { continue };
        if signal == Signal::SIGKILL {
            // For the whole program it never gets here: this is end_thread's.
            exit::exit_thread(0);
        }
        let action = take_action(signal);
        if action.ignores(signal) || stops(signal, action) {
            continue;
        }
        trace::delivered(&info);
        if action.handler == SIG_DFL {
            end_by(signal, frame);
        }
        if let Some(code) = restart_code(frame) {
            let restarts = match code {
                RESTART => action.flags().contains(ActionFlags::RESTART),
                code => code == RESTART_ALWAYS,
            };
            if restarts { restart(frame) } else { frame.rax = negated(Errno::EINTR) }
        }
        let mask = signals.mask();
        let to_restore = signals.take_saved_mask().unwrap_or(mask);
        rseq::interrupt(thread, frame);
        if frame::enter_handler(frame, signals, &action, &info, to_restore).is_err() {
            if signal == Signal::SIGSEGV {
                end_by(signal, frame);
            }
            force(SigInfo::from_kernel(Signal::SIGSEGV));
            continue;
        }
        let mut blocked = mask | action.mask;
        if !action.flags().contains(ActionFlags::NODEFER) {
            blocked = blocked.with(signal);
        }
        signals.set_mask(blocked);
    }
    if restart_code(frame).is_some() {
        restart(frame);
    }
    signals.restore_mask();
}

/// Forgets all handlers, as `execve(2)` does; what is ignored stays ignored.
pub(crate) fn reset_handlers() {
    for action in ACTIONS.lock().iter_mut() {
        let handler = if action.handler == SIG_IGN { SIG_IGN } else { SIG_DFL };
        *action = SigAction { handler, flags: 0, restorer: 0, mask: SignalSet::EMPTY };
    }
}

/// Forgets all that programs have done about signals, and what waits for no thread.
pub(super) fn reset() {
    *ACTIONS.lock() = [SigAction::default(); COUNT];
    PENDING.forget(SignalSet::from_bits(u64::MAX));
}

/// Returns a signal's action, which is reset where it is to run once only.
fn take_action(signal: Signal) -> SigAction {
    let mut actions = ACTIONS.lock();
    let place = &mut actions[signal.index()];
    let action = *place;
    let has_handler = action.handler > SIG_IGN;
    if has_handler && action.flags().contains(ActionFlags::RESETHAND) {
        place.handler = SIG_DFL;
    }
    action
}

/// Returns the code by which an interrupted call asks to be restarted.
fn restart_code(frame: &TrapFrame) -> Option<Errno> {
    let codes = [RESTART, RESTART_ALWAYS, RESTART_UNLESS_HANDLED];
    let is_call = frame.vector == SYSCALL;
    codes.into_iter().find(|&code| is_call && frame.rax == negated(code))
}

/// Makes the application execute its `syscall` instruction, of two bytes, again.
fn restart(frame: &mut TrapFrame) {
    frame.rax = frame.error;
    frame.rip = frame.rip.wrapping_sub(2);
}

const fn negated(error: Errno) -> u64 {
    (error.raw() as u64).wrapping_neg()
}

/// Ends the program by a signal that nothing handles.
fn end_by(signal: Signal, frame: &TrapFrame) -> ! {
    if SignalSet::SYNCHRONOUS.contains(signal) {
        let exception = Thread::current().signals.exception();
        log::error!(
            "{signal:?} at {:#x} ends the program (exception {}, error {:#x}, address {:#x})",
            frame.rip,
            exception.vector,
            exception.error,
            exception.address
        );
        report::fault(frame, exception.address);
        super::report::threads(|line| log::error!("{line}"));
    }
    exit::end_program(Status::Signal(signal.raw()))
}

/// Asks the program to end, as the host's user does: SIGTERM.
pub(crate) fn terminate() {
    // One that is pending already will do as well.
    let _ = send_to_process(SigInfo::from_process(Signal::SIGTERM, SI_USER, 0, 0));
}

/// Returns what a signal carries that the program sends itself.
pub(crate) fn own_info(signal: Signal, code: i32) -> SigInfo {
    SigInfo::from_process(signal, code, PID, 0)
}
