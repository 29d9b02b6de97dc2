//! Starting a program: what `execve(2)` does.
//!
//! [`open`] and [`Prepared::read`] find all that can be wrong with the files and change nothing;
//! [`launch`] puts the program into an address space in which nothing is mapped, [`replace`] takes
//! the running one away first. Scripts (`#!`) fail with `ENOEXEC`.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::fcntl::OpenFlags;
use abi::mman::{MapFlags, Prot};
use abi::signal::Signal;
use abi::stat::FileType;
use abi::{Errno, Result};
use elf::{Arguments, Auxiliary, Flags, Program, RELOCATABLE_BASE, Random, Stack, Step};
use mm::vma::Role;
use mm::{FileMapping, MapRequest, PAGE_SIZE, TASK_SIZE};
use sync::SpinLock;
use vfs::path::LastLink;
use vfs::{Found, Location, Namespace, OpenFile, namespace};

use super::exit::{self, Status};
use super::thread::{NAME_SIZE, Thread};
use super::{ADDR_NO_RANDOMIZE, PID, Process, signal, timers};
use crate::arch::frame::TrapFrame;
use crate::arch::thread::ExtendedState;
use crate::arch::{cpu, index, thread, trap};
use crate::memory::{file_backing, space, user};
use crate::syscall::VERSION_NUMBER;
use crate::{file, random, vdso};

/// The part of the stack that is mapped at once beyond what is on it, in bytes; it grows.
const FIRST_STACK: u64 = 128 << 10;
/// How far the stack's top is shifted at random at the most, in pages: half of what the address
/// space keeps free for it below.
const STACK_SHIFTS: u64 = 1 << 14;
/// How far a relocatable program is shifted at random, in pages, as on Linux.
const PROGRAM_SHIFTS: u64 = 1 << 28;
/// How far the heap is shifted at random, in pages, as on Linux.
const HEAP_SHIFTS: u64 = 1 << 13;
/// How large the gap below the stack's strings is at the most, in bytes.
const MAX_GAP: u16 = 8192;
/// Permission bits one of which an executable has.
const EXECUTE: u32 = 0o111;
/// What Linux's signal frame takes besides the extended state, in bytes.
const SIGNAL_FRAME: u64 = 936;

/// Whether addresses are chosen at random.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Placement {
    /// They are.
    Random,
    /// They are the same each time.
    Fixed,
}

/// Whether programs are placed at random.
static IS_RANDOM: AtomicBool = AtomicBool::new(true);

/// Places all programs from now on where they would be without randomisation.
pub(crate) fn place_fixed() {
    IS_RANDOM.store(false, Ordering::Relaxed);
}

/// The program that runs.
static IMAGE: SpinLock<Option<Arc<Loaded>>> = SpinLock::new(None);

/// Returns the program that runs, for `/proc/self`.
pub(crate) fn image() -> Option<Arc<Loaded>> {
    IMAGE.lock().clone()
}

impl Placement {
    /// Returns how a program is placed that a thread with this personality executes.
    fn of(personality: u32) -> Self {
        let is_refused = personality & ADDR_NO_RANDOMIZE != 0;
        if IS_RANDOM.load(Ordering::Relaxed) && !is_refused { Self::Random } else { Self::Fixed }
    }

    /// Returns a distance in bytes of fewer than `pages` pages.
    fn shift(self, pages: u64) -> u64 {
        match self {
            Self::Random => random::next_u64() % pages * PAGE_SIZE,
            Self::Fixed => 0,
        }
    }

    /// Returns the random bytes of a stack, whose gap of up to two pages is what processors of old
    /// liked stacks of different programs to differ by.
    fn stack_random(self) -> Random {
        let (mut bytes, mut gap) = ([0; 16], [0; 2]);
        random::fill(&mut bytes);
        if self == Self::Random {
            random::fill(&mut gap);
        }
        Random { bytes, gap: u16::from_le_bytes(gap) % MAX_GAP }
    }
}

/// A file that can be loaded.
struct Executable {
    file: Arc<OpenFile>,
    program: Program,
}

/// A program with its interpreter, found and checked.
pub(crate) struct Prepared {
    main: Executable,
    interpreter: Option<Executable>,
}

/// A program in memory, about to run.
pub(crate) struct Loaded {
    /// Its file, `/proc/self/exe`.
    pub(crate) file: Arc<OpenFile>,
    /// Where it begins.
    pub(crate) entry: u64,
    /// Its stack pointer there.
    pub(crate) stack_pointer: u64,
    /// Addresses of its arguments, `/proc/self/cmdline`.
    pub(crate) argv: Range<u64>,
    /// Addresses of its environment, `/proc/self/environ`.
    pub(crate) envp: Range<u64>,
    /// Its auxiliary vector, `/proc/self/auxv`.
    pub(crate) auxv: Vec<u8>,
}

/// Where an executable was put.
#[derive(Clone, Copy, Debug)]
struct Placed {
    bias: u64,
    entry: u64,
}

/// Reads an executable through its open file.
struct FileReader<'a>(&'a OpenFile);

impl elf::Reader for FileReader<'_> {
    fn size(&self) -> u64 {
        self.0.metadata().size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let mut rest = buffer;
        let mut offset = offset;
        while !rest.is_empty() {
            // The slice moves on as it is filled.
            let count = self.0.read_at(offset, &mut rest)?;
            if count == 0 {
                return Err(Errno::EIO);
            }
            offset += count as u64;
        }
        Ok(())
    }
}

/// Opens a file that may be executed.
///
/// # Errors
/// `EACCES` if it is no regular file or nobody may execute it; those of walking a path.
pub(crate) fn open(namespace: &Namespace, start: &Location, path: &[u8]) -> Result<Arc<OpenFile>> {
    open_found(namespace.find(start, path, LastLink::Follow)?)
}

/// Opens a file that may be executed and was found already.
///
/// # Errors
/// `EACCES` if it is no regular file or nobody may execute it.
pub(crate) fn open_found(found: Found) -> Result<Arc<OpenFile>> {
    let metadata = found.location.inode.metadata();
    if metadata.kind != FileType::Regular || metadata.permissions & EXECUTE == 0 {
        return Err(Errno::EACCES);
    }
    namespace::open_found(found, OpenFlags::empty())
}

impl Prepared {
    /// Reads a program's headers, and finds and reads the interpreter that it names.
    ///
    /// # Errors
    /// `ENOEXEC`, `ELIBBAD`, and what opening the interpreter gives: `execve(2)`.
    pub(crate) fn read(
        file: Arc<OpenFile>,
        namespace: &Namespace,
        directory: &Location,
    ) -> Result<Self> {
        let main = Executable::read(file).map_err(elf::Error::errno)?;
        let mut interpreter = None;
        if let Some(path) = &main.program.interpreter {
            let file = open(namespace, directory, path).inspect_err(|errno| {
                log::warn!("the interpreter {}: {errno}", path.escape_ascii());
            })?;
            let found = Executable::read(file).map_err(elf::Error::errno_of_interpreter)?;
            interpreter = Some(found);
        }
        Ok(Self { main, interpreter })
    }

    /// Puts the program into the address space, with its arguments on a new stack. They have been
    /// checked for their size.
    ///
    /// # Errors
    /// `ENOMEM` if there is not enough memory or space.
    fn load(self, arguments: &Arguments<'_>, placement: Placement) -> Result<Loaded> {
        let base = RELOCATABLE_BASE + placement.shift(PROGRAM_SHIFTS);
        let bias = self.main.program.bias_at(base);
        let main = self.main.place(bias)?;
        let heap = self.main.program.load_span.end.wrapping_add(bias);
        space::lock().set_brk_start(heap + placement.shift(HEAP_SHIFTS));
        let interpreter = match &self.interpreter {
            Some(interpreter) => Some(interpreter.place_anywhere()?),
            None => None,
        };
        let (uid, gid) = {
            let credentials = Process::current().credentials.lock();
            (credentials.user.effective, credentials.group.effective)
        };
        let auxiliary = Auxiliary {
            sysinfo_ehdr: Some(vdso::map(&mut space::lock())?),
            minsigstksz: SIGNAL_FRAME + thread::extended_state_size() as u64,
            hwcap: cpu::hwcap(),
            gate: Some(trap::gate()),
            version: VERSION_NUMBER,
            phdr: self.main.program.phdr_vaddr.map_or(0, |vaddr| vaddr.wrapping_add(bias)),
            phnum: self.main.program.phnum,
            base: interpreter.map_or(0, |placed| placed.bias),
            entry: main.entry,
            uid,
            gid,
            ..Auxiliary::default()
        };
        let top = TASK_SIZE - placement.shift(STACK_SHIFTS);
        let stack = Stack::build(top, arguments, &auxiliary, &placement.stack_random())?;
        map_stack(top, &stack, self.main.program.stack_executable)?;
        Ok(Loaded {
            file: self.main.file,
            entry: interpreter.map_or(main.entry, |placed| placed.entry),
            stack_pointer: stack.pointer,
            argv: stack.argv,
            envp: stack.envp,
            auxv: stack.auxv,
        })
    }
}

impl Executable {
    /// Reads the headers of a file. Says in words what is wrong with it, since a caller of
    /// `execve(2)` gets a number only.
    fn read(file: Arc<OpenFile>) -> Result<Self, elf::Error> {
        let program = Program::read(&FileReader(&file))
            .inspect_err(|error| log::warn!("{}: {error}", file.path().escape_ascii()))?;
        Ok(Self { file, program })
    }

    /// Maps the file where nothing is mapped yet.
    fn place_anywhere(&self) -> Result<Placed> {
        let span = &self.program.load_span;
        let slack = self.program.align - PAGE_SIZE;
        let length = (span.end - span.start).checked_add(slack).ok_or(Errno::ENOMEM)?;
        let address = {
            let mut space = space::lock();
            let address = space.mmap(anonymous(0, length, Prot::empty(), MapFlags::NORESERVE))?;
            space.munmap(address, length)?;
            address
        };
        self.place(self.program.bias_at(address + slack))
    }

    /// Maps the file `bias` above its own addresses.
    fn place(&self, bias: u64) -> Result<Placed> {
        let backing = file_backing(&self.file)?;
        for step in self.program.steps(bias) {
            match step {
                Step::Map { address, length, offset, flags } => {
                    let file = FileMapping { backing: backing.clone(), offset, is_writable: false };
                    let request = MapRequest {
                        address,
                        length,
                        prot: protection(flags),
                        flags: MapFlags::PRIVATE | MapFlags::FIXED,
                        file: Some(file),
                        role: Role::Plain,
                    };
                    space::lock().mmap(request)?;
                }
                Step::Clear { address, length } => user::zero_bytes(address, index(length))?,
                Step::MapZero { address, length, flags } => {
                    let request = anonymous(address, length, protection(flags), MapFlags::FIXED);
                    space::lock().mmap(request)?;
                }
            }
        }
        Ok(Placed { bias, entry: self.program.entry.wrapping_add(bias) })
    }
}

/// Forgets the program that ran.
pub(super) fn forget_image() {
    let image = IMAGE.lock().take();
    drop(image);
}

/// Loads a program where nothing is mapped, and makes its first thread, which does not run yet; its
/// personality is that of who executes it (`personality(2)`).
///
/// # Errors
/// As [`Prepared::load`]; `EAGAIN` if there is no memory for the thread.
pub(crate) fn launch(
    tid: u32,
    program: Prepared,
    arguments: &Arguments<'_>,
    personality: u32,
) -> Result<Arc<Thread>> {
    let loaded = program.load(arguments, Placement::of(personality))?;
    let frame = TrapFrame::new(loaded.entry, loaded.stack_pointer);
    let thread = Thread::new(tid, frame, 0, ExtendedState::new())?;
    *thread.name.lock() = thread_name(arguments.execfn);
    thread.personality.store(personality, Ordering::Relaxed);
    *IMAGE.lock() = Some(Arc::new(loaded));
    Ok(thread)
}

/// Returns what a program's first thread is called: the file's name, cut to what fits.
fn thread_name(path: &[u8]) -> [u8; NAME_SIZE] {
    let file = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let mut name = [0; NAME_SIZE];
    for (place, byte) in name[..NAME_SIZE - 1].iter_mut().zip(file) {
        *place = *byte;
    }
    name
}

/// Ends all that the running program is but the calling thread, and loads another in its place;
/// returns the other's first thread. If that fails it is too late to go back, and the machine ends
/// as if by SIGKILL.
///
/// # Errors
/// `EAGAIN` if another thread is doing the same.
pub(crate) fn replace(program: Prepared, arguments: &Arguments<'_>) -> Result<Arc<Thread>> {
    exit::end_other_threads()?;
    drop(file::current().descriptors.close_on_exec());
    signal::reset_handlers();
    timers::delete_all();
    Process::current().credentials.lock().execute();
    Process::current().attributes.lock().keeps_capabilities = false;
    space::limits_changed();
    space::lock().clear();
    let personality = Thread::current().personality.load(Ordering::Relaxed);
    let thread = launch(PID, program, arguments, personality).unwrap_or_else(|errno| {
        log::error!("{} cannot be loaded: {errno}", arguments.execfn.escape_ascii());
        exit::end_program(Status::Signal(Signal::SIGKILL.raw()))
    });
    Ok(thread)
}

/// Returns a request for private memory that is zero.
const fn anonymous(address: u64, length: u64, prot: Prot, flags: MapFlags) -> MapRequest {
    let flags = MapFlags::PRIVATE.union(MapFlags::ANONYMOUS).union(flags);
    MapRequest { address, length, prot, flags, file: None, role: Role::Plain }
}

/// Returns the protection that a segment asks for.
fn protection(flags: Flags) -> Prot {
    let mut prot = Prot::empty();
    prot.set(Prot::READ, flags.contains(Flags::READ));
    prot.set(Prot::WRITE, flags.contains(Flags::WRITE));
    prot.set(Prot::EXEC, flags.contains(Flags::EXECUTE));
    prot
}

/// Maps the stack that ends at `top` and fills it.
fn map_stack(top: u64, stack: &Stack, is_executable: bool) -> Result<()> {
    let start = (stack.pointer - FIRST_STACK) & !(PAGE_SIZE - 1);
    let mut prot = Prot::READ | Prot::WRITE;
    prot.set(Prot::EXEC, is_executable);
    let flags = MapFlags::FIXED_NOREPLACE | MapFlags::GROWSDOWN | MapFlags::STACK;
    let mut request = anonymous(start, top - start, prot, flags);
    request.role = Role::Stack;
    space::lock().mmap(request)?;
    user::write_bytes(stack.pointer, &stack.bytes)
}
