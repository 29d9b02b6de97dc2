//! Which processor a thread runs on.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::{Ordering, fence};

use sched::{Entity, Queued};
use sync::SpinLockGuard;

use super::{LOCALS, Local, arm_slice, idle, is_same};
use crate::arch::clock;
use crate::arch::cpu::{Attention, Cpu};
use crate::arch::smp;
use crate::process::thread::Thread;

type RunQueue = sched::RunQueue<Arc<Thread>>;

/// Makes a processor look for what is new, at the latest when it returns to the application.
pub(super) fn attend(cpu: usize) {
    if cpu == Cpu::current().id {
        return Cpu::current().call_attention(Attention::Threads);
    }
    // What is new is there before the other's state is looked at.
    fence(Ordering::SeqCst);
    if !LOCALS[cpu].is_polling.load(Ordering::Relaxed) {
        smp::interrupt(cpu, smp::KICK_VECTOR);
    }
}

/// Makes a processor look for a thread that should run in place of the current one.
pub(super) fn preempt(cpu: usize) {
    LOCALS[cpu].is_preempted.store(true, Ordering::Relaxed);
    attend(cpu);
}

/// Takes the other processors of a mask away from their threads, whose restartable sequences thereby
/// end. Once they have passed a barrier after this, none returns to the application without that.
pub(crate) fn preempt_others(cpus: u64) {
    let mut left = smp::others() & cpus;
    while left != 0 {
        preempt(left.trailing_zeros() as usize);
        left &= left - 1;
    }
}

/// Puts a thread that wants to run into the queue of a processor.
pub(super) fn make_ready(mut queued: Box<Queued<Arc<Thread>>>) {
    let cpu = place(&queued.thread, &queued.entity);
    queued.entity.set_last_cpu(cpu);
    admit(cpu, LOCALS[cpu].queue.lock(), queued);
}

/// Puts a thread into the queue of a processor.
#[expect(clippy::inline_always, reason = "what every wake-up passes")]
#[inline(always)]
fn admit(cpu: usize, mut queue: SpinLockGuard<'_, RunQueue>, queued: Box<Queued<Arc<Thread>>>) {
    let local = &LOCALS[cpu];
    let is_here = cpu == Cpu::current().id;
    let is_idle = queue.current().is_none();
    let now = clock::now();
    if queue.waiting() == 0 && local.is_behind(now) {
        // The running thread has been alone, perhaps for long, and had that time to itself: it
        // is not to be shared with the one that comes.
        let _ = local.tick(&mut queue, now);
    }
    let preempts = queue.enqueue(queued);
    local.note_load(&queue);
    if is_here && is_idle {
        return;
    }
    // The running thread has the processor to itself no longer.
    let is_shared = queue.waiting() == 1;
    if !preempts && is_shared && is_here {
        arm_slice(&queue, now);
    }
    drop(queue);
    if preempts {
        preempt(cpu);
    } else if is_shared && !is_here {
        attend(cpu);
    }
}

/// Returns the processor for a thread that became ready.
fn place(thread: &Thread, entity: &Entity) -> usize {
    let count = smp::count();
    if count == 1 {
        return 0;
    }
    if let Some(cpu) = thread.loaded_on() {
        return cpu;
    }
    let load = |cpu: usize| LOCALS[cpu].load.load(Ordering::Relaxed);
    let cpu = sched::place(entity, idle::processors(), count, load);
    idle::claim(cpu);
    cpu
}

/// Gives a thread that waits for this processor, the caller's, to one that has less to run.
///
/// Threads that sleep are placed when they wake, and a processor without any steals; what computes
/// all the time has to be looked at now and then.
pub(super) fn share(own: usize) {
    let load = |cpu: usize| LOCALS[cpu].load.load(Ordering::Relaxed);
    sched::less_loaded(own, smp::count(), load).any(|other| give(own, other));
}

/// Gives a processor a thread that waits for another and may run there; returns whether there was
/// one.
#[cold]
fn give(from: usize, to: usize) -> bool {
    let (mut queue, other) = lock_two(from, to);
    let given = queue.steal(to, |thread| thread.loaded_on().is_none());
    LOCALS[from].note_load(&queue);
    drop(queue);
    let Some(mut given) = given else { return false };
    given.entity.set_last_cpu(to);
    admit(to, other, given);
    true
}

/// Takes over a thread that waits for a busy processor; returns whether there was one.
pub(super) fn steal(thief: usize) -> bool {
    let load = |cpu: &usize| LOCALS[*cpu].load.load(Ordering::Relaxed);
    let others = (0..smp::count()).filter(|&cpu| cpu != thief);
    let victim = others.filter(|cpu| load(cpu) > 1).max_by_key(load);
    victim.is_some_and(|victim| give(victim, thief))
}

/// Locks the queues of two processors.
fn lock_two(
    first: usize,
    second: usize,
) -> (SpinLockGuard<'static, RunQueue>, SpinLockGuard<'static, RunQueue>) {
    if first < second {
        let one = LOCALS[first].queue.lock();
        (one, LOCALS[second].queue.lock())
    } else {
        let other = LOCALS[second].queue.lock();
        (LOCALS[first].queue.lock(), other)
    }
}

/// Calls `change` with the scheduler's data of a thread, wherever the thread is.
pub(super) fn update(thread: &Thread, change: &mut dyn FnMut(&mut Entity)) {
    let mut sleep = thread.sleep.lock();
    if let Some(queued) = &mut sleep.queued {
        return change(&mut queued.entity);
    }
    // A thread that is on its way from one queue to another is in none for a moment.
    while !sleep.is_over && !update_queued(thread, change) {
        sync::relax();
    }
}

fn update_queued(thread: &Thread, change: &mut dyn FnMut(&mut Entity)) -> bool {
    let last = thread.loaded_on().into_iter();
    last.chain(0..smp::count()).any(|cpu| update_in(&LOCALS[cpu], cpu, thread, change))
}

/// Does [`update`] if the thread is in a processor's queue; returns whether it was.
fn update_in(
    local: &Local,
    cpu: usize,
    thread: &Thread,
    change: &mut dyn FnMut(&mut Entity),
) -> bool {
    let mut queue = local.queue.lock();
    if queue.current().is_some_and(|current| is_same(Some(thread), &current.thread)) {
        let mut is_allowed = true;
        queue.update_current(|entity| {
            change(entity);
            is_allowed = entity.affinity().contains(cpu);
        });
        drop(queue);
        if !is_allowed {
            preempt(cpu);
        }
        return true;
    }
    let Some(mut queued) = queue.remove(|candidate| is_same(Some(thread), candidate)) else {
        return false;
    };
    local.note_load(&queue);
    drop(queue);
    change(&mut queued.entity);
    make_ready(queued);
    true
}
