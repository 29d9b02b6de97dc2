//! Differences from Linux that are known and not mended yet: `test-apps/differences.txt`.
//!
//! A program that is listed there counts as skipped while it differs, with the reason given, and
//! as failed once it agrees, so that the list only ever says what is so.

use alloc::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, bail};

use super::program::TestProgram;
use super::results::Verdict;
use crate::project;

/// Where the list is, below the source tree's root.
pub(crate) const LIST: &str = "test-apps/differences.txt";

/// Programs by `family/name`, each with why it differs.
#[derive(Debug, Default)]
pub(crate) struct Known(pub(crate) BTreeMap<String, String>);

impl Known {
    /// Reads the list: a line a program, `family/name` and the reason; `#` begins a comment.
    ///
    /// # Errors
    /// Fails where it cannot be read or a line has no reason.
    pub(crate) fn read() -> Result<Self> {
        let path = project::root()?.join(LIST);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut known = BTreeMap::new();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, reason)) = line.split_once(char::is_whitespace) else {
                bail!("{LIST}: '{line}' gives no reason");
            };
            known.insert(name.to_owned(), reason.trim().to_owned());
        }
        Ok(Self(known))
    }

    /// Returns what to say of a program that was compared, given how it differed.
    pub(super) fn judge(&self, program: &TestProgram, difference: Option<String>) -> Verdict {
        match (self.0.get(&program.id), difference) {
            (None, None) => Verdict::Passed,
            (None, Some(difference)) => Verdict::Failed(difference),
            (Some(reason), Some(_)) => Verdict::Skipped(format!("known difference: {reason}")),
            (Some(_), None) => {
                Verdict::Failed(format!("    agrees with Linux now: take it out of {LIST}"))
            }
        }
    }
}
