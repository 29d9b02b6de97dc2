//! Threads.
#![expect(unsafe_code, reason = "the running thread is known by a pointer in the per-CPU area")]

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::task::Wake;
use core::cell::UnsafeCell;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use core::task::Waker;

use abi::Result;
use sched::futex::FutexWaiter;
use sched::{Entity, Queued};
use sync::SpinLock;

use super::rseq::Registration;
use super::signal::ThreadSignals;
use super::stack::{self, KernelStack};
use crate::arch::cpu::{self, Cpu};
use crate::arch::frame::TrapFrame;
use crate::arch::thread::{self as machine, Context, ExtendedState};
use crate::schedule;

/// Bytes of a thread's name, the terminating NUL included (`prctl(2)`, PR_SET_NAME).
pub(crate) const NAME_SIZE: usize = 16;

/// What a thread's sleep and wake-up agree on.
#[derive(Debug, Default)]
pub(crate) struct Sleep {
    /// A wake-up came since the thread last looked.
    pub(crate) is_notified: bool,
    /// The thread's entry while it is in no run queue: while it sleeps. It counts the thread, which
    /// therefore is not dropped before it has run to its end.
    pub(crate) queued: Option<Box<Queued<Arc<Thread>>>>,
    /// The thread has ended and will be in no run queue again.
    pub(crate) is_over: bool,
}

/// No processor.
const NOWHERE: usize = usize::MAX;

/// Where code of the kernel is parked while its processor runs something else.
pub(crate) struct Parking {
    context: UnsafeCell<Context>,
    stack_bottom: u64,
    stack_top: u64,
}

// SAFETY: `context` is touched during a switch from it or to it only, of which there is one at a
// time: who is switched to was parked before (`Thread::loaded_on`).
unsafe impl Sync for Parking {}

impl Parking {
    /// Returns where the code that runs now, on this stack, is going to be parked.
    pub(crate) fn of_running(stack_bottom: u64, stack_top: u64) -> Self {
        Self { context: UnsafeCell::new(Context::of_running()), stack_bottom, stack_top }
    }
}

impl fmt::Debug for Parking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stack {:#x}", self.stack_top)
    }
}

/// A thread of the program.
pub(crate) struct Thread {
    /// The thread id, `gettid(2)`.
    pub(crate) tid: u32,
    /// Locked before the run queue's lock.
    pub(crate) sleep: SpinLock<Sleep>,
    /// The thread's name, NUL-padded.
    pub(crate) name: SpinLock<[u8; NAME_SIZE]>,
    /// Where to write 0 and wake a futex at its end (`set_tid_address(2)`); 0 for nowhere.
    pub(crate) clear_child_tid: AtomicU64,
    /// Processor time used, in nanoseconds, as of the last switch away.
    pub(crate) cpu_time: AtomicU64,
    /// The policy that `sched_setscheduler(2)` gave it.
    pub(crate) policy: AtomicI32,
    /// What `personality(2)` set.
    pub(crate) personality: AtomicU32,
    /// Its signals.
    pub(crate) signals: ThreadSignals,
    /// Its part in the futex table.
    pub(crate) futex: Arc<FutexWaiter>,
    /// The lock with priority inheritance that it waits for; 0 for none.
    pub(crate) awaited_lock: AtomicU64,
    /// Where the list of its robust locks begins (`set_robust_list(2)`); 0 for nowhere.
    pub(crate) robust_list: AtomicU64,
    /// Its restartable sequences. A leaf lock.
    pub(crate) rseq: SpinLock<Option<Registration>>,
    /// It runs on another processor than when it last returned to the application.
    pub(crate) has_moved: AtomicBool,
    /// The processor that has its registers.
    loaded_on: AtomicUsize,
    parking: Parking,
    stack: KernelStack,
    this: Weak<Self>,
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {}", self.tid)
    }
}

impl Thread {
    /// Makes a thread that begins with these registers. It runs once [`schedule::start`] is given
    /// it.
    ///
    /// # Errors
    /// `EAGAIN` if there is no memory for its kernel stack.
    pub(crate) fn new(
        tid: u32,
        frame: TrapFrame,
        fs_base: u64,
        extended: ExtendedState,
    ) -> Result<Arc<Self>> {
        let stack = KernelStack::new()?;
        let context = Context::new(stack.top(), frame, fs_base, extended);
        Ok(Arc::new_cyclic(|this| Self {
            tid,
            sleep: SpinLock::default(),
            name: SpinLock::new([0; NAME_SIZE]),
            clear_child_tid: AtomicU64::new(0),
            cpu_time: AtomicU64::new(0),
            policy: AtomicI32::new(0),
            personality: AtomicU32::new(0),
            signals: ThreadSignals::new(),
            futex: Arc::new(FutexWaiter::new(tid)),
            awaited_lock: AtomicU64::new(0),
            robust_list: AtomicU64::new(0),
            rseq: SpinLock::new(None),
            has_moved: AtomicBool::new(false),
            loaded_on: AtomicUsize::new(NOWHERE),
            parking: Parking {
                context: UnsafeCell::new(context),
                stack_bottom: stack.bottom(),
                stack_top: stack.top(),
            },
            stack,
            this: this.clone(),
        }))
    }

    /// Returns the thread that runs here.
    #[inline]
    pub(crate) fn current() -> &'static Self {
        let thread = Cpu::current().thread();
        // SAFETY: set by `switch_from` to a thread that is kept alive at least until the switch
        // after its end; before the first thread runs nothing calls this.
        unsafe { &*thread.cast::<Self>() }
    }

    /// Takes over what a thread has from the one that makes it, or that it takes the place of
    /// (`execve(2)`): the blocked signals, the policy, the personality. Nice value and processors are in what the scheduler is to know of it, which is
    /// returned.
    pub(crate) fn inherit(&self, maker: &Self) -> Entity {
        self.signals.set_mask(maker.signals.mask());
        self.policy.store(maker.policy.load(Ordering::Relaxed), Ordering::Relaxed);
        self.personality.store(maker.personality.load(Ordering::Relaxed), Ordering::Relaxed);
        let from = schedule::entity(maker);
        Entity::new(from.nice(), from.affinity(), Cpu::current().id)
    }

    /// Returns the thread counted.
    pub(crate) fn arc(&self) -> Option<Arc<Self>> {
        self.this.upgrade()
    }

    /// Returns whether a signal is waiting to be delivered to the thread.
    #[inline]
    pub(crate) fn has_signal(&self) -> bool {
        self.signals.has_deliverable()
    }

    /// Returns what wakes the thread.
    pub(crate) fn waker(&self) -> Waker {
        self.arc().map_or_else(|| Waker::noop().clone(), Waker::from)
    }

    /// Returns the registers with which the thread last entered the kernel. Those of a thread that
    /// runs in the application are out of date.
    pub(crate) fn entry_frame(&self) -> TrapFrame {
        let frame = self.stack.top() as *const TrapFrame;
        // SAFETY: every entry saves the application's registers at the top of the thread's kernel
        // stack, which is mapped as long as the thread lives; any bytes are a frame.
        unsafe { frame.wrapping_sub(1).read_volatile() }
    }

    /// Returns the processor that has the thread's registers: where it runs, or what idles on its
    /// stack since it fell asleep. Only there it can go on.
    pub(crate) fn loaded_on(&self) -> Option<usize> {
        let cpu = self.loaded_on.load(Ordering::Acquire);
        (cpu != NOWHERE).then_some(cpu)
    }
}

impl Wake for Thread {
    fn wake(self: Arc<Self>) {
        schedule::wake(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        schedule::wake(self);
    }
}

/// Adds processor time.
pub(crate) fn charge(thread: &Thread, nanos: u64) {
    thread.cpu_time.fetch_add(nanos, Ordering::Relaxed);
}

/// Parks the code that runs, a thread's or (`None`) the processor's own at `idle`, and continues
/// the thread at `to`, or the processor's own (null). Returns when something switches back; what
/// was parked for that has to be let go ([`let_go`]).
pub(crate) fn switch(from: Option<&Thread>, to: *const Thread, idle: &Parking) {
    // SAFETY: the run queue holds the thread at `to` as its current one, so it is alive.
    let next = unsafe { to.as_ref() };
    let cpu = Cpu::current();
    if let Some(next) = next {
        next.loaded_on.store(cpu.id, Ordering::Relaxed);
    }
    stack::refill();
    let parked = from.map_or(idle, |thread| &thread.parking);
    let continued = next.map_or(idle, |thread| &thread.parking);
    cpu::set_kernel_stack(continued.stack_bottom, continued.stack_top);
    cpu.set_thread(to.cast_mut().cast());
    // SAFETY: what runs is `from`, and what is continued is parked: a thread from the run queue
    // is loaded nowhere else, and a processor's own code runs there only. Threads are alive as
    // `current` says.
    unsafe { machine::switch(parked.context.get(), continued.context.get()) };
}

/// Says that a thread's registers have been put away, so that any processor can continue it.
pub(crate) fn let_go(thread: *const Thread) {
    // SAFETY: the thread was running until the switch just done. It cannot end before it runs
    // again, which it cannot before this; if it has ended, the scheduler drops it after this.
    if let Some(thread) = unsafe { thread.as_ref() } {
        thread.loaded_on.store(NOWHERE, Ordering::Release);
    }
}
