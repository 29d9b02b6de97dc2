//! Which socket has which name.

use alloc::format;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;

use abi::{Errno, Result};
use hashbrown::HashMap;
use sync::SpinLock;

use super::{Address, Kind, Socket};

/// Names that `bind(2)` makes up are numbers of five hexadecimal digits.
const AUTOBIND_NAMES: u32 = 1 << 20;

/// A socket's file in a file system.
#[derive(Clone, Debug)]
pub struct SocketFile {
    /// The file system's device number.
    pub device: u64,
    /// The file's number in it.
    pub inode: u64,
    /// What keeps the file's number from being given to another file.
    pub keep: Arc<dyn Any + Send + Sync>,
}

/// Finds and makes sockets' files on behalf of a caller; knows its working directory and mask.
pub trait Names {
    /// Makes a file of the kind socket.
    ///
    /// # Errors
    /// As `mknod(2)`, `EEXIST` included.
    fn create(&self, path: &[u8]) -> Result<SocketFile>;

    /// Finds a file of the kind socket.
    ///
    /// # Errors
    /// As `connect(2)`: `ECONNREFUSED` if it is a file of another kind, else as `stat(2)`.
    fn lookup(&self, path: &[u8]) -> Result<SocketFile>;
}

/// What a name is looked up by.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Key {
    /// Sockets of different kinds do not see each other's (Linux's `unix_abstract_hash`).
    Abstract(Kind, Vec<u8>),
    File {
        device: u64,
        inode: u64,
    },
}

/// A name that a socket holds until it goes.
#[derive(Debug)]
pub(super) struct Binding {
    key: Key,
    /// Keeps the file of a path.
    _keep: Option<Arc<dyn Any + Send + Sync>>,
}

#[derive(Debug, Default)]
struct Table {
    sockets: HashMap<Key, Weak<Socket>>,
    next_autobind: u32,
}

/// All names of sockets of one machine.
#[derive(Debug, Default)]
pub struct Namespace(SpinLock<Table>);

impl Namespace {
    /// Returns a namespace without names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives `socket` a name, one that is made up if `address` is none.
    pub(super) fn bind(
        &self,
        socket: &Weak<Socket>,
        kind: Kind,
        address: &Address,
        names: &dyn Names,
    ) -> Result<(Address, Binding)> {
        match address {
            Address::Unnamed => self.autobind(socket, kind),
            Address::Abstract(name) => {
                let key = Key::Abstract(kind, name.clone());
                self.0.lock().insert(&key, socket)?;
                Ok((address.clone(), Binding { key, _keep: None }))
            }
            Address::Path(path) => {
                let file = names.create(path).map_err(|errno| match errno {
                    Errno::EEXIST => Errno::EADDRINUSE,
                    other => other,
                })?;
                let key = Key::File { device: file.device, inode: file.inode };
                self.0.lock().insert(&key, socket)?;
                Ok((address.clone(), Binding { key, _keep: Some(file.keep) }))
            }
        }
    }

    /// Gives `socket` the next free made-up name.
    fn autobind(&self, socket: &Weak<Socket>, kind: Kind) -> Result<(Address, Binding)> {
        let mut table = self.0.lock();
        for _ in 0..AUTOBIND_NAMES {
            let number = table.next_autobind;
            table.next_autobind = (number + 1) % AUTOBIND_NAMES;
            let name = format!("{number:05x}").into_bytes();
            let key = Key::Abstract(kind, name.clone());
            if table.insert(&key, socket).is_ok() {
                return Ok((Address::Abstract(name), Binding { key, _keep: None }));
            }
        }
        Err(Errno::ENOSPC)
    }

    /// Returns the socket that a socket of a kind finds by a name.
    pub(super) fn find(
        &self,
        kind: Kind,
        address: &Address,
        names: &dyn Names,
    ) -> Result<Arc<Socket>> {
        let key = match address {
            Address::Unnamed => return Err(Errno::EINVAL),
            Address::Abstract(name) => Key::Abstract(kind, name.clone()),
            Address::Path(path) => {
                let file = names.lookup(path)?;
                Key::File { device: file.device, inode: file.inode }
            }
        };
        let found = self.0.lock().sockets.get(&key).and_then(Weak::upgrade);
        found.ok_or(Errno::ECONNREFUSED)
    }

    /// Takes a name from a socket that is going.
    pub(super) fn unbind(&self, socket: &Weak<Socket>, binding: &Binding) {
        let mut table = self.0.lock();
        if table.sockets.get(&binding.key).is_some_and(|owner| owner.ptr_eq(socket)) {
            table.sockets.remove(&binding.key);
        }
    }
}

impl Table {
    /// Enters a name unless a living socket has it.
    fn insert(&mut self, key: &Key, socket: &Weak<Socket>) -> Result<()> {
        if self.sockets.get(key).is_some_and(|owner| owner.strong_count() > 0) {
            return Err(Errno::EADDRINUSE);
        }
        self.sockets.insert(key.clone(), socket.clone());
        Ok(())
    }
}
