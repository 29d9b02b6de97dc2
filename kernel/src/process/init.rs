//! The program that the machine is started for.

use alloc::vec::Vec;

use abi::{Errno, Result};
use elf::Arguments;
use sched::{CpuSet, Entity, Nice};
use vfs::path::LastLink;

use super::Process;
use super::exec::{self, Prepared};
use super::exit::Status;
use crate::arch::cpu::Cpu;
use crate::boot::cmdline::Options;
use crate::{file, schedule, trace};

/// What a program is looked up by where the command line gives no `PATH`.
const DEFAULT_PATH: &[u8] = b"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The home directory where the command line gives none.
const DEFAULT_HOME: &[u8] = b"HOME=/";

/// How a shell says that a command was not found, and that it cannot be executed.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// Starts the program that the command line names.
///
/// # Errors
/// If it cannot be started: how a program ends whose shell could not start it.
pub(crate) fn start(options: &Options) -> Result<(), Status> {
    try_start(options).map_err(|errno| {
        log::error!("{} cannot be started: {errno}", options.init.escape_ascii());
        let is_missing = matches!(errno, Errno::ENOENT | Errno::ENOTDIR);
        Status::Exited(if is_missing { NOT_FOUND } else { NOT_EXECUTABLE })
    })
}

fn try_start(options: &Options) -> Result<()> {
    let files = file::current();
    let found = files.names.find(files.names.root(), &options.directory, LastLink::Follow)?;
    files.set_working_directory(found.location)?;
    let argv: Vec<&[u8]> =
        [&options.init].into_iter().chain(&options.arguments).map(Vec::as_slice).collect();
    let environment = environment(options);
    let arguments = Arguments { argv: &argv, envp: &environment, execfn: &options.init };
    arguments.check_size(crate::memory::space::lock().limits().stack)?;
    let directory = files.working_directory();
    let program = exec::open(&files.names, &directory, &options.init)?;
    let program = Prepared::read(program, &files.names, &directory)?;
    if !options.aslr {
        exec::place_fixed();
    }
    let process = Process::current();
    process.limits.lock().fit_memory();
    let thread = exec::launch(process.new_tid(), program, &arguments, 0)?;
    process.add(thread.clone());
    if let Some(image) = exec::image() {
        trace::first_program(thread.tid, image.stack_pointer);
    }
    schedule::start(thread, Entity::new(Nice::default(), CpuSet::ALL, Cpu::current().id));
    Ok(())
}

/// Returns the environment that the command line gives, and what every program may expect.
fn environment(options: &Options) -> Vec<&[u8]> {
    let mut environment: Vec<&[u8]> = options.environment.iter().map(Vec::as_slice).collect();
    for default in [DEFAULT_PATH, DEFAULT_HOME] {
        let name = default.split_inclusive(|byte| *byte == b'=').next().unwrap_or(default);
        if !environment.iter().any(|variable| variable.starts_with(name)) {
            environment.push(default);
        }
    }
    environment
}
