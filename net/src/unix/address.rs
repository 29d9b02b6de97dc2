//! Names of sockets, `struct sockaddr_un`.

use alloc::vec::Vec;

use abi::{Errno, Result};

/// `AF_UNIX`, the address family.
const AF_UNIX: [u8; 2] = 1_u16.to_ne_bytes();

/// Size of the field `sun_path`, in bytes.
const PATH_SIZE: usize = 108;

/// The name of a socket.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Address {
    /// None: never bound, or one of a pair.
    #[default]
    Unnamed,
    /// A path in the file system, without a terminating zero; not empty.
    Path(Vec<u8>),
    /// A name of its own kind, any bytes; the zero that marks it is not among them.
    Abstract(Vec<u8>),
}

impl Address {
    /// Reads a `struct sockaddr_un` of the size that the program gave; one that holds the family
    /// only is [`Unnamed`](Self::Unnamed), which `bind(2)` takes as a wish for any abstract name.
    ///
    /// # Errors
    /// `EINVAL` for another family or an impossible size.
    pub fn from_sockaddr(bytes: &[u8]) -> Result<Self> {
        let path = bytes.strip_prefix(&AF_UNIX).ok_or(Errno::EINVAL)?;
        if path.len() > PATH_SIZE {
            return Err(Errno::EINVAL);
        }
        Ok(match path {
            [] => Self::Unnamed,
            [0, name @ ..] => Self::Abstract(name.to_vec()),
            _ => Self::Path(path.iter().copied().take_while(|byte| *byte != 0).collect()),
        })
    }

    /// Returns the `struct sockaddr_un`, as long as `getsockname(2)` says it is.
    pub fn to_sockaddr(&self) -> Vec<u8> {
        let mut bytes = AF_UNIX.to_vec();
        match self {
            Self::Unnamed => {}
            Self::Path(path) => {
                bytes.extend_from_slice(path);
                bytes.push(0);
            }
            Self::Abstract(name) => {
                bytes.push(0);
                bytes.extend_from_slice(name);
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn names_survive_the_structure() {
        for bytes in [&b"\x01\0"[..], b"\x01\0/tmp/x\0", b"\x01\0\0name", b"\x01\0\0"] {
            assert_eq!(Address::from_sockaddr(bytes).unwrap().to_sockaddr(), bytes);
        }
    }

    #[test]
    fn path_ends_at_its_zero_or_with_the_structure() {
        let path = Address::Path(b"ab".to_vec());
        assert_eq!(Address::from_sockaddr(b"\x01\0ab\0cd"), Ok(path.clone()));
        assert_eq!(Address::from_sockaddr(b"\x01\0ab"), Ok(path));
        let mut longest = vec![b'x'; 110];
        longest[..2].copy_from_slice(&AF_UNIX);
        assert_eq!(Address::from_sockaddr(&longest), Ok(Address::Path(vec![b'x'; 108])));
        longest.push(b'x');
        assert_eq!(Address::from_sockaddr(&longest), Err(Errno::EINVAL));
    }

    #[test]
    fn other_families_are_refused() {
        assert_eq!(Address::from_sockaddr(b"\x02\0\0\0"), Err(Errno::EINVAL));
        assert_eq!(Address::from_sockaddr(b"\x01"), Err(Errno::EINVAL));
    }
}
