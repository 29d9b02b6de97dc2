//! Results: what came of each test, counted by family.

use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;
use core::time::Duration;

use super::outcome::{Outcome, lines};

/// What came of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed(String),
    Skipped(String),
}

/// A test that has been run, or could not be.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) family: String,
    pub(super) name: String,
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
}

/// Counts of one family, or of all.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

impl Count {
    fn note(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Skipped(_) => self.skipped += 1,
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// All results of a run.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) cases: Vec<Case>,
    /// What programs were seen to print on both systems, by their `family/name`: distinct lines,
    /// however often and by however many variants of a program they are printed.
    checks: BTreeMap<String, BTreeSet<String>>,
}

impl Results {
    /// Counts the lines of a program that were compared and were alike.
    pub(super) fn note_checks(&mut self, id: &str, outcome: &Outcome) {
        self.checks.entry(id.to_owned()).or_default().extend(lines(&outcome.output));
    }

    /// Returns the counts of all tests.
    pub(super) fn total(&self) -> Count {
        let mut total = Count::default();
        self.cases.iter().for_each(|case| total.note(&case.verdict));
        total
    }

    /// Returns the families with their counts, in order.
    fn families(&self) -> BTreeMap<&str, Count> {
        let mut families = BTreeMap::<_, Count>::new();
        for case in &self.cases {
            families.entry(case.family.as_str()).or_default().note(&case.verdict);
        }
        families
    }
}

impl fmt::Display for Results {
    /// Writes a line for each family, one with the number of checks, and one with all counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (family, count) in self.families() {
            writeln!(f, "{family:12} {count}")?;
        }
        if !self.checks.is_empty() {
            let checks = self.checks.values().map(BTreeSet::len).sum();
            let (checks, programs) = (grouped(checks), grouped(self.checks.len()));
            writeln!(f, "{checks} checks in {programs} programs")?;
        }
        write!(f, "{}", self.total())
    }
}

/// Returns a number with commas between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::outcome::End;

    #[test]
    fn the_summary_counts_families_checks_and_all() {
        let mut results = Results::default();
        let case = |family: &str, verdict| Case {
            family: family.to_owned(),
            name: String::new(),
            verdict,
            took: Duration::ZERO,
        };
        results.cases.push(case("io", Verdict::Passed));
        results.cases.push(case("io", Verdict::Failed(String::new())));
        results.cases.push(case("file", Verdict::Skipped(String::new())));
        let outcome = Outcome { output: b"a\nb\na\n".to_vec(), end: End::Exit(0) };
        results.note_checks("io/a", &outcome);
        results.note_checks("io/a", &outcome);
        assert_eq!(
            results.to_string(),
            "file         0 passed, 0 failed, 1 skipped\nio           1 passed, 1 failed\n\
             2 checks in 1 programs\n1 passed, 1 failed, 1 skipped"
        );
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
