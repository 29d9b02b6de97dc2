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

use alloc::sync::Arc;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;

use abi::time::Instant;
use sched::{CpuSet, Entity, Nice, Queued, RunQueue};
use sync::{Once, SpinLock};

pub(crate) use idle::is_another_busy;

use crate::arch::clock;
use crate::arch::cpu::{self, Cpu, MAX_CPUS};
use crate::arch::frame::TrapFrame;
use crate::arch::smp;
use crate::network::Load;
use crate::process::rseq;
use crate::process::signal;
use crate::process::thread::{self, Parking, Thread};
use crate::{timer, work};

pub(crate) use balance::preempt_others;

/// Below this the way to the timer and back takes longer than what is waited for.
const SHORTEST_SLICE: Duration = Duration::from_micros(50);

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
    /// A thread that has ended, kept until its stack is not in use any more.
    ended: SpinLock<Option<Arc<Thread>>>,
    /// A thread that may not run here any more, until its registers are put away.
    departing: SpinLock<Option<Queued<Arc<Thread>>>>,
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
        ended: SpinLock::new(None),
        departing: SpinLock::new(None),
        idle: Once::new(),
    }
}; MAX_CPUS];

/// What a processor does next.
enum Next {
    /// It runs this thread.
    Run(Arc<Thread>),
    /// It gives up the thread whose stack it is on, which may not run here any more.
    Leave(Queued<Arc<Thread>>),
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

    /// Accounts the running thread's time and returns whether its slice is over.
    fn tick(&self) -> bool {
        self.tick_locked(&mut self.queue.lock())
    }

    fn tick_locked(&self, queue: &mut RunQueue<Arc<Thread>>) -> bool {
        let now = clock::now();
        let ran = now.since(Instant::from_nanos(self.accounted.load(Ordering::Relaxed)));
        self.accounted.store(now.as_nanos(), Ordering::Relaxed);
        let Some(current) = queue.current() else { return false };
        thread::charge(&current.thread, u64::try_from(ran.as_nanos()).unwrap_or(u64::MAX));
        queue.tick(ran)
    }

    /// Makes the thread that is to run next the queue's current one. `current` is whose stack this
    /// runs on.
    fn choose(&self, cpu: usize, current: Option<&Thread>) -> Option<Next> {
        loop {
            self.is_preempted.store(false, Ordering::Relaxed);
            let mut queue = self.queue.lock();
            let picked = queue.pick_next()?;
            if picked.entity.affinity().contains(cpu) {
                let next = picked.thread.clone();
                self.accounted.store(clock::now().as_nanos(), Ordering::Relaxed);
                arm_slice(&queue);
                return Some(Next::Run(next));
            }
            let barred = queue.take_current();
            self.note_load(&queue);
            drop(queue);
            match barred {
                Some(barred) if is_same(current, &barred.thread) => {
                    return Some(Next::Leave(barred));
                }
                Some(barred) => balance::make_ready(barred.thread, barred.entity),
                None => {}
            }
        }
    }
}

fn is_same(one: Option<&Thread>, other: &Arc<Thread>) -> bool {
    one.is_some_and(|one| ptr::eq(one, Arc::as_ptr(other)))
}

/// Makes a new thread ready to run.
pub(crate) fn start(thread: &Arc<Thread>) {
    wake(thread);
}

/// Wakes a thread: it runs soon if it sleeps, and does not fall asleep the next time if not.
pub(crate) fn wake(thread: &Arc<Thread>) {
    let mut sleep = thread.sleep.lock();
    sleep.is_notified = true;
    if let Some(entity) = sleep.entity.take() {
        balance::make_ready(thread.clone(), entity);
    }
}

/// Wakes a thread, or makes it pass through [`before_return`] soon if it runs.
pub(crate) fn interrupt(thread: &Arc<Thread>) {
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
        if core::mem::take(&mut sleep.is_notified) {
            return;
        }
        sleep.entity = local.change(|queue| {
            let _ = local.tick_locked(queue);
            queue.take_current().map(|queued| queued.entity)
        });
    }
    run_next(Some(thread));
    thread.sleep.lock().is_notified = false;
}

/// Accounts the running threads' time up to now.
pub(crate) fn account() {
    for (cpu, local) in LOCALS.iter().enumerate().take(smp::count()) {
        if local.tick() {
            balance::preempt(cpu);
        }
    }
}

/// Lets other threads run that are ready, `sched_yield(2)`.
pub(crate) fn yield_now() {
    let local = Local::current();
    local.change(|queue| {
        let _ = local.tick_locked(queue);
        queue.yield_current();
    });
    run_next(Some(Thread::current()));
}

/// Ends the running thread, which is on no list any more.
pub(crate) fn end(thread: Arc<Thread>) -> ! {
    thread.sleep.lock().is_over = true;
    let local = Local::current();
    let queued = local.change(|queue| {
        let _ = local.tick_locked(queue);
        queue.take_current()
    });
    drop(queued);
    let ended = local.ended.lock().replace(thread);
    drop(ended);
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
    sync::relax();
    let local = Local::current();
    let cpu = Cpu::current().id;
    let next = loop {
        match local.choose(cpu, current) {
            Some(next) => break next,
            None if balance::steal(cpu) => {}
            None => idle::idle(local),
        }
    };
    match next {
        Next::Run(thread) if is_same(current, &thread) => return,
        Next::Run(thread) => {
            let next = Arc::as_ptr(&thread);
            // The queue keeps the thread alive while it runs; this stack may never be returned to.
            drop(thread);
            switch(local, current, next);
        }
        Next::Leave(queued) => {
            *local.departing.lock() = Some(queued);
            switch(local, current, ptr::null());
        }
    }
    let Some(thread) = current else { return };
    let has_moved = Cpu::current().id != cpu;
    if has_moved {
        thread.has_moved.store(true, Ordering::Relaxed);
    }
    if has_moved || thread.has_signal() {
        Cpu::current().call_attention();
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
    let ended = local.ended.lock().take();
    drop(ended);
    let departing = local.departing.lock().take();
    if let Some(departing) = departing {
        balance::make_ready(departing.thread, departing.entity);
    }
}

/// First kernel code of a new thread, before it returns to the application with `frame`.
pub(crate) fn first_run(frame: &mut TrapFrame) {
    after_switch();
    Cpu::current().call_attention();
    before_return(frame);
}

/// Runs before every return to the application that attention was called for: devices and timers,
/// other threads' turns, signals.
pub(crate) fn before_return(frame: &mut TrapFrame) {
    while Cpu::current().take_attention() {
        work::run(Load::Busy);
        let local = Local::current();
        let thread = Thread::current();
        let is_over = local.tick();
        let is_preempted = is_over || local.is_preempted.swap(false, Ordering::Relaxed);
        if is_preempted {
            local.change(RunQueue::put_back);
            run_next(Some(thread));
        }
        if thread.has_moved.swap(false, Ordering::Relaxed) {
            rseq::moved(thread, frame);
        } else if is_preempted {
            rseq::interrupt(thread, frame);
        }
        rearm_timer();
        signal::deliver(frame);
    }
}

/// Makes the timer interrupt the application at the end of its slice, if others wait.
fn arm_slice(queue: &RunQueue<Arc<Thread>>) {
    if let Some(left) = queue.slice_left() {
        clock::wake_at(clock::now() + left.max(SHORTEST_SLICE));
    }
}

/// Makes the timer interrupt the application for the next timer or the end of its slice.
fn rearm_timer() {
    arm_slice(&Local::current().queue.lock());
    if let Some(deadline) = timer::next_deadline() {
        clock::wake_at(deadline);
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
