//! `scull cc`: gcc, told to compile and link against the shim.
//!
//! What it makes is one file without a loader: position-independent (static-PIE) as the host's gcc
//! makes its programs, at a fixed address with `-static` or `-no-pie`.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Shim;
use super::cxx::GXX;
use crate::{error, project};

/// The host's C compiler.
const GCC: &str = "gcc";

/// What is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// C, by gcc.
    C,
    /// C++, by g++ with a library of the shim's own.
    Cxx,
}

/// Becomes the compiler.
///
/// # Errors
/// Fails where the shim cannot be built, and for what it cannot make.
pub(crate) fn become_compiler(language: Language, args: &[OsString]) -> Result<u8> {
    Err(command(language, args)?.exec()).context("cannot run the compiler")
}

/// Returns the command that compiles with the shim as `args` say.
///
/// # Errors
/// As [`become_compiler`].
pub(crate) fn command(language: Language, args: &[OsString]) -> Result<Command> {
    let name = if language == Language::C { GCC } else { GXX };
    if project::find_program(name).is_none() {
        return Err(error::usage(format!("{name} is missing; install it: apt-get install {name}")));
    }
    let args = link_static(args)?;
    let shim = Shim::get()?;
    let mut command = Command::new(name);
    command.arg("-specs").arg(shim.specs());
    if language == Language::Cxx {
        command.args(shim.cxx_options()?);
    }
    command.args(args);
    Ok(command)
}

/// Returns the options with one that chooses between the two ways to link.
fn link_static(args: &[OsString]) -> Result<Vec<OsString>> {
    let has = |option: &str| args.iter().any(|arg| arg == OsStr::new(option));
    if has("-shared") {
        return Err(error::usage(
            "-shared: a program for Scull is one file; build static libraries (--disable-shared)",
        ));
    }
    let is_fixed = has("-static") || has("-no-pie") || has("-nopie");
    let way = if is_fixed && !has("-static-pie") { "-static" } else { "-static-pie" };
    let is_replaced = |arg: &OsStr| arg == "-pie" || arg == "-static" || arg == "-static-pie";
    let mut args: Vec<_> = args.iter().filter(|arg| !is_replaced(arg)).cloned().collect();
    args.push(way.into());
    Ok(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(words: &str) -> Vec<String> {
        let args: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let args = link_static(&args).unwrap();
        args.into_iter().map(|arg| arg.into_string().unwrap()).collect()
    }

    #[test]
    fn programs_are_position_independent_unless_asked_otherwise() {
        assert_eq!(ways("a.c -o a"), ["a.c", "-o", "a", "-static-pie"]);
        assert_eq!(ways("-pie a.c"), ["a.c", "-static-pie"]);
        assert_eq!(ways("-static a.c"), ["a.c", "-static"]);
        assert_eq!(ways("-no-pie a.c"), ["-no-pie", "a.c", "-static"]);
        assert_eq!(ways("-static -static-pie a.c"), ["a.c", "-static-pie"]);
    }

    #[test]
    fn shared_objects_are_refused() {
        link_static(&["-shared".into()]).unwrap_err();
    }
}
