//! Who the program is: `credentials(7)`.
//!
//! There is one user and nothing is enforced; what a program sets is what it is told.

use alloc::vec::Vec;

use abi::{Errno, Result};

/// The largest number of supplementary groups (NGROUPS_MAX).
pub(crate) const MOST_GROUPS: usize = 65_536;

/// Real, effective, saved and file-system id of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Ids {
    /// The real id.
    pub(crate) real: u32,
    /// The effective id.
    pub(crate) effective: u32,
    /// The saved set-id.
    pub(crate) saved: u32,
    /// The file-system id.
    pub(crate) file_system: u32,
}

impl Ids {
    /// Returns whether `id` is one that an unprivileged program may take.
    const fn holds(self, id: u32) -> bool {
        self.real == id || self.effective == id || self.saved == id
    }

    /// `setuid(2)`, `setgid(2)`.
    ///
    /// # Errors
    /// `EINVAL` for -1, `EPERM` for an id that an unprivileged program may not take.
    pub(crate) fn set(&mut self, id: u32, is_privileged: bool) -> Result<()> {
        if id == u32::MAX {
            return Err(Errno::EINVAL);
        }
        if is_privileged {
            *self = Self { real: id, effective: id, saved: id, file_system: id };
        } else if self.real == id || self.saved == id {
            self.effective = id;
            self.file_system = id;
        } else {
            return Err(Errno::EPERM);
        }
        Ok(())
    }

    /// `setreuid(2)`, `setregid(2)`; -1 leaves an id as it is.
    ///
    /// # Errors
    /// `EPERM` for an id that an unprivileged program may not take.
    pub(crate) fn set_real_effective(
        &mut self,
        real: u32,
        effective: u32,
        is_privileged: bool,
    ) -> Result<()> {
        let may_be_real = real == u32::MAX || real == self.real || real == self.effective;
        let may_be_effective = effective == u32::MAX || self.holds(effective);
        if !(is_privileged || may_be_real && may_be_effective) {
            return Err(Errno::EPERM);
        }
        let old_real = self.real;
        replace(&mut self.real, real);
        replace(&mut self.effective, effective);
        if real != u32::MAX || (effective != u32::MAX && effective != old_real) {
            self.saved = self.effective;
        }
        self.file_system = self.effective;
        Ok(())
    }

    /// `setresuid(2)`, `setresgid(2)`; -1 leaves an id as it is.
    ///
    /// # Errors
    /// `EPERM` for an id that an unprivileged program may not take.
    pub(crate) fn set_all(&mut self, ids: [u32; 3], is_privileged: bool) -> Result<()> {
        if !is_privileged && ids.iter().any(|&id| id != u32::MAX && !self.holds(id)) {
            return Err(Errno::EPERM);
        }
        let [real, effective, saved] = ids;
        replace(&mut self.real, real);
        replace(&mut self.effective, effective);
        replace(&mut self.saved, saved);
        self.file_system = self.effective;
        Ok(())
    }

    /// `setfsuid(2)`, `setfsgid(2)`: returns the id before, whether it could be changed or not.
    pub(crate) fn set_file_system(&mut self, id: u32, is_privileged: bool) -> u32 {
        let before = self.file_system;
        if id != u32::MAX && (is_privileged || self.holds(id) || before == id) {
            self.file_system = id;
        }
        before
    }
}

fn replace(id: &mut u32, new: u32) {
    if new != u32::MAX {
        *id = new;
    }
}

/// Capability sets, `capabilities(7)`, a bit a capability.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Capabilities {
    /// Those in force.
    pub(crate) effective: u64,
    /// Those that can be put in force.
    pub(crate) permitted: u64,
    /// Those kept across `execve(2)`.
    pub(crate) inheritable: u64,
}

/// The number of the last capability.
pub(crate) const LAST_CAPABILITY: u64 = 40;
const ALL: u64 = (1 << (LAST_CAPABILITY + 1)) - 1;

/// The program's credentials. It starts as root.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// User ids.
    pub(crate) user: Ids,
    /// Group ids.
    pub(crate) group: Ids,
    /// Supplementary groups.
    pub(crate) groups: Vec<u32>,
    /// Capabilities.
    pub(crate) capabilities: Capabilities,
    /// Those that `execve(2)` can give at most.
    pub(crate) bounding: u64,
    /// Those that `execve(2)` leaves to a program that is not root's.
    pub(crate) ambient: u64,
}

impl Credentials {
    /// Returns root's.
    pub(crate) const fn root() -> Self {
        const ROOT: Ids = Ids { real: 0, effective: 0, saved: 0, file_system: 0 };
        let capabilities = Capabilities { effective: ALL, permitted: ALL, inheritable: 0 };
        let (bounding, ambient) = (ALL, 0);
        Self { user: ROOT, group: ROOT, groups: Vec::new(), capabilities, bounding, ambient }
    }

    /// `PR_CAPBSET_DROP`.
    ///
    /// # Errors
    /// `EPERM` without privileges.
    pub(crate) fn drop_bounding(&mut self, capability: u64) -> Result<()> {
        if !self.is_privileged() {
            return Err(Errno::EPERM);
        }
        self.bounding &= !(1 << capability);
        Ok(())
    }

    /// `PR_CAP_AMBIENT_RAISE`.
    ///
    /// # Errors
    /// `EPERM` for a capability that is not both permitted and inheritable.
    pub(crate) fn raise_ambient(&mut self, capability: u64) -> Result<()> {
        let wanted = 1 << capability;
        if self.capabilities.permitted & self.capabilities.inheritable & wanted == 0 {
            return Err(Errno::EPERM);
        }
        self.ambient |= wanted;
        Ok(())
    }

    /// Does to the capabilities what running another program does, `capabilities(7)`: files have
    /// none.
    pub(crate) fn execute(&mut self) {
        let held = &mut self.capabilities;
        let is_root = self.user.real == 0 || self.user.effective == 0;
        held.permitted = if is_root { held.inheritable | self.bounding } else { self.ambient };
        held.effective = match (is_root, self.user.effective) {
            (true, 0) => held.permitted,
            (true, _) => 0,
            (false, _) => self.ambient,
        };
        self.user.saved = self.user.effective;
        self.group.saved = self.group.effective;
    }

    /// Returns whether the program has the capabilities that calls here ask for.
    pub(crate) const fn is_privileged(&self) -> bool {
        self.capabilities.effective != 0
    }

    /// Does to the capabilities what a change of user ids does, `capabilities(7)`.
    pub(crate) fn follow_user(&mut self, before: Ids, keeps_permitted: bool) {
        let now = self.user;
        if before.holds(0) && !now.holds(0) && !keeps_permitted {
            self.capabilities.permitted = 0;
            self.ambient = 0;
        }
        if now.effective != 0 && (before.effective == 0 || self.capabilities.permitted == 0) {
            self.capabilities.effective = 0;
        } else if before.effective != 0 && now.effective == 0 {
            self.capabilities.effective = self.capabilities.permitted;
        }
    }

    /// `capset(2)`.
    ///
    /// # Errors
    /// `EPERM` for capabilities that are not permitted.
    pub(crate) fn set_capabilities(&mut self, new: Capabilities) -> Result<()> {
        let old = self.capabilities;
        let is_within = new.permitted & !old.permitted == 0
            && new.effective & !new.permitted == 0
            && new.inheritable & !(old.inheritable | old.permitted) == 0;
        if !is_within {
            return Err(Errno::EPERM);
        }
        self.capabilities = new;
        self.ambient &= new.permitted & new.inheritable;
        Ok(())
    }
}
