//! Extended attributes of files in memory, `xattr(7)`.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use abi::{Errno, Result};

use super::{RamInode, Volume};
use crate::inode::SetAttribute;

/// The kinds of names that there are.
const KINDS: [&[u8]; 3] = [b"security.", b"trusted.", b"user."];

/// A file's attributes. Each takes whole pages off what its file system may use.
pub(super) type Extended = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// Returns how many pages an attribute counts as.
fn pages(name: &[u8], value: &[u8]) -> u64 {
    u64::try_from((name.len() + value.len()).div_ceil(4096)).unwrap_or(u64::MAX)
}

/// Checks that there are attributes of such a name.
fn check_name(name: &[u8]) -> Result<()> {
    let rest = KINDS.iter().find_map(|kind| name.strip_prefix(*kind));
    match rest {
        None => Err(Errno::EOPNOTSUPP),
        Some(b"") => Err(Errno::EINVAL),
        Some(_) => Ok(()),
    }
}

/// Gives back what attributes take, when their file goes.
pub(super) fn release_all(extended: &Extended, volume: &Volume) {
    volume.give_pages(extended.iter().map(|(name, value)| pages(name, value)).sum());
}

impl RamInode {
    pub(super) fn extended(&self, name: &[u8]) -> Result<Vec<u8>> {
        check_name(name)?;
        self.extended.lock().get(name).map(|value| value.to_vec()).ok_or(Errno::ENODATA)
    }

    pub(super) fn set_extended(&self, name: &[u8], value: &[u8], how: SetAttribute) -> Result<()> {
        check_name(name)?;
        let mut extended = self.extended.lock();
        let old = extended.get(name).map(|old| pages(name, old));
        match (how, old) {
            (SetAttribute::Create | SetAttribute::Never, Some(_)) => return Err(Errno::EEXIST),
            (SetAttribute::Replace | SetAttribute::Never, None) => return Err(Errno::ENODATA),
            _ => {}
        }
        self.volume.take_pages(pages(name, value))?;
        extended.insert(name.into(), value.into());
        drop(extended);
        self.volume.give_pages(old.unwrap_or(0));
        self.touch_metadata();
        Ok(())
    }

    pub(super) fn remove_extended(&self, name: &[u8]) -> Result<()> {
        check_name(name)?;
        let old = self.extended.lock().remove(name).ok_or(Errno::ENODATA)?;
        self.volume.give_pages(pages(name, &old));
        self.touch_metadata();
        Ok(())
    }

    pub(super) fn extended_names(&self) -> Vec<Vec<u8>> {
        self.extended.lock().keys().map(|name| name.to_vec()).collect()
    }
}
