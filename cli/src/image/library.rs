//! Shared libraries: which files a dynamic program needs beside itself.
//!
//! The search is that of ld.so(8): `DT_RUNPATH` with `$ORIGIN`, then
//! `LD_LIBRARY_PATH`, the folders of `/etc/ld.so.conf` and the built-in ones; all
//! below a root, so that the files of unpacked packages can stand for `/`.
//! A library is packed at the path where it was found; where the loader in the
//! guest, which has no cache of folders, would not look there, a link is added.

use alloc::collections::{BTreeSet, VecDeque};
use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::program::{self, Program};
use super::{Tree, guest_path};
use crate::error;

/// Where glibc's loader of Debian looks unasked.
const BUILT_IN: [&str; 6] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
];
/// Where links to libraries from elsewhere go.
const LINKS: &str = "/usr/lib/x86_64-linux-gnu";
/// Where links for musl's loader go.
const LINKS_MUSL: &str = "/usr/lib";
/// Libraries that glibc opens by itself, packed where they exist: the unwinder
/// for `pthread_exit`, and name services of glibc before 2.34.
const OPENED_BY_GLIBC: [&str; 3] = ["libgcc_s.so.1", "libnss_files.so.2", "libnss_dns.so.2"];

/// A root in which libraries are looked up.
#[derive(Debug)]
pub(crate) struct Root {
    path: PathBuf,
    folders: Vec<PathBuf>,
}

impl Root {
    /// Returns the host's own root, with the folders its loader is configured for.
    pub(crate) fn host() -> Self {
        let variable = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let mut folders: Vec<_> =
            env::split_paths(&variable).filter(|folder| folder.is_absolute()).collect();
        read_configuration(Path::new("/etc/ld.so.conf"), &mut folders, 0);
        folders.extend(BUILT_IN.map(PathBuf::from));
        Self { path: PathBuf::from("/"), folders }
    }

    /// Returns the root at `path`, with the built-in folders.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_path_buf(), folders: BUILT_IN.map(PathBuf::from).to_vec() }
    }

    /// Returns the file of the host that is `guest` in this root.
    pub(crate) fn locate(&self, guest: &Path) -> PathBuf {
        let mut path = self.path.join(guest.strip_prefix("/").unwrap_or(guest));
        // An absolute link in an unpacked package means a path of its root.
        for _ in 0..8 {
            match path.read_link() {
                Ok(target) if target.is_absolute() && !path.exists() => {
                    path = self.path.join(target.strip_prefix("/").unwrap_or(&target));
                }
                _ => break,
            }
        }
        path
    }

    /// Returns the path in this root of the library `name` that `program`, at `place`, needs.
    fn find(&self, name: &str, program: &Program, place: &Path) -> Option<PathBuf> {
        if name.contains('/') {
            return Some(PathBuf::from(name)).filter(|path| self.locate(path).is_file());
        }
        let origin = place.parent().unwrap_or_else(|| Path::new("/")).to_string_lossy();
        let own = program.run_path.iter().map(|folder| {
            PathBuf::from(folder.replace("$ORIGIN", &origin).replace("${ORIGIN}", &origin))
        });
        own.chain(self.folders.iter().cloned())
            .map(|folder| folder.join(name))
            .find(|path| is_library(&self.locate(path)))
    }
}

/// Says whether `path` is an x86-64 library; a loader skips others.
fn is_library(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0; 20];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head.starts_with(b"\x7fELF\x02") && head[18..20] == [62, 0]
}

/// Adds the folders that `file`, in the form of ld.so.conf, names.
fn read_configuration(file: &Path, folders: &mut Vec<PathBuf>, depth: u8) {
    let Ok(text) = std::fs::read_to_string(file) else { return };
    for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        let Some(pattern) = line.strip_prefix("include").map(str::trim) else {
            if line.starts_with('/') {
                folders.push(PathBuf::from(line));
            }
            continue;
        };
        let Some(folder) = pattern.strip_suffix("/*.conf").filter(|_| depth < 4) else { continue };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
        files.sort();
        for file in files {
            read_configuration(&file, folders, depth + 1);
        }
    }
}

/// Puts the interpreter and all libraries into `tree` that `program`, at `place`, needs.
///
/// # Errors
/// Fails with a usage error that names the library which is missing and who needs it.
pub(crate) fn pack(tree: &mut Tree, root: &Root, program: &Program, place: &Path) -> Result<()> {
    let Some(interpreter) = &program.interpreter else { return Ok(()) };
    let interpreter = Path::new(interpreter);
    let loader = root.locate(interpreter);
    if !loader.is_file() {
        return Err(error::usage(format!(
            "{} needs the loader {}, which is not here; install the C library it was built for",
            place.display(),
            interpreter.display()
        )));
    }
    tree.file(interpreter, &loader)?;
    let is_musl = interpreter.to_string_lossy().contains("ld-musl");
    let links = Path::new(if is_musl { LINKS_MUSL } else { LINKS });
    let missing = walk(root, program, place, &mut |name, path| add(tree, root, links, name, path));
    if let Some((library, by)) = missing?.into_iter().next() {
        return Err(error::usage(format!(
            "library {library}, needed by {}, is not here; install its package or set LD_LIBRARY_PATH",
            by.display()
        )));
    }
    if !is_musl {
        for name in OPENED_BY_GLIBC {
            if let Some(path) = root.find(name, &Program::default(), place) {
                add(tree, root, links, name, &path)?;
            }
        }
    }
    Ok(())
}

/// Puts the libraries into `tree` that the libraries below `folder` of `root` need, which a program
/// opens by itself. Those that `root` lacks are left out, for what needs them is not in use then.
///
/// # Errors
/// Fails where a folder or a library cannot be read.
pub(crate) fn pack_needs(tree: &mut Tree, root: &Root, folder: &Path) -> Result<()> {
    let context = || format!("cannot read {}", folder.display());
    for entry in std::fs::read_dir(root.locate(folder)).with_context(context)? {
        let entry = entry.with_context(context)?;
        let place = folder.join(entry.file_name());
        if entry.file_type().with_context(context)?.is_dir() {
            pack_needs(tree, root, &place)?;
        } else if is_library(&entry.path()) && place.to_string_lossy().contains(".so") {
            let library = program::read_library(&entry.path())?;
            walk(root, &library, &place, &mut |name, path| {
                add(tree, root, Path::new(LINKS), name, path)
            })?;
        }
    }
    Ok(())
}

/// Returns names of libraries that `program`, at `place`, needs and `root` lacks.
///
/// # Errors
/// Fails where a library that is there cannot be read.
pub(crate) fn missing(root: &Root, program: &Program, place: &Path) -> Result<Vec<String>> {
    let missing = walk(root, program, place, &mut |_, _| Ok(()))?;
    Ok(missing.into_iter().map(|(name, _)| name).collect())
}

/// Calls `found` for every library needed, near or far; returns those not found
/// with the file that needs them.
fn walk(
    root: &Root,
    program: &Program,
    place: &Path,
    found: &mut dyn FnMut(&str, &Path) -> Result<()>,
) -> Result<Vec<(String, PathBuf)>> {
    let mut seen = BTreeSet::new();
    let mut missing = Vec::new();
    let mut queue = VecDeque::new();
    let mut visit = |program: &Program, place: &Path, queue: &mut VecDeque<PathBuf>| {
        for name in &program.needed {
            if !seen.insert(name.clone()) {
                continue;
            }
            match root.find(name, program, place) {
                Some(path) => {
                    found(name, &path)?;
                    queue.push_back(path);
                }
                None => missing.push((name.clone(), place.to_path_buf())),
            }
        }
        Ok::<_, anyhow::Error>(())
    };
    visit(program, place, &mut queue)?;
    while let Some(path) = queue.pop_front() {
        visit(&program::read_library(&root.locate(&path))?, &path, &mut queue)?;
    }
    Ok(missing)
}

/// Puts the library `name`, found at `path` of `root`, into `tree`.
fn add(tree: &mut Tree, root: &Root, links: &Path, name: &str, path: &Path) -> Result<()> {
    tree.file(path, &root.locate(path))?;
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    let link = links.join(name);
    if !BUILT_IN.iter().any(|built_in| Path::new(built_in) == folder) && !tree.contains(&link) {
        tree.symlink(&link, Path::new(&guest_path(path)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    #[test]
    fn a_dynamic_program_of_the_host_brings_its_loader_and_libraries() {
        let shell = Path::new("/bin/sh");
        let program = program::read(shell).unwrap();
        let mut tree = Tree::new();
        pack(&mut tree, &Root::host(), &program, shell).unwrap();
        if let Some(interpreter) = &program.interpreter {
            assert!(tree.contains(Path::new(interpreter)));
        }
    }

    #[test]
    fn an_empty_root_lacks_everything() {
        let folder = project::Scratch::new().unwrap();
        let program = Program { needed: vec!["libc.so.6".to_owned()], ..Program::default() };
        let missing = missing(&Root::at(folder.path()), &program, Path::new("/bin/x")).unwrap();
        assert_eq!(missing, ["libc.so.6"]);
    }
}
