//! What is done about a signal, on its thread's way back to the application.

use abi::Errno;
use abi::signal::{ActionFlags, SIG_DFL, SIG_IGN, SigAction, SigInfo, Signal, SignalSet};

use super::{ACTIONS, force, frame, stops};
use crate::arch::frame::{SYSCALL, TrapFrame};
use crate::memory::report;
use crate::process::exit::{self, Status};
use crate::process::rseq;
use crate::process::thread::Thread;
use crate::trace;
use crate::wait::{RESTART, RESTART_ALWAYS, RESTART_UNLESS_HANDLED};

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
        crate::process::report::threads(|line| log::error!("{line}"));
    }
    exit::end_program(Status::Signal(signal.raw()))
}
