//! Who gets a signal.

use alloc::sync::Arc;
use core::sync::atomic::{Ordering, fence};

use abi::Result;
use abi::poll::Events;
use abi::signal::{SI_USER, SIG_IGN, SigAction, SigInfo, Signal, SignalSet};

use super::pending::Origin;
use super::{ARRIVALS, PENDING, ThreadSignals, action, forget, set_action};
use crate::arch::cpu::{Attention, Cpu};
use crate::process::exit::{self, Status};
use crate::process::thread::Thread;
use crate::process::{PID, Process};
use crate::schedule;

/// Sends a signal to one thread: `tgkill(2)`. Returns whether it is on its way: it is not if it is
/// ignored or, as a standard signal, pending already.
///
/// # Errors
/// `EAGAIN` if too many are pending already.
pub(crate) fn send_to_thread(thread: &Arc<Thread>, info: SigInfo) -> Result<bool> {
    queue_for_thread(thread, info, Origin::Call)
}

/// Sends one thread a timer's signal; returns whether it is on its way.
pub(in crate::process) fn send_timer_to_thread(thread: &Arc<Thread>, info: SigInfo) -> bool {
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
pub(in crate::process) fn send_timer_to_process(info: SigInfo) -> bool {
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

/// Asks the program to end, as the host's user does: SIGTERM.
pub(crate) fn terminate() {
    // One that is pending already will do as well.
    let _ = send_to_process(SigInfo::from_process(Signal::SIGTERM, SI_USER, 0, 0));
}

/// Returns what a signal carries that the program sends itself.
pub(crate) fn own_info(signal: Signal, code: i32) -> SigInfo {
    SigInfo::from_process(signal, code, PID, 0)
}
