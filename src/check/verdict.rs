//! Judges a unit by a check: compares its failures with the failures of the untouched base. A pure comparison.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::no_proof::NoProof;
use crate::process::Ending;

/// The verdict of a check on a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Pass,
    /// The check fails in another way than on the base. `tests` lists the tests that fail only with the change, where
    /// the runner names tests; `places` lists the files that the check complains about and that are the unit's own, or
    /// that it does not complain about on the base.
    Fail {
        ending: Ending,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tests: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        places: Vec<String>,
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
    /// The check fails on the base as well, and says nothing by which the change could be told from the base.
    VerifiedNothing {
        ending: Ending,
        why: NoProof,
    },
}

impl Verdict {
    /// Returns the tests that the verdict names; empty where the runner names none.
    #[must_use]
    pub(crate) fn tests(&self) -> &[String] {
        match self {
            Self::Pass | Self::VerifiedNothing { .. } => &[],
            Self::Fail { tests, .. } | Self::OldFailure { tests, .. } | Self::Flaky { tests } => {
                tests
            }
        }
    }

    /// Returns why the check verified nothing; `None` where it verified something.
    #[must_use]
    pub(crate) fn no_proof(&self) -> Option<&NoProof> {
        match self {
            Self::VerifiedNothing { why, .. } => Some(why),
            _ => None,
        }
    }

    /// Gives a check that verified nothing its reason.
    #[must_use]
    pub(crate) fn because(self, find: impl FnOnce(Ending) -> NoProof) -> Self {
        match self {
            Self::VerifiedNothing { ending, .. } => Self::VerifiedNothing {
                ending,
                why: find(ending),
            },
            other => other,
        }
    }
}

/// A check that did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub ending: Ending,
    /// The tests that failed; empty where the runner names none.
    pub tests: BTreeSet<String>,
    /// The files that the check complains about.
    pub places: BTreeSet<String>,
}

/// The names in a failure that the base does not have; empty where the whole failure is new and names nothing.
#[derive(Default)]
struct NewFailures {
    tests: BTreeSet<String>,
    places: BTreeSet<String>,
}

impl NewFailures {
    fn is_unnamed(&self) -> bool {
        self.tests.is_empty() && self.places.is_empty()
    }

    /// Returns the names that both have.
    fn and(&self, other: &Self) -> Self {
        Self {
            tests: self.tests.intersection(&other.tests).cloned().collect(),
            places: self.places.intersection(&other.places).cloned().collect(),
        }
    }
}

/// What a failure of a unit's check is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Against<'a> {
    /// The failure of the same check on the base; `None` where the check passes there, or was not run.
    base: Option<&'a Failure>,
    /// The unit's own files: what a check complains about there must be gone, though it was there before.
    own: &'a BTreeSet<String>,
}

impl<'a> Against<'a> {
    pub(crate) fn new(base: Option<&'a Failure>, own: &'a BTreeSet<String>) -> Self {
        Self { base, own }
    }
}

impl Failure {
    /// Returns what fails and does not fail on the base; `None` where there is nothing of that.
    fn new_failures(&self, against: Against<'_>) -> Option<NewFailures> {
        let Some(base) = against.base else {
            return Some(NewFailures {
                tests: self.tests.clone(),
                ..NewFailures::default()
            });
        };
        match (&self.ending, &base.ending) {
            // A check that times out only with the change fails in another way.
            (Ending::TimedOut(_), Ending::TimedOut(_)) => return None,
            (Ending::TimedOut(_), _) => return Some(NewFailures::default()),
            _ => {}
        }
        let mut new = NewFailures::default();
        match (self.tests.is_empty(), base.tests.is_empty()) {
            // On the base the check could at least complain.
            (true, true) if self.places.is_empty() && !base.places.is_empty() => return Some(new),
            (true, true) => {
                // On a base that names no file, the check got less far.
                let is_new = |place: &&String| {
                    against.own.contains(*place)
                        || !base.places.is_empty() && !base.places.contains(*place)
                };
                new.places = self.places.iter().filter(is_new).cloned().collect();
            }
            // On the base the tests could at least be run.
            (true, false) => return Some(new),
            // On the base the tests cannot be run at all.
            (false, true) => {}
            (false, false) => new.tests = self.tests.difference(&base.tests).cloned().collect(),
        }
        (!new.is_unnamed()).then_some(new)
    }

    /// Checks whether nothing fails that passes on the base.
    #[must_use]
    pub(crate) fn is_old(&self, against: Against<'_>) -> bool {
        self.new_failures(against).is_none()
    }

    fn old(&self) -> Verdict {
        if self.tests.is_empty() && self.places.is_empty() {
            return Verdict::VerifiedNothing {
                ending: self.ending,
                why: NoProof::FailsAlways,
            };
        }
        Verdict::OldFailure {
            ending: self.ending,
            tests: list(&self.tests),
        }
    }

    /// Returns the verdict of a check that failed like this. `again` is its failure when it was run once more, and
    /// `None` where it passed then.
    #[must_use]
    pub(crate) fn verdict(&self, again: Option<&Self>, against: Against<'_>) -> Verdict {
        let Some(first) = self.new_failures(against) else {
            return self.old();
        };
        let Some(again) = again else {
            return Verdict::Flaky {
                tests: list(&first.tests),
            };
        };
        let Some(second) = again.new_failures(against) else {
            return again.old();
        };
        let both = first.and(&second);
        if both.is_unnamed() && !first.is_unnamed() && !second.is_unnamed() {
            // Each execution failed in other tests.
            return Verdict::Flaky {
                tests: list(&first.tests.union(&second.tests).cloned().collect()),
            };
        }
        Verdict::Fail {
            ending: again.ending,
            tests: list(&both.tests),
            places: list(&both.places),
        }
    }
}

fn list(names: &BTreeSet<String>) -> Vec<String> {
    names.iter().cloned().collect()
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
            places: BTreeSet::new(),
        }
    }

    fn complaint(places: &[&str]) -> Failure {
        Failure {
            places: places.iter().map(ToString::to_string).collect(),
            ..failure(&[])
        }
    }

    fn against(base: Option<&Failure>) -> Against<'_> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        Against { base, own: &NONE }
    }

    fn fail(tests: &[&str]) -> Verdict {
        Verdict::Fail {
            ending: Ending::Exit(1),
            tests: tests.iter().map(ToString::to_string).collect(),
            places: Vec::new(),
        }
    }

    fn kind(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Pass => "pass",
            Verdict::Fail { .. } => "new",
            Verdict::OldFailure { .. } => "old",
            Verdict::Flaky { .. } => "flaky",
            Verdict::VerifiedNothing { .. } => "nothing",
        }
    }

    #[test]
    fn only_new_and_repeated_failures_fail() {
        let first = failure(&["a", "b", "c"]);
        let again = failure(&["a", "b"]);
        let base = failure(&["a"]);
        assert_eq!(
            first.verdict(Some(&again), against(Some(&base))),
            fail(&["b"])
        );
        assert_eq!(
            first.verdict(Some(&again), against(None)),
            fail(&["a", "b"])
        );
        assert_eq!(
            first.verdict(None, against(None)),
            Verdict::Flaky {
                tests: ["a", "b", "c"].map(String::from).to_vec()
            }
        );
        assert_eq!(
            kind(&again.verdict(Some(&base), against(Some(&base)))),
            "old"
        );
        assert_eq!(
            kind(&base.verdict(Some(&again), against(Some(&base)))),
            "old"
        );
    }

    #[test]
    fn another_test_each_time_is_flaky() {
        let (one, two) = (failure(&["a"]), failure(&["b"]));
        assert_eq!(kind(&one.verdict(Some(&two), against(None))), "flaky");
    }

    #[test]
    fn without_names_the_exit_code_decides() {
        let nameless = failure(&[]);
        assert_eq!(nameless.verdict(Some(&nameless), against(None)), fail(&[]));
        assert_eq!(kind(&nameless.verdict(None, against(None))), "flaky");
        assert_eq!(
            kind(&nameless.verdict(Some(&nameless), against(Some(&nameless)))),
            "nothing"
        );
        // On the base the tests cannot be run at all.
        assert_eq!(
            kind(&failure(&["a"]).verdict(None, against(Some(&nameless)))),
            "old"
        );
        // With the change the tests cannot be run any more.
        let base = failure(&["a"]);
        assert_eq!(
            kind(&nameless.verdict(Some(&nameless), against(Some(&base)))),
            "new"
        );
    }

    #[test]
    fn a_new_timeout_is_a_new_failure() {
        let hangs = Failure {
            ending: Ending::TimedOut(Duration::from_secs(1)),
            ..failure(&["a"])
        };
        let base = failure(&["a"]);
        assert_eq!(
            kind(&hangs.verdict(Some(&hangs), against(Some(&base)))),
            "new"
        );
        assert_eq!(
            kind(&hangs.verdict(Some(&hangs), against(Some(&hangs)))),
            "old"
        );
    }

    #[test]
    fn complaints_about_the_units_own_files_and_new_ones_are_new() {
        let own: BTreeSet<String> = ["a.py".to_owned()].into();
        let verdict = |now: &[&str], before: &[&str]| {
            let (now, before) = (complaint(now), complaint(before));
            let base = Some(&before);
            now.verdict(Some(&now), Against { base, own: &own })
        };
        let new = |places: &[&str]| Verdict::Fail {
            ending: Ending::Exit(1),
            tests: Vec::new(),
            places: places.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(kind(&verdict(&["b.py"], &["b.py", "a.py"])), "old");
        assert_eq!(
            verdict(&["a.py", "b.py"], &["a.py", "b.py"]),
            new(&["a.py"])
        );
        assert_eq!(verdict(&["b.py", "c.py"], &["b.py"]), new(&["c.py"]));
        assert_eq!(kind(&verdict(&["c.py"], &[])), "old");
        assert_eq!(verdict(&[], &["a.py"]), new(&[]));
    }

    proptest! {
        #[test]
        fn a_new_failure_that_repeats_is_never_acceptable(
            tests in proptest::collection::btree_set("[a-d]", 1..4),
            base in proptest::collection::btree_set("[a-d]", 1..4),
        ) {
            let failure = |tests: &BTreeSet<String>| Failure { tests: tests.clone(), ..failure(&[]) };
            let (now, before) = (failure(&tests), failure(&base));
            let verdict = now.verdict(Some(&now), against(Some(&before)));
            let is_new = matches!(verdict, Verdict::Fail { .. });
            prop_assert_eq!(!is_new, tests.is_subset(&base));
        }
    }
}
