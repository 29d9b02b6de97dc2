//! Restartable sequences, `rseq(2)`: a few instructions of the program that begin again elsewhere
//! if the thread is preempted or handles a signal while it is in them.
//!
//! The thread's `struct rseq` also tells it which processor it runs on.

use abi::signal::{SigInfo, Signal};
use abi::{Errno, Result};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::signal;
use super::thread::Thread;
use crate::arch::cpu::Cpu;
use crate::arch::frame::TrapFrame;
use crate::memory::user::UserPtr;

/// `struct rseq` (linux/rseq.h), its first version.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct Rseq {
    cpu_id_start: u32,
    cpu_id: u32,
    rseq_cs: u64,
    flags: u32,
    padding: [u32; 3],
}

/// `struct rseq_cs`: a sequence.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct Sequence {
    version: u32,
    flags: u32,
    start: u64,
    length: u64,
    abort: u64,
}

/// Offsets of `cpu_id_start`, which `cpu_id` follows, and of `rseq_cs`.
const CPU_IDS: u64 = 0;
const RSEQ_CS: u64 = 8;
/// `cpu_id` of a thread that is not registered.
const UNREGISTERED: u32 = u32::MAX;
const UNREGISTER: u32 = 1;

/// Where a thread keeps its `struct rseq`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Registration {
    address: u64,
    /// What stands in front of every place where a sequence is aborted to.
    signature: u32,
}

/// Registers or unregisters the calling thread, `rseq(2)`.
///
/// # Errors
/// `EINVAL` for a wrong size, alignment, flag or address; `EBUSY` if it is registered already;
/// `EPERM` for another signature; `EFAULT` if the structure is not writable.
pub(crate) fn register(
    thread: &Thread,
    address: u64,
    length: u32,
    flags: u32,
    signature: u32,
) -> Result<()> {
    let wanted = Registration { address, signature };
    let mut slot = thread.rseq.lock();
    if flags & UNREGISTER != 0 {
        let Some(registered) = slot.filter(|registered| registered.address == address) else {
            return Err(Errno::EINVAL);
        };
        if flags != UNREGISTER || length as usize != size_of::<Rseq>() {
            return Err(Errno::EINVAL);
        }
        if registered != wanted {
            return Err(Errno::EPERM);
        }
        *slot = None;
        drop(slot);
        return UserPtr::new(address + CPU_IDS).write(&[0, UNREGISTERED]);
    }
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    if let Some(registered) = *slot {
        let is_same = registered.address == address && length as usize == size_of::<Rseq>();
        let error = if !is_same {
            Errno::EINVAL
        } else if registered != wanted {
            Errno::EPERM
        } else {
            Errno::EBUSY
        };
        return Err(error);
    }
    if length as usize != size_of::<Rseq>() || !address.is_multiple_of(size_of::<Rseq>() as u64) {
        return Err(Errno::EINVAL);
    }
    *slot = Some(wanted);
    drop(slot);
    let cpu = u32::try_from(Cpu::current().id).unwrap_or(0);
    let is_told = UserPtr::new(address + CPU_IDS).write(&[cpu, cpu]);
    if is_told.is_err() {
        *thread.rseq.lock() = None;
    }
    is_told
}

/// Does what preemption and handlers do to a thread's sequence; SIGSEGV if its structures are
/// not right.
pub(crate) fn interrupt(thread: &Thread, frame: &mut TrapFrame) {
    if abort_sequence(thread, frame).is_err() {
        *thread.rseq.lock() = None;
        signal::force(SigInfo::from_kernel(Signal::SIGSEGV));
    }
}

/// As [`interrupt`] for a thread that goes on on another processor, of which it is told.
pub(crate) fn moved(thread: &Thread, frame: &mut TrapFrame) {
    let Some(Registration { address, .. }) = *thread.rseq.lock() else { return };
    let cpu = u32::try_from(Cpu::current().id).unwrap_or(0);
    // Where this cannot be written, the sequence cannot be read.
    let _ = UserPtr::new(address + CPU_IDS).write(&[cpu, cpu]);
    interrupt(thread, frame);
}

/// Ends the sequence that a thread with these registers is in, because it was preempted or is
/// about to handle a signal. A wrong structure is `EFAULT`, for which Linux ends the program.
///
/// # Errors
/// `EFAULT` if the structures are not there or not right.
fn abort_sequence(thread: &Thread, frame: &mut TrapFrame) -> Result<()> {
    let Some(Registration { address, signature }) = *thread.rseq.lock() else { return Ok(()) };
    let place = UserPtr::<u64>::new(address + RSEQ_CS);
    let sequence_at = place.read()?;
    if sequence_at == 0 {
        return Ok(());
    }
    let sequence = UserPtr::<Sequence>::new(sequence_at).read()?;
    place.write(&0)?;
    if frame.rip.wrapping_sub(sequence.start) >= sequence.length {
        return Ok(());
    }
    let mark = UserPtr::<u32>::new(sequence.abort.wrapping_sub(4)).read()?;
    if sequence.version != 0 || mark != signature {
        return Err(Errno::EFAULT);
    }
    frame.rip = sequence.abort;
    Ok(())
}
