//! What came of one run of a check.

use std::collections::BTreeSet;
use std::time::Duration;

use super::verdict::Failure;
use crate::process::Ending;

/// What came of one run of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub ending: Ending,
    /// The tests that failed; empty where it passed, and where the runner names none.
    pub tests: BTreeSet<String>,
    pub took: Duration,
    /// The last lines of its output as plain text.
    pub tail: String,
}

impl Ran {
    /// How it failed; nothing where it passed.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        (!self.ending.is_success()).then(|| Failure {
            ending: self.ending,
            tests: self.tests.clone(),
        })
    }
}
