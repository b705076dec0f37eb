//! The result of one execution of a check.

use std::collections::BTreeSet;
use std::time::Duration;

use super::test_counts::TestCounts;
use super::verdict::Failure;
use crate::process::Ending;

/// How one execution of a check ended, and the tests that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckOutput {
    pub ending: Ending,
    /// The tests that failed; empty where the check passed, or its runner names no tests.
    pub tests: BTreeSet<String>,
    /// The files that the check complains about; empty where it passed.
    pub places: BTreeSet<String>,
    /// How many tests ran, where the runner says so.
    pub counts: Option<TestCounts>,
    pub took: Duration,
    /// The last lines that the check printed, as plain text.
    pub tail: String,
}

impl CheckOutput {
    /// Returns how the check failed; `None` where it passed.
    #[must_use]
    pub(crate) fn failure(&self) -> Option<Failure> {
        (!self.ending.is_success()).then(|| Failure {
            ending: self.ending,
            tests: self.tests.clone(),
            places: self.places.clone(),
        })
    }
}
