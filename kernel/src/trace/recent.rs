//! The last traced calls of each thread, for the report of a crash.

use alloc::collections::BTreeMap;
use core::fmt;

use abi::Sysno;
use sync::SpinLock;

/// How many calls of a thread are kept.
const KEPT: usize = 8;

/// The calls by their threads. A leaf lock.
static CALLS: SpinLock<BTreeMap<u32, Ring>> = SpinLock::new(BTreeMap::new());

#[derive(Debug, Default)]
struct Ring {
    calls: [Option<(Shown, u64)>; KEPT],
    next: usize,
}

/// A call as it can be shown without looking at the program's memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    /// Its number.
    pub(crate) number: u64,
    /// Its arguments.
    pub(crate) arguments: [u64; 6],
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = Sysno::from_raw(self.number);
        match call {
            Some(call) => write!(f, "{}(", call.name())?,
            None => write!(f, "call {}(", self.number)?,
        }
        let description = call.and_then(Sysno::description);
        let count = description.map_or(self.arguments.len(), |it| it.arguments.len());
        for (place, argument) in self.arguments.iter().take(count).enumerate() {
            write!(f, "{}{argument:#x}", if place > 0 { ", " } else { "" })?;
        }
        f.write_str(")")
    }
}

/// Keeps a call that returned.
pub(super) fn keep(thread: u32, call: Shown, result: u64) {
    let mut calls = CALLS.lock();
    let ring = calls.entry(thread).or_default();
    ring.calls[ring.next] = Some((call, result));
    ring.next = (ring.next + 1) % KEPT;
}

/// Forgets a thread that has ended.
pub(super) fn forget(thread: u32) {
    CALLS.lock().remove(&thread);
}

/// Passes the calls that are kept of a thread to `visit`, the last one first; none if the kernel
/// gave up while it kept one.
pub(crate) fn each(thread: u32, mut visit: impl FnMut(&Shown, u64)) {
    let Some(calls) = CALLS.try_lock() else { return };
    let Some(ring) = calls.get(&thread) else { return };
    let (later, earlier) = ring.calls.split_at(ring.next);
    for (call, result) in earlier.iter().chain(later).rev().flatten() {
        visit(call, *result);
    }
}
