//! Calls that strace shows in a way of their own.

use core::fmt::Write as _;

use abi::Sysno;
use abi::call::shape::{CLONE_ARGS, POLLFD, TIMESPEC, TIMEVAL};
use abi::call::{Data, Kind};

use super::call::{Outcome, Part};
use super::data::set_bits;
use super::record::Memory;
use super::value;

const PR_GET_DUMPABLE: u32 = 3;
/// What `PR_GET_DUMPABLE` returns, by number.
const DUMPABLE: [&str; 3] = ["SUID_DUMP_DISABLE", "SUID_DUMP_USER", "SUID_DUMP_ROOT"];
const CLONE_SETTLS: u64 = 0x0008_0000;
const CLONE_PARENT_SETTID: u64 = 0x0010_0000;
const CLONE_CHILD_CLEARTID: u64 = 0x0020_0000;
const CLONE_CHILD_SETTID: u64 = 0x0100_0000;

/// Labels arguments, and puts them in another order than the call has them in.
pub(super) fn reorder(number: u64, arguments: &[u64; 6], parts: &mut Vec<Part>) {
    match Sysno::from_raw(number) {
        Some(Sysno::clone) => reorder_clone(parts),
        // It has no argument but the frame on the stack, in which the kernel finds the mask.
        Some(Sysno::rt_sigreturn) => parts.push(Part {
            name: "mask",
            label: "{mask=",
            tail: "}",
            kind: Kind::In(Data::One(&Kind::SignalSet)),
            value: arguments[0],
        }),
        _ => {}
    }
}

/// Puts the arguments of `clone(2)` in the order of its wrapper in libc and leaves out those that
/// its flags do not ask for.
fn reorder_clone(parts: &mut Vec<Part>) {
    let flags = parts.iter().find(|part| part.name == "flags").map_or(0, |part| part.value);
    let label = |name: &str| match name {
        "stack" => Some((0, "child_stack=")),
        "flags" => Some((1, "flags=")),
        "parent_tid" if flags & CLONE_PARENT_SETTID != 0 => Some((2, "parent_tid=")),
        "tls" if flags & CLONE_SETTLS != 0 => Some((3, "tls=")),
        "child_tid" if flags & (CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID) != 0 => {
            Some((4, "child_tidptr="))
        }
        _ => None,
    };
    parts.retain(|part| label(part.name).is_some());
    parts.sort_by_key(|part| label(part.name).map(|(place, _)| place));
    for part in parts {
        part.label = label(part.name).map_or("", |(_, text)| text);
    }
}

/// Returns whether [`remark`] has something to say of an argument.
pub(super) fn has_remark(number: u64, part: &Part) -> bool {
    number == Sysno::clone3 as u64 && part.name == "cl_args" && part.value != 0
}

/// Writes what is known of the first argument's target only once the call has returned: where
/// `clone3(2)` stored the new thread's id.
pub(super) fn remark(before: &Memory, parts: &[Part], outcome: &Outcome, out: &mut String) {
    let (Kind::Struct(shape), Some(part)) = (CLONE_ARGS, parts.first()) else { return };
    let Some(bytes) = before.exactly(part.value, shape.size) else { return };
    let has_stored = value::field(shape, bytes, "flags") & CLONE_PARENT_SETTID != 0;
    if has_stored && outcome.error().is_none() {
        let _ = write!(out, " => {{parent_tid=[{}]}}", outcome.result);
    }
}

/// Writes what a result means, in parentheses behind it.
pub(super) fn explain(number: u64, arguments: &[u64; 6], outcome: &Outcome, out: &mut String) {
    let call = Sysno::from_raw(number);
    if call == Some(Sysno::prctl) && value::low(arguments[0]) == PR_GET_DUMPABLE {
        let name = usize::try_from(outcome.result).ok().and_then(|result| DUMPABLE.get(result));
        name.into_iter().for_each(|name| {
            let _ = write!(out, " ({name})");
        });
    }
    let is_select = matches!(call, Some(Sysno::select | Sysno::pselect6));
    let is_poll = matches!(call, Some(Sysno::poll | Sysno::ppoll));
    if !is_select && !is_poll {
        return;
    }
    if outcome.result == 0 {
        out.push_str(" (Timeout)");
        return;
    }
    let mut notes = if is_select {
        ready_sets(arguments, outcome)
    } else {
        ready_descriptors(arguments, outcome).into_iter().collect()
    };
    notes.extend(call.and_then(|call| time_left(call, arguments, outcome)));
    if !notes.is_empty() {
        let _ = write!(out, " ({})", notes.join(", "));
    }
}

/// Returns what is left of the timeout, which Linux writes back.
fn time_left(call: Sysno, arguments: &[u64; 6], outcome: &Outcome) -> Option<String> {
    let (address, kind) = match call {
        Sysno::select => (arguments[4], TIMEVAL),
        Sysno::pselect6 => (arguments[4], TIMESPEC),
        Sysno::ppoll => (arguments[2], TIMESPEC),
        _ => return None,
    };
    let mut left = String::from("left ");
    value::in_memory(&mut left, kind, outcome.after.exactly(address, kind.size())?);
    Some(left)
}

fn ready_sets(arguments: &[u64; 6], outcome: &Outcome) -> Vec<String> {
    let count = usize::try_from(arguments[0]).unwrap_or(0).min(1024);
    let mut sets = Vec::new();
    for (name, &address) in ["in", "out", "except"].iter().zip(&arguments[1..4]) {
        let words = outcome.after.up_to(address, count.div_ceil(64) * 8).unwrap_or_default();
        let ready: Vec<_> =
            set_bits(words).filter(|fd| *fd < count).map(|fd| fd.to_string()).collect();
        if !ready.is_empty() {
            sets.push(format!("{name} [{}]", ready.join(" ")));
        }
    }
    sets
}

fn ready_descriptors(arguments: &[u64; 6], outcome: &Outcome) -> Option<String> {
    let Kind::Struct(shape) = POLLFD else { return None };
    let known = outcome.after.up_to(arguments[0], usize::MAX).unwrap_or_default();
    let mut ready = Vec::new();
    for entry in known.chunks_exact(shape.size) {
        let (fd, revents) =
            (value::field(shape, entry, "fd"), value::field(shape, entry, "revents"));
        if revents != 0 {
            let mut text = format!("{{fd={}, revents=", value::low(fd).cast_signed());
            value::scalar(&mut text, abi::call::names::POLL, revents);
            ready.push(text + "}");
        }
    }
    (!ready.is_empty()).then(|| format!("[{}]", ready.join(", ")))
}

/// Returns whether an argument that is read and written is shown as it is before the call.
pub(super) fn is_shown_before(number: u64, kind: Kind) -> bool {
    let Kind::InOut(data) = kind else { return false };
    let is_wait = matches!(
        Sysno::from_raw(number),
        Some(Sysno::poll | Sysno::ppoll | Sysno::select | Sysno::pselect6)
    );
    is_wait && matches!(data, Data::Many(..) | Data::Descriptors(_) | Data::One(_))
}
