//! The ABI shim: musl, built so that its system calls enter the kernel by a call, and the compiler
//! that links programs against it.
//!
//! musl is Debian's source package; `abi/shim/` has the few files that take the place of its own.
//! What is built is kept in the cache, by content: `include/`, `lib/` and `scull.specs`, by which
//! gcc uses the two. The C++ library comes to it when it is first asked for.

pub(crate) mod compiler;
mod cxx;

use core::hash::{Hash as _, Hasher as _};
use std::fs::{self, File};
use std::hash::DefaultHasher;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::project::Scratch;
use crate::source::{self, Source, Sources};
use crate::{error, project};

/// The source package.
const MUSL: &str = "musl";
/// Our files and where they go in musl's tree.
const FILES: [(&str, &str); 5] = [
    ("arch/x86_64/syscall_arch.h", include_str!("../../../abi/shim/syscall_arch.h")),
    ("src/thread/x86_64/syscall_cp.s", include_str!("../../../abi/shim/syscall_cp.s")),
    ("src/scull/gate.c", include_str!("../../../abi/shim/gate.c")),
    ("src/scull/find_object.c", include_str!("../../../abi/shim/find_object.c")),
    ("src/scull/scull.h", HEADER),
];
/// The public header.
const HEADER: &str = include_str!("../../../abi/shim/scull.h");
/// How gcc finds headers and libraries; `PREFIX` stands for where they are.
const SPECS: &str = include_str!("../../../abi/shim/scull.specs");
/// The call of the gate pushes a return address, so nothing may live below the stack pointer.
const FLAGS: &str = "CFLAGS=-O2 -mno-red-zone";
/// The kernel's headers, which programs include too, and where the host has them.
const KERNEL_HEADERS: [(&str, &str); 3] = [
    ("linux", "/usr/include/linux"),
    ("asm-generic", "/usr/include/asm-generic"),
    ("asm", "/usr/include/x86_64-linux-gnu/asm"),
];
/// Marks a folder that is complete.
const COMPLETE: &str = ".complete";
/// Lines of a failed command that are shown.
const SHOWN: usize = 15;

/// The headers and libraries that programs are compiled against.
#[derive(Debug)]
pub(crate) struct Shim {
    prefix: PathBuf,
}

impl Shim {
    /// Returns the shim, built unless it is in the cache.
    ///
    /// # Errors
    /// Fails where musl cannot be fetched or built.
    pub(crate) fn get() -> Result<Self> {
        let source = match source::cached(MUSL)? {
            Some(source) => source,
            None => Sources::open()?.fetch(MUSL)?,
        };
        let folder = project::cache("shim")?;
        let shim = Self { prefix: folder.join(key(&source, &folder)?) };
        if !shim.prefix.join(COMPLETE).exists() {
            shim.build(&source)?;
        }
        Ok(shim)
    }

    /// Returns what tells this shim from others: programs built with it are built anew where it
    /// changes.
    pub(crate) fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// Returns the file that tells gcc to use it.
    pub(crate) fn specs(&self) -> PathBuf {
        self.prefix.join("scull.specs")
    }

    /// Keeps other processes from building too, until dropped.
    fn lock(&self) -> Result<File> {
        let lock =
            File::create(self.prefix.with_extension("lock")).context("cannot use the cache")?;
        lock.lock().context("cannot lock the cache")?;
        Ok(lock)
    }

    fn build(&self, source: &Source) -> Result<()> {
        let _lock = self.lock()?;
        if self.prefix.join(COMPLETE).exists() {
            // Another process was faster.
            return Ok(());
        }
        for tool in ["gcc", "make"] {
            if project::find_program(tool).is_none() {
                return Err(error::usage(format!("{tool} is missing; install it with apt-get")));
            }
        }
        let progress = source::progress("building the shim's C library, once");
        let scratch = Scratch::new()?;
        let tree = scratch.path().join(MUSL);
        source.unpack(&tree)?;
        for (path, text) in FILES {
            let path = tree.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&tree))?;
            fs::write(path, text).context("cannot write to the temporary folder")?;
        }
        let jobs = thread::available_parallelism().map_or(1, usize::from);
        let prefix = self.prefix.display();
        run(Command::new("./configure")
            .args([FLAGS, "CC=gcc", "--disable-shared"])
            .arg(format!("--prefix={prefix}"))
            .arg(format!("--syslibdir={prefix}/lib"))
            .current_dir(&tree))?;
        run(Command::new("make").arg(format!("-j{jobs}")).current_dir(&tree))?;
        run(Command::new("make").args(["install-libs", "install-headers"]).current_dir(&tree))?;
        self.complete()?;
        progress.finish_and_clear();
        Ok(())
    }

    /// Adds what musl does not bring, and marks the folder as complete.
    fn complete(&self) -> Result<()> {
        let include = self.prefix.join("include");
        let cannot = || format!("cannot write to {}", self.prefix.display());
        fs::write(include.join("scull.h"), HEADER).with_context(cannot)?;
        for (name, place) in KERNEL_HEADERS {
            let link = include.join(name);
            if Path::new(place).is_dir() && !link.exists() {
                std::os::unix::fs::symlink(place, link).with_context(cannot)?;
            }
        }
        let specs = SPECS.replace("PREFIX", &self.prefix.to_string_lossy());
        fs::write(self.specs(), specs).with_context(cannot)?;
        fs::write(self.prefix.join(COMPLETE), "").with_context(cannot)
    }
}

/// Returns the name under which the shim built of `source` is kept in `folder`, whose path it has in
/// its files: where the tree was moved, another is built.
fn key(source: &Source, folder: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    source.identity()?.hash(&mut hasher);
    folder.hash(&mut hasher);
    (FILES, SPECS, FLAGS).hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// Runs a step of a build, quietly.
///
/// # Errors
/// Fails with the last lines that it said where its status is not 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {name}"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    let lines: Vec<_> = words.lines().collect();
    let last = &lines[lines.len().saturating_sub(SHOWN)..];
    bail!("{name} failed ({}):\n{}", output.status, last.join("\n"))
}
