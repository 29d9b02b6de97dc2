//! The console on its way to standard output.

use alloc::sync::Arc;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// What the kernel's line of a backtrace starts with.
const BACKTRACE: &[u8] = b"scull: backtrace ";
/// Longest line that is looked at, in bytes.
const LINE_MAX: usize = 128;

/// Passes everything on at once, and remembers the addresses of backtraces.
#[derive(Debug)]
pub(crate) struct Console<W> {
    out: W,
    line: Vec<u8>,
    addresses: Addresses,
}

/// Addresses seen so far, hexadecimal, shared with the console's reader.
pub(crate) type Addresses = Arc<Mutex<Vec<String>>>;

impl<W: Write> Console<W> {
    /// Returns a console that writes to `out`.
    pub(crate) fn new(out: W) -> (Self, Addresses) {
        let addresses = Addresses::default();
        (Self { out, line: Vec::new(), addresses: Arc::clone(&addresses) }, addresses)
    }

    fn remember(&mut self, data: &[u8]) {
        for byte in data {
            if *byte != b'\n' {
                if self.line.len() < LINE_MAX {
                    self.line.push(*byte);
                }
                continue;
            }
            if let Some(address) = self.line.strip_prefix(BACKTRACE) {
                let address = String::from_utf8_lossy(address).trim().to_owned();
                self.addresses.lock().unwrap_or_else(PoisonError::into_inner).push(address);
            }
            self.line.clear();
        }
    }
}

impl<W: Write> Write for Console<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let length = self.out.write(buf)?;
        self.remember(&buf[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_remembered_across_pieces() {
        let (mut console, addresses) = Console::new(Vec::new());
        for piece in ["x\nscull: back", "trace 0xff01\ny", "scull: backtrace 0x2\n"] {
            console.write_all(piece.as_bytes()).unwrap();
        }
        assert_eq!(*addresses.lock().unwrap(), ["0xff01"]);
        assert_eq!(console.out.len(), 48);
    }
}
