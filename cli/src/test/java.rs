//! Java programs: compiled by the JDK that the port `java` is of, run by its JVM on both systems.
//!
//! All are compiled at once, into one folder of classes. In a guest each has a boot of its own, with
//! the host's JVM and the classes in the image.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, anyhow};

use super::program::{self, Compiled};
use crate::error;
use crate::image::Tree;
use crate::image::library::Root;
use crate::port::{self, Port};

/// Memory of a test's machine, in bytes: the JVM's own files are in it.
pub(super) const MEMORY: u64 = 640 << 20;
/// How much longer than others a Java program may take.
pub(super) const PATIENCE: u32 = 8;

/// Returns the port that says where the JVM is.
fn port() -> Result<Port> {
    port::find("java")?.ok_or_else(|| anyhow!("there is no port 'java'"))
}

/// Returns the words that run the class of the source file `source` by the JVM.
///
/// # Errors
/// Fails where there is no port of Java.
pub(super) fn command(
    source: &Path,
    classes: &Path,
    jvm: &[String],
    args: &[String],
) -> Result<(PathBuf, Vec<String>)> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let class = text(source.file_stem().unwrap_or_default().as_ref());
    let mut words = jvm.to_vec();
    words.extend(["-cp".to_owned(), text(classes), class]);
    words.extend_from_slice(args);
    Ok((port()?.program().to_path_buf(), words))
}

/// Compiles all programs in the folder of `source` into `classes`, once in a run of this tool, unless
/// they are newer.
///
/// # Errors
/// Fails where the cache cannot be written.
pub(super) fn compile(source: &Path, classes: &Path) -> Result<Compiled> {
    static DONE: OnceLock<Result<Compiled, String>> = OnceLock::new();
    let done = DONE.get_or_init(|| compile_all(source, classes).map_err(|why| format!("{why:#}")));
    done.clone().map_err(|why| anyhow!("{why}"))
}

fn compile_all(source: &Path, classes: &Path) -> Result<Compiled> {
    let compiler = port()?.program().with_file_name("javac");
    if !compiler.is_file() {
        return Ok(Compiled::NoCompiler("javac"));
    }
    let folder = source.parent().unwrap_or_else(|| Path::new("."));
    let mut sources = program::entries(folder)?;
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "java"));
    if sources.iter().all(|source| program::is_newer(classes, source)) {
        return Ok(Compiled::Done);
    }
    let draft = classes.with_extension(format!("{}.draft", std::process::id()));
    let output = Command::new(compiler)
        .args(["-Xlint:all,-serial", "-encoding", "UTF-8", "-XDignore.symbol.file", "-d"])
        .arg(&draft)
        .args(&sources)
        .output()
        .context("cannot run javac")?;
    if !output.status.success() {
        return Ok(Compiled::Refused(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    if classes.exists() {
        fs::remove_dir_all(classes).context("cannot clear the cache")?;
    }
    fs::rename(&draft, classes).context("cannot write to the cache")?;
    Ok(Compiled::Done)
}

/// Puts the JVM and `classes` into a tree.
///
/// # Errors
/// Fails where the JVM is not installed as the port has it.
pub(super) fn pack(classes: &Path) -> Result<Tree> {
    let mut tree = Tree::new();
    port()?.assemble_from(&Root::host(), &mut tree).map_err(|why| {
        error::usage(format!("the tests in Java want the JVM of scripts/setup test: {why:#}"))
    })?;
    tree.copy(classes, classes)?;
    Ok(tree)
}
