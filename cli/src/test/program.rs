//! The conformance programs: found below `test-apps/`, compiled into the cache.

use core::fmt;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use crate::project;

/// How a program is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Link {
    /// Against musl, as one file at a fixed address.
    Static,
    /// Against the host's C library, with its loader.
    Dynamic,
}

impl Link {
    /// Returns the name that tests and folders bear.
    const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Dynamic => "dynamic",
        }
    }

    /// Returns the compiler and the options that link so.
    const fn compiler(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Static => ("musl-gcc", &["-static"]),
            Self::Dynamic => ("gcc", &[]),
        }
    }
}

/// One program, linked one way.
#[derive(Debug, Clone)]
pub(crate) struct TestProgram {
    /// The folder it is in.
    pub(crate) family: String,
    /// Its name.
    pub(crate) name: String,
    /// How it is linked.
    pub(crate) link: Link,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    source: PathBuf,
    /// Where the compiled program is, on the host and in the guest.
    pub(crate) path: PathBuf,
}

impl fmt::Display for TestProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.family, self.name, self.link.name())
    }
}

/// Returns all programs whose name contains `filter`, in order.
///
/// # Errors
/// Fails where the source tree cannot be read.
pub(crate) fn discover(filter: &str) -> Result<Vec<TestProgram>> {
    let folder = project::root()?.join("test-apps");
    let cache = project::cache("test-apps")?;
    let mut programs = Vec::new();
    for family in entries(&folder)? {
        for source in entries(&family)? {
            if source.extension().is_some_and(|extension| extension == "c") {
                programs.extend(variants(&source, &cache)?);
            }
        }
    }
    programs.retain(|program| program.to_string().contains(filter));
    Ok(programs)
}

/// Returns what is in `folder`, sorted; nothing where it is a file.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

/// Returns the programs that `source` asks to be made of it.
fn variants(source: &Path, cache: &Path) -> Result<Vec<TestProgram>> {
    let text = fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
    let name =
        |path: Option<&std::ffi::OsStr>| path.unwrap_or_default().to_string_lossy().into_owned();
    let (family, name) =
        (name(source.parent().and_then(Path::file_name)), name(source.file_stem()));
    let (links, args) = options(&String::from_utf8_lossy(&text));
    let make = |link: Link| TestProgram {
        path: cache.join(link.name()).join(&family).join(&name),
        family: family.clone(),
        name: name.clone(),
        link,
        args: args.clone(),
        source: source.to_path_buf(),
    };
    Ok(links.into_iter().map(make).collect())
}

/// Reads the first line's `// suite:` options: how to link, and arguments.
fn options(text: &str) -> (Vec<Link>, Vec<String>) {
    let line = text.lines().next().unwrap_or_default();
    let words = line.strip_prefix("// suite:").unwrap_or_default().split_ascii_whitespace();
    let (mut links, mut args) = (Vec::new(), Vec::new());
    for word in words {
        match word {
            "static" => links.push(Link::Static),
            "dynamic" => links.push(Link::Dynamic),
            _ => {
                let list = word.strip_prefix("args=").unwrap_or_default();
                args.extend(list.split(',').filter(|arg| !arg.is_empty()).map(str::to_owned));
            }
        }
    }
    if links.is_empty() {
        links = vec![Link::Static, Link::Dynamic];
    }
    (links, args)
}

/// What came of compiling a program.
#[derive(Debug)]
pub(crate) enum Compiled {
    /// It is at its path.
    Done,
    /// The compiler for this kind is not here.
    NoCompiler(&'static str),
    /// The compiler refused it and said this.
    Refused(String),
}

impl TestProgram {
    /// Compiles the program unless it is newer than its sources.
    ///
    /// # Errors
    /// Fails where the cache cannot be written.
    pub(crate) fn compile(&self) -> Result<Compiled> {
        let header = self.source.with_file_name("../test.h");
        let changed = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
        let newest = changed(&self.source).max(changed(&header)).unwrap_or_else(SystemTime::now);
        if changed(&self.path).is_some_and(|made| made > newest + Duration::from_millis(1)) {
            return Ok(Compiled::Done);
        }
        let (compiler, options) = self.link.compiler();
        if project::find_program(compiler).is_none() {
            return Ok(Compiled::NoCompiler(compiler));
        }
        fs::create_dir_all(self.path.parent().unwrap_or(&self.path))
            .context("cannot make a folder of the cache")?;
        let draft = self.path.with_extension(format!("{}.draft", std::process::id()));
        let output = Command::new(compiler)
            .args(["-O1", "-pthread", "-Wall", "-Wextra", "-o"])
            .arg(&draft)
            .arg(&self.source)
            .args(options)
            .arg("-lm")
            .output()
            .with_context(|| format!("cannot run {compiler}"))?;
        if !output.status.success() {
            return Ok(Compiled::Refused(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        fs::rename(&draft, &self.path).context("cannot write to the cache")?;
        Ok(Compiled::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_choose_links_and_arguments() {
        let both = vec![Link::Static, Link::Dynamic];
        assert_eq!(options("#include <stdio.h>\n"), (both.clone(), vec![]));
        assert_eq!(options("// suite: static\n"), (vec![Link::Static], vec![]));
        let args = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(options("// suite: args=a,b"), (both, args));
    }
}
