//! The C++ library: libstdc++, built of gcc's source against the shim's C library.
//!
//! The host's own is built for glibc and reads what is inside glibc's locales, so it cannot be
//! linked with musl. The source has to be of the host compiler's version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context as _, Result};

use super::{Shim, run};
use crate::project::Scratch;
use crate::source::{self, Sources};
use crate::{error, project};

/// The host's compiler.
pub(super) const GXX: &str = "g++";
/// Marks a shim that has the library.
const COMPLETE: &str = ".complete-c++";
/// What of gcc's source is unpacked.
const PARTS: [&str; 8] = [
    "*/libstdc++-v3/*",
    "*/libgcc/*",
    "*/include/*",
    "*/config/*",
    "*/libiberty/*",
    "*/config*",
    "*/ltmain.sh",
    "*/gcc/BASE-VER",
];
/// Further files of it that configure and make look for, by the start of their names.
const HELPERS: [&str; 8] = [
    "*/install-sh",
    "*/missing",
    "*/move-if-change",
    "*/mkinstalldirs",
    "*/depcomp",
    "*/compile",
    "*/libtool*",
    "*/gcc/DATESTAMP",
];
/// The name of the target that makes configure take the code for C libraries of any kind.
const HOST: &str = "x86_64-linux-musl";

impl Shim {
    /// Returns the options by which g++ finds the C++ library, which is built unless it is there.
    ///
    /// # Errors
    /// Fails where gcc's source cannot be fetched or built.
    pub(super) fn cxx_options(&self) -> Result<Vec<String>> {
        if !self.prefix.join(COMPLETE).exists() {
            self.build_cxx()?;
        }
        let include = self.prefix.join("include/c++");
        let folders = ["", HOST, "backward"].map(|name| include.join(name));
        let options = folders.iter().map(|folder| format!("-isystem{}", folder.display()));
        Ok(["-nostdinc++".to_owned()].into_iter().chain(options).collect())
    }

    fn build_cxx(&self) -> Result<()> {
        let _lock = self.lock()?;
        if self.prefix.join(COMPLETE).exists() {
            // Another process was faster.
            return Ok(());
        }
        let source = Sources::open()?.fetch(&package()?)?;
        let progress = source::progress("building the shim's C++ library, once");
        let scratch = Scratch::new()?;
        let package = scratch.path().join("package");
        source.unpack(&package)?;
        let tree = unpack(&package, scratch.path())?;
        // What libgcc's own build would make: the choice of POSIX threads.
        let threads = scratch.path().join("libgcc");
        fs::create_dir_all(&threads)?;
        fs::copy(tree.join("libgcc/gthr-posix.h"), threads.join("gthr-default.h"))
            .context("gcc's source has no gthr-posix.h")?;
        let build = scratch.path().join("build");
        fs::create_dir_all(&build)?;
        let specs = format!("-specs={}", self.specs().display());
        run(Command::new(tree.join("libstdc++-v3/configure"))
            .args(["--build=x86_64-linux-gnu", &format!("--host={HOST}"), "--disable-multilib"])
            .args(["--disable-shared", "--disable-nls", "--disable-libstdcxx-pch"])
            .arg(format!("--prefix={}", self.prefix.display()))
            .arg(format!("--with-gxx-include-dir={}/include/c++", self.prefix.display()))
            .args([format!("CC=gcc {specs} -static-pie"), "CFLAGS=-O2".to_owned()])
            .args([format!("CXX={GXX} {specs} -static-pie -nostdinc++"), "CXXFLAGS=-O2".to_owned()])
            .current_dir(&build))?;
        let jobs = thread::available_parallelism().map_or(1, usize::from);
        run(Command::new("make").arg(format!("-j{jobs}")).current_dir(&build))?;
        run(Command::new("make").arg("install").current_dir(&build))?;
        fs::write(self.prefix.join(COMPLETE), "").context("cannot write to the cache")?;
        progress.finish_and_clear();
        Ok(())
    }
}

/// Returns the name of the source package of the host's compiler.
fn package() -> Result<String> {
    if project::find_program(GXX).is_none() {
        return Err(error::usage(format!("{GXX} is missing; install it: apt-get install g++")));
    }
    let output = Command::new(GXX).arg("-dumpversion").output().context("cannot run g++")?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let major = version.trim().split('.').next().unwrap_or_default();
    Ok(format!("gcc-{major}"))
}

/// Unpacks gcc's own archive, which is in the Debian package, to `folder`; returns its tree.
fn unpack(package: &Path, folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(package).context("cannot read gcc's package")?;
    let is_archive = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("gcc-") && name.contains(".tar.")
    };
    let archive = entries.flatten().map(|entry| entry.path()).find(is_archive);
    let archive = archive.context("gcc's package has no archive of gcc")?;
    let tree = folder.join("gcc");
    fs::create_dir_all(&tree)?;
    run(Command::new("tar")
        .arg("-xf")
        .arg(&archive)
        .args(["--strip-components=1", "--wildcards", "--exclude=*/testsuite/*/*"])
        .args(PARTS)
        .args(HELPERS)
        .current_dir(&tree))?;
    Ok(tree)
}
