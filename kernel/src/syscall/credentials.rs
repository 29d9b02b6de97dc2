//! Credentials: `getuid(2)`, `setuid(2)`, `setgroups(2)`, `capget(2)` and their like.

use alloc::vec::Vec;

use abi::{Errno, Result};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::Context;
use crate::memory::space;
use crate::memory::user::UserPtr;
use crate::process::Process;
use crate::process::credentials::{Capabilities, Credentials, MOST_GROUPS};

/// Runs `change` on the program's credentials and whether it is privileged.
fn change<T>(change: impl FnOnce(&mut Credentials, bool) -> T) -> T {
    let keeps_permitted = Process::current().attributes.lock().keeps_capabilities;
    let mut credentials = Process::current().credentials.lock();
    let is_privileged = credentials.is_privileged();
    let before = credentials.user;
    let result = change(&mut credentials, is_privileged);
    credentials.follow_user(before, keeps_permitted);
    let is_changed = credentials.is_privileged() != is_privileged;
    drop(credentials);
    if is_changed {
        space::limits_changed();
    }
    result
}

/// `getuid(2)`.
pub(super) fn getuid(_cx: &mut Context<'_>) -> Result<u32> {
    Ok(Process::current().credentials.lock().user.real)
}

/// `geteuid(2)`.
pub(super) fn geteuid(_cx: &mut Context<'_>) -> Result<u32> {
    Ok(Process::current().credentials.lock().user.effective)
}

/// `getgid(2)`.
pub(super) fn getgid(_cx: &mut Context<'_>) -> Result<u32> {
    Ok(Process::current().credentials.lock().group.real)
}

/// `getegid(2)`.
pub(super) fn getegid(_cx: &mut Context<'_>) -> Result<u32> {
    Ok(Process::current().credentials.lock().group.effective)
}

/// `setuid(2)`.
pub(super) fn setuid(_cx: &mut Context<'_>, uid: u32) -> Result<()> {
    change(|credentials, is_privileged| credentials.user.set(uid, is_privileged))
}

/// `setgid(2)`.
pub(super) fn setgid(_cx: &mut Context<'_>, gid: u32) -> Result<()> {
    change(|credentials, is_privileged| credentials.group.set(gid, is_privileged))
}

/// `setreuid(2)`.
pub(super) fn setreuid(_cx: &mut Context<'_>, real: u32, effective: u32) -> Result<()> {
    change(|credentials, is_privileged| {
        credentials.user.set_real_effective(real, effective, is_privileged)
    })
}

/// `setregid(2)`.
pub(super) fn setregid(_cx: &mut Context<'_>, real: u32, effective: u32) -> Result<()> {
    change(|credentials, is_privileged| {
        credentials.group.set_real_effective(real, effective, is_privileged)
    })
}

/// `setresuid(2)`.
pub(super) fn setresuid(
    _cx: &mut Context<'_>,
    real: u32,
    effective: u32,
    saved: u32,
) -> Result<()> {
    change(|credentials, is_privileged| {
        credentials.user.set_all([real, effective, saved], is_privileged)
    })
}

/// `setresgid(2)`.
pub(super) fn setresgid(
    _cx: &mut Context<'_>,
    real: u32,
    effective: u32,
    saved: u32,
) -> Result<()> {
    change(|credentials, is_privileged| {
        credentials.group.set_all([real, effective, saved], is_privileged)
    })
}

/// `getresuid(2)`.
pub(super) fn getresuid(
    _cx: &mut Context<'_>,
    real: UserPtr<u32>,
    effective: UserPtr<u32>,
    saved: UserPtr<u32>,
) -> Result<()> {
    let ids = Process::current().credentials.lock().user;
    real.write(&ids.real)?;
    effective.write(&ids.effective)?;
    saved.write(&ids.saved)
}

/// `getresgid(2)`.
pub(super) fn getresgid(
    _cx: &mut Context<'_>,
    real: UserPtr<u32>,
    effective: UserPtr<u32>,
    saved: UserPtr<u32>,
) -> Result<()> {
    let ids = Process::current().credentials.lock().group;
    real.write(&ids.real)?;
    effective.write(&ids.effective)?;
    saved.write(&ids.saved)
}

/// `setfsuid(2)`.
pub(super) fn setfsuid(_cx: &mut Context<'_>, uid: u32) -> Result<u32> {
    Ok(change(|credentials, is_privileged| credentials.user.set_file_system(uid, is_privileged)))
}

/// `setfsgid(2)`.
pub(super) fn setfsgid(_cx: &mut Context<'_>, gid: u32) -> Result<u32> {
    Ok(change(|credentials, is_privileged| credentials.group.set_file_system(gid, is_privileged)))
}

/// `getgroups(2)`.
pub(super) fn getgroups(_cx: &mut Context<'_>, size: i32, list: UserPtr<u32>) -> Result<usize> {
    let size = usize::try_from(size).map_err(|_| Errno::EINVAL)?;
    let groups = Process::current().credentials.lock().groups.clone();
    if size > 0 {
        if groups.len() > size {
            return Err(Errno::EINVAL);
        }
        list.write_array(&groups)?;
    }
    Ok(groups.len())
}

/// `setgroups(2)`.
pub(super) fn setgroups(_cx: &mut Context<'_>, size: i32, list: UserPtr<u32>) -> Result<()> {
    if !Process::current().credentials.lock().is_privileged() {
        return Err(Errno::EPERM);
    }
    let size = usize::try_from(size).map_err(|_| Errno::EINVAL)?;
    if size > MOST_GROUPS {
        return Err(Errno::EINVAL);
    }
    // One by one, for a group that is none may come before what cannot be read.
    let group = |index| match list.at(index).read()? {
        u32::MAX => Err(Errno::EINVAL),
        group => Ok(group),
    };
    let mut groups = (0..size).map(group).collect::<Result<Vec<_>>>()?;
    groups.sort_unstable();
    Process::current().credentials.lock().groups = groups;
    Ok(())
}

/// `struct __user_cap_header_struct`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct CapabilityHeader {
    version: u32,
    pid: i32,
}

/// `struct __user_cap_data_struct`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct CapabilitySets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The versions there are: one of 32 capabilities, and two of 64.
const CAPABILITY_VERSIONS: [u32; 3] = [0x1998_0330, 0x2007_1026, 0x2008_0522];

/// Returns how many words the sets of a header's version have; another version is answered with the
/// last and `EINVAL`.
fn set_words(header: UserPtr<CapabilityHeader>) -> Result<usize> {
    let place = header.cast::<u32>();
    let version = place.read()?;
    match CAPABILITY_VERSIONS.iter().position(|known| *known == version) {
        Some(0) => Ok(1),
        Some(_) => Ok(2),
        None => {
            place.write(&CAPABILITY_VERSIONS[2])?;
            Err(Errno::EINVAL)
        }
    }
}

/// Returns the process or thread that a header is about.
fn subject(header: UserPtr<CapabilityHeader>) -> Result<i32> {
    header.cast::<i32>().at(1).read()
}

/// Splits a set into the words of its lower and upper 32 capabilities.
fn halves(set: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = set.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

/// `capget(2)`.
pub(super) fn capget(
    cx: &mut Context<'_>,
    header: UserPtr<CapabilityHeader>,
    sets: UserPtr<CapabilitySets>,
) -> Result<()> {
    let words = match set_words(header) {
        // Without sets it is a question for the version.
        Ok(_) | Err(Errno::EINVAL) if sets.is_null() => return Ok(()),
        words => words?,
    };
    let pid = u32::try_from(subject(header)?).map_err(|_| Errno::EINVAL)?;
    if pid != 0 && pid != cx.thread.tid && Process::current().thread(pid).is_none() {
        return Err(Errno::ESRCH);
    }
    let held = Process::current().credentials.lock().capabilities;
    let [effective, permitted, inheritable] =
        [held.effective, held.permitted, held.inheritable].map(halves);
    let halves = [0, 1].map(|half| CapabilitySets {
        effective: effective[half],
        permitted: permitted[half],
        inheritable: inheritable[half],
    });
    sets.write_array(&halves[..words])
}

/// `capset(2)`.
pub(super) fn capset(
    cx: &mut Context<'_>,
    header: UserPtr<CapabilityHeader>,
    sets: UserPtr<CapabilitySets>,
) -> Result<()> {
    let words = set_words(header)?;
    let pid = subject(header)?;
    if pid != 0 && u32::try_from(pid) != Ok(cx.thread.tid) {
        return Err(Errno::EPERM);
    }
    let words = sets.read_array(words)?;
    let join = |word: fn(&CapabilitySets) -> u32| {
        words.iter().rev().fold(0, |set, half| set << 32 | u64::from(word(half)))
    };
    let new = Capabilities {
        effective: join(|half| half.effective),
        permitted: join(|half| half.permitted),
        inheritable: join(|half| half.inheritable),
    };
    Process::current().credentials.lock().set_capabilities(new)?;
    space::limits_changed();
    Ok(())
}
