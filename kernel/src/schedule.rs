//! Who runs: the run queues in use, sleeping and waking, and what is done on the way back to the
//! application.
//!
//! Lock order: a thread's `sleep`, then the run queue. Both are leaves otherwise.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

use abi::time::Instant;
use sched::{CpuSet, Entity, Nice, RunQueue};
use sync::SpinLock;

use crate::arch::clock;
use crate::arch::cpu::{self, Cpu, MAX_CPUS};
use crate::arch::frame::TrapFrame;
use crate::network::{self, Load};
use crate::process::rseq;
use crate::process::signal;
use crate::process::thread::{self, Thread};
use crate::{timer, work};

/// What the scheduler keeps of one processor.
struct Local {
    queue: SpinLock<RunQueue<Arc<Thread>>>,
    /// Until when the running thread's time is accounted, in nanoseconds since the start.
    accounted: AtomicU64,
    /// A thread that became ready should run in place of the current one.
    is_preempted: AtomicBool,
    /// A thread that has ended, kept until its stack is not in use any more.
    ended: SpinLock<Option<Arc<Thread>>>,
}

static LOCALS: [Local; MAX_CPUS] = [const {
    Local {
        queue: SpinLock::new(RunQueue::new()),
        accounted: AtomicU64::new(0),
        is_preempted: AtomicBool::new(false),
        ended: SpinLock::new(None),
    }
}; MAX_CPUS];

impl Local {
    fn current() -> &'static Self {
        &LOCALS[Cpu::current().id]
    }

    /// Accounts the running thread's time and returns whether its slice is over.
    fn tick(&self) -> bool {
        self.tick_locked(&mut self.queue.lock())
    }

    fn tick_locked(&self, queue: &mut RunQueue<Arc<Thread>>) -> bool {
        let now = clock::now();
        let ran = now.since(Instant::from_nanos(self.accounted.load(Ordering::Relaxed)));
        self.accounted.store(now.as_nanos(), Ordering::Relaxed);
        if let Some(current) = queue.current() {
            thread::charge(&current.thread, u64::try_from(ran.as_nanos()).unwrap_or(u64::MAX));
        }
        queue.tick(ran)
    }
}

/// Makes a new thread ready to run.
pub(crate) fn start(thread: &Arc<Thread>) {
    wake(thread);
}

/// Wakes a thread: it runs soon if it sleeps, and does not fall asleep the next time if not.
pub(crate) fn wake(thread: &Arc<Thread>) {
    let mut sleep = thread.sleep.lock();
    sleep.is_notified = true;
    let Some(entity) = sleep.entity.take() else { return };
    let local = LOCALS.get(entity.last_cpu()).unwrap_or(&LOCALS[0]);
    let mut queue = local.queue.lock();
    if queue.waiting() == 0 {
        // The running thread has been alone, perhaps for long, and had that time to itself: it
        // is not to be shared with the one that comes.
        let _ = local.tick_locked(&mut queue);
    }
    if queue.enqueue(thread.clone(), entity) {
        local.is_preempted.store(true, Ordering::Relaxed);
        Cpu::current().call_attention();
    } else if queue.waiting() == 1 {
        // The running thread has the processor to itself no longer.
        arm_slice(&queue);
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
        let _ = local.tick();
        sleep.entity = local.queue.lock().take_current().map(|queued| queued.entity);
    }
    run_next(Some(thread));
    thread.sleep.lock().is_notified = false;
}

/// Accounts the running thread's time up to now.
pub(crate) fn account() {
    let local = Local::current();
    if local.tick() {
        local.is_preempted.store(true, Ordering::Relaxed);
        Cpu::current().call_attention();
    }
}

/// Lets other threads run that are ready, `sched_yield(2)`.
pub(crate) fn yield_now() {
    let local = Local::current();
    let _ = local.tick();
    local.queue.lock().yield_current();
    run_next(Some(Thread::current()));
}

/// Ends the running thread, which is on no list any more.
pub(crate) fn end(thread: Arc<Thread>) -> ! {
    let local = Local::current();
    let _ = local.tick();
    drop(local.queue.lock().take_current());
    let ended = local.ended.lock().replace(thread);
    drop(ended);
    loop {
        run_next(Some(Thread::current()));
    }
}

/// Runs the first thread from the start-up code.
pub(crate) fn run() -> ! {
    loop {
        run_next(None);
    }
}

/// Continues the thread that is to run next, waiting for one if need be; returns when the caller
/// is continued itself.
fn run_next(current: Option<&Thread>) {
    let local = Local::current();
    let next = loop {
        let next = local.queue.lock().pick_next().map(|queued| queued.thread.clone());
        match next {
            Some(next) => break next,
            None => idle(),
        }
    };
    local.is_preempted.store(false, Ordering::Relaxed);
    local.accounted.store(clock::now().as_nanos(), Ordering::Relaxed);
    // What attention was called for so far was the last thread's, or the idle loop saw to it.
    Cpu::current().take_attention();
    arm_slice(&local.queue.lock());
    if current.is_some_and(|current| core::ptr::eq(current, &raw const *next)) {
        return;
    }
    // The queue keeps `next` alive while it runs; this stack may never be returned to.
    let thread = Arc::as_ptr(&next);
    drop(next);
    thread::switch(current, thread);
    after_switch();
    if Thread::current().has_signal() {
        Cpu::current().call_attention();
    }
}

fn after_switch() {
    let ended = Local::current().ended.lock().take();
    drop(ended);
}

/// First kernel code of a new thread, before it returns to the application with `frame`.
pub(crate) fn first_run(frame: &mut TrapFrame) {
    after_switch();
    Cpu::current().call_attention();
    before_return(frame);
}

/// Serves devices and timers, then waits for an interrupt if that made nobody ready.
fn idle() {
    work::run(Load::Idle);
    if Local::current().queue.lock().waiting() > 0 || !network::is_quiet() {
        return;
    }
    if let Some(deadline) = timer::next_deadline() {
        clock::wake_at(deadline);
    }
    cpu::wait_for_interrupt();
}

/// Runs before every return to the application that attention was called for: devices and timers,
/// other threads' turns, signals.
pub(crate) fn before_return(frame: &mut TrapFrame) {
    while Cpu::current().take_attention() {
        work::run(Load::Busy);
        let local = Local::current();
        let is_over = local.tick();
        if is_over || local.is_preempted.swap(false, Ordering::Relaxed) {
            local.queue.lock().put_back();
            run_next(Some(Thread::current()));
            rseq::interrupt(Thread::current(), frame);
        }
        rearm_timer(local);
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
fn rearm_timer(local: &Local) {
    arm_slice(&local.queue.lock());
    if let Some(deadline) = timer::next_deadline() {
        clock::wake_at(deadline);
    }
}

/// Below this the way to the timer and back takes longer than what is waited for.
const SHORTEST_SLICE: Duration = Duration::from_micros(50);

/// How many processors run threads.
pub(crate) const CPU_COUNT: usize = MAX_CPUS;

/// Returns the scheduler's data of a thread, wherever the thread is.
pub(crate) fn entity(thread: &Thread) -> Entity {
    let mut found = Entity::new(Nice::default(), CpuSet::ALL, 0);
    update(thread, |entity| found = *entity);
    found
}

/// Changes the scheduler's data of a thread, wherever the thread is.
pub(crate) fn update_entity(thread: &Arc<Thread>, change: impl FnOnce(&mut Entity)) {
    update(thread, change);
}

fn update(thread: &Thread, change: impl FnOnce(&mut Entity)) {
    let mut sleep = thread.sleep.lock();
    if let Some(entity) = &mut sleep.entity {
        return change(entity);
    }
    let mut change = Some(change);
    let is_it = |candidate: &Arc<Thread>| core::ptr::eq(Arc::as_ptr(candidate), thread);
    for local in &LOCALS {
        let mut queue = local.queue.lock();
        if queue.current().is_some_and(|current| is_it(&current.thread)) {
            return queue.update_current(|entity| {
                if let Some(change) = change.take() {
                    change(entity);
                }
            });
        }
        if let Some(mut queued) = queue.remove(is_it) {
            if let Some(change) = change.take() {
                change(&mut queued.entity);
            }
            if queue.enqueue(queued.thread, queued.entity) {
                local.is_preempted.store(true, Ordering::Relaxed);
            }
            return;
        }
    }
}
