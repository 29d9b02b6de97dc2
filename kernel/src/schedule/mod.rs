//! Who runs: sleeping and waking, the switch to the next thread, and what is done on the way back
//! to the application.
//!
//! A processor without threads idles on the stack of the last one that fell asleep, so that a
//! thread that is woken soon goes on without a switch. Until the processor has switched away, no
//! other can continue that thread ([`Thread::loaded_on`]).
//!
//! Lock order: a thread's `sleep`, then run queues, of two the lower-numbered processor's first.
//! All are leaves otherwise.

mod balance;
mod idle;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::mem::{self, ManuallyDrop};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use abi::time::Instant;
use sched::{CpuSet, Entity, Nice, Queued, RunQueue};
use sync::{Once, SpinLock, SpinLockGuard};

pub(crate) use balance::preempt_others;
pub(crate) use idle::is_another_busy;

use crate::arch::clock;
use crate::arch::cpu::{self, Attention, Cpu, MAX_CPUS};
use crate::arch::frame::TrapFrame;
use crate::arch::smp;
use crate::memory::tlb;
use crate::network::Load;
use crate::process::rseq;
use crate::process::signal;
use crate::process::thread::{self, Parking, Thread};
use crate::{timer, work};

/// Below this the way to the timer and back takes longer than what is waited for.
const SHORTEST_SLICE_NS: u64 = 50_000;
/// Less time than this is accounted with what follows.
const WORTH_ACCOUNTING_NS: u64 = 20_000;

/// What the scheduler keeps of one processor.
struct Local {
    queue: SpinLock<RunQueue<Arc<Thread>>>,
    /// How many threads want the processor, as of the queue's last change.
    load: AtomicUsize,
    /// Until when the running thread's time is accounted, in nanoseconds since the start; changed
    /// under the queue's lock.
    accounted: AtomicU64,
    /// A thread that became ready should run in place of the current one.
    is_preempted: AtomicBool,
    /// It idles and looks at `load` all the time: it need not be interrupted.
    is_polling: AtomicBool,
    /// The thread that is being switched from.
    parked: AtomicPtr<Thread>,
    /// That thread is not in the queue.
    has_left: AtomicBool,
    /// What becomes of it then.
    left: SpinLock<Left>,
    /// Where the processor's start-up code is parked, to run where it cannot idle on a thread's
    /// stack.
    idle: Once<Parking>,
}

static LOCALS: [Local; MAX_CPUS] = [const {
    Local {
        queue: SpinLock::new(RunQueue::new()),
        load: AtomicUsize::new(0),
        accounted: AtomicU64::new(0),
        is_preempted: AtomicBool::new(false),
        is_polling: AtomicBool::new(false),
        parked: AtomicPtr::new(ptr::null_mut()),
        has_left: AtomicBool::new(false),
        left: SpinLock::new(Left::Nothing),
        idle: Once::new(),
    }
}; MAX_CPUS];

/// A thread that is on its way out of a processor.
enum Left {
    /// None is.
    Nothing,
    /// It has ended, and is kept until its stack is not in use any more.
    Ended(Arc<Thread>),
    /// It may not run here any more, and is kept until its registers are put away.
    Departing(Box<Queued<Arc<Thread>>>),
}

/// What a processor does next.
enum Next {
    /// It runs this thread, which the queue keeps alive while it runs.
    Run(*const Thread),
    /// It gives up the thread whose stack it is on, which may not run here any more.
    Leave(Box<Queued<Arc<Thread>>>),
}

impl Local {
    fn current() -> &'static Self {
        &LOCALS[Cpu::current().id]
    }

    /// Changes the run queue.
    fn change<R>(&self, change: impl FnOnce(&mut RunQueue<Arc<Thread>>) -> R) -> R {
        let mut queue = self.queue.lock();
        let result = change(&mut queue);
        self.note_load(&queue);
        result
    }

    /// Takes note that the run queue has changed.
    fn note_load(&self, queue: &RunQueue<Arc<Thread>>) {
        self.load.store(queue.load(), Ordering::Relaxed);
    }

    fn has_work(&self) -> bool {
        self.load.load(Ordering::Relaxed) > 0
    }

    /// Returns whether enough time passed that has not been accounted.
    fn is_behind(&self, now: Instant) -> bool {
        let accounted = self.accounted.load(Ordering::Relaxed);
        now.as_nanos().saturating_sub(accounted) >= WORTH_ACCOUNTING_NS
    }

    /// Accounts the running thread's time and returns whether its slice is over.
    fn tick(&self, queue: &mut RunQueue<Arc<Thread>>, now: Instant) -> bool {
        let before = self.accounted.load(Ordering::Relaxed);
        self.accounted.store(now.as_nanos(), Ordering::Relaxed);
        let Some(current) = queue.current() else { return false };
        let ran_ns = now.as_nanos().saturating_sub(before);
        thread::charge(&current.thread, ran_ns);
        queue.tick(ran_ns)
    }

    /// Puts the running thread back if another should run in its place, and returns whether it
    /// did; else the timer interrupts at the end of its slice.
    fn give_way(&self) -> bool {
        let now = clock::now();
        let (is_over, gives_way) = self.change(|queue| {
            let is_over = self.tick(queue, now);
            let gives_way = self.is_preempted.swap(false, Ordering::Relaxed) || is_over;
            if gives_way {
                queue.put_back();
            } else {
                arm_slice(queue, now);
            }
            (is_over, gives_way)
        });
        if is_over {
            balance::share(Cpu::current().id);
        }
        gives_way
    }

    /// Makes the thread that is to run next the queue's current one. `current` is whose stack this
    /// runs on. The time up to now has been accounted.
    fn choose(&self, cpu: usize, current: Option<&Thread>) -> Option<Next> {
        loop {
            self.is_preempted.store(false, Ordering::Relaxed);
            let mut queue = self.queue.lock();
            let picked = queue.pick_next()?;
            if picked.entity.affinity().contains(cpu) {
                let next = Arc::as_ptr(&picked.thread);
                if queue.waiting() > 0 {
                    let accounted = self.accounted.load(Ordering::Relaxed);
                    arm_slice(&queue, Instant::from_nanos(accounted));
                }
                return Some(Next::Run(next));
            }
            if let Some(barred) = self.bar(queue, current) {
                return Some(Next::Leave(barred));
            }
        }
    }

    /// Sends the queue's current thread away, which may not run here any more; returns it if it is
    /// the one whose stack this runs on.
    #[cold]
    fn bar(
        &self,
        mut queue: SpinLockGuard<'_, RunQueue<Arc<Thread>>>,
        current: Option<&Thread>,
    ) -> Option<Box<Queued<Arc<Thread>>>> {
        let barred = queue.take_current();
        self.note_load(&queue);
        drop(queue);
        let barred = barred?;
        if is_same(current, &barred.thread) {
            return Some(barred);
        }
        balance::make_ready(barred);
        None
    }

    /// Keeps the thread that is about to be switched from, which is on its way out.
    fn leave(&self, left: Left) {
        *self.left.lock() = left;
        self.has_left.store(true, Ordering::Relaxed);
    }

    /// Finds something to run elsewhere, or idles for a while.
    #[cold]
    fn look_around(&self, cpu: usize) {
        if balance::steal(cpu) {
            return;
        }
        idle::idle(self);
        // Who runs next did not have the time until now.
        let _ = self.tick(&mut self.queue.lock(), clock::now());
    }
}

fn is_same(one: Option<&Thread>, other: &Arc<Thread>) -> bool {
    one.is_some_and(|one| ptr::eq(one, Arc::as_ptr(other)))
}

/// Makes a new thread ready to run.
pub(crate) fn start(thread: Arc<Thread>, entity: Entity) {
    balance::make_ready(Queued::new(thread, entity));
}

/// Wakes a thread: it runs soon if it sleeps, and does not fall asleep the next time if not.
pub(crate) fn wake(thread: &Thread) {
    let mut sleep = thread.sleep.lock();
    let Some(queued) = sleep.queued.take() else {
        sleep.is_notified = true;
        return;
    };
    drop(sleep);
    balance::make_ready(queued);
}

/// Wakes a thread, or makes it pass through [`before_return`] soon if it runs.
pub(crate) fn interrupt(thread: &Thread) {
    wake(thread);
    if let Some(cpu) = thread.loaded_on() {
        balance::attend(cpu);
    }
}

/// Puts the running thread to sleep until [`wake`]; returns at once if that came already since
/// the last call. Wake-ups may come without a reason: look at what was waited for.
pub(crate) fn sleep() {
    let thread = Thread::current();
    let local = Local::current();
    {
        let mut sleep = thread.sleep.lock();
        if mem::take(&mut sleep.is_notified) {
            return;
        }
        let queued = local.change(|queue| {
            let _ = local.tick(queue, clock::now());
            queue.take_current()
        });
        // A thread that runs has none there, so that there is nothing to drop.
        let _nothing = ManuallyDrop::new(mem::replace(&mut sleep.queued, queued));
    }
    run_next(Some(thread));
}

/// Accounts the running threads' time up to now.
pub(crate) fn account() {
    for (cpu, local) in LOCALS.iter().enumerate().take(smp::count()) {
        let is_over = local.tick(&mut local.queue.lock(), clock::now());
        if is_over {
            balance::preempt(cpu);
        }
    }
}

/// Lets other threads run that are ready, `sched_yield(2)`.
pub(crate) fn yield_now() {
    let local = Local::current();
    local.change(|queue| {
        let _ = local.tick(queue, clock::now());
        queue.yield_current();
    });
    run_next(Some(Thread::current()));
}

/// Ends the running thread, which is on no list any more.
pub(crate) fn end(thread: Arc<Thread>) -> ! {
    thread.sleep.lock().is_over = true;
    let local = Local::current();
    let queued = local.change(|queue| {
        let _ = local.tick(queue, clock::now());
        queue.take_current()
    });
    drop(queued);
    local.leave(Left::Ended(thread));
    // Not on this stack: the thread is gone as soon as it is left.
    switch(local, Some(Thread::current()), ptr::null());
    cpu::halt()
}

/// Runs threads on this processor from its start-up code, whose stack is given.
pub(crate) fn run(stack_bottom: u64, stack_top: u64) -> ! {
    Local::current().idle.call_once(|| Parking::of_running(stack_bottom, stack_top));
    loop {
        run_next(None);
    }
}

/// Continues the thread that is to run next, waiting for one if need be; returns when the caller
/// is continued itself, perhaps on another processor.
fn run_next(current: Option<&Thread>) {
    // Who yields again and again answers others nevertheless.
    tlb::serve();
    let cpu = Cpu::current().id;
    let local = &LOCALS[cpu];
    let next = loop {
        match local.choose(cpu, current) {
            Some(next) => break next,
            None => local.look_around(cpu),
        }
    };
    match next {
        Next::Run(thread) if current.is_some_and(|current| ptr::eq(current, thread)) => return,
        Next::Run(thread) => switch(local, current, thread),
        Next::Leave(queued) => {
            local.leave(Left::Departing(queued));
            switch(local, current, ptr::null());
        }
    }
    let Some(thread) = current else { return };
    let has_moved = Cpu::current().id != cpu;
    if has_moved {
        thread.has_moved.store(true, Ordering::Relaxed);
    }
    if has_moved || thread.has_signal() {
        Cpu::current().call_attention(Attention::Threads);
    }
}

fn switch(local: &Local, from: Option<&Thread>, to: *const Thread) {
    let parked = from.map_or(ptr::null(), ptr::from_ref);
    local.parked.store(parked.cast_mut(), Ordering::Relaxed);
    if let Some(idle) = local.idle.get() {
        thread::switch(from, to, idle);
    }
    after_switch();
}

/// Lets go of what was switched from.
fn after_switch() {
    let local = Local::current();
    thread::let_go(local.parked.swap(ptr::null_mut(), Ordering::Relaxed));
    if !local.has_left.load(Ordering::Relaxed) {
        return;
    }
    local.has_left.store(false, Ordering::Relaxed);
    let left = mem::replace(&mut *local.left.lock(), Left::Nothing);
    match left {
        Left::Nothing => {}
        Left::Ended(thread) => drop(thread),
        Left::Departing(departing) => balance::make_ready(departing),
    }
}

/// First kernel code of a new thread, before it returns to the application with `frame`.
pub(crate) fn first_run(frame: &mut TrapFrame) {
    after_switch();
    Cpu::current().call_attention(Attention::Threads);
    before_return(frame);
}

/// Runs before every return to the application that attention was called for: devices and timers,
/// other threads' turns, signals.
pub(crate) fn before_return(frame: &mut TrapFrame) {
    while let Some(attention) = Cpu::current().take_attention() {
        if attention == Attention::Work {
            work::run(Load::Busy);
            // The timer may have been what called.
            timer::arm();
        }
        let thread = Thread::current();
        let is_preempted = Local::current().give_way();
        if is_preempted {
            run_next(Some(thread));
        }
        if thread.has_moved.swap(false, Ordering::Relaxed) {
            rseq::moved(thread, frame);
        } else if is_preempted {
            rseq::interrupt(thread, frame);
        }
        signal::deliver(frame);
    }
}

/// Makes the timer interrupt the application at the end of its slice, if others wait.
fn arm_slice(queue: &RunQueue<Arc<Thread>>, now: Instant) {
    if let Some(left) = queue.slice_left_ns() {
        let nanos = now.as_nanos().saturating_add(left.max(SHORTEST_SLICE_NS));
        clock::wake_at(Instant::from_nanos(nanos));
    }
}

/// Gives back the memory that is kept for threads beyond those that there are.
pub(crate) fn trim() {
    LOCALS.iter().for_each(|local| local.queue.lock().trim());
}

/// Returns the scheduler's data of a thread, wherever the thread is.
pub(crate) fn entity(thread: &Thread) -> Entity {
    let mut found = Entity::new(Nice::default(), CpuSet::ALL, 0);
    balance::update(thread, &mut |entity| found = *entity);
    found
}

/// Changes the scheduler's data of a thread, wherever the thread is. If it may not run any more
/// where it does, it moves before it returns to the application.
pub(crate) fn update_entity(thread: &Arc<Thread>, mut change: impl FnMut(&mut Entity)) {
    balance::update(thread, &mut change);
}
