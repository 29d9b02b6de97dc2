//! Which programs of the suite show a call.
//!
//! A program is about the calls that its first comment names as man pages do, `pipe2(2)`. Calls
//! that no program is about are shown by those that make them.

use alloc::collections::BTreeSet;

use crate::test::program::Source;

/// What a program does with calls, by the names that its source has for them.
#[derive(Debug)]
pub(super) struct Program {
    id: String,
    about: BTreeSet<String>,
    made: BTreeSet<String>,
}

impl Program {
    pub(super) fn new(source: &Source) -> Self {
        let about = words(&source.about).filter(|(_, next)| next.starts_with("(2)"));
        let made = words(&source.text).filter(|(_, next)| !next.starts_with("(2)"));
        let made = made.filter_map(|(word, next)| {
            let raw = word.strip_prefix("SYS_").map(str::to_owned);
            let given = matches!(word, "SYS" | "SYS0")
                .then(|| words(next).next().map(|(word, _)| word.to_owned()));
            raw.or_else(|| given.flatten())
                .or_else(|| next.starts_with('(').then(|| word.to_owned()))
        });
        Self {
            id: source.id.clone(),
            about: about.map(|(word, _)| word.to_owned()).collect(),
            made: made.collect(),
        }
    }
}

/// Returns the words of `text`, each with what follows it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    core::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| !is_part(c));
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, next) = rest.split_at(end);
        rest = next;
        (!word.is_empty()).then_some((word, next))
    })
}

/// Returns the names that man pages and C libraries have for a call, its own first.
fn names(call: &str) -> Vec<&str> {
    let mut names = vec![call];
    names.extend(call.strip_prefix("rt_"));
    names.extend(call.strip_prefix("new"));
    names.extend(call.strip_suffix("64"));
    names.extend(call.strip_suffix('6'));
    names.extend(match call {
        "exit_group" => Some("_exit"),
        "signalfd4" => Some("signalfd"),
        "umount2" => Some("umount"),
        "newfstatat" => Some("fstatat"),
        "prlimit64" => Some("prlimit"),
        "rt_sigtimedwait" => Some("sigwaitinfo"),
        "rt_sigprocmask" => Some("pthread_sigmask"),
        _ => None,
    });
    names
}

/// Returns the programs that show `call`, in order: those about it, or those that make it.
pub(super) fn by<'a>(programs: &'a [Program], call: &str) -> Vec<&'a str> {
    let names = names(call);
    let find = |set: fn(&Program) -> &BTreeSet<String>| {
        let shows = |program: &&Program| names.iter().any(|name| set(program).contains(*name));
        programs.iter().filter(shows).map(|program| program.id.as_str()).collect::<Vec<_>>()
    };
    let about = find(|program| &program.about);
    if about.is_empty() { find(|program| &program.made) } else { about }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(id: &str, about: &str, text: &str) -> Program {
        Program::new(&Source::of(id, about, text))
    }

    #[test]
    fn programs_about_a_call_come_before_those_that_make_it() {
        let programs = [
            program("io/pipe", "pipe(2), pipe2(2): data.", "pipe2(ends, 0); write(1, a, 1);"),
            program("io/other", "Bytes.", "SHOW(SYS(read, 0, 0, 0)); syscall(SYS_tgkill, 1);"),
            program("signal/action", "sigaction(2): a handler.", "// tgkill(2)\nSYS0(getpid)"),
        ];
        assert_eq!(by(&programs, "pipe2"), ["io/pipe"]);
        assert_eq!(by(&programs, "write"), ["io/pipe"]);
        assert_eq!(by(&programs, "read"), ["io/other"]);
        assert_eq!(by(&programs, "tgkill"), ["io/other"]);
        assert_eq!(by(&programs, "getpid"), ["signal/action"]);
        assert_eq!(by(&programs, "rt_sigaction"), ["signal/action"]);
        assert!(by(&programs, "fork").is_empty());
    }
}
