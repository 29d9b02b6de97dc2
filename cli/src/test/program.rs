//! The conformance programs: found below `test-apps/`, compiled into the cache.

use core::fmt;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context as _, Result};

use super::filter::Filters;
use super::java;
use crate::shim::Shim;
use crate::{error, project};

/// The folder of the programs, below the source tree's root.
pub(crate) const FOLDER: &str = "test-apps";

/// How a program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variant {
    /// Against musl, as one file at a fixed address.
    Static,
    /// Against musl, as one file at an address that the kernel chooses.
    StaticPie,
    /// Against the host's C library, with its loader.
    Dynamic,
    /// With the ABI shim, as one file at a fixed address: by `scull-cc -static`.
    Shim,
    /// For the JVM, by `javac`.
    Java,
}

impl Variant {
    const ALL: [Self; 5] = [Self::Static, Self::StaticPie, Self::Dynamic, Self::Shim, Self::Java];
    /// Those of a program that asks for none.
    const DEFAULT: [Self; 2] = [Self::Static, Self::Dynamic];
    /// Families about what the way into the kernel has a part in. Their programs that ask for no
    /// variant are built with the shim too.
    const SHIM_FAMILIES: [&str; 5] = ["io", "poll", "signal", "thread", "time"];

    /// Returns the variants of a program that asks for none.
    fn default_of(family: &str) -> Vec<Self> {
        let shim = Self::SHIM_FAMILIES.contains(&family).then_some(Self::Shim);
        Self::DEFAULT.into_iter().chain(shim).collect()
    }

    /// Returns the name that tests and folders bear, and programs ask by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::StaticPie => "static-pie",
            Self::Dynamic => "dynamic",
            Self::Shim => "shim",
            Self::Java => "java",
        }
    }

    /// Returns the variant of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }

    /// Returns the C compiler and the options that build so.
    const fn compiler(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Static => ("musl-gcc", &["-static"]),
            Self::StaticPie => ("musl-gcc", &["-static-pie", "-fPIE"]),
            Self::Dynamic | Self::Java => ("gcc", &[]),
            Self::Shim => ("gcc", &["-static"]),
        }
    }
}

/// A source file with what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// `family/name`.
    pub(crate) id: String,
    /// What its first comment says.
    pub(crate) about: String,
    /// All of it.
    pub(crate) text: String,
    path: PathBuf,
    options: Options,
}

/// What the first line of a program may say of how to run it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Options {
    variants: Vec<Variant>,
    is_alone: bool,
    args: Vec<String>,
    jvm: Vec<String>,
}

/// One program, built one way.
#[derive(Debug, Clone)]
pub(crate) struct TestProgram {
    /// The folder it is in.
    pub(crate) family: String,
    /// `family/name`.
    pub(crate) id: String,
    /// How it is built.
    pub(crate) variant: Variant,
    /// What it is about.
    pub(crate) about: String,
    args: Vec<String>,
    jvm: Vec<String>,
    /// It needs a boot of its own, as `scull run` gives it.
    pub(crate) is_alone: bool,
    source: PathBuf,
    /// Where the compiled program is, on the host and in the guest; for Java, the folder of classes.
    pub(crate) path: PathBuf,
}

impl fmt::Display for TestProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id, self.variant.name())
    }
}

/// Returns all sources of programs, in order.
///
/// # Errors
/// Fails where they cannot be read, or one asks for what there is not.
pub(crate) fn sources(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for family in entries(&root.join(FOLDER))? {
        for path in entries(&family)? {
            if path.extension().is_some_and(|extension| extension == "c" || extension == "java") {
                sources.push(Source::read(path)?);
            }
        }
    }
    Ok(sources)
}

/// Returns all programs that `filters` choose, in order.
///
/// # Errors
/// As [`sources`]; fails where the cache cannot be made.
pub(crate) fn discover(filters: &Filters) -> Result<Vec<TestProgram>> {
    let cache = project::cache(FOLDER)?;
    let sources = sources(&project::root()?)?;
    let mut programs: Vec<_> = sources.iter().flat_map(|source| source.programs(&cache)).collect();
    programs.retain(|program| filters.choose(&program.id, Some(program.variant)));
    Ok(programs)
}

/// Returns what is in `folder`, sorted; nothing where it is a file.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

impl Source {
    fn read(path: PathBuf) -> Result<Self> {
        let shown = path.display().to_string();
        let text = fs::read(&path).with_context(|| format!("cannot read {shown}"))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let part = |path: Option<&std::ffi::OsStr>| {
            path.unwrap_or_default().to_string_lossy().into_owned()
        };
        let family = part(path.parent().and_then(Path::file_name));
        let is_java = path.extension().is_some_and(|extension| extension == "java");
        let options = Options::read(&text, &family, is_java)
            .map_err(|word| error::usage(format!("{shown}: '{word}' means nothing there")))?;
        let id = format!("{family}/{}", part(path.file_stem()));
        Ok(Self { id, about: about(&text), text, path, options })
    }

    /// Returns a source that says and does this.
    #[cfg(test)]
    pub(crate) fn of(id: &str, about: &str, text: &str) -> Self {
        let (id, about, text) = (id.to_owned(), about.to_owned(), text.to_owned());
        Self { id, about, text, path: PathBuf::new(), options: Options::default() }
    }

    /// Returns the programs that are made of it, below `cache`.
    fn programs(&self, cache: &Path) -> Vec<TestProgram> {
        let Options { variants, is_alone, args, jvm } = &self.options;
        let make = |variant: Variant| TestProgram {
            family: self.id.split('/').next().unwrap_or_default().to_owned(),
            id: self.id.clone(),
            variant,
            about: self.about.clone(),
            args: args.clone(),
            jvm: jvm.clone(),
            is_alone: *is_alone || variant == Variant::Java,
            source: self.path.clone(),
            path: match variant {
                Variant::Java => cache.join(variant.name()),
                _ => cache.join(variant.name()).join(&self.id),
            },
        };
        variants.iter().copied().map(make).collect()
    }
}

impl Options {
    /// Reads the first line's `// suite:` words.
    ///
    /// # Errors
    /// A word that means nothing.
    fn read(text: &str, family: &str, is_java: bool) -> Result<Self, String> {
        let line = text.lines().next().unwrap_or_default();
        let words = line.strip_prefix("// suite:").unwrap_or_default().split_ascii_whitespace();
        let mut options = Self::default();
        let list = |text: &str| {
            text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            match (key, Variant::named(word)) {
                (_, Some(variant)) if !is_java => options.variants.push(variant),
                ("alone", _) => options.is_alone = true,
                ("args", _) => options.args.extend(list(value)),
                ("jvm", _) if is_java => options.jvm.extend(list(value)),
                _ => return Err(word.to_owned()),
            }
        }
        if is_java {
            options.variants = vec![Variant::Java];
        } else if options.variants.is_empty() {
            options.variants = Variant::default_of(family);
        }
        Ok(options)
    }
}

/// Returns the comment that a program begins with, as one line.
fn about(text: &str) -> String {
    let lines = text.lines().skip_while(|line| line.starts_with("// suite:"));
    let lines = lines.map_while(|line| line.strip_prefix("//"));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Says whether `made` is there and was made after `source` had changed.
pub(super) fn is_newer(made: &Path, source: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let changed = (changed(made), changed(source));
    matches!(changed, (Some(made), Some(source)) if made > source + Duration::from_millis(1))
}

/// What came of compiling a program.
#[derive(Debug, Clone)]
pub(crate) enum Compiled {
    /// It is at its path.
    Done,
    /// The compiler for this variant is not here.
    NoCompiler(&'static str),
    /// The compiler refused it and said this.
    Refused(String),
}

impl TestProgram {
    /// Returns the program with other arguments.
    pub(super) fn with_args(&self, args: Vec<String>) -> Self {
        Self { args, ..self.clone() }
    }

    /// Returns the file to start, on the host and in the guest, and its arguments.
    ///
    /// # Errors
    /// Fails where it is Java and there is no port of that.
    pub(crate) fn command(&self) -> Result<(PathBuf, Vec<String>)> {
        match self.variant {
            Variant::Java => java::command(&self.source, &self.path, &self.jvm, &self.args),
            _ => Ok((self.path.clone(), self.args.clone())),
        }
    }

    /// Returns how long it may take where `timeout` is what is usual.
    pub(super) fn patience(&self, timeout: Duration) -> Duration {
        if self.variant == Variant::Java { timeout * java::PATIENCE } else { timeout }
    }

    /// Compiles the program unless it is newer than its sources.
    ///
    /// # Errors
    /// Fails where the cache cannot be written.
    pub(crate) fn compile(&self) -> Result<Compiled> {
        if self.variant == Variant::Java {
            return java::compile(&self.source, &self.path);
        }
        let header = self.source.with_file_name("../test.h");
        let is_current = || is_newer(&self.path, &self.source) && is_newer(&self.path, &header);
        if self.variant != Variant::Shim && is_current() {
            return Ok(Compiled::Done);
        }
        let (compiler, options) = self.variant.compiler();
        if project::find_program(compiler).is_none() {
            return Ok(Compiled::NoCompiler(compiler));
        }
        let mut command = Command::new(compiler);
        if self.variant == Variant::Shim {
            let shim = match Shim::get() {
                Ok(shim) => shim,
                Err(why) => return Ok(Compiled::Refused(format!("    {why:#}"))),
            };
            if is_current() && is_newer(&self.path, &shim.specs()) {
                return Ok(Compiled::Done);
            }
            command.arg("-specs").arg(shim.specs());
        }
        fs::create_dir_all(self.path.parent().unwrap_or(&self.path))
            .context("cannot make a folder of the cache")?;
        let draft = self.path.with_extension(format!("{}.draft", std::process::id()));
        let output = command
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

/// Compiles all programs, two at a time.
///
/// # Errors
/// As [`TestProgram::compile`].
pub(crate) fn compile(programs: &[TestProgram]) -> Result<Vec<Compiled>> {
    let half = programs.len().div_ceil(2);
    let (first, second) = programs.split_at(half);
    let compile = |part: &[TestProgram]| part.iter().map(TestProgram::compile).collect::<Vec<_>>();
    let both = thread::scope(|scope| {
        let other = scope.spawn(|| compile(second));
        let mut all = compile(first);
        all.extend(other.join().unwrap_or_default());
        all
    });
    both.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_chooses_how_to_build_and_run() {
        let both = Variant::DEFAULT.to_vec();
        let plain = Options { variants: both.clone(), ..Options::default() };
        assert_eq!(Options::read("#include <stdio.h>\n", "file", false), Ok(plain));
        let one = Options::read("// suite: static-pie alone\n", "io", false).unwrap();
        assert_eq!((one.variants, one.is_alone), (vec![Variant::StaticPie], true));
        let args = Options::read("// suite: args=a,b", "file", false).unwrap();
        assert_eq!((args.variants, args.args), (both, vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(Options::read("// suite: statik", "file", false), Err("statik".to_owned()));
        assert!(Options::read("", "signal", false).unwrap().variants.contains(&Variant::Shim));
        let java = Options::read("// suite: jvm=-Xmx9m,-Xint args=1", "java", true).unwrap();
        assert_eq!((java.variants, java.jvm.len(), java.args.len()), (vec![Variant::Java], 2, 1));
        assert_eq!(Options::read("// suite: jvm=-Xint", "io", false), Err("jvm=-Xint".to_owned()));
    }

    #[test]
    fn a_program_says_what_it_is_about() {
        let text = "// suite: static\n// pipe(2): data,\n// and its end.\n#include\n// more\n";
        assert_eq!(about(text), "pipe(2): data, and its end.");
        assert_eq!(about("int main;\n"), "");
    }
}
