//! Device interrupts: vectors and who is called for them.
//!
//! A handler runs with interrupts off, in the application's or the idle loop's place, and must not
//! take a lock: it notes what happened in atomics and calls for attention.

use alloc::boxed::Box;
use core::sync::atomic::{AtomicUsize, Ordering};

use sync::Once;

use super::apic::{self, SPURIOUS_VECTOR, TIMER_VECTOR, Trigger};
use super::cpu::{Attention, Cpu};
use super::smp::{KICK_VECTOR, SHOOTDOWN_VECTOR};
use crate::memory::tlb;

const FIRST: u8 = 0x30;
const COUNT: usize = 64;

type Handler = Box<dyn Fn() + Send + Sync>;

static HANDLERS: [Once<Handler>; COUNT] = [const { Once::new() }; COUNT];
static USED: AtomicUsize = AtomicUsize::new(0);

/// Gives a handler a vector of its own; `None` when all are taken.
pub(crate) fn register(handler: impl Fn() + Send + Sync + 'static) -> Option<u8> {
    let index = USED.fetch_add(1, Ordering::Relaxed);
    let slot = HANDLERS.get(index)?;
    slot.call_once(|| Box::new(handler));
    u8::try_from(index).ok().map(|index| FIRST + index)
}

/// Gives a handler a vector and a line of the I/O APIC; returns whether there was a vector left.
pub(crate) fn register_line(
    line: u8,
    trigger: Trigger,
    handler: impl Fn() + Send + Sync + 'static,
) -> bool {
    let vector = register(handler);
    if let Some(vector) = vector {
        apic::route(line, vector, trigger);
    }
    vector.is_some()
}

/// Serves an interrupt: any vector from 0x20.
pub(super) fn serve(vector: u64) {
    if vector == u64::from(SPURIOUS_VECTOR) {
        return;
    }
    let cpu = Cpu::current();
    if vector == u64::from(SHOOTDOWN_VECTOR) {
        tlb::serve();
        return apic::end_of_interrupt();
    }
    if vector == u64::from(KICK_VECTOR) {
        // The idle loop looks by itself.
        if !tlb::is_idle() {
            cpu.call_attention(Attention::Threads);
        }
        return apic::end_of_interrupt();
    }
    if vector == u64::from(TIMER_VECTOR) {
        cpu.timer_deadline.store(u64::MAX, Ordering::Relaxed);
    } else if let Some(handler) = usize::try_from(vector)
        .ok()
        .and_then(|vector| HANDLERS.get(vector.wrapping_sub(usize::from(FIRST))))
        .and_then(Once::get)
    {
        handler();
    }
    cpu.call_attention(Attention::Work);
    apic::end_of_interrupt();
}
