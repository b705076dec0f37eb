//! Judges a unit by a check: compares its failures with the failures of the untouched base. A pure comparison.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::process::Ending;

/// The verdict of a check on a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Pass,
    /// The check fails in another way than on the base. `tests` lists the tests that fail only with the change, where
    /// the runner names tests.
    Fail {
        ending: Ending,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tests: Vec<String>,
    },
    /// The check fails only in what fails on the base as well.
    OldFailure {
        ending: Ending,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tests: Vec<String>,
    },
    /// The check failed, but not when it was run again.
    Flaky {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tests: Vec<String>,
    },
}

impl Verdict {
    /// Returns the tests that the verdict names; empty where the runner names none.
    #[must_use]
    pub(crate) fn tests(&self) -> &[String] {
        match self {
            Self::Pass => &[],
            Self::Fail { tests, .. } | Self::OldFailure { tests, .. } | Self::Flaky { tests } => {
                tests
            }
        }
    }
}

/// A check that did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub ending: Ending,
    /// The tests that failed; empty where the runner names none.
    pub tests: BTreeSet<String>,
}

/// The part of a failure that the base does not have.
enum NewFailures {
    None,
    Tests(BTreeSet<String>),
    /// The whole failure; no single tests are known.
    Unnamed,
}

impl Failure {
    /// `base` is the failure of the same check on the base; `None` where the check passes there, or was not run.
    fn new_against(&self, base: Option<&Self>) -> NewFailures {
        let all = || {
            if self.tests.is_empty() {
                NewFailures::Unnamed
            } else {
                NewFailures::Tests(self.tests.clone())
            }
        };
        let Some(base) = base else {
            return all();
        };
        match (&self.ending, &base.ending) {
            // A check that times out only with the change fails in another way.
            (Ending::TimedOut(_), Ending::TimedOut(_)) => return NewFailures::None,
            (Ending::TimedOut(_), _) => return NewFailures::Unnamed,
            _ => {}
        }
        if base.tests.is_empty() {
            // Only the exit codes can be compared.
            return NewFailures::None;
        }
        if self.tests.is_empty() {
            // On the base the tests could at least be run.
            return NewFailures::Unnamed;
        }
        let new: BTreeSet<String> = self.tests.difference(&base.tests).cloned().collect();
        if new.is_empty() {
            NewFailures::None
        } else {
            NewFailures::Tests(new)
        }
    }

    /// Checks whether nothing fails that passes on the base.
    #[must_use]
    pub(crate) fn is_old(&self, base: Option<&Self>) -> bool {
        matches!(self.new_against(base), NewFailures::None)
    }

    /// Returns the verdict of a check that failed like this. `again` is its failure when it was run once more, and
    /// `None` where it passed then.
    #[must_use]
    pub(crate) fn verdict(&self, again: Option<&Self>, base: Option<&Self>) -> Verdict {
        let list = |tests: &BTreeSet<String>| tests.iter().cloned().collect::<Vec<_>>();
        let old = |failure: &Self| Verdict::OldFailure {
            ending: failure.ending,
            tests: list(&failure.tests),
        };
        let first = match self.new_against(base) {
            NewFailures::None => return old(self),
            NewFailures::Tests(tests) => tests,
            NewFailures::Unnamed => BTreeSet::new(),
        };
        let Some(again) = again else {
            return Verdict::Flaky {
                tests: list(&first),
            };
        };
        let second = match again.new_against(base) {
            NewFailures::None => return old(again),
            NewFailures::Tests(tests) => tests,
            NewFailures::Unnamed => BTreeSet::new(),
        };
        let both: BTreeSet<String> = first.intersection(&second).cloned().collect();
        if both.is_empty() && !first.is_empty() && !second.is_empty() {
            // Each execution failed in other tests.
            return Verdict::Flaky {
                tests: list(&first.union(&second).cloned().collect()),
            };
        }
        Verdict::Fail {
            ending: again.ending,
            tests: list(&both),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn failure(tests: &[&str]) -> Failure {
        Failure {
            ending: Ending::Exit(1),
            tests: tests.iter().map(ToString::to_string).collect(),
        }
    }

    fn fail(tests: &[&str]) -> Verdict {
        Verdict::Fail {
            ending: Ending::Exit(1),
            tests: tests.iter().map(ToString::to_string).collect(),
        }
    }

    fn kind(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Pass => "pass",
            Verdict::Fail { .. } => "new",
            Verdict::OldFailure { .. } => "old",
            Verdict::Flaky { .. } => "flaky",
        }
    }

    #[test]
    fn only_new_and_repeated_failures_fail() {
        let first = failure(&["a", "b", "c"]);
        let again = failure(&["a", "b"]);
        let base = failure(&["a"]);
        assert_eq!(first.verdict(Some(&again), Some(&base)), fail(&["b"]));
        assert_eq!(first.verdict(Some(&again), None), fail(&["a", "b"]));
        assert_eq!(
            first.verdict(None, None),
            Verdict::Flaky {
                tests: ["a", "b", "c"].map(String::from).to_vec()
            }
        );
        assert_eq!(kind(&again.verdict(Some(&base), Some(&base))), "old");
        assert_eq!(kind(&base.verdict(Some(&again), Some(&base))), "old");
    }

    #[test]
    fn another_test_each_time_is_flaky() {
        let (one, two) = (failure(&["a"]), failure(&["b"]));
        assert_eq!(kind(&one.verdict(Some(&two), None)), "flaky");
    }

    #[test]
    fn without_names_the_exit_code_decides() {
        let nameless = failure(&[]);
        assert_eq!(nameless.verdict(Some(&nameless), None), fail(&[]));
        assert_eq!(kind(&nameless.verdict(None, None)), "flaky");
        assert_eq!(
            kind(&nameless.verdict(Some(&nameless), Some(&nameless))),
            "old"
        );
        // On the base the tests cannot be run at all.
        assert_eq!(kind(&failure(&["a"]).verdict(None, Some(&nameless))), "old");
        // With the change the tests cannot be run any more.
        let base = failure(&["a"]);
        assert_eq!(kind(&nameless.verdict(Some(&nameless), Some(&base))), "new");
    }

    #[test]
    fn a_new_timeout_is_a_new_failure() {
        let hangs = Failure {
            ending: Ending::TimedOut(Duration::from_secs(1)),
            ..failure(&["a"])
        };
        let base = failure(&["a"]);
        assert_eq!(kind(&hangs.verdict(Some(&hangs), Some(&base))), "new");
        assert_eq!(kind(&hangs.verdict(Some(&hangs), Some(&hangs))), "old");
    }

    proptest! {
        #[test]
        fn a_new_failure_that_repeats_is_never_acceptable(
            tests in proptest::collection::btree_set("[a-d]", 1..4),
            base in proptest::collection::btree_set("[a-d]", 1..4),
        ) {
            let failure = |tests: &BTreeSet<String>| Failure { ending: Ending::Exit(1), tests: tests.clone() };
            let (now, before) = (failure(&tests), failure(&base));
            let verdict = now.verdict(Some(&now), Some(&before));
            let is_new = matches!(verdict, Verdict::Fail { .. });
            prop_assert_eq!(!is_new, tests.is_subset(&base));
        }
    }
}
