//! Debian packages: fetched with apt, unpacked in the cache, never installed.
//!
//! A port names the package of its program. Which packages bring the libraries is
//! found by looking: as long as a library is missing, packages that the fetched
//! ones depend on are fetched, those called `lib…` first.

use alloc::collections::{BTreeSet, VecDeque};
use core::time::Duration;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use indicatif::ProgressBar;

use crate::image::library::{self, Root};
use crate::image::program;
use crate::{error, project};

/// Marks a folder whose packages are all there.
const COMPLETE: &str = ".complete";
/// Packages fetched for one port, at most.
const LIMIT: usize = 200;

/// Says whether packages can be fetched here.
pub(crate) fn has_apt() -> bool {
    ["apt-get", "dpkg-deb"].iter().all(|name| project::find_program(name).is_some())
}

/// Packages that could be fetched next: those called `lib…` first.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<String>,
    seen: BTreeSet<String>,
}

impl Queue {
    fn add(&mut self, names: Vec<String>) {
        for name in names {
            if !self.seen.insert(name.clone()) {
                continue;
            }
            if name.starts_with("lib") {
                self.waiting.push_front(name);
            } else {
                self.waiting.push_back(name);
            }
        }
    }

    fn next(&mut self) -> Option<String> {
        if self.seen.len() < LIMIT { self.waiting.pop_front() } else { None }
    }
}

/// Unpacked packages in a folder of the cache.
#[derive(Debug)]
pub(crate) struct Packages {
    folder: PathBuf,
    /// Held so that two runs do not unpack into the same folder.
    _lock: File,
}

impl Packages {
    /// Opens `folder`, made if it does not exist, for this process alone.
    ///
    /// # Errors
    /// Fails where the folder cannot be made or locked.
    pub(crate) fn at(folder: &Path) -> Result<Self> {
        let cannot = || format!("cannot use {}", folder.display());
        fs::create_dir_all(folder).with_context(cannot)?;
        let lock = File::create(folder.join(".lock")).with_context(cannot)?;
        lock.lock().with_context(cannot)?;
        Ok(Self { folder: folder.to_path_buf(), _lock: lock })
    }

    /// Fetches `packages` and what the program `place` of them needs, if one is named, unless they
    /// are there; returns their root.
    ///
    /// # Errors
    /// Fails where apt does, or where no package brings what is needed.
    pub(crate) fn fetch(
        &self,
        name: &str,
        packages: &[String],
        place: Option<&Path>,
    ) -> Result<Root> {
        let folder = self.folder.join("root");
        let root = Root::at(&folder);
        let mark = self.folder.join(COMPLETE);
        let wanted = packages.join("\n");
        if fs::read_to_string(&mark).is_ok_and(|text| text == wanted) {
            return Ok(root);
        }
        if folder.exists() {
            fs::remove_dir_all(&folder).context("cannot clear the cache")?;
        }
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(100));
        if bar.is_hidden() {
            eprintln!("scull: fetching {name} from Debian");
        }
        let mut queue = Queue::default();
        for package in packages {
            bar.set_message(format!("fetching {package}"));
            queue.add(self.install(package, &folder)?);
        }
        while let Some(place) = place
            && !self.is_complete(&root, place)?
            && let Some(package) = queue.next()
        {
            bar.set_message(format!("fetching {package}"));
            // A virtual package has no archive; what is really missing is named later.
            if let Ok(dependencies) = self.install(&package, &folder) {
                queue.add(dependencies);
            }
        }
        bar.finish_and_clear();
        fs::write(mark, wanted).context("cannot write to the cache")?;
        Ok(root)
    }

    /// Downloads and unpacks `package`; returns what it depends on.
    fn install(&self, package: &str, folder: &Path) -> Result<Vec<String>> {
        let archive = self.download(package)?;
        unpack(&archive, folder)?;
        dependencies(&archive)
    }

    /// Says whether the program `place` is there with all its libraries.
    fn is_complete(&self, root: &Root, place: &Path) -> Result<bool> {
        let path = root.locate(place);
        if !path.is_file() {
            bail!("no package brings {} ({})", place.display(), self.folder.display());
        }
        let program = program::read(&path)?;
        let has_loader = program
            .interpreter
            .as_ref()
            .is_none_or(|loader| root.locate(Path::new(loader)).is_file());
        Ok(has_loader && library::missing(root, &program, place)?.is_empty())
    }

    /// Returns the archive of `package`, downloaded unless it is there.
    fn download(&self, package: &str) -> Result<PathBuf> {
        let folder = self.folder.join("archives").join(package);
        let find = || {
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            let mut paths = entries.map(|entry| entry.path());
            paths.find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        };
        if let Some(archive) = find() {
            return Ok(archive);
        }
        fs::create_dir_all(&folder).context("cannot make a folder of the cache")?;
        let mut words = self.apt(&folder, package)?;
        if find().is_none() && nix::unistd::geteuid().is_root() {
            // A fresh machine has no lists yet.
            let _ = Command::new("apt-get").args(["-qq", "update"]).output();
            words = self.apt(&folder, package)?;
        }
        find().ok_or_else(|| {
            let line = words.lines().find(|line| line.starts_with("E:")).unwrap_or("no answer");
            error::usage(format!(
                "cannot fetch the Debian package {package} ({line}); run apt-get update and try again"
            ))
        })
    }

    /// Runs `apt-get download` in `folder`; returns what it said.
    fn apt(&self, folder: &Path, package: &str) -> Result<String> {
        let output = Command::new("apt-get")
            .args(["-q", "-o", "APT::Sandbox::User=root", "download", package])
            .current_dir(folder)
            .env("LC_ALL", "C")
            .output()
            .context("cannot run apt-get")?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Unpacks `archive` into `folder`.
fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).context("cannot make a folder of the cache")?;
    let output = Command::new("dpkg-deb").arg("-x").arg(archive).arg(folder).output();
    let output = output.context("cannot run dpkg-deb")?;
    if !output.status.success() {
        // A damaged download must not be met again.
        let _ = fs::remove_file(archive);
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("cannot unpack {}: {}; try again", archive.display(), words.trim());
    }
    Ok(())
}

/// Returns the packages that `archive` depends on; of alternatives the first.
fn dependencies(archive: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for field in ["Pre-Depends", "Depends"] {
        let output = Command::new("dpkg-deb").arg("-f").arg(archive).arg(field).output();
        let output = output.context("cannot run dpkg-deb")?;
        names.extend(parse_dependencies(&String::from_utf8_lossy(&output.stdout)));
    }
    Ok(names)
}

/// Returns the names of a `Depends` field (deb-control(5)); of alternatives the first.
fn parse_dependencies(field: &str) -> Vec<String> {
    let first = |entry: &str| {
        let name = entry.split('|').next()?.split_ascii_whitespace().next()?;
        Some(name.split(':').next()?.to_owned())
    };
    field.split(',').filter_map(first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_lose_versions_architectures_and_alternatives() {
        let field = "libc6 (>= 2.34), a | b (<< 2), perl:any\n";
        assert_eq!(parse_dependencies(field), ["libc6", "a", "perl"]);
        assert!(parse_dependencies("").is_empty());
    }
}
