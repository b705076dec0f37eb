//! The results of checks, in a unit and on the untouched base.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::check::{CountedRun, Failure, TestCounts, Verdict};
use crate::process::Ending;
use crate::run::log::recorded_path;

/// The result of one check in a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    pub name: String,
    /// The folder where the check ran, relative to the checkout's root; two checks in different folders may have the
    /// same name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dir: String,
    pub verdict: Verdict,
    pub took_ms: u64,
    /// The file with the whole output.
    #[serde(serialize_with = "recorded_path::serialize")]
    pub log: PathBuf,
    /// The last lines of the output.
    pub tail: String,
    /// The files that the check changed or deleted, which were put right after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// How many tests ran, where the runner says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<TestCounts>,
}

/// The result of one check on the untouched base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaseCheck {
    pub name: String,
    /// The folder where the check ran, relative to the checkout's root.
    pub dir: String,
    pub ending: Ending,
    /// The tests that failed; empty where the check passed, and where its runner names no tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<String>,
    /// The files that the check complains about; empty where it passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// How many tests ran, where the runner says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<TestCounts>,
    pub took_ms: u64,
    #[serde(serialize_with = "recorded_path::serialize")]
    pub log: PathBuf,
}

impl CheckResult {
    /// Returns what the run says of its tests.
    #[must_use]
    pub(crate) fn counted(&self) -> CountedRun {
        CountedRun {
            passed: matches!(self.verdict, Verdict::Pass | Verdict::Flaky { .. }),
            counts: self.counts,
        }
    }
}

impl BaseCheck {
    /// Returns what the run says of its tests.
    #[must_use]
    pub(crate) fn counted(&self) -> CountedRun {
        CountedRun {
            passed: self.ending.is_success(),
            counts: self.counts,
        }
    }

    /// Returns how the check failed; `None` where it passed.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        (!self.ending.is_success()).then(|| Failure {
            ending: self.ending,
            tests: self.tests.iter().cloned().collect(),
            places: self.places.iter().cloned().collect(),
        })
    }
}
