//! Which calls to trace, as strace's option `-e trace=` says it.

use abi::Sysno;
use abi::call::{Data, Kind};

use crate::error;

/// Makes the value of the kernel's option `trace=` of a list: names and families of calls with
/// commas between them, all but those behind a `!`, `all` or `none`.
///
/// # Errors
/// Fails with a usage error where there is no such call.
pub(super) fn selection(list: &str) -> anyhow::Result<String> {
    let list = list.strip_prefix("trace=").unwrap_or(list);
    let (list, is_inverted) = list.strip_prefix('!').map_or((list, false), |list| (list, true));
    match (list, is_inverted) {
        ("all", false) | ("none", true) => return Ok("all".to_owned()),
        ("none", false) | ("all", true) => return Ok(String::new()),
        _ => {}
    }
    let mut names = Vec::new();
    for word in list.split(',').filter(|word| !word.is_empty()) {
        let found: Vec<_> = Sysno::ALL
            .iter()
            .filter(|call| is_meant(**call, word))
            .map(|call| call.name())
            .collect();
        if found.is_empty() {
            return Err(error::usage(format!(
                "'{word}' is neither a system call nor a family of them (%file, %desc, %memory, \
                 %process, %signal, %network, %clock, %ipc)"
            )));
        }
        names.extend(found);
    }
    Ok(format!("{}{}", if is_inverted { "!" } else { "" }, names.join(",")))
}

fn is_meant(call: Sysno, word: &str) -> bool {
    if call.name() == word {
        return true;
    }
    let Some(description) = call.description() else { return false };
    let kinds = || description.arguments.iter().map(|argument| argument.kind);
    match word.trim_start_matches('%') {
        "file" => kinds().any(|kind| matches!(kind.data(), Some(Data::Path))),
        "desc" => {
            let is_fd = |kind: Kind| matches!(kind, Kind::Fd | Kind::DirFd);
            is_fd(description.result) || kinds().any(is_fd)
        }
        "process" => PROCESS.contains(&call),
        "network" | "net" => call.family() == Some("socket"),
        "clock" => call.family() == Some("time"),
        family @ ("memory" | "signal" | "ipc") => call.family() == Some(family),
        _ => false,
    }
}

/// The calls that begin, change and end processes.
const PROCESS: [Sysno; 14] = [
    Sysno::clone,
    Sysno::clone3,
    Sysno::fork,
    Sysno::vfork,
    Sysno::execve,
    Sysno::execveat,
    Sysno::exit,
    Sysno::exit_group,
    Sysno::wait4,
    Sysno::waitid,
    Sysno::kill,
    Sysno::tkill,
    Sysno::tgkill,
    Sysno::unshare,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_become_names() {
        assert_eq!(selection("all").unwrap(), "all");
        assert_eq!(selection("trace=read,write").unwrap(), "read,write");
        assert_eq!(selection("!futex").unwrap(), "!futex");
        assert_eq!(selection("none").unwrap(), "");
        selection("raed").unwrap_err();
    }

    #[test]
    fn families_are_those_of_strace() {
        let has =
            |list: &str, name: &str| selection(list).unwrap().split(',').any(|other| other == name);
        assert!(has("%file", "openat") && has("%file", "execve") && !has("%file", "read"));
        assert!(has("%desc", "read") && has("%desc", "openat") && !has("%desc", "chdir"));
        assert!(has("%network", "accept4") && has("%memory", "mmap") && has("signal", "kill"));
        assert!(has("%process,brk", "brk"));
    }
}
