//! Signals: who gets them, what is pending, what is done about them. `signal(7)`.
//!
//! A signal is sent to the program or to one thread ([`send_to_process`], [`send_to_thread`]),
//! waits in a [`Pending`] and is delivered by [`deliver`] on the thread's way back to the
//! application. What only the delivering thread touches is in its [`ThreadSignals`].
//!
//! Lock order: the actions, then a [`Pending`].

mod deliver;
mod frame;
mod pending;
mod send;

use core::sync::atomic::{AtomicU64, Ordering};

use abi::signal::{
    COUNT, DefaultAction, SIG_DFL, SIG_IGN, SigAction, SigInfo, SigStack, Signal, SignalSet,
};
use sync::{SpinLock, Waiters};

pub(crate) use self::deliver::deliver;
pub(crate) use self::frame::{is_on_stack, mask_place, return_from_handler, shown_stack};
use self::pending::Pending;
pub(super) use self::pending::Room;
pub(crate) use self::send::{
    end_thread, force, own_info, send_to_current, send_to_process, send_to_thread, terminate,
};
pub(super) use self::send::{send_timer_to_process, send_timer_to_thread};
use super::thread::Thread;
use super::{Process, timers};
use crate::arch::cpu::{Attention, Cpu};
use crate::schedule;

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
