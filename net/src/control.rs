//! Control data as a program gives it along with a message, `cmsg(3)`.

use abi::socket::Cmsghdr;
use abi::{Errno, Result};
use zerocopy::FromBytes;

/// Items begin at multiples of this many bytes.
pub const ALIGNMENT: usize = 8;

/// One item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Item<'a> {
    /// Whose it is, `SOL_SOCKET` for example.
    pub level: i32,
    /// What it is.
    pub kind: i32,
    /// Its bytes.
    pub data: &'a [u8],
}

/// The items one after the other. One whose length makes no sense is `EINVAL` and the last.
#[derive(Clone, Debug)]
pub struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    /// Returns the items in these bytes.
    pub const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = core::mem::take(&mut self.0);
        let (header, _) = Cmsghdr::read_from_prefix(bytes).ok()?;
        let length = usize::try_from(header.cmsg_len).unwrap_or(usize::MAX);
        let Some(data) = bytes.get(size_of::<Cmsghdr>()..length) else {
            return Some(Err(Errno::EINVAL));
        };
        self.0 = bytes.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        Some(Ok(Item { level: header.cmsg_level, kind: header.cmsg_type, data }))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn item(length: u64, data: &[u8]) -> Vec<u8> {
        let mut bytes = [length.to_ne_bytes(), [1, 0, 0, 0, 2, 0, 0, 0]].concat();
        bytes.extend(data);
        bytes
    }

    #[test]
    fn items_are_aligned() {
        let bytes = [item(17, &[3, 0, 0, 0, 0, 0, 0, 0]), item(16, &[])].concat();
        let mut items = Items::of(&bytes);
        assert_eq!(items.next(), Some(Ok(Item { level: 1, kind: 2, data: &[3] })));
        assert_eq!(items.next(), Some(Ok(Item { level: 1, kind: 2, data: &[] })));
        assert_eq!(items.next(), None);
    }

    #[test]
    fn impossible_lengths_end_it() {
        for length in [0, 15, 18, u64::MAX] {
            let bytes = item(length, &[0]);
            let mut items = Items::of(&bytes);
            assert_eq!(items.next(), Some(Err(Errno::EINVAL)));
            assert_eq!(items.next(), None);
        }
        assert_eq!(Items::of(&[0; 15]).next(), None);
    }
}
