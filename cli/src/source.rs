//! Debian source packages: fetched with apt, checked against Debian's signature, unpacked.
//!
//! The host's apt may know of binary packages only. So apt gets a configuration, lists and a
//! cache of its own in the cache folder; nothing in `/etc/apt` or `/var/lib/apt` changes.

use core::time::Duration;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};
use indicatif::ProgressBar;

use crate::{error, project};

/// Whose signature the lists must bear.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Where Debian 12's sources are.
const SUITES: [&str; 2] = [
    "http://deb.debian.org/debian bookworm main",
    "http://deb.debian.org/debian-security bookworm-security main",
];
/// What fetching and unpacking needs, and the packages that bring it.
const TOOLS: [(&str, &str); 2] = [("apt-get", "apt"), ("dpkg-source", "dpkg-dev")];

/// The source packages in the cache.
#[derive(Debug)]
pub(crate) struct Sources {
    folder: PathBuf,
    /// Held so that two runs do not fetch at the same time.
    _lock: File,
}

/// A source package in the cache.
#[derive(Debug)]
pub(crate) struct Source {
    name: String,
    /// Its control file (dsc(5)), beside which its archives are.
    dsc: PathBuf,
}

impl Sources {
    /// Opens the cache's source packages for this process alone.
    ///
    /// # Errors
    /// Fails where the folder cannot be made or locked.
    pub(crate) fn open() -> Result<Self> {
        let folder = project::cache("sources")?;
        let lock = File::create(folder.join(".lock")).context("cannot use the cache")?;
        lock.lock().context("cannot lock the cache")?;
        Ok(Self { folder, _lock: lock })
    }

    /// Returns the source package `name`, fetched unless it is there.
    ///
    /// # Errors
    /// Fails where apt does, or something that is needed is not installed.
    pub(crate) fn fetch(&self, name: &str) -> Result<Source> {
        if let Some(source) = find(&self.folder, name) {
            return Ok(source);
        }
        for (tool, package) in TOOLS {
            if project::find_program(tool).is_none() {
                return Err(error::usage(format!(
                    "{tool} is missing; install it: apt-get install --no-install-recommends {package}"
                )));
            }
        }
        let progress = progress(&format!("fetching {name}'s source from Debian"));
        let configuration = self.configure()?;
        let target = self.folder.join("packages").join(name);
        fs::create_dir_all(&target).context("cannot make a folder of the cache")?;
        // The lists may not be there yet, or be old.
        let mut words = download(&configuration, &target, name)?;
        if find(&self.folder, name).is_none() {
            apt("apt-get", &configuration, &target, &["update"])?;
            words = download(&configuration, &target, name)?;
        }
        if find(&self.folder, name).is_none() {
            words.push_str(&self.fetch_listed(&configuration, &target, name, &progress)?);
        }
        progress.finish_and_clear();
        find(&self.folder, name).ok_or_else(|| {
            let line = words.lines().find(|line| line.starts_with("E:")).unwrap_or("no answer");
            error::usage(format!("cannot fetch the Debian source package {name} ({line})"))
        })
    }

    /// Fetches the first of all listed versions that arrives: a mirror may list the newest and not
    /// have its files. Returns what apt said of those that did not arrive.
    fn fetch_listed(
        &self,
        configuration: &Path,
        target: &Path,
        name: &str,
        progress: &ProgressBar,
    ) -> Result<String> {
        let mut words = String::new();
        let lists = apt("apt-cache", configuration, target, &["madison", name])?;
        let listed = String::from_utf8_lossy(&lists.stdout);
        // In the order of the suites: updates are last.
        for version in listed.lines().rev().filter_map(|line| line.split('|').nth(1)) {
            let package = format!("{name}={}", version.trim());
            words.push_str(&download(configuration, target, &package)?);
            if find(&self.folder, name).is_some() {
                let note = || eprintln!("scull: {name} did not arrive at first; using {package}");
                progress.suspend(note);
                break;
            }
        }
        Ok(words)
    }

    /// Writes apt's own configuration (apt.conf(5)); returns its path.
    fn configure(&self) -> Result<PathBuf> {
        if !Path::new(KEYRING).is_file() {
            return Err(error::usage(format!(
                "{KEYRING} is missing; install it: apt-get install debian-archive-keyring"
            )));
        }
        let apt = self.folder.join("apt");
        let cannot = || format!("cannot write to {}", apt.display());
        for folder in ["lists/partial", "archives/partial"] {
            fs::create_dir_all(apt.join(folder)).with_context(cannot)?;
        }
        let lists: String =
            SUITES.iter().map(|suite| format!("deb-src [signed-by={KEYRING}] {suite}\n")).collect();
        fs::write(apt.join("sources.list"), lists).with_context(cannot)?;
        let path = apt.join("apt.conf");
        let place = apt.display();
        let text = format!(
            "#clear APT::Update;\n\
             APT::Sandbox::User \"root\";\n\
             Dir::Etc::SourceList \"{place}/sources.list\";\n\
             Dir::Etc::SourceParts \"/dev/null\";\n\
             Dir::State \"{place}\";\n\
             Dir::State::Lists \"{place}/lists\";\n\
             Dir::State::Status \"/dev/null\";\n\
             Dir::Cache \"{place}\";\n"
        );
        fs::write(&path, text).with_context(cannot)?;
        Ok(path)
    }
}

impl Source {
    /// Returns its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns what tells it from all other versions: its control file, with the archives' sums.
    ///
    /// # Errors
    /// Fails where it cannot be read.
    pub(crate) fn identity(&self) -> Result<String> {
        fs::read_to_string(&self.dsc).with_context(|| format!("cannot read {}", self.dsc.display()))
    }

    /// Unpacks it to `target`, which does not exist yet, with Debian's own changes.
    ///
    /// # Errors
    /// Fails where dpkg-source does.
    pub(crate) fn unpack(&self, target: &Path) -> Result<()> {
        // apt has checked the control file's sums against the signed lists.
        let output = Command::new("dpkg-source")
            .args(["-q", "--no-check", "-x"])
            .arg(&self.dsc)
            .arg(target)
            .output()
            .context("cannot run dpkg-source")?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            bail!("cannot unpack {}: {}", self.dsc.display(), words.trim());
        }
        // A file that Debian changed must not seem newer than what was made of it.
        same_age(target, SystemTime::now()).context("cannot set the times of files")
    }
}

/// Gives all files below `folder` the same time of change.
fn same_age(folder: &Path, time: SystemTime) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            same_age(&entry.path(), time)?;
        } else if kind.is_file() {
            File::open(entry.path())?.set_modified(time)?;
        }
    }
    Ok(())
}

/// Returns the source package `name` if it is in the cache.
pub(crate) fn cached(name: &str) -> Result<Option<Source>> {
    Ok(find(&project::cache("sources")?, name))
}

fn find(folder: &Path, name: &str) -> Option<Source> {
    let entries = fs::read_dir(folder.join("packages").join(name)).ok()?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    let dsc = paths.find(|path| path.extension().is_some_and(|extension| extension == "dsc"))?;
    Some(Source { name: name.to_owned(), dsc })
}

/// Downloads a source package; returns apt's errors.
fn download(configuration: &Path, folder: &Path, package: &str) -> Result<String> {
    let output = apt("apt-get", configuration, folder, &["source", "--download-only", package])?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Runs a program of apt with its own configuration; returns what it said. A file that arrives is
/// proof of success, so its status is not.
fn apt(program: &str, configuration: &Path, folder: &Path, words: &[&str]) -> Result<Output> {
    Command::new(program)
        .arg("-q")
        .arg("-c")
        .arg(configuration)
        .args(words)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .output()
        .with_context(|| format!("cannot run {program}"))
}

/// Shows that something takes a while: moving on a terminal, else as one line.
pub(crate) fn progress(what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    bar.set_message(what.to_owned());
    if bar.is_hidden() {
        eprintln!("scull: {what}");
    }
    bar
}
