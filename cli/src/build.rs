//! Ports that are built, by their script `build`: of Debian's source packages with the shim, or of
//! a source in their own folder with tools that the host or Debian's packages have.
//!
//! The script runs in an empty folder in which each source package is unpacked under its name, and
//! puts the program below `$OUT`. `$PORT` is the port's folder, `$PACKAGES` the root into which the
//! packages are unpacked. With sources, `scull-cc` and `scull-c++` are found by `$PATH` and named by
//! `$CC` and `$CXX`.

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

use crate::debian::Packages;
use crate::image::library::Root;
use crate::project::Scratch;
use crate::shim::{Shim, run};
use crate::source::{self, Source, Sources};

/// The port's script.
pub(crate) const SCRIPT: &str = "build";
/// Files of a port that what is built does not depend on.
const OTHERS: [&str; 3] = ["README.md", "check", "port.toml"];
/// Says what the program was built of.
const COMPLETE: &str = ".complete";
/// What would change what compilers do.
const FLAGS: [&str; 7] =
    ["CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LIBS", "GOFLAGS", "RUSTFLAGS"];

/// A port to build.
#[derive(Debug)]
pub(crate) struct Recipe<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its folder.
    pub(crate) folder: &'a Path,
    /// Debian source packages that it is built of.
    pub(crate) sources: &'a [String],
    /// Debian packages that it is built with.
    pub(crate) packages: &'a [String],
}

impl Recipe<'_> {
    /// Returns the root that the port is built into, below `cache`, where it is built unless that
    /// was done of the same sources already.
    ///
    /// # Errors
    /// Fails where a package cannot be fetched or the script fails.
    pub(crate) fn build(&self, cache: &Path) -> Result<Root> {
        let cannot = || format!("cannot use {}", cache.display());
        fs::create_dir_all(cache).with_context(cannot)?;
        let lock = File::create(cache.join(".lock")).with_context(cannot)?;
        lock.lock().with_context(cannot)?;
        let sources = fetch_sources(self.sources)?;
        let (root, mark) = (cache.join("root"), cache.join(COMPLETE));
        let key = self.key(&sources)?;
        if fs::read_to_string(&mark).is_ok_and(|text| text == key) {
            return Ok(Root::at(&root));
        }
        let tools = match self.packages {
            [] => None,
            packages => {
                let held = Packages::at(&cache.join("tools"))?;
                Some(held.fetch(self.name, packages, None)?.locate(Path::new("/")))
            }
        };
        if root.exists() {
            fs::remove_dir_all(&root).context("cannot clear the cache")?;
        }
        fs::create_dir_all(&root).with_context(cannot)?;
        let progress = source::progress(&format!("building {} of its source", self.name));
        let scratch = Scratch::new()?;
        for source in &sources {
            source.unpack(&scratch.path().join(source.name()))?;
        }
        let folder = self.folder.canonicalize().context("cannot find the port's folder")?;
        let mut command = Command::new(folder.join(SCRIPT));
        command.current_dir(scratch.path()).env("OUT", &root).env("PORT", &folder);
        if let Some(tools) = tools {
            command.env("PACKAGES", tools);
        }
        if !sources.is_empty() {
            command.env("PATH", path(&scratch)?).env("CC", "scull-cc").env("CXX", "scull-c++");
        }
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

    /// Returns what changes whenever the program has to be built anew.
    fn key(&self, sources: &[Source]) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        hash_folder(self.folder, &mut hasher)?;
        self.packages.hash(&mut hasher);
        for source in sources {
            source.identity()?.hash(&mut hasher);
        }
        if !sources.is_empty() {
            Shim::get()?.prefix().hash(&mut hasher);
        }
        Ok(format!("{:016x}", hasher.finish()))
    }
}

/// Adds names and contents of the files below `folder` to `hasher`.
fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let context = || format!("cannot read {}", folder.display());
    let entries = fs::read_dir(folder).with_context(context)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().with_context(context)?;
    entries.retain(|entry| OTHERS.iter().all(|name| *name != entry.file_name()));
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        entry.file_name().hash(hasher);
        if entry.file_type().with_context(context)?.is_dir() {
            hash_folder(&entry.path(), hasher)?;
        } else {
            fs::read(entry.path()).with_context(context)?.hash(hasher);
        }
    }
    Ok(())
}

/// Returns the source packages, fetched where they are not there yet.
fn fetch_sources(packages: &[String]) -> Result<Vec<Source>> {
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let sources = Sources::open()?;
    packages.iter().map(|name| sources.fetch(name)).collect()
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
