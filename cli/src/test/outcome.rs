//! Outcomes: what a program printed and how it ended, and how two differ.

use core::fmt::Write as _;

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

/// Lines of a difference that are shown.
const SHOWN: usize = 6;

/// Says how `guest` differs from `linux`; nothing where they are alike.
pub(crate) fn difference(linux: &Outcome, guest: &Outcome) -> Option<String> {
    if linux == guest {
        return None;
    }
    let mut text = String::new();
    let mut line = |line: core::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {line}");
    };
    if linux.end != guest.end {
        line(format_args!("end: Linux {:?}, Scull {:?}", linux.end, guest.end));
    }
    let (wanted, found) = (lines(&linux.output), lines(&guest.output));
    let same = wanted.iter().zip(&found).take_while(|(a, b)| a == b).count();
    if same < wanted.len() || same < found.len() {
        line(format_args!("output differs from line {}:", same + 1));
        for text in wanted.iter().skip(same).take(SHOWN) {
            line(format_args!("  Linux: {text}"));
        }
        for text in found.iter().skip(same).take(SHOWN) {
            line(format_args!("  Scull: {text}"));
        }
    }
    Some(text)
}

/// Returns the lines of `output`, so that each can be printed safely.
fn lines(output: &[u8]) -> Vec<String> {
    output
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.escape_ascii().to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(output: &str, end: End) -> Outcome {
        Outcome { output: output.into(), end }
    }

    #[test]
    fn equal_outcomes_do_not_differ() {
        let one = outcome("a\n", End::Exit(0));
        assert_eq!(difference(&one, &one.clone()), None);
    }

    #[test]
    fn a_difference_names_end_and_first_line() {
        let linux = outcome("a\nb\nc\n", End::Exit(0));
        let text = difference(&linux, &outcome("a\nx\n", End::Signal(11))).unwrap();
        assert!(text.contains("Linux Exit(0), Scull Signal(11)"), "{text}");
        assert!(text.contains("from line 2") && text.contains("Linux: b\\n"), "{text}");
    }

    #[test]
    fn a_missing_end_of_line_is_a_difference() {
        let linux = outcome("a\n", End::Exit(0));
        assert_ne!(difference(&linux, &outcome("a", End::Exit(0))), None);
    }
}
