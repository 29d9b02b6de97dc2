//! `scull docs`: writes docs/syscalls.md, the sheet of Linux's calls and what Scull has of them.
//!
//! It is made of the calls' descriptions (`abi::call`), the rows of the kernel's table with their
//! comments, the programs of the suite, and the list of known differences; nothing in it is
//! written by hand, and `scull tidy` refuses a sheet that is old.

mod absent;
mod rows;
mod shown;

use alloc::collections::BTreeMap;
use core::fmt::Write as _;
use std::fs;
use std::path::Path;

use abi::Sysno;
use abi::call::{Argument, Kind};
use anyhow::{Context as _, Result, anyhow};

use self::rows::Status;
use self::shown::Program;
use crate::project;
use crate::test::{Known, program};

/// The sheet, below the source tree's root.
const SHEET: &str = "docs/syscalls.md";
/// The kernel's table.
const TABLE: &str = "kernel/src/syscall/table.rs";
/// Programs that are named for a call; there may be more.
const NAMED: usize = 6;

/// Writes the sheet.
///
/// # Errors
/// Fails where the source tree cannot be read or written.
pub(crate) fn docs() -> Result<u8> {
    let root = project::root()?;
    let path = root.join(SHEET);
    fs::write(&path, sheet(&root)?).with_context(|| format!("cannot write {SHEET}"))?;
    Ok(0)
}

/// Returns what is wrong with the sheet, if anything.
///
/// # Errors
/// Fails where the source tree cannot be read.
pub(crate) fn check(root: &Path) -> Result<Option<String>> {
    let old = fs::read_to_string(root.join(SHEET)).unwrap_or_default();
    Ok((old != sheet(root)?).then(|| format!("{SHEET} is old; run scull docs")))
}

/// Returns the sheet's text.
fn sheet(root: &Path) -> Result<String> {
    let table =
        fs::read_to_string(root.join(TABLE)).with_context(|| format!("cannot read {TABLE}"))?;
    let rows = rows::read(&table).map_err(|why| anyhow!("{TABLE}: {why}"))?;
    let mut sources = program::sources(root)?;
    // In Java it is the JVM that makes calls.
    sources.retain(|source| !source.id.starts_with("java/"));
    let programs: Vec<_> = sources.iter().map(Program::new).collect();
    let mut text = head(&rows, &programs);
    text.push_str("\n## Calls\n\n| number | call | status | programs |\n|---|---|---|---|\n");
    for call in Sysno::ALL {
        write_call(&mut text, *call, rows.get(call.name()), &programs);
    }
    write_absent(&mut text, &rows);
    write_names(&mut text, &rows);
    write_differences(&mut text, &Known::read()?);
    Ok(text)
}

/// Returns the page's beginning, with counts.
fn head(rows: &BTreeMap<String, Status>, programs: &[Program]) -> String {
    let count = |is_one: fn(&Status) -> bool| rows.values().filter(|s| is_one(s)).count();
    let full = count(|status| *status == Status::Full);
    let partial = count(|status| matches!(status, Status::Partial(_)));
    let refused = count(|status| matches!(status, Status::Refused(_)));
    let (all, total) = (Sysno::ALL.len(), programs.len());
    let shown = rows.keys().filter(|call| !shown::by(programs, call).is_empty()).count();
    format!(
        "<!-- made by scull docs: do not edit -->\n\
         # System calls\n\n\
         Linux has {all} calls on x86-64. Scull has {full} in full and {partial} in part, refuses \
         {refused}, and lacks {}.\n{total} programs of the suite show {shown} of them.\n\n\
         - **full**: as Linux has it, error by error, as far as the programs show it.\n\
         - **partial**: what is missing is said.\n\
         - **refused**: always answered with the error that is named.\n\
         - **absent**: ENOSYS, as on a Linux that lacks it; the reasons follow the table.\n\n\
         Every program runs on Linux and on Scull, and what it prints has to be the same; see\n\
         [testing.md](testing.md). Named are the programs about a call, or where there are none, \
         those that make it.\n",
        all - rows.len(),
    )
}

/// Writes a call's line.
fn write_call(text: &mut String, call: Sysno, status: Option<&Status>, programs: &[Program]) {
    let status = match status {
        Some(Status::Full) => "full".to_owned(),
        Some(Status::Partial(what)) => format!("partial: {what}"),
        Some(Status::Refused(why)) => format!("refused: {why}"),
        None => "absent".to_owned(),
    };
    let names = call.description().map_or(&[][..], |description| description.arguments);
    let names: Vec<_> = names.iter().map(|argument| argument.name).collect();
    let shown = if status == "absent" { Vec::new() } else { shown::by(programs, call.name()) };
    let more = shown.len().saturating_sub(NAMED);
    let mut shown = shown.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        let _ = write!(shown, " and {more} more");
    }
    let (number, name, names) = (call as u16, call.name(), names.join(", "));
    // Writing to a String cannot fail.
    let _ = writeln!(text, "| {number} | `{name}({names})` | {status} | {shown} |");
}

/// Writes why calls are absent.
fn write_absent(text: &mut String, rows: &BTreeMap<String, Status>) {
    text.push_str("\n## Absent calls\n\n");
    let is_absent = |call: &&str| !rows.contains_key(*call);
    for (reason, calls) in absent::REASONS {
        let calls: Vec<_> = calls.split_ascii_whitespace().filter(is_absent).collect();
        if !calls.is_empty() {
            let _ = writeln!(text, "- {reason}: `{}`.", calls.join("`, `"));
        }
    }
    let is_explained = |call: &&str| {
        absent::REASONS.iter().any(|(_, calls)| calls.split_whitespace().any(|name| name == *call))
    };
    let names = Sysno::ALL.iter().map(|call| call.name());
    let others: Vec<_> = names.filter(is_absent).filter(|call| !is_explained(call)).collect();
    if !others.is_empty() {
        let _ = writeln!(text, "- without a reason: `{}`.", others.join("`, `"));
    }
}

/// Writes the flags and choices that calls take.
fn write_names(text: &mut String, rows: &BTreeMap<String, Status>) {
    text.push_str(
        "\n## Flags and choices\n\nWhat Linux knows of them; a call that is full has all of them, \
         one that is partial says which not.\n\n",
    );
    for call in Sysno::ALL.iter().filter(|call| rows.contains_key(call.name())) {
        let arguments = call.description().map_or(&[][..], |description| description.arguments);
        for Argument { name, kind } in arguments {
            let names = match kind {
                Kind::Flags(flags) => flags.choices.iter().chain(flags.bits).collect(),
                Kind::Choice(names) => names.iter().collect(),
                _ => Vec::new(),
            };
            let names: Vec<_> = names.into_iter().map(|constant| constant.name).collect();
            if !names.is_empty() {
                let _ = writeln!(text, "- `{}`, {name}: {}.", call.name(), names.join(", "));
            }
        }
    }
}

/// Writes the list of programs that are known to differ.
fn write_differences(text: &mut String, known: &Known) {
    text.push_str("\n## Known differences from Linux\n\n");
    for (name, reason) in &known.0 {
        let _ = writeln!(text, "- {name}: {reason}.");
    }
    if known.0.is_empty() {
        text.push_str("None.\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_name_calls_of_linux_once() {
        let calls: Vec<_> =
            absent::REASONS.iter().flat_map(|(_, calls)| calls.split_ascii_whitespace()).collect();
        for (index, call) in calls.iter().enumerate() {
            assert!(Sysno::ALL.iter().any(|known| known.name() == *call), "{call} is no call");
            assert!(!calls[..index].contains(call), "{call} has two reasons");
        }
    }

    #[test]
    fn a_line_has_the_status_and_the_programs() {
        let mut text = String::new();
        write_call(&mut text, Sysno::pipe2, Some(&Status::Partial("no X".to_owned())), &[]);
        write_call(&mut text, Sysno::fork, None, &[]);
        assert_eq!(
            text,
            "| 293 | `pipe2(pipefd, flags)` | partial: no X |  |\n| 57 | `fork()` | absent |  |\n"
        );
    }
}
