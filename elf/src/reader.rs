//! Where the bytes of a file come from.

use abi::{Errno, Result};

/// A file that can be read at any place: a slice, a file of the host, a file of the guest.
pub trait Reader {
    /// Returns the file's length in bytes.
    fn size(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// `EIO` if the file ends before the buffer is full, else what reading the file gives.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()>;
}

impl Reader for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let start = usize::try_from(offset).map_err(|_| Errno::EIO)?;
        let end = start.checked_add(buffer.len()).ok_or(Errno::EIO)?;
        buffer.copy_from_slice(self.get(start..end).ok_or(Errno::EIO)?);
        Ok(())
    }
}
