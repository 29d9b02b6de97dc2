//! Devices: what stands behind the device files of any file system.
//!
//! Opening a device file looks its number up in a [`Devices`] table. The devices that need no
//! machine are here; the kernel adds its console. `/dev` is a file system in memory that
//! [`populate`] fills.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::any::Any;
use core::fmt::Debug;

use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::stat::{FileType, make_device};
use abi::{Errno, Result};
use sync::{SpinLock, Waiters};

use crate::{Creation, File, Inode, Mapping, PAGE_SIZE, PageBytes};

/// Makes random bytes for `/dev/random` and `/dev/urandom`.
pub trait Random: Debug + Send + Sync {
    /// Fills `bytes` with numbers that nobody can foretell.
    fn fill(&self, bytes: &mut [u8]);
}

/// Character devices by their number.
#[derive(Debug, Default)]
pub struct Devices(SpinLock<BTreeMap<u64, Arc<dyn File>>>);

/// The number of `/dev/null`.
pub const NULL: u64 = make_device(1, 3);
/// The number of `/dev/zero`.
pub const ZERO: u64 = make_device(1, 5);
/// The number of `/dev/full`.
pub const FULL: u64 = make_device(1, 7);
/// The number of `/dev/random`.
pub const RANDOM: u64 = make_device(1, 8);
/// The number of `/dev/urandom`.
pub const URANDOM: u64 = make_device(1, 9);
/// The number of `/dev/tty`.
pub const TTY: u64 = make_device(5, 0);
/// The number of `/dev/console`.
pub const CONSOLE: u64 = make_device(5, 1);

impl Devices {
    /// Returns a table with the devices that need no machine.
    pub fn new(random: Arc<dyn Random>) -> Arc<Self> {
        let devices = Arc::new(Self::default());
        let urandom = Arc::new(RandomDevice { random: random.clone(), waiters: None });
        let random = Arc::new(RandomDevice { random, waiters: Some(Waiters::new()) });
        devices.add(NULL, Arc::new(Null));
        devices.add(ZERO, Arc::new(Zero));
        devices.add(FULL, Arc::new(Full));
        devices.add(RANDOM, random);
        devices.add(URANDOM, urandom);
        devices
    }

    /// Lets `file` be what the device files with this number open.
    pub fn add(&self, number: u64, file: Arc<dyn File>) {
        self.0.lock().insert(number, file);
    }

    /// Returns what stands behind a device file.
    ///
    /// # Errors
    /// `ENXIO` if nothing does.
    pub fn open(&self, kind: FileType, number: u64) -> Result<Arc<dyn File>> {
        match kind {
            FileType::CharDevice => self.0.lock().get(&number).cloned().ok_or(Errno::ENXIO),
            _ => Err(Errno::ENXIO),
        }
    }
}

/// Fills `/dev`: device files, the links into `/proc` and the directory for shared memory.
///
/// # Errors
/// As [`Inode::create`].
pub fn populate(directory: &Arc<dyn Inode>) -> Result<()> {
    let nodes: [(&[u8], u64); 7] = [
        (b"null", NULL),
        (b"zero", ZERO),
        (b"full", FULL),
        (b"random", RANDOM),
        (b"urandom", URANDOM),
        (b"tty", TTY),
        (b"console", CONSOLE),
    ];
    for (name, rdev) in nodes {
        let permissions = if rdev == CONSOLE { 0o600 } else { 0o666 };
        let creation = Creation::new(FileType::CharDevice, permissions);
        directory.create(name, &Creation { rdev, ..creation })?;
    }
    let links: [(&[u8], &[u8]); 4] = [
        (b"fd", b"/proc/self/fd"),
        (b"stdin", b"/proc/self/fd/0"),
        (b"stdout", b"/proc/self/fd/1"),
        (b"stderr", b"/proc/self/fd/2"),
    ];
    for (name, target) in links {
        directory.symlink(name, target, &Creation::new(FileType::Symlink, 0o777))?;
    }
    directory.create(b"shm", &Creation::new(FileType::Directory, 0o1777)).map(drop)
}

/// Takes everything that `source` has.
fn swallow(source: &mut dyn Source) -> Result<usize> {
    let mut total = 0;
    let mut buffer = [0; 512];
    while source.left() != 0 {
        match source.take(&mut buffer) {
            Ok(0) => break,
            Ok(count) => total += count,
            Err(errno) if total == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(total)
}

/// Gives `sink` as many bytes as it has room for, each piece made by `make`.
fn supply(sink: &mut dyn Sink, mut make: impl FnMut(&mut [u8])) -> Result<usize> {
    let mut total = 0;
    let mut buffer = [0; 512];
    while sink.room() != 0 {
        let piece = sink.room().min(buffer.len());
        make(&mut buffer[..piece]);
        match sink.put(&buffer[..piece]) {
            Ok(0) => break,
            Ok(count) => total += count,
            Err(errno) if total == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(total)
}

/// Fills what `sink` has room for with zeros.
fn zeros(sink: &mut dyn Sink) -> Result<usize> {
    static ZEROS: PageBytes = [0; PAGE_SIZE];
    let mut total = 0;
    while sink.room() != 0 {
        match sink.put(&ZEROS[..sink.room().min(PAGE_SIZE)]) {
            Ok(0) => break,
            Ok(count) => total += count,
            Err(errno) if total == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(total)
}

#[derive(Debug)]
struct Null;

impl File for Null {
    fn can_be_spliced(&self) -> bool {
        false
    }

    fn read(&self, _at: u64, _sink: &mut dyn Sink) -> Result<usize> {
        Ok(0)
    }

    /// Takes all without looking, so that even a bad pointer is no error, as on Linux.
    fn write(&self, _at: u64, source: &mut dyn Source) -> Result<usize> {
        Ok(source.left())
    }

    fn is_seekable(&self) -> bool {
        true
    }

    fn ignores_seeks(&self) -> bool {
        true
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

#[derive(Debug)]
struct Zero;

impl File for Zero {
    fn read(&self, _at: u64, sink: &mut dyn Sink) -> Result<usize> {
        zeros(sink)
    }

    fn write(&self, _at: u64, source: &mut dyn Source) -> Result<usize> {
        Ok(source.left())
    }

    fn is_seekable(&self) -> bool {
        true
    }

    fn ignores_seeks(&self) -> bool {
        true
    }

    fn mapping(&self) -> Result<Mapping> {
        Ok(Mapping::Anonymous)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

#[derive(Debug)]
struct Full;

impl File for Full {
    fn read(&self, _at: u64, sink: &mut dyn Sink) -> Result<usize> {
        zeros(sink)
    }

    fn write(&self, _at: u64, _source: &mut dyn Source) -> Result<usize> {
        Err(Errno::ENOSPC)
    }

    fn is_seekable(&self) -> bool {
        true
    }

    fn ignores_seeks(&self) -> bool {
        true
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

#[derive(Debug)]
struct RandomDevice {
    random: Arc<dyn Random>,
    /// Where it can be waited for until there are random bytes, which is always: `/dev/random`.
    waiters: Option<Waiters>,
}

impl File for RandomDevice {
    fn read(&self, _at: u64, sink: &mut dyn Sink) -> Result<usize> {
        supply(sink, |bytes| self.random.fill(bytes))
    }

    fn poll(&self) -> Events {
        if self.waiters.is_some() { Events::READABLE } else { Events::BOTH }
    }

    fn waiters(&self) -> Option<&Waiters> {
        self.waiters.as_ref()
    }

    fn write(&self, _at: u64, source: &mut dyn Source) -> Result<usize> {
        swallow(source)
    }

    fn is_seekable(&self) -> bool {
        true
    }

    fn ignores_seeks(&self) -> bool {
        true
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use abi::fcntl::OpenFlags;

    use super::*;
    use crate::fs::conformance::{Noon, Tree};
    use crate::fs::ramfs::RamFs;

    #[derive(Debug)]
    struct Sevens;

    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn devices_do_what_their_man_pages_say() {
        let devices = Devices::new(Arc::new(Sevens));
        let tree = Tree::new(RamFs::with_devices(1, Arc::new(Noon), 100, devices));
        populate(&tree.here.inode).unwrap();
        let open = |path| tree.open(path, OpenFlags::RDWR | OpenFlags::TRUNC);
        let mut bytes = vec![1; 1000];
        assert_eq!(open("/null").unwrap().read(&mut bytes.as_mut_slice()), Ok(0));
        assert_eq!(open("/null").unwrap().write(&mut [0; 5].as_slice()), Ok(5));
        assert_eq!(open("/zero").unwrap().read(&mut bytes.as_mut_slice()), Ok(1000));
        assert_eq!(bytes, [0; 1000]);
        assert_eq!(open("/full").unwrap().write(&mut [0].as_slice()), Err(Errno::ENOSPC));
        assert_eq!(open("/urandom").unwrap().read(&mut bytes.as_mut_slice()), Ok(1000));
        assert_eq!(bytes, [7; 1000]);
        assert_eq!(open("/tty").err(), Some(Errno::ENXIO));
        assert_eq!(tree.stat("/null").unwrap().rdev, 0x103);
    }
}
