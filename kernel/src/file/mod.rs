//! The program's files: its tree of names, its descriptors, its working directory.
//!
//! `vfs` knows what files are; here is what one program has of them, and what of the machine
//! stands behind them (console, clock, random numbers, `/proc`).

pub(crate) mod console;
pub(crate) mod limit;
pub(crate) mod notice;
pub(crate) mod pidfd;
mod proc;
pub(crate) mod signalfd;
pub(crate) mod socket;
pub(crate) mod transfer;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

use abi::fcntl::{AT_FDCWD, OpenFlags};
use abi::resource::RLIMIT_NOFILE;
use abi::stat::FileType;
use abi::{Errno, Result};
use sync::{Once, SpinLock};
use vfs::fs::cpio;
use vfs::fs::devices::{self, Devices, Random};
use vfs::fs::ramfs::RamFs;
use vfs::lock::Locks;
use vfs::path::LastLink;
use vfs::{
    Creation, FdTable, FileSystem, Found, Location, Mount, Namespace, OnExec, OpenFile, Place,
};

use crate::memory::{FRAMES, check_room};
use crate::process::Process;
use crate::random;
use crate::time::RealTime;

/// The device number of the root file system; `/dev`, `/proc` and `/sys` follow.
const ROOT_DEVICE: u64 = 1;
const DEV_DEVICE: u64 = 5;
const MEMORY_DEVICE: u64 = 6;
/// The permissions that new files lack by default.
const UMASK: u32 = 0o022;

/// What the program has of files.
#[derive(Debug)]
pub(crate) struct Files {
    /// The tree of names.
    pub(crate) names: Namespace,
    /// The descriptors.
    pub(crate) descriptors: FdTable,
    /// The working directory. A leaf lock.
    directory: SpinLock<Location>,
    umask: AtomicU32,
    /// The advisory locks.
    pub(crate) locks: Arc<Locks>,
    /// The home of files without a name.
    memory: Arc<RamFs>,
    memory_mount: Arc<Mount>,
}

static FILES: Once<Files> = Once::new();

/// The machine's random numbers for `/dev/urandom`.
#[derive(Debug)]
struct MachineRandom;

impl Random for MachineRandom {
    fn fill(&self, bytes: &mut [u8]) {
        random::fill(bytes);
    }
}

/// Makes the tree of names of the boot image and opens the console as descriptors 0, 1 and 2.
///
/// # Errors
/// What of the tree could not be made. A broken image is reported and used as far as it goes.
pub(crate) fn start(image: &'static mut [u8]) -> Result<()> {
    let clock = Arc::new(RealTime);
    let console = console::file();
    let devices = Devices::new(Arc::new(MachineRandom));
    devices.add(devices::CONSOLE, console.clone());
    devices.add(devices::TTY, console);
    let limit_pages = FRAMES.total() / 2;
    let root = RamFs::with_devices(ROOT_DEVICE, clock.clone(), limit_pages, devices.clone());
    let names = Namespace::new(root);
    match cpio::unpack(image, &names) {
        Ok(count) => log::info!("unpacked {count} files"),
        Err(error) => log::error!("the image is broken: {error}"),
    }
    let dev = RamFs::with_devices(DEV_DEVICE, clock.clone(), limit_pages, devices);
    let memory = RamFs::new(MEMORY_DEVICE, clock, limit_pages);
    devices::populate(&dev.root())?;
    mount(&names, b"/dev", dev)?;
    proc::mount(&names)?;
    let directory = SpinLock::new(names.root().clone());
    let umask = AtomicU32::new(UMASK);
    let files = Files {
        names,
        descriptors: FdTable::new(),
        directory,
        umask,
        locks: Locks::new(),
        memory_mount: Mount::detached(memory.clone()),
        memory,
    };
    FILES.call_once(|| files).open_console()
}

/// Mounts a file system over a directory, which is made if it is not there.
fn mount(names: &Namespace, path: &[u8], file_system: Arc<dyn FileSystem>) -> Result<()> {
    let creation = Creation::new(FileType::Directory, 0o755);
    match names.make(names.root(), path, &creation) {
        Ok(_) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno),
    }
    let point = names.find(names.root(), path, LastLink::Follow)?;
    point.location.mount(file_system).map(drop)
}

/// Returns the program's files.
///
/// # Panics
/// If [`start`] did not run, which `main.rs` does before any program.
pub(crate) fn current() -> &'static Files {
    FILES.get().expect("files are there before the program is")
}

impl Files {
    /// Opens the console as the three lowest free descriptors.
    fn open_console(&self) -> Result<()> {
        let creation = Creation::new(FileType::Regular, 0);
        let root = self.names.root();
        let terminal = self.names.open(root, b"/dev/console", OpenFlags::RDWR, &creation)?;
        (0..3).try_for_each(|_| self.install(terminal.clone(), OnExec::Keep).map(drop))
    }

    /// Makes what a program has of files as it was for the first one, once no descriptor is open.
    /// The tree of names stays.
    ///
    /// # Errors
    /// `ENOENT` if the console is no longer in the tree.
    pub(crate) fn reset(&self) -> Result<()> {
        *self.directory.lock() = self.names.root().clone();
        self.umask.store(UMASK, Ordering::Relaxed);
        self.open_console()
    }

    /// Returns the description that a descriptor stands for, to work on its file.
    ///
    /// # Errors
    /// `EBADF`, also for a description by `O_PATH`.
    pub(crate) fn get(&self, fd: u32) -> Result<Arc<OpenFile>> {
        let file = self.descriptors.get(fd)?;
        if file.flags().contains(OpenFlags::PATH) { Err(Errno::EBADF) } else { Ok(file) }
    }

    /// Returns the description that a descriptor stands for, which may be one by `O_PATH`.
    ///
    /// # Errors
    /// `EBADF`.
    pub(crate) fn get_any(&self, fd: u32) -> Result<Arc<OpenFile>> {
        self.descriptors.get(fd)
    }

    /// Gives a description the lowest free descriptor.
    ///
    /// # Errors
    /// `EMFILE`; `ENOMEM` if there is no memory to keep it.
    pub(crate) fn install(&self, file: Arc<OpenFile>, on_exec: OnExec) -> Result<u32> {
        check_room()?;
        self.descriptors.insert(file, on_exec, 0, descriptor_limit())
    }

    /// Returns the working directory.
    pub(crate) fn working_directory(&self) -> Location {
        self.directory.lock().clone()
    }

    /// Sets the working directory.
    ///
    /// # Errors
    /// `ENOTDIR`.
    pub(crate) fn set_working_directory(&self, directory: Location) -> Result<()> {
        if !directory.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        *self.directory.lock() = directory;
        Ok(())
    }

    /// Returns where a `*at` call starts that is given `fd` and `path`.
    ///
    /// # Errors
    /// `EBADF`, `ENOTDIR`.
    pub(crate) fn start_of(&self, fd: i32, path: &[u8]) -> Result<Location> {
        if path.first() == Some(&b'/') {
            return Ok(self.names.root().clone());
        }
        if fd == AT_FDCWD {
            return Ok(self.working_directory());
        }
        let file = self.get_any(fd.cast_unsigned())?;
        let location = file.found().ok_or(Errno::ENOTDIR)?.location.clone();
        // An empty path is another error, found by the walk.
        if !location.is_directory() && !path.is_empty() {
            return Err(Errno::ENOTDIR);
        }
        Ok(location)
    }

    /// Returns what a path leads to, from the working directory.
    ///
    /// # Errors
    /// As [`Namespace::find`].
    pub(crate) fn find(&self, path: &[u8]) -> Result<Found> {
        self.names.find(&self.working_directory(), path, LastLink::Follow)
    }

    /// Returns a new file without a name, as `memfd_create(2)` makes it, open.
    ///
    /// # Errors
    /// As [`Inode::open`](vfs::Inode::open).
    pub(crate) fn unnamed_file(&self, name: &[u8], permissions: u32) -> Result<Arc<OpenFile>> {
        let flags = OpenFlags::RDWR | OpenFlags::LARGEFILE;
        let inode = self.memory.unnamed(permissions);
        let file = inode.clone().open(flags)?;
        let label = [b"/memfd:", name, b" (deleted)"].concat().into();
        let location = Location { mount: self.memory_mount.clone(), inode };
        Ok(OpenFile::named(file, Found { location, place: Place::Label(label) }, flags))
    }

    /// Returns the permissions that new files lack.
    pub(crate) fn umask(&self) -> u32 {
        self.umask.load(Ordering::Relaxed)
    }

    /// Sets the permissions that new files lack and returns those before.
    pub(crate) fn set_umask(&self, umask: u32) -> u32 {
        self.umask.swap(umask & 0o777, Ordering::Relaxed)
    }

    /// Returns how a file of the program's begins: its owner, its permissions after the umask.
    pub(crate) fn creation(&self, kind: FileType, mode: u32) -> Creation {
        let credentials = Process::current().credentials.lock();
        Creation {
            uid: credentials.user.file_system,
            gid: credentials.group.file_system,
            ..Creation::new(kind, mode & !self.umask())
        }
    }
}

/// Returns the first number that no descriptor may have, `RLIMIT_NOFILE`.
pub(crate) fn descriptor_limit() -> u32 {
    let limit = Process::current().limits.lock().get(RLIMIT_NOFILE);
    let limit = limit.map_or(0, |limit| limit.rlim_cur);
    u32::try_from(limit).unwrap_or(u32::MAX)
}
