//! What processors remember of the page tables, and how they are made to forget it.
//!
//! Whoever takes a translation away interrupts the processors that may remember it and waits until
//! each has answered ([`serve`]). A processor that is in the kernel does not take interrupts: it
//! answers where it waits for another ([`sync::relax`]), or as soon as it is back in the application.
//!
//! A processor that idles does not touch the application's memory. It is not woken for pages, but
//! forgets everything when it goes on.
//!
//! **Lock:** `REQUEST`, a leaf, held while the answers are waited for.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use core::time::Duration;

use mm::tlb::{Scope, Tlb};
use mm::{PAGE_SIZE, VirtAddr};
use sync::{Halt, IdleSet, SpinLock};

use crate::arch::cpu::{self, Attention, Cpu};
use crate::arch::{clock, paging, smp};

/// Beyond this many pages, forgetting everything is cheaper than page by page.
const MANY_PAGES: u64 = 32;

/// How long a processor waits for answers before it halts.
const PATIENCE: Duration = Duration::from_micros(50);
/// No processor.
const NOBODY: usize = usize::MAX;

/// One request at a time.
static REQUEST: SpinLock<()> = SpinLock::new(());
/// What the request is about: addresses from here, to there.
static START: AtomicU64 = AtomicU64::new(0);
static END: AtomicU64 = AtomicU64::new(0);
/// The processors that have not answered yet, as a mask.
static UNANSWERED: AtomicU64 = AtomicU64::new(0);
/// The processor that waits halted, if one does.
static ASKER: AtomicUsize = AtomicUsize::new(NOBODY);
/// The processors that idle.
static IDLE: IdleSet = IdleSet::new();

/// The processors that use the application's page tables: all.
#[derive(Debug)]
pub(crate) struct Processors;

impl Tlb for Processors {
    fn invalidate(&self, start: VirtAddr, end: VirtAddr, scope: Scope) {
        forget(start.as_u64(), end.as_u64());
        let others = smp::others();
        if others == 0 {
            return;
        }
        let excused = if scope == Scope::Pages { IDLE.excuse(others) } else { 0 };
        ask(others & !excused, start.as_u64(), end.as_u64());
    }
}

/// A processor that waits for the address space does not touch the application's memory: it is not
/// woken for pages either.
impl Halt for Processors {
    fn current() -> usize {
        Cpu::current().id
    }

    fn relax() {
        sync::relax();
    }

    fn halt() {
        enter_idle();
        cpu::wait_for_interrupt();
        leave_idle();
        // A processor that idles is not told that there may be a thread to run.
        Cpu::current().call_attention(Attention::Threads);
    }

    fn interrupt(cpu: usize) {
        smp::interrupt(cpu, smp::KICK_VECTOR);
    }
}

/// Makes every processor that runs the application pass a memory barrier before it returns,
/// `membarrier(2)`. Who idles passes one on the way.
pub(crate) fn barrier() {
    fence(Ordering::SeqCst);
    ask(IDLE.busy(smp::others()), 0, 0);
}

/// As [`barrier`], and makes every processor begin anew to read its instructions: the way back from
/// an interrupt does that, the way out of the idle loop need not.
pub(crate) fn barrier_of_instructions() {
    fence(Ordering::SeqCst);
    ask(smp::others(), 0, 0);
}

fn ask(targets: u64, start: u64, end: u64) {
    if targets == 0 {
        return;
    }
    let _one = REQUEST.lock();
    START.store(start, Ordering::Relaxed);
    END.store(end, Ordering::Relaxed);
    UNANSWERED.store(targets, Ordering::Release);
    let mut left = targets;
    while left != 0 {
        smp::interrupt(left.trailing_zeros() as usize, smp::SHOOTDOWN_VECTOR);
        left &= left - 1;
    }
    let patience = clock::now() + PATIENCE;
    while UNANSWERED.load(Ordering::Acquire) != 0 {
        if clock::now() < patience {
            core::hint::spin_loop();
        } else {
            wait_halted();
        }
    }
}

/// Halts until the last answer has come: the hypervisor may have put the other processors aside,
/// and this one should not be in their way.
///
/// Interrupts are on meanwhile, whatever locks are held: their handlers take none.
fn wait_halted() {
    ASKER.store(Cpu::current().id, Ordering::SeqCst);
    while UNANSWERED.load(Ordering::SeqCst) != 0 {
        cpu::wait_for_interrupt();
    }
    ASKER.store(NOBODY, Ordering::SeqCst);
}

/// Answers a request if there is one for this processor.
#[inline]
pub(crate) fn serve() {
    let own = 1 << Cpu::current().id;
    if UNANSWERED.load(Ordering::Acquire) & own != 0 {
        forget(START.load(Ordering::Relaxed), END.load(Ordering::Relaxed));
        let left = UNANSWERED.fetch_and(!own, Ordering::SeqCst) & !own;
        let asker = ASKER.load(Ordering::SeqCst);
        if left == 0 && asker != NOBODY {
            smp::interrupt(asker, smp::KICK_VECTOR);
        }
    }
}

/// Notes that this processor does not touch the application's memory until [`leave_idle`].
pub(crate) fn enter_idle() {
    IDLE.enter(1 << Cpu::current().id);
}

/// Returns whether this processor is between [`enter_idle`] and [`leave_idle`].
pub(crate) fn is_idle() -> bool {
    IDLE.contains(1 << Cpu::current().id)
}

/// Ends [`enter_idle`].
pub(crate) fn leave_idle() {
    if IDLE.leave(1 << Cpu::current().id) {
        paging::invalidate_all();
    }
}

/// Makes this processor forget translations.
fn forget(start: u64, end: u64) {
    if end - start > MANY_PAGES * PAGE_SIZE {
        return paging::invalidate_all();
    }
    let mut at = start;
    while at < end {
        paging::invalidate(at);
        at += PAGE_SIZE;
    }
}
