//! Outcomes: what a program printed and how it ended, and how two differ.

use core::fmt::{self, Write as _};

use similar::{ChangeTag, TextDiff};

/// Status that a program ends with where its preparation failed.
pub(crate) const CANNOT_RUN: u8 = 99;

/// What a run of a program was seen to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What it printed on standard output.
    pub(crate) output: Vec<u8>,
    /// How it ended.
    pub(crate) end: End,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// With a status.
    Exit(u8),
    /// By a signal.
    Signal(u8),
    /// Otherwise: it took too long, or the kernel panicked.
    Other(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(status) => write!(f, "exit status {status}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

/// Lines of a difference that are shown.
const SHOWN: usize = 24;
/// Lines around a change that are shown.
const AROUND: usize = 2;
/// How long the shortest difference may be looked for.
const PATIENCE: core::time::Duration = core::time::Duration::from_millis(500);

/// Says how the second outcome differs from the first, by the names of the two systems; nothing
/// where they are alike.
pub(crate) fn difference(
    (first_name, first): (&str, &Outcome),
    (second_name, second): (&str, &Outcome),
) -> Option<String> {
    if first == second {
        return None;
    }
    let mut text = String::new();
    // Writing to a String cannot fail.
    if first.end != second.end {
        let _ = writeln!(text, "    {first_name}: {}, {second_name}: {}", first.end, second.end);
    }
    if first.output != second.output {
        let _ = writeln!(text, "    output (- {first_name}, + {second_name}):");
        write_diff(&mut text, &lines(&first.output), &lines(&second.output));
    }
    Some(text)
}

/// Writes the changed lines with some around them.
fn write_diff(text: &mut String, first: &[String], second: &[String]) {
    let (first, second): (Vec<&str>, Vec<&str>) =
        (first.iter().map(String::as_str).collect(), second.iter().map(String::as_str).collect());
    let diff = TextDiff::configure().timeout(PATIENCE).diff_slices(&first, &second);
    let groups = diff.grouped_ops(AROUND);
    let changes = groups.iter().map(|group| group.iter().flat_map(|op| diff.iter_changes(op)));
    let mut left = SHOWN;
    for group in changes {
        for (index, change) in group.enumerate() {
            if left == 0 {
                text.push_str("      …\n");
                return;
            }
            left -= 1;
            let number = change.old_index().or_else(|| change.new_index()).map_or(0, |at| at + 1);
            if index == 0 {
                let _ = writeln!(text, "      line {number}:");
            }
            let mark = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let _ = writeln!(text, "      {mark} {}", change.value());
        }
    }
}

/// Returns the lines of `output`, so that each can be printed safely; one that has no end shows it.
pub(crate) fn lines(output: &[u8]) -> Vec<String> {
    let line = |line: &[u8]| match line.strip_suffix(b"\n") {
        Some(line) => line.escape_ascii().to_string(),
        None => format!("{} (without a newline)", line.escape_ascii()),
    };
    output.split_inclusive(|byte| *byte == b'\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(output: &str, end: End) -> Outcome {
        Outcome { output: output.into(), end }
    }

    fn differ(first: &Outcome, second: &Outcome) -> Option<String> {
        difference(("Linux", first), ("Scull", second))
    }

    #[test]
    fn equal_outcomes_do_not_differ() {
        let one = outcome("a\n", End::Exit(0));
        assert_eq!(differ(&one, &one.clone()), None);
    }

    #[test]
    fn a_difference_shows_the_end_and_the_changed_lines() {
        let linux = outcome("a\nb\nc\nd\ne\nf\n", End::Exit(0));
        let scull = outcome("a\nb\nc\nx\ne\nf\n", End::Signal(11));
        assert_eq!(
            differ(&linux, &scull).unwrap(),
            "    Linux: exit status 0, Scull: signal 11\n    output (- Linux, + Scull):\n      \
             line 2:\n        b\n        c\n      - d\n      + x\n        e\n        f\n"
        );
    }

    #[test]
    fn a_missing_end_of_line_is_a_difference() {
        let linux = outcome("a\n", End::Exit(0));
        let text = differ(&linux, &outcome("a", End::Exit(0))).unwrap();
        assert!(text.contains("+ a (without a newline)"), "{text}");
    }

    #[test]
    fn a_long_difference_is_cut() {
        let linux = outcome("", End::Exit(0));
        let scull = outcome(&"x\n".repeat(1000), End::Exit(0));
        assert_eq!(differ(&linux, &scull).unwrap().lines().count(), SHOWN + 3);
    }
}
