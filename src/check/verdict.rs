//! What a check says of a unit when its failures are held against those of the untouched base: a pure comparison.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::process::Ending;

/// What a check says of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    /// It fails, and not as it did before the change. `tests` are those that fail now and did not before, where the
    /// runner names them.
    Fail {
        ending: Ending,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tests: Vec<String>,
    },
    /// It fails in nothing but what fails on the base as well.
    OldFailure {
        ending: Ending,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tests: Vec<String>,
    },
    /// It failed, and no longer when it was run again.
    Flaky {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tests: Vec<String>,
    },
}

impl Verdict {
    /// The tests that it is about; empty where the runner names none.
    #[must_use]
    pub fn tests(&self) -> &[String] {
        match self {
            Self::Pass => &[],
            Self::Fail { tests, .. } | Self::OldFailure { tests, .. } | Self::Flaky { tests } => {
                tests
            }
        }
    }

    /// Whether the unit may be published as far as this check goes.
    #[must_use]
    pub fn is_acceptable(&self) -> bool {
        !matches!(self, Self::Fail { .. })
    }
}

/// A check that did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub ending: Ending,
    /// The tests that failed; empty where the runner names none.
    pub tests: BTreeSet<String>,
}

/// What is left of a failure when that of the base is taken away.
enum New {
    Nothing,
    Tests(BTreeSet<String>),
    /// All of it, and no test has a name.
    Everything,
}

impl Failure {
    /// `base` is the failure of the same check there; `None` where it passes, or where nothing is known of it.
    fn against(&self, base: Option<&Self>) -> New {
        let everything = || {
            if self.tests.is_empty() {
                New::Everything
            } else {
                New::Tests(self.tests.clone())
            }
        };
        let Some(base) = base else {
            return everything();
        };
        match (&self.ending, &base.ending) {
            // Who does not come to an end any more has failed in another way.
            (Ending::TimedOut(_), Ending::TimedOut(_)) => return New::Nothing,
            (Ending::TimedOut(_), _) => return New::Everything,
            _ => {}
        }
        if base.tests.is_empty() {
            // The exit code is all there is to compare with.
            return New::Nothing;
        }
        if self.tests.is_empty() {
            // There, tests could be run at least.
            return New::Everything;
        }
        let new: BTreeSet<String> = self.tests.difference(&base.tests).cloned().collect();
        if new.is_empty() {
            New::Nothing
        } else {
            New::Tests(new)
        }
    }

    /// Whether nothing fails but what fails on the base.
    #[must_use]
    pub fn is_old(&self, base: Option<&Self>) -> bool {
        matches!(self.against(base), New::Nothing)
    }

    /// What the check says when it failed like this, and again or not when it was run once more.
    #[must_use]
    pub fn verdict(&self, again: Option<&Self>, base: Option<&Self>) -> Verdict {
        let list = |tests: &BTreeSet<String>| tests.iter().cloned().collect::<Vec<_>>();
        let old = |failure: &Self| Verdict::OldFailure {
            ending: failure.ending,
            tests: list(&failure.tests),
        };
        let first = match self.against(base) {
            New::Nothing => return old(self),
            New::Tests(tests) => tests,
            New::Everything => BTreeSet::new(),
        };
        let Some(again) = again else {
            return Verdict::Flaky {
                tests: list(&first),
            };
        };
        let second = match again.against(base) {
            New::Nothing => return old(again),
            New::Tests(tests) => tests,
            New::Everything => BTreeSet::new(),
        };
        let both: BTreeSet<String> = first.intersection(&second).cloned().collect();
        if both.is_empty() && !first.is_empty() && !second.is_empty() {
            // Each time another one.
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
    fn only_what_is_new_and_stays_fails() {
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
        // The base does not even get to its tests.
        assert_eq!(kind(&failure(&["a"]).verdict(None, Some(&nameless))), "old");
        // Here it does not get to its tests any more.
        let base = failure(&["a"]);
        assert_eq!(kind(&nameless.verdict(Some(&nameless), Some(&base))), "new");
    }

    #[test]
    fn what_does_not_end_any_more_is_new() {
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
        fn a_new_test_that_fails_twice_is_never_overlooked(
            tests in proptest::collection::btree_set("[a-d]", 1..4),
            base in proptest::collection::btree_set("[a-d]", 1..4),
        ) {
            let failure = |tests: &BTreeSet<String>| Failure { ending: Ending::Exit(1), tests: tests.clone() };
            let (now, before) = (failure(&tests), failure(&base));
            let verdict = now.verdict(Some(&now), Some(&before));
            prop_assert_eq!(verdict.is_acceptable(), tests.is_subset(&base));
        }
    }
}
