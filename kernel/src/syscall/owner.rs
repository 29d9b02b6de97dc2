//! Whom an open file tells by signal: `F_SETOWN`, `F_SETSIG` and their like of `fcntl(2)`.

use abi::fcntl::{
    F_GETOWN, F_GETOWN_EX, F_GETOWNER_UIDS, F_GETSIG, F_OWNER_PGRP, F_OWNER_PID, F_OWNER_TID,
    F_SETOWN, F_SETOWN_EX, F_SETSIG,
};
use abi::signal::Signal;
use abi::{Errno, Result};
use vfs::OpenFile;
use vfs::notice::Owner;

use super::argument::FromRegister;
use crate::memory::user::UserPtr;
use crate::process::{PID, Process};

/// Returns whether an operation of `fcntl(2)` is about this.
pub(super) const fn is_operation(operation: u32) -> bool {
    matches!(
        operation,
        F_GETOWN | F_SETOWN | F_GETOWN_EX | F_SETOWN_EX | F_GETSIG | F_SETSIG | F_GETOWNER_UIDS
    )
}

/// Carries out such an operation.
///
/// # Errors
/// `EFAULT`, `EINVAL`; `ESRCH` for a process or thread that is not there.
pub(super) fn operate(file: &OpenFile, operation: u32, argument: u64) -> Result<u64> {
    match operation {
        F_GETOWN => Ok(i64::from(get(file)).cast_unsigned()),
        F_SETOWN => set(file, i32::from_register(argument)).map(|()| 0),
        F_GETOWN_EX => get_extended(file, UserPtr::new(argument)).map(|()| 0),
        F_SETOWN_EX => set_extended(file, UserPtr::new(argument)).map(|()| 0),
        F_GETOWNER_UIDS => {
            UserPtr::new(argument).write(&file.addressee().uids)?;
            Ok(0)
        }
        F_GETSIG => Ok(file.addressee().signal.map_or(0, |signal| u64::from(signal.raw()))),
        _ => set_signal(file, argument).map(|()| 0),
    }
}

/// Returns the owner as `F_GETOWN` shows it: a group is negative.
pub(super) fn get(file: &OpenFile) -> i32 {
    match file.addressee().owner {
        None => 0,
        Some(Owner::Process(id) | Owner::Thread(id)) => id.cast_signed(),
        Some(Owner::Group(id)) => id.cast_signed().wrapping_neg(),
    }
}

/// Sets the owner as `F_SETOWN` does: a negative number is a group, 0 nobody.
///
/// # Errors
/// `ESRCH`; `EINVAL` for the number that has no positive one.
pub(super) fn set(file: &OpenFile, who: i32) -> Result<()> {
    let owner = match who {
        0 => None,
        i32::MIN => return Err(Errno::EINVAL),
        1.. => Some(Owner::Process(who.unsigned_abs())),
        _ => Some(Owner::Group(who.unsigned_abs())),
    };
    set_owner(file, owner)
}

fn set_owner(file: &OpenFile, owner: Option<Owner>) -> Result<()> {
    let is_there = match owner {
        None => true,
        Some(Owner::Group(id)) => id == PID,
        Some(Owner::Process(id) | Owner::Thread(id)) => Process::current().thread(id).is_some(),
    };
    if !is_there {
        return Err(Errno::ESRCH);
    }
    let user = Process::current().credentials.lock().user;
    file.set_addressee(|addressee| {
        addressee.owner = owner;
        if owner.is_some() {
            addressee.uids = [user.real, user.effective];
        }
    });
    Ok(())
}

/// `struct f_owner_ex`: a kind and a number.
type Extended = [u32; 2];

fn get_extended(file: &OpenFile, to: UserPtr<Extended>) -> Result<()> {
    to.write(&match file.addressee().owner {
        None => [F_OWNER_TID, 0],
        Some(Owner::Thread(id)) => [F_OWNER_TID, id],
        Some(Owner::Process(id)) => [F_OWNER_PID, id],
        Some(Owner::Group(id)) => [F_OWNER_PGRP, id],
    })
}

fn set_extended(file: &OpenFile, from: UserPtr<Extended>) -> Result<()> {
    let [kind, id] = from.read()?;
    let owner = match kind {
        F_OWNER_TID => Owner::Thread(id),
        F_OWNER_PID => Owner::Process(id),
        F_OWNER_PGRP => Owner::Group(id),
        _ => return Err(Errno::EINVAL),
    };
    set_owner(file, (id != 0).then_some(owner))
}

fn set_signal(file: &OpenFile, argument: u64) -> Result<()> {
    let signal = match argument {
        0 => None,
        number => Some(Signal::from_raw(number).ok_or(Errno::EINVAL)?),
    };
    file.set_addressee(|addressee| addressee.signal = signal);
    Ok(())
}
