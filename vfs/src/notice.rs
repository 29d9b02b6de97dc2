//! Who is told by signal that an open file became ready: `F_SETOWN`, `F_SETSIG`, `O_ASYNC`.
//!
//! Sending signals is the caller's business: it gives two wakers, of which one is called when the
//! file becomes readable, the other when it becomes writable.

use core::task::Waker;

use abi::poll::Events;
use abi::signal::Signal;
use sync::{Every, SpinLock, Waiting};

use crate::File;

/// Whom `F_SETOWN_EX` names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// A thread, by its id.
    Thread(u32),
    /// A process, by its id.
    Process(u32),
    /// A process group, by its id.
    Group(u32),
}

/// To whom a description sends which signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Addressee {
    /// Who gets it; nobody without.
    pub owner: Option<Owner>,
    /// The real and the effective user that chose it.
    pub uids: [u32; 2],
    /// Which signal; `SIGIO`, which says no more, if none was chosen.
    pub signal: Option<Signal>,
}

/// What a description has of this.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// A leaf lock.
    pub(crate) addressee: SpinLock<Addressee>,
    /// The registrations of the two wakers.
    told: SpinLock<Option<[Waiting; 2]>>,
}

impl Notices {
    /// Lets the wakers be told of what `file` becomes ready for, in place of others.
    pub(crate) fn register(&self, file: &dyn File, wakers: Option<&[Waker; 2]>) {
        let Some(waiters) = file.waiters() else { return };
        let new = wakers.map(|[readable, writable]| {
            [(Events::IN, readable), (Events::OUT, writable)]
                .map(|(interest, waker)| waiters.register(interest, Every::Change, waker))
        });
        let old = core::mem::replace(&mut *self.told.lock(), new);
        old.into_iter().flatten().for_each(|waiting| waiters.remove(waiting));
    }
}
