//! What a processor does that no thread wants.

use core::sync::atomic::{AtomicU64, Ordering, fence};

use sched::CpuSet;

use super::Local;
use crate::arch::cpu::{self, Cpu};
use crate::arch::smp;
use crate::memory::tlb;
use crate::network::{self, Load};
use crate::{timer, work};

/// The processors that idle and that nobody has given a thread to yet, as a mask.
static IDLE: AtomicU64 = AtomicU64::new(0);

/// Returns the processors that idle.
pub(super) fn processors() -> CpuSet {
    CpuSet::from_bits(IDLE.load(Ordering::Relaxed))
}

/// Returns whether a processor other than this one has something to run.
pub(crate) fn is_another_busy() -> bool {
    let (own, idle) = (Cpu::current().id, processors());
    (0..smp::count()).any(|cpu| cpu != own && !idle.contains(cpu))
}

/// Notes that a processor does not idle any more.
pub(super) fn claim(cpu: usize) {
    IDLE.fetch_and(!CpuSet::only(cpu).bits(), Ordering::Relaxed);
}

/// Serves devices and timers, then waits for an interrupt if that made nobody ready.
pub(super) fn idle(local: &Local) {
    let cpu = Cpu::current();
    // What attention was called for is seen to here.
    cpu.take_attention();
    work::run(Load::Idle);
    if local.has_work() {
        return network::listen();
    }
    IDLE.fetch_or(CpuSet::only(cpu.id).bits(), Ordering::Relaxed);
    tlb::enter_idle();
    local.is_polling.store(true, Ordering::Relaxed);
    let is_quiet = network::is_quiet(|| local.has_work());
    local.is_polling.store(false, Ordering::Relaxed);
    // Who makes a thread ready from now on interrupts; who did before is seen below.
    fence(Ordering::SeqCst);
    if is_quiet && !local.has_work() {
        timer::arm();
        cpu::wait_for_interrupt();
    }
    tlb::leave_idle();
    claim(cpu.id);
}
