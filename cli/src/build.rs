//! Ports that are built of Debian's source packages with the shim.
//!
//! The port's script `build` runs in a folder in which each source package is unpacked under its
//! name, and puts the program below `$OUT`. `scull-cc` and `scull-c++` are found by `$PATH` and named
//! by `$CC` and `$CXX`.

use core::hash::{Hash as _, Hasher as _};
use std::env;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::hash::DefaultHasher;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context as _, Result};

use super::{Shim, run};
use crate::image::library::Root;
use crate::project::Scratch;
use crate::source::{self, Source, Sources};

/// The port's script.
const SCRIPT: &str = "build";
/// Says what the program was built of.
const COMPLETE: &str = ".complete";
/// What would change what compilers do.
const FLAGS: [&str; 5] = ["CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LIBS"];

/// Returns the root that the port in `folder` is built into, below `cache`, where it is built unless
/// that was done of the same sources already.
///
/// # Errors
/// Fails where a source package cannot be fetched or the script fails.
pub(crate) fn build(name: &str, folder: &Path, packages: &[String], cache: &Path) -> Result<Root> {
    let cannot = || format!("cannot use {}", cache.display());
    fs::create_dir_all(cache).with_context(cannot)?;
    let lock = File::create(cache.join(".lock")).with_context(cannot)?;
    lock.lock().with_context(cannot)?;
    let sources = sources(packages)?;
    let script = folder.join(SCRIPT).canonicalize().context("a port with sources has a build")?;
    let (root, mark) = (cache.join("root"), cache.join(COMPLETE));
    let key = key(&script, &sources)?;
    if fs::read_to_string(&mark).is_ok_and(|text| text == key) {
        return Ok(Root::at(&root));
    }
    if root.exists() {
        fs::remove_dir_all(&root).context("cannot clear the cache")?;
    }
    fs::create_dir_all(&root).with_context(cannot)?;
    let progress = source::progress(&format!("building {name} of its source"));
    let scratch = Scratch::new()?;
    for source in &sources {
        source.unpack(&scratch.path().join(source.name()))?;
    }
    let mut command = Command::new(&script);
    command.current_dir(scratch.path()).env("OUT", &root).env("PATH", path(&scratch)?);
    command.env("CC", "scull-cc").env("CXX", "scull-c++");
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    command.env("MAKEFLAGS", format!("-j{jobs}"));
    FLAGS.iter().for_each(|name| {
        command.env_remove(name);
    });
    run(&mut command)?;
    fs::write(mark, key).with_context(cannot)?;
    progress.finish_and_clear();
    Ok(Root::at(&root))
}

/// Returns the source packages, fetched where they are not there yet.
fn sources(packages: &[String]) -> Result<Vec<Source>> {
    let sources = Sources::open()?;
    packages.iter().map(|name| sources.fetch(name)).collect()
}

/// Returns what changes whenever the program has to be built anew.
fn key(script: &Path, sources: &[Source]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    fs::read(script).context("cannot read the port's build script")?.hash(&mut hasher);
    for source in sources {
        source.identity()?.hash(&mut hasher);
    }
    Shim::get()?.prefix().hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// Makes the compilers' commands; returns the `$PATH` that leads to them first.
fn path(scratch: &Scratch) -> Result<OsString> {
    let folder = scratch.path().join(".bin");
    fs::create_dir_all(&folder)?;
    let me = env::current_exe().context("cannot find this program")?;
    for (name, word) in [("scull-cc", "cc"), ("scull-c++", "c++")] {
        let command = folder.join(name);
        fs::write(&command, format!("#!/bin/sh\nexec '{}' {word} \"$@\"\n", me.display()))?;
        fs::set_permissions(&command, Permissions::from_mode(0o755))?;
    }
    let rest = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = [folder].into_iter().chain(env::split_paths(&rest)).collect();
    env::join_paths(folders).context("a folder of $PATH has a colon in its name")
}
